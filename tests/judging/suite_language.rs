//! `docs/src/suite-language.md`: the reference of the suite language, generated from the types that read suite files.
//! Its examples are taken from the built-in suites. After a change to the types or the suites:
//!
//! ```text
//! UPDATE=1 cargo test --test judging suite_language
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use plimsoll::suite::check_names::CheckName;
use plimsoll::suite::on::{ON_WORDS, On};
use plimsoll::suite::param::SampleValueName;
use plimsoll::suite::send::{ProbeNeed, Send};
use serde_json::{Map, Value};

use crate::fresh;

/// The types of the schema in reading order: definition, heading, where it is written.
const PARTS: [(&str, &str, &str); 14] = [
    ("", "A suite file", "The top level of each `.toml` file in the folder of suites."),
    ("RawSpec", "Spec", "A table `[spec.ID]`."),
    ("Dropped", "Dropped requirement", "An entry of `drops` in a spec."),
    ("RawRequirement", "Requirement", "A table `[requirement.ID]`."),
    ("Place", "Requirement in a spec", "`in.\"SPEC\"` in a requirement."),
    ("DiffersFrom", "Difference from another spec", "`differs-from` in a requirement."),
    ("Flow", "Flow", "A table `[flow.NAME]`."),
    ("Fetch", "Fetch", "`fetch` in a flow."),
    ("HookCall", "Hook call", "An entry of `hooks` in a flow."),
    ("Probe", "Probe", "An entry of `probes` in a flow, or `[[flow.NAME.probes]]`."),
    ("RawTest", "Test", "An entry `[[test]]`."),
    ("Expect", "Expectation", "An entry of `expect` or `when` in a test. All keys of one entry must hold."),
    ("NamedOutcome", "Allowed outcome", "An entry of `any-of` in a test."),
    ("Param", "Kick-off parameter", "A value of `params` in a flow or probe."),
];

/// Examples of keys that no built-in suite uses.
const UNUSED_KEYS: [(&str, &str, &str); 0] = [];

/// An example of a key or word.
#[derive(Clone)]
struct Example {
    text: String,
    file: String,
}

/// The examples in the built-in suites: by definition and key, and by definition and word.
#[derive(Default)]
struct Examples {
    keys: BTreeMap<(String, String), Example>,
    words: BTreeMap<(String, String), Example>,
}

impl Examples {
    fn keep(map: &mut BTreeMap<(String, String), Example>, key: (&str, &str), example: Example) {
        let key = (key.0.to_owned(), key.1.to_owned());
        match map.get(&key) {
            // Long enough to show something, short enough to read.
            Some(known) if known.text.len() <= example.text.len() => {}
            _ => drop(map.insert(key, example)),
        }
    }

    /// Notes every key and word in `value`, which the schema node `node` describes. `around` is the text of the entry
    /// that holds the value.
    fn visit(&mut self, schema: &Value, definition: &str, node: &Value, value: &Value, around: &str, file: &str) {
        if let Some(target) = node["$ref"].as_str() {
            let name = target.rsplit('/').next().unwrap();
            return self.visit(schema, name, &schema["$defs"][name], value, around, file);
        }
        for one in ["anyOf", "oneOf"].iter().filter_map(|key| node[*key].as_array()).flatten() {
            self.visit(schema, definition, one, value, around, file);
        }
        match value {
            Value::Object(object) => {
                if let Some(properties) = node["properties"].as_object() {
                    let whole = inline(value);
                    for (key, value) in object.iter().filter(|(key, _)| properties.contains_key(*key)) {
                        let text = format!("{key} = {}", inline(value));
                        let example = Example { text: text.clone(), file: file.to_owned() };
                        Self::keep(&mut self.keys, (definition, key), example);
                        let around = if whole.len() <= 110 { whole.clone() } else { text };
                        self.visit(schema, definition, &properties[key], value, &around, file);
                    }
                } else if node["additionalProperties"].is_object() {
                    for (key, value) in object {
                        let around = format!("{key} = {}", inline(value));
                        self.visit(schema, definition, &node["additionalProperties"], value, &around, file);
                    }
                }
            }
            Value::Array(items) => {
                items.iter().for_each(|item| self.visit(schema, definition, &node["items"], item, around, file));
            }
            Value::String(word) => {
                let example = Example { text: around.to_owned(), file: file.to_owned() };
                let words = node["enum"].as_array().into_iter().flatten().chain(node.get("const"));
                if words.into_iter().any(|known| known == value) {
                    Self::keep(&mut self.words, (definition, word), example.clone());
                }
                if definition == "On" && word.starts_with("probe.") {
                    Self::keep(&mut self.words, ("On", "probe.ID"), example.clone());
                }
                if definition == "Param" {
                    for name in SampleValueName::ALL.iter().filter(|name| word.contains(&format!("{{{name}}}"))) {
                        Self::keep(&mut self.words, ("SampleValueName", name.as_str()), example.clone());
                    }
                }
            }
            _ => {}
        }
    }

    fn key(&self, definition: &str, key: &str) -> String {
        let own = self.keys.get(&(definition.to_owned(), key.to_owned()));
        let hand = || UNUSED_KEYS.iter().find(|(of, name, _)| (*of, *name) == (definition, key)).map(|(.., text)| text);
        match own {
            Some(example) => cell(example),
            None => code(hand().unwrap_or_else(|| panic!("no suite uses {definition}.{key}; give an example"))),
        }
    }

    fn word(&self, definition: &str, word: &str) -> String {
        let own = self.words.get(&(definition.to_owned(), word.to_owned()));
        own.map_or_else(|| "not used by the built-in suites".to_owned(), cell)
    }
}

/// A JSON value as TOML in one line.
fn inline(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let entries: Vec<String> =
                map.iter().map(|(key, value)| format!("{} = {}", bare(key), inline(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// A TOML key, quoted if it must be.
fn bare(key: &str) -> String {
    match key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        true => key.to_owned(),
        false => format!("\"{key}\""),
    }
}

/// Text as code in a cell of a table, cut if it is long.
fn code(text: &str) -> String {
    let cut: String = text.chars().take(120).collect();
    let more = if cut.len() < text.len() { " ..." } else { "" };
    format!("`{}{more}`", cut.replace('|', "\\|"))
}

fn cell(example: &Example) -> String {
    format!("{} in `suites/{}`", code(&example.text), example.file)
}

/// A description in one cell.
fn prose(node: &Value) -> String {
    node["description"].as_str().unwrap_or_default().replace('\n', " ").replace('|', "\\|").trim().to_owned()
}

/// The heading of a definition, and its anchor as mdBook and GitHub make it.
fn linked(definition: &str) -> String {
    let heading = heading(definition);
    format!("[{}](#{})", heading.to_lowercase(), heading.to_lowercase().replace(' ', "-"))
}

/// `CheckName` as `Check name`, unless the reading order has a heading.
fn heading(definition: &str) -> String {
    if let Some((_, heading, _)) = PARTS.iter().find(|(name, ..)| *name == definition) {
        return (*heading).to_owned();
    }
    let mut out = String::new();
    for c in definition.chars() {
        match c.is_uppercase() && !out.is_empty() {
            true => out.extend([' '].into_iter().chain(c.to_lowercase())),
            false => out.push(c),
        }
    }
    out
}

/// What a key holds, in words.
fn kind(schema: &Value, node: &Value) -> String {
    if let Some(target) = node["$ref"].as_str() {
        let name = target.rsplit('/').next().unwrap();
        return match &schema["$defs"][name] {
            definition if name.starts_with("OneOrMany") => kind(schema, definition),
            definition if has_section(name, definition) => linked(name),
            definition => kind(schema, definition),
        };
    }
    let choices = node["anyOf"].as_array().or(node["oneOf"].as_array());
    if let Some(choices) = choices {
        let mut kinds: Vec<String> =
            choices.iter().filter(|one| one["type"] != "null").map(|one| kind(schema, one)).collect();
        kinds.dedup();
        return kinds.join(" or ");
    }
    if let Some(words) = node["enum"].as_array() {
        return words.iter().map(|word| format!("`{}`", word.as_str().unwrap())).collect::<Vec<_>>().join(", ");
    }
    let types = match &node["type"] {
        Value::Array(all) => all.iter().filter_map(Value::as_str).find(|one| *one != "null").unwrap(),
        one => one.as_str().unwrap_or("any value"),
    };
    match types {
        "array" => format!("list of {}", kind(schema, &node["items"])),
        "object" => format!("table of {}", kind(schema, &node["additionalProperties"])),
        "boolean" => "`true` or `false`".to_owned(),
        other => other.to_owned(),
    }
}

/// Whether a definition is words, or a table that has a section of its own.
fn has_section(name: &str, definition: &Value) -> bool {
    words_of(name, definition).is_some() || PARTS.iter().any(|(part, ..)| *part == name)
}

/// The words of an enum with their meaning.
fn words_of(name: &str, definition: &Value) -> Option<Vec<(String, String)>> {
    if name == "On" {
        let meaning = |word: &str| match On::from_word(word).as_ref().and_then(On::row) {
            Some(row) => row.sentence.to_owned(),
            None => "the response to the probe with this id in the flow".to_owned(),
        };
        return Some(ON_WORDS.iter().map(|word| ((*word).to_owned(), meaning(word))).collect());
    }
    let words = definition["oneOf"].as_array()?;
    let word = |one: &Value| Some((one["const"].as_str()?.to_owned(), prose(one)));
    words.iter().map(word).collect()
}

/// What a probe needs, in words.
fn needs(need: ProbeNeed) -> &'static str {
    match need {
        ProbeNeed::Nothing => "",
        ProbeNeed::Job => "a job of the flow",
        ProbeNeed::File => "an output file",
        ProbeNeed::Attachment => "an attachment in an exported resource",
        ProbeNeed::PartialManifest => "a manifest while the job runs",
        ProbeNeed::SmartClient => "a client of SMART Backend Services",
        ProbeNeed::DeclaredUpdate => "a declared update of Groups",
        ProbeNeed::DirectConnection => "a connection without a proxy",
    }
}

fn page() -> String {
    let schema: Value = serde_json::from_str(&plimsoll::suite::schema::schema()).unwrap();
    let mut examples = Examples::default();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("suites");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "toml")) {
        let value: Value = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let file = path.file_name().unwrap().to_str().unwrap();
        examples.visit(&schema, "", &schema, &value, "", file);
    }
    let mut out = String::from(
        "# Suite language\n\nGenerated from the types that read suite files; do not edit. Examples are taken from the built-in\n\
         suites, `suites/*.toml`. [Writing a test](writing-tests.md) is the introduction. A file may hold specs, requirements,\n\
         flows and tests, in any order. `suites/suite.schema.json` is the same as a JSON Schema: editors with TOML support\n\
         complete and check suite files with it.\n",
    );
    for (definition, heading, place) in PARTS {
        let node = if definition.is_empty() { &schema } else { &schema["$defs"][definition] };
        write!(out, "\n## {heading}\n\n{place} {}\n", prose(node)).unwrap();
        if let Some(properties) = node["properties"].as_object() {
            out += &keys(&schema, definition, node, properties, &examples);
        }
    }
    out += &sample_values(&examples);
    let definitions = schema["$defs"].as_object().unwrap();
    for (name, definition) in definitions {
        let Some(words) = words_of(name, definition) else { continue };
        write!(out, "\n## {}\n\n{}\n", heading(name), prose(definition)).unwrap();
        out += match name.as_str() {
            "CheckName" => "\n| check | expects that | looks at | example |\n|---|---|---|---|\n",
            "Send" => "\n| word | sends | needs | example |\n|---|---|---|---|\n",
            _ => "\n| word | meaning | example |\n|---|---|---|\n",
        };
        for (word, meaning) in words {
            let example = examples.word(name, &word);
            match (CheckName::from_word(&word), Send::from_word(&word)) {
                (Some(check), _) if name == "CheckName" => {
                    let says = check.sentence().replace('|', "\\|");
                    writeln!(out, "| `{word}` | {says} | {} | {example} |", check.places()).unwrap();
                }
                (_, Some(send)) if name == "Send" => {
                    let row = send.row();
                    writeln!(out, "| `{word}` | {} | {} | {example} |", row.sentence, needs(row.needs)).unwrap();
                }
                _ => writeln!(out, "| `{word}` | {meaning} | {example} |").unwrap(),
            }
        }
    }
    out
}

/// The keys of one table.
fn keys(
    schema: &Value,
    definition: &str,
    node: &Value,
    properties: &Map<String, Value>,
    examples: &Examples,
) -> String {
    let mut out = String::from("\n| key | value | meaning | example |\n|---|---|---|---|\n");
    let required: Vec<&str> = node["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (key, property) in properties {
        let must = if required.contains(&key.as_str()) { " (required)" } else { "" };
        // The tables of the top level have sections of their own.
        let example = if definition.is_empty() { top_example(key) } else { examples.key(definition, key) };
        writeln!(out, "| `{key}`{must} | {} | {} | {example} |", kind(schema, property), prose(property)).unwrap();
    }
    out
}

fn top_example(key: &str) -> String {
    code(match key {
        "area" => "area = \"poll\"",
        "spec" => "[spec.\"hl7-3.0.0\"]",
        "requirement" => "[requirement.poll-202]",
        "flow" => "[flow.system]",
        "test" => "[[test]]",
        other => panic!("no example of the key {other} of a file"),
    })
}

fn sample_values(examples: &Examples) -> String {
    let mut out = String::from(
        "\n## Sample value\n\nA value `{NAME}` in a kick-off parameter is replaced by a value from the data that an earlier flow exported\n\
         (`from` in the flow), or by the value under `[values]` in `plimsoll.toml`. It is chosen so that a filter by it matches\n\
         some resources and, if possible, not all. If the data has no such value, the flow does not run.\n\n\
         | name | value | example |\n|---|---|---|\n",
    );
    for name in SampleValueName::ALL {
        let example = examples.word("SampleValueName", name.as_str());
        writeln!(out, "| `{name}` | {} | {example} |", name.describe()).unwrap();
    }
    out
}

#[test]
fn the_reference_of_the_suite_language_is_fresh() {
    fresh("docs/src/suite-language.md", &page(), "suite_language");
}

#[test]
fn every_word_that_suites_can_use_is_in_the_reference() {
    let page = page();
    let checks = CheckName::ALL.iter().map(|word| word.as_str());
    let words = checks.chain(Send::ALL.iter().map(|word| word.as_str())).chain(ON_WORDS.iter().copied());
    for word in words.chain(SampleValueName::ALL.iter().map(|word| word.as_str())) {
        assert!(page.contains(&format!("| `{word}` |")), "{word}");
    }
}
