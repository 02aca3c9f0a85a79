//! Tests of the validator: every rule with good and bad lines, mutations of valid lines, and the tables of definitions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use plimsoll::fhir::definitions::builder::build;
use plimsoll::fhir::definitions::builder::package::Package;
use plimsoll::fhir::definitions::embedded;
use plimsoll::fhir::definitions::tables::Tables;
use plimsoll::fhir::validate::fault::ResourceFault;
use plimsoll::fhir::validate::validator::{Validator, Verdict};
use plimsoll::suite::line_rules::LineRule;
use serde_json::{Value, json};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/fhir")
}

fn lines(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

fn rules(faults: &[ResourceFault]) -> Vec<&'static str> {
    faults.iter().map(|fault| fault.rule.as_str()).collect()
}

#[test]
fn unusual_but_valid_lines_are_valid() {
    let mut validator = Validator::new(embedded::r4());
    let good = lines(&fixtures().join("good.ndjson"));
    assert!(good.len() > 30);
    for line in &good {
        assert_eq!(validator.explain(line.as_bytes()), [], "{line}");
        // `check` rejects a resource with the tag SUBSETTED; `explain` accepts it.
        let subsetted = line.contains("SUBSETTED");
        assert_eq!(validator.check(line.as_bytes()) == Verdict::Valid, !subsetted, "{line}");
    }
}

#[test]
fn each_rule_has_bad_lines_that_break_it_alone() {
    let mut validator = Validator::new(embedded::r4());
    let mut messages = String::new();
    for rule in LineRule::ALL.iter().filter(|rule| rule.is_of_definitions()) {
        let bad = lines(&fixtures().join("bad").join(format!("{rule}.ndjson")));
        assert!(bad.len() >= 2, "{rule}");
        for line in &bad {
            assert_eq!(validator.check(line.as_bytes()), Verdict::Invalid, "{line}");
            let faults = validator.explain(line.as_bytes());
            let only: BTreeSet<&str> = rules(&faults).into_iter().collect();
            assert_eq!(only, BTreeSet::from([rule.as_str()]), "{line}\n{faults:#?}");
            for fault in &faults {
                let ResourceFault { at, path, expected, actual, link, .. } = fault;
                writeln!(
                    messages,
                    "{rule} +{at} {path}\n  expected {expected}\n  found    {actual}\n  see      {link}"
                )
                .unwrap();
                assert!(link.starts_with("http://hl7.org/fhir/R4/"), "{line} {link}");
            }
        }
    }
    insta::assert_snapshot!(messages);
}

/// Returns mutations of a line, each with one change and the kind of the change.
fn mutations(line: &str) -> Vec<(&'static str, String)> {
    let root: Value = serde_json::from_str(line).unwrap();
    let mut pointers = Vec::new();
    pointers_of(&root, String::new(), &mut pointers);
    let mut out = Vec::new();
    for pointer in pointers.into_iter().filter(|pointer| !pointer.is_empty()) {
        for (kind, value) in [
            ("null", json!(null)),
            ("empty object", json!({})),
            ("empty array", json!([])),
            ("empty string", json!("")),
            ("string", json!("\u{e9} x ")),
            ("number", json!(-3.5)),
            ("boolean", json!(true)),
            ("object", json!({"id": "x", "zzz": [null]})),
        ] {
            let mut changed = root.clone();
            *changed.pointer_mut(&pointer).unwrap() = value;
            out.push((kind, changed.to_string()));
        }
        let mut wrapped = root.clone();
        let own = wrapped.pointer_mut(&pointer).unwrap();
        *own = json!([own.clone(), own.clone()]);
        out.push(("twice", wrapped.to_string()));
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let mut gone = root.clone();
        if let Some(object) = gone.pointer_mut(parent).unwrap().as_object_mut() {
            let value = object.shift_remove(key).unwrap();
            out.push(("without", gone.to_string()));
            let mut renamed = gone.clone();
            renamed.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(format!("{key}x"), value.clone());
            out.push(("renamed", renamed.to_string()));
            gone.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(format!("_{key}"), json!({"id": "x"}));
            out.push(("twin", gone.to_string()));
        }
    }
    for cut in (0..line.len()).filter(|at| line.is_char_boundary(*at)) {
        out.push(("cut", line[..cut].to_owned()));
        for sign in ["\"", "}", "\\", "\u{1}", ",", "01"] {
            out.push(("inserted", format!("{}{sign}{}", &line[..cut], &line[cut..])));
        }
    }
    out
}

fn pointers_of(value: &Value, at: String, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, inner)| pointers_of(inner, format!("{at}/{key}"), out)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(n, inner)| pointers_of(inner, format!("{at}/{n}"), out))
        }
        _ => {}
    }
    out.push(at);
}

/// Returns whether an object of the line has a key twice. serde_json accepts that; the reader has a separate rule.
fn repeats(line: &str) -> bool {
    use plimsoll::ndjson::facts::LineNotes;
    use plimsoll::ndjson::inspect::{Inspector, JsonInspector};
    let mut notes = LineNotes::default();
    JsonInspector::new(512).inspect(line.as_bytes(), &mut notes);
    notes.faults.iter().any(|fault| fault.rule == LineRule::DuplicateKey)
}

#[test]
fn both_readings_agree_and_with_serde_on_what_is_json() {
    let mut validator = Validator::new(embedded::r4());
    let mut kinds: BTreeMap<&str, [u32; 2]> = BTreeMap::new();
    let good = lines(&fixtures().join("good.ndjson"));
    for line in good.iter().filter(|line| !line.contains("SUBSETTED") && line.len() < 400) {
        for (kind, changed) in mutations(line) {
            let json = serde_json::from_str::<serde::de::IgnoredAny>(&changed).is_ok();
            let verdict = validator.check(changed.as_bytes());
            let faults = validator.explain(changed.as_bytes());
            if !json {
                assert_eq!(verdict, Verdict::Invalid, "{kind}: {changed}");
                continue;
            }
            let counts = kinds.entry(kind).or_default();
            counts[usize::from(verdict == Verdict::Invalid)] += 1;
            // Other rules check the type and the id of the line's own resource.
            let value: Value = serde_json::from_str(&changed).unwrap();
            let other_rule = value.get("resourceType").is_none_or(|name| !name.is_string())
                || value
                    .get("id")
                    .and_then(Value::as_str)
                    .is_some_and(|id| id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric()))
                || repeats(&changed);
            assert_eq!(verdict == Verdict::Invalid, !faults.is_empty() || other_rule, "{kind}: {changed}\n{faults:#?}");
        }
    }
    // Counts of valid and invalid mutations by kind. A rule that stops working changes the counts.
    insta::assert_debug_snapshot!(kinds);
}

#[test]
fn earlier_lines_do_not_change_the_verdict_on_a_line() {
    let all: Vec<String> = std::fs::read_dir(fixtures().join("bad"))
        .unwrap()
        .flat_map(|entry| lines(&entry.unwrap().path()))
        .chain(lines(&fixtures().join("good.ndjson")))
        .collect();
    let alone: Vec<Verdict> = all.iter().map(|line| Validator::new(embedded::r4()).check(line.as_bytes())).collect();
    let mut one = Validator::new(embedded::r4());
    for step in [1, 3, 7, 11] {
        for index in (0..all.len()).map(|index| index * step % all.len()) {
            assert_eq!(one.check(all[index].as_bytes()), alone[index], "{}", all[index]);
        }
    }
}

#[test]
fn deep_nesting_late_types_and_many_faults_are_bounded() {
    let mut validator = Validator::new(embedded::r4());
    let deep = |levels: usize| {
        let item = |inner: String| format!("{{\"linkId\":\"1\",\"type\":\"group\",\"item\":[{inner}]}}");
        let inner = (0..levels).fold("{\"linkId\":\"0\",\"type\":\"string\"}".to_owned(), |inner, _| item(inner));
        format!("{{\"resourceType\":\"Questionnaire\",\"status\":\"draft\",\"item\":[{inner}]}}")
    };
    assert_eq!(validator.check(deep(150).as_bytes()), Verdict::Valid);
    assert_eq!(validator.check(deep(5000).as_bytes()), Verdict::Unchecked);
    // Bundles in Bundles, each with its resourceType as the last key.
    let bundle = |inner: String| {
        format!("{{\"entry\":[{{\"resource\":{inner}}}],\"type\":\"collection\",\"resourceType\":\"Bundle\"}}")
    };
    let nest = |levels: usize| (0..levels).fold("{\"resourceType\":\"Patient\"}".to_owned(), |inner, _| bundle(inner));
    assert_eq!(validator.check(nest(3).as_bytes()), Verdict::Valid);
    assert_eq!(validator.check(nest(60).as_bytes()), Verdict::Unchecked);
    let many = format!("{{\"resourceType\":\"Patient\",\"name\":[{}{{}}]}}", "{\"x\":1},".repeat(5000));
    assert_eq!(validator.explain(many.as_bytes()).len(), 200);
}

#[test]
fn tables_are_complete_or_refused() {
    let bytes = embedded::R4;
    let tables = Tables::decode(bytes).unwrap();
    assert_eq!((tables.about.fhir.as_str(), tables.about.license.as_str()), ("4.0.1", "CC0-1.0"));
    assert_eq!(tables.resources.len(), 146);
    assert_eq!(tables.encode(), bytes);
    for cut in (0..bytes.len()).step_by(4001) {
        assert!(Tables::decode(&bytes[..cut]).is_err(), "{cut}");
    }
    // A changed byte changes the rules, but never causes a panic.
    let line = lines(&fixtures().join("good.ndjson")).join("\n");
    for at in (12..bytes.len()).step_by(5501) {
        let mut changed = bytes.to_vec();
        changed[at] ^= 0x55;
        if let Ok(tables) = Tables::decode(&changed) {
            let mut validator = Validator::new(tables.into());
            for line in line.lines() {
                validator.check(line.as_bytes());
                validator.explain(line.as_bytes());
            }
        }
    }
}

#[test]
fn tables_are_built_from_a_package() {
    let folder = fixtures().join("package");
    let tables = build::build(&folder, "http://example.org/").unwrap();
    assert_eq!(tables.encode(), build::build(&folder, "http://example.org/").unwrap().encode());
    let mut validator = Validator::new(tables.clone().into());
    let mut explain = |line: &str| {
        let faults = validator.explain(line.as_bytes());
        assert_eq!(validator.check(line.as_bytes()) == Verdict::Valid, faults.is_empty());
        faults.iter().map(|f| format!("{} {}: {}", f.rule, f.path, f.expected)).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(explain(r#"{"resourceType":"Buoy","colour":"red","light":{"period":4}}"#), "");
    insta::assert_snapshot!(
        [
            r#"{"resourceType":"Buoy","colour":"blue"}"#,
            r#"{"resourceType":"Buoy","colour":"green"}"#,
            r#"{"resourceType":"Buoy","colour":"red","light":{"period":4,"fixed":true}}"#,
            r#"{"resourceType":"Buoy","colour":"red","bell":"x"}"#,
            r#"{"resourceType":"Patient"}"#,
        ]
        .map(|line| format!("{line}\n  {}\n", explain(line)))
        .concat()
    );
    let open: Vec<&str> = tables.open.iter().map(|row| tables.text(row.what)).collect();
    assert_eq!(open, ["buoy-3"]);
    let error = build::build(&fixtures().join("bad"), "").unwrap_err();
    assert!(error.ends_with("give a FHIR package (.tgz) or its folder"), "{error}");
    let error = build::tables(&Package::default(), "").unwrap_err();
    assert_eq!(error, "the package does not define the base types; give a core package");
}
