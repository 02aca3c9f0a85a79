//! Applies every rule to every fixture: a case violates the rules that it names, at the paths that it names, and no
//! other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::base::file_position::FilePosition;
use crate::fhir::au_directory::measure::*;
use crate::recording::facts::DirectoryFacts;
use crate::suite::shapes::DirectoryTopic as Topic;

const BASE: &str = "https://directory.example.org/fhir";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    title: String,
    of: String,
    #[serde(default)]
    set: BTreeMap<String, String>,
    #[serde(default)]
    remove: Vec<String>,
    #[serde(default)]
    breaks: BTreeMap<String, String>,
}

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/directory").join(path)).unwrap()
}

fn cases() -> Vec<Case> {
    toml::from_str::<Cases>(&read("cases.toml")).unwrap().case
}

fn resource(name: &str) -> Value {
    let folder = if name.starts_with("sample-") { "bad" } else { "good" };
    serde_json::from_str(&read(&format!("{folder}/{name}.json"))).unwrap()
}

fn good() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/directory/good");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.map(|name| name.trim_end_matches(".json").to_owned()).collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), resource(&name))).collect()
}

/// Changes or removes the value at a JSON pointer; the last step may be a new key, or `-` to append to an array.
fn change(value: &mut Value, pointer: &str, new: Option<Value>) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let place = value.pointer_mut(parent).unwrap_or_else(|| panic!("nothing at {parent}"));
    match (place, new) {
        (Value::Object(fields), Some(new)) => {
            fields.insert(key.to_owned(), new);
        }
        (Value::Object(fields), None) => {
            fields.shift_remove(key).unwrap_or_else(|| panic!("nothing at {pointer}"));
        }
        (Value::Array(items), Some(new)) if key == "-" => items.push(new),
        (Value::Array(items), Some(new)) => items[key.parse::<usize>().unwrap()] = new,
        (Value::Array(items), None) => {
            items.remove(key.parse().unwrap());
        }
        _ => panic!("nothing to change at {pointer}"),
    }
}

impl Case {
    fn line(&self) -> Value {
        let mut value = resource(&self.of);
        for (pointer, text) in &self.set {
            change(&mut value, pointer, Some(serde_json::from_str(text).unwrap()));
        }
        for pointer in &self.remove {
            change(&mut value, pointer, None);
        }
        value
    }
}

fn measure(lines: &[&Value]) -> DirectoryFacts {
    let mut measure = Measure::new(BASE);
    let mut offset = 0;
    for (number, line) in lines.iter().enumerate() {
        let text = line.to_string();
        measure.take(text.as_bytes(), false, &|at| FilePosition {
            line: number as u64 + 1,
            column: at as u64 + 1,
            offset: (offset + at) as u64,
        });
        offset += text.len() + 1;
    }
    measure.finish()
}

fn broken(facts: &DirectoryFacts) -> BTreeMap<String, String> {
    facts.findings.iter().map(|finding| (finding.rule.clone(), finding.path.clone())).collect()
}

#[test]
fn good_resources_have_no_findings() {
    let good = good();
    assert!(good.len() >= 12);
    for (name, value) in &good {
        let facts = measure(&[value]);
        assert_eq!(facts.findings, [], "{name}");
        assert!(facts.unclaimed.is_empty() && facts.without.is_empty() && facts.unread == 0, "{name}: {facts:?}");
    }
    let together = measure(&good.iter().map(|(_, value)| value).collect::<Vec<_>>());
    for topic in Topic::ALL {
        assert!(together.looked_at.get(topic).is_some_and(|count| *count > 0), "{topic}");
    }
}

#[test]
fn every_case_violates_the_rules_that_it_names_and_no_other() {
    let mut wrong = Vec::new();
    for case in cases() {
        let found = broken(&measure(&[&case.line()]));
        if found != case.breaks {
            wrong.push(format!("{} ({}): expected {:?}, found {found:?}", case.title, case.of, case.breaks));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_rule_is_violated_by_some_case() {
    let seen: BTreeSet<String> = cases().into_iter().flat_map(|case| case.breaks.into_keys()).collect();
    let named: Vec<&str> = Topic::ALL.iter().flat_map(|topic| rules_of(*topic)).map(|(name, _)| name).collect();
    let unseen: Vec<&&str> = named.iter().filter(|name| !seen.contains(**name)).collect();
    assert!(unseen.is_empty(), "{unseen:?}");
    assert_eq!(named.iter().collect::<BTreeSet<_>>().len(), named.len(), "names are unique");
    let titles: Vec<String> = cases().into_iter().map(|case| format!("{} {}", case.of, case.title)).collect();
    assert_eq!(titles.iter().collect::<BTreeSet<_>>().len(), titles.len(), "no case occurs twice");
}

/// Findings contain no text of a resource, except names of elements and types and other public words.
#[test]
fn findings_contain_no_resource_content() {
    fn texts(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::String(text) if text.len() > 5 => found.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
            Value::Object(fields) => fields.values().for_each(|value| texts(value, found)),
            _ => {}
        }
    }
    let public = ["http://", "https://healthterm", "Organization", "Location", "Practitioner", "PractitionerRole"];
    let public =
        [&public[..], &["HealthcareService", "Endpoint", "Provenance", "physical", "postal", "official"]].concat();
    for case in cases() {
        let line = case.line();
        let kept = serde_json::to_string(&measure(&[&line]).findings).unwrap();
        let mut content = Vec::new();
        texts(&line, &mut content);
        for text in content.iter().filter(|text| {
            !public.iter().any(|word| text.starts_with(word) && (text.len() == word.len() || word.ends_with("//")))
        }) {
            assert!(!kept.contains(text.as_str()), "{}: {text} in {kept}", case.title);
        }
    }
}

#[test]
fn a_violated_rule_is_one_finding_with_its_lines() {
    let (good, mut bad) = (resource("organization"), resource("organization"));
    change(&mut bad, "/name", None);
    let mut lines = vec![&good];
    lines.extend(std::iter::repeat_n(&bad, 8));
    let facts = measure(&lines);
    let [finding] = facts.findings.as_slice() else { panic!("{facts:?}") };
    assert_eq!((finding.line, finding.count, finding.also.as_slice()), (2, 8, &[3, 4, 5, 6, 7][..]));
    assert_eq!((finding.expected.as_str(), finding.actual.as_str()), ("a name", "none"));
    assert_eq!(facts.looked_at[&Topic::Organization], 9);
}

#[test]
fn a_finding_has_the_column_of_the_element() {
    let mut bad = resource("organization");
    change(&mut bad, "/identifier/0/value", Some("8003620000001111".into()));
    let facts = measure(&[&bad]);
    let column = bad.to_string().find("\"8003620000001111\"").unwrap() as u64 + 1;
    assert_eq!(facts.findings[0].column, column);
}

#[test]
fn resources_without_a_known_profile_are_counted() {
    let mut plain = resource("organization");
    change(&mut plain, "/meta", None);
    let other = serde_json::json!({"resourceType": "Patient", "id": "1"});
    let facts = measure(&[&plain, &plain, &other]);
    assert_eq!(facts.unclaimed, BTreeMap::from([("Organization".to_owned(), 2)]));
    assert_eq!(facts.looked_at.get(&Topic::Organization), None);
    assert_eq!(facts.without["meta.versionId"], 2);
}

#[test]
fn hostile_lines_do_not_panic_and_stay_bounded() {
    let take = |text: &str, faulty: bool| {
        let mut measure = Measure::new(BASE);
        measure.take(text.as_bytes(), faulty, &|at| FilePosition { line: 1, column: at as u64 + 1, offset: at as u64 });
        measure.finish()
    };
    let deep = format!("{{\"resourceType\":\"Location\",\"extension\":{}{}}}", "[".repeat(400), "]".repeat(400));
    assert_eq!(take(&deep, false).unread, 1);
    assert_eq!(take("{\"resourceType\":\"Location\",\"x\":1e999}", false).unread, 1);
    assert_eq!(take("{\"resourceType\":\"Location\",\"x\":NaN}", true).unread, 0);
    let long = format!("{{\"resourceType\":\"Location\",\"name\":\"{}\"}}", "x".repeat(MAX_BYTES));
    assert_eq!(take(&long, false).unread, 1);
    let profile =
        "\"meta\":{\"profile\":[\"http://digitalhealth.gov.au/fhir/hcpd/StructureDefinition/hc-organization\"]}";
    for odd in ["7", "null", "\"x\"", "[]", "[[]]", "[null]", "{}", "{\"coding\":7}", "[{\"type\":[[7]]}]", "true"] {
        for name in ["identifier", "name", "address", "partOf", "extension", "_name", "_identifier"] {
            let text = format!("{{\"resourceType\":\"Organization\",{profile},\"{name}\":{odd}}}");
            assert!(!take(&text, false).findings.is_empty(), "{text}");
        }
    }
    assert_eq!(take("{\"resourceType\":7}", false), DirectoryFacts::default());
    let findings: Vec<Value> =
        (0..3000).map(|n| serde_json::json!({"resourceType": "Location", "id": 7, "name": n})).collect();
    assert!(measure(&findings.iter().collect::<Vec<_>>()).findings.len() < 20);
}
