//! Tests with mutations of valid resources: the validator rejects all that HL7's JSON Schema of R4 rejects, and also
//! what the schema accepts although R4 forbids it.
//!
//! The schema is large and not in the repository; its results for each line are in `fixtures/fhir/schema-says.txt`.
//! With a copy of the schema, this command writes the file again:
//!
//!     UPDATE=1 PLIMSOLL_R4_SCHEMA=fhir.schema.json cargo test --test validation mutations
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use plimsoll::fhir::definitions::embedded;
use plimsoll::fhir::validate::validator::{Validator, Verdict};
use plimsoll::ndjson::expected::Expected;
use plimsoll::ndjson::fhir::FhirInspector;
use plimsoll::ndjson::reader::{FileReader, ReaderOptions};
use plimsoll::suite::line_rules::LineRule;
use plimsoll::suite::model::FileList;
use serde_json::{Map, Value, json};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Returns valid resources: the unusual ones of `good.ndjson`, and two of each type of the population.
fn seeds() -> Vec<String> {
    let read = |path: PathBuf| std::fs::read_to_string(path).unwrap();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(fixtures().join("population")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "ndjson"));
    files.sort();
    let population =
        files.into_iter().flat_map(|path| read(path).lines().take(2).map(str::to_owned).collect::<Vec<_>>());
    let odd = read(fixtures().join("fhir/good.ndjson"));
    let odd = odd.lines().filter(|line| !line.contains("SUBSETTED")).map(str::to_owned);
    odd.chain(population).filter(|line| line.len() < 3000).collect()
}

/// A line with one mutation. It is certainly invalid if `wrong` is true.
struct Mutant {
    kind: &'static str,
    wrong: bool,
    text: String,
}

/// Returns all mutations of one line.
fn mutants(line: &str) -> Vec<Mutant> {
    let root: Value = serde_json::from_str(line).unwrap();
    let mut out = Vec::new();
    let mut pointers = Vec::new();
    pointers_of(&root, String::new(), &mut pointers);
    for pointer in pointers.iter().filter(|pointer| !pointer.is_empty()) {
        values(&root, pointer, &mut out);
        keys(&root, pointer, &mut out);
    }
    // A tree cannot have a key twice.
    for (at, _) in line.match_indices("{\"") {
        let text = format!("{}{{\"id\":\"x\",\"id\":\"y\",{}", &line[..at], &line[at + 1..]);
        out.push(Mutant { kind: "key twice", wrong: true, text });
    }
    for (kind, value) in [("type unknown", json!("Keel")), ("type empty", json!("")), ("type a number", json!(3))] {
        let mut changed = root.clone();
        changed["resourceType"] = value;
        out.push(Mutant { kind, wrong: true, text: changed.to_string() });
    }
    out
}

/// Adds mutations of the value at `pointer`.
fn values(root: &Value, pointer: &str, out: &mut Vec<Mutant>) {
    let old = root.pointer(pointer).unwrap();
    let key = pointer.rsplit('/').find(|part| part.parse::<usize>().is_err()).unwrap_or_default();
    let mut put = |kind, wrong, value: Value| {
        let mut changed = root.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        if &changed != root {
            out.push(Mutant { kind, wrong, text: changed.to_string() });
        }
    };
    // In an array of primitives or twins, a null may align the array with the other one.
    let place = pointer.rsplit('/').next().unwrap().parse::<usize>().is_ok();
    put("null", !place, json!(null));
    put("empty object", true, json!({}));
    put("empty array", true, json!([]));
    put("array in array", true, json!([[old]]));
    match old {
        Value::Object(_) => {
            put("string for object", true, json!("x"));
            put("number for object", true, json!(1));
            put("array for object", true, json!([old]));
        }
        Value::Array(items) => {
            put("item for array", true, items.first().cloned().unwrap_or(json!("x")));
            put("null in array", false, json!([items.clone(), vec![Value::Null]].concat()));
        }
        Value::String(text) => {
            put("empty string", true, json!(""));
            put("number for string", true, json!(7));
            put("boolean for string", true, json!(true));
            put("object for string", true, json!({"x": 1}));
            put("spaces around", false, json!(format!(" {text} ")));
            put("control character", false, json!(format!("{text}\u{1}")));
            if key != "display" && text.len() >= 10 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-' {
                put("30 February", true, json!(format!("{}-02-30{}", &text[..4], &text[10..])));
                put("month 13", true, json!(format!("{}-13{}", &text[..4], &text[7..])));
                put("date with slashes", true, json!(text.replace('-', "/")));
                if text.len() > 10 {
                    put("time without zone", true, json!(text[..19.min(text.len())]));
                    put("hour 25", true, json!(format!("{}25{}", &text[..11], &text[13..])));
                }
            }
            match key {
                "div" => {
                    put("narrative without namespace", true, json!("<div>x</div>"));
                    put("narrative of plain text", true, json!("plain"));
                    put("narrative not closed", true, json!("<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>x</div>"));
                    let script = "<div xmlns=\"http://www.w3.org/1999/xhtml\">x<script>1</script></div>";
                    put("narrative with a script", true, json!(script));
                }
                "data" | "hash" => put("invalid base64", true, json!("*not base64*")),
                "reference" => {
                    put("reference to a missing fragment", true, json!("#keel"));
                    put("reference to an unknown type", false, json!("Keel/1"));
                }
                "status" | "gender" | "use" | "intent" => put("unknown code", true, json!("keelhauled")),
                _ => {}
            }
        }
        Value::Number(_) => {
            put("string for number", true, json!(old.to_string()));
            put("negative number", false, json!(-3));
            put("fraction", false, json!(0.5));
        }
        Value::Bool(_) => {
            put("string for boolean", true, json!(old.to_string()));
            put("number for boolean", true, json!(1));
        }
        Value::Null => {}
    }
}

/// Adds mutations of the key at `pointer`.
fn keys(root: &Value, pointer: &str, out: &mut Vec<Mutant>) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let mut change = |kind, wrong, change: &dyn Fn(&mut Map<String, Value>)| {
        let mut changed = root.clone();
        let Some(object) = changed.pointer_mut(parent).and_then(Value::as_object_mut) else { return };
        change(object);
        out.push(Mutant { kind, wrong, text: changed.to_string() });
    };
    let old = root.pointer(pointer).unwrap().clone();
    let ended = |name: &str| key.strip_prefix(name).is_some_and(|rest| rest.starts_with(|c: char| c.is_uppercase()));
    change("without", false, &|object| _ = object.shift_remove(key));
    change("unknown key", true, &|object| _ = object.insert(format!("{key}Keel"), old.clone()));
    change("other case", true, &|object| {
        let value = object.shift_remove(key).unwrap();
        object.insert(key.to_ascii_uppercase(), value);
    });
    if ended("value") && key != "valueSet" {
        let (other, value) =
            if key == "valueString" { ("valueBoolean", json!(true)) } else { ("valueString", json!("x")) };
        change("two of one choice", true, &|object| _ = object.insert(other.to_owned(), value.clone()));
        change("choice of an unknown type", true, &|object| {
            let value = object.shift_remove(key).unwrap();
            object.insert("valueKeel".to_owned(), value);
        });
    }
    let plain = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
    let extension = json!({"extension": [{"url": "http://example.org/keel", "valueString": "x"}]});
    match &old {
        Value::Array(items) if items.iter().all(plain) && !key.starts_with('_') => {
            let twins = vec![extension; items.len() + 1];
            change("more twins than values", true, &|object| _ = object.insert(format!("_{key}"), json!(twins)));
        }
        value if plain(value) && !key.starts_with('_') && !matches!(key, "id" | "resourceType" | "div") => {
            change("twin in an array", true, &|object| _ = object.insert(format!("_{key}"), json!([extension])));
            change("twin with only an id", false, &|object| {
                object.shift_remove(key);
                object.insert(format!("_{key}"), json!({"id": "x"}));
            });
        }
        Value::Object(_) => {
            change("twin of an object", true, &|object| _ = object.insert(format!("_{key}"), extension.clone()));
        }
        _ => {}
    }
}

fn pointers_of(value: &Value, at: String, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, inner)| pointers_of(inner, format!("{at}/{key}"), out)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(n, inner)| pointers_of(inner, format!("{at}/{n}"), out));
        }
        _ => {}
    }
    out.push(at);
}

/// Returns whether the reader has a finding on the line. A missing id does not count: FHIR allows it, only exports need
/// an id.
fn is_refused(line: &str) -> bool {
    let expected = Expected { list: FileList::Output, announced: None };
    let inspector = Box::new(FhirInspector::new(embedded::r4(), 512));
    let mut reader = FileReader::new(ReaderOptions { inspector: Some(inspector), ..ReaderOptions::new(expected) });
    reader.push(line.as_bytes()).unwrap();
    reader.finish(true).lines.findings.iter().any(|finding| finding.rule != LineRule::IdMissing)
}

/// Returns the schema's result for each mutant, as one character: `x` if it rejects the mutant, `.` if it accepts it,
/// `-` if it rejects the original line (the schema does not allow nulls in arrays, which R4 uses to align two arrays).
fn schema_results() -> Option<BTreeMap<String, String>> {
    let path = std::env::var_os("PLIMSOLL_R4_SCHEMA")?;
    let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let mut results = BTreeMap::new();
    for (number, seed) in seeds().iter().enumerate() {
        let valid = |text: &str| schema.is_valid(&serde_json::from_str(text).unwrap());
        let known = valid(seed);
        let of = |mutant: &Mutant| match (known, valid(&mutant.text)) {
            (false, _) => '-',
            (true, valid) => {
                if valid {
                    '.'
                } else {
                    'x'
                }
            }
        };
        results.insert(format!("{number:03}"), mutants(seed).iter().map(of).collect());
    }
    Some(results)
}

#[test]
fn what_the_schema_rejects_is_rejected() {
    let file = fixtures().join("fhir/schema-says.txt");
    if let Some(results) = schema_results().filter(|_| std::env::var_os("UPDATE").is_some()) {
        let lines: Vec<String> = results.iter().map(|(number, result)| format!("{number} {result}\n")).collect();
        std::fs::write(&file, lines.concat()).unwrap();
    }
    let text = std::fs::read_to_string(&file).unwrap();
    let results: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once(' ')).collect();
    let mut validator = Validator::new(embedded::r4());
    // By kind: all mutants, those rejected by the schema, by us, and only by us.
    let mut kinds: BTreeMap<&str, [u32; 4]> = BTreeMap::new();
    let mut missed = Vec::new();
    for (number, seed) in seeds().iter().enumerate() {
        assert_eq!(validator.check(seed.as_bytes()), Verdict::Valid, "{seed}");
        let schema_says =
            results.get(format!("{number:03}").as_str()).expect("a line in fixtures/fhir/schema-says.txt");
        let mutants = mutants(seed);
        assert_eq!(
            schema_says.len(),
            mutants.len(),
            "fixtures/fhir/schema-says.txt is for other mutants; write it again as described at the top of this file"
        );
        for (mutant, result) in mutants.iter().zip(schema_says.chars()) {
            let (schema, ours) = (result == 'x', is_refused(&mutant.text));
            let counts = kinds.entry(mutant.kind).or_default();
            let adds = [true, schema, ours, ours && result == '.'];
            counts.iter_mut().zip(adds).for_each(|(count, add)| *count += u32::from(add));
            if (schema || mutant.wrong) && !ours {
                missed.push(format!("{}: {}", mutant.kind, mutant.text));
            }
        }
    }
    if let Some(path) = std::env::var_os("PLIMSOLL_MUTANTS") {
        dump(Path::new(&path));
    }
    let few: Vec<String> = missed.iter().take(40).cloned().collect();
    assert!(missed.is_empty(), "{} invalid lines are accepted:\n{}", missed.len(), few.join("\n"));
    let mut table = format!("{:44} {:>6} {:>7} {:>6} {:>6}\n", "", "lines", "schema", "ours", "alone");
    for (kind, [all, schema, ours, alone]) in kinds {
        writeln!(table, "{kind:44} {all:6} {schema:7} {ours:6} {alone:6}").unwrap();
    }
    insta::assert_snapshot!(table);
}

/// Writes every mutant with its kind and whether the reader refuses it, for a comparison with other validators.
fn dump(path: &Path) {
    let mut out = String::new();
    for mutant in seeds().iter().flat_map(|seed| mutants(seed)) {
        let refused = is_refused(&mutant.text);
        writeln!(out, "{}\t{refused}\t{}", mutant.kind, mutant.text).unwrap();
    }
    std::fs::write(path, out).unwrap();
}
