//! Tests of profiles: the findings of each rule, the list of undecided requirements, and the commands with packages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use plimsoll::fhir::definitions::embedded;
use plimsoll::fhir::profile::profiles::{ProfileOutcome, Profiles};
use plimsoll::fhir::validate::fault::ResourceFault;
use plimsoll::fhir::validate::validator::Validator;
use plimsoll::ndjson::command::files::{CheckOptions, FailOn, check};
use plimsoll::recording::facts::{ProfileFacts, ProfileTally};
use plimsoll::suite::line_rules::LineRule;
use serde_json::{Value, json};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/fhir/profiles")
}

fn lines(name: &str) -> Vec<String> {
    std::fs::read_to_string(fixtures().join(name)).unwrap().lines().map(str::to_owned).collect()
}

fn harbour(assigned: &[&str]) -> Profiles {
    let assigned: Vec<String> = assigned.iter().map(|name| (*name).to_owned()).collect();
    Profiles::read(&[fixtures().join("package")], &assigned, &embedded::r4()).unwrap()
}

fn judge(profiles: &Profiles, line: &str) -> ProfileOutcome {
    profiles.judge(&serde_json::from_str(line).unwrap(), line.as_bytes())
}

#[test]
fn resources_that_conform_to_their_profiles_have_no_faults() {
    let profiles = harbour(&[]);
    let mut base = Validator::new(embedded::r4());
    for line in lines("good.ndjson") {
        assert_eq!(base.explain(line.as_bytes()), [], "{line}");
        assert_eq!(judge(&profiles, &line).faults, [], "{line}");
    }
}

#[test]
fn each_rule_has_bad_lines_that_break_it_alone() {
    let profiles = harbour(&[]);
    let mut base = Validator::new(embedded::r4());
    let mut messages = String::new();
    for rule in LineRule::ALL.iter().filter(|rule| rule.is_of_profiles()) {
        let bad = lines(&format!("bad/{rule}.ndjson"));
        assert!(bad.len() >= 5, "{rule}");
        for line in &bad {
            // The line is valid by FHIR's own definitions.
            assert_eq!(base.explain(line.as_bytes()), [], "{line}");
            let outcome = judge(&profiles, line);
            let rules: BTreeSet<&str> = outcome.faults.iter().map(|fault| fault.rule.as_str()).collect();
            assert_eq!(rules, BTreeSet::from([rule.as_str()]), "{line}\n{:#?}", outcome.faults);
            assert!(outcome.kept.iter().all(|kept| !kept.valid), "{line}");
            for ResourceFault { at, path, expected, actual, link, .. } in &outcome.faults {
                writeln!(
                    messages,
                    "{rule} +{at} {path}\n  expected {expected}\n  found    {actual}\n  see      {link}"
                )
                .unwrap();
            }
        }
    }
    insta::assert_snapshot!(messages);
}

#[test]
fn a_fault_has_the_path_and_position_of_the_value() {
    let line = lines("bad/profile-code.ndjson")[3].clone();
    let fault = judge(&harbour(&[]), &line).faults.remove(0);
    assert_eq!(fault.path, "Patient.extension[0].valueCode");
    assert!(line[fault.at..].starts_with("\"deck\""), "{}", &line[fault.at..]);
}

#[test]
fn what_is_not_decided_is_listed() {
    let open = harbour(&[]).open;
    let rows: Vec<String> =
        open.iter().map(|open| format!("{} {} {} at {}", open.profile, open.kind, open.what, open.at)).collect();
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn profiles_are_assigned_by_name_or_url() {
    let bare = r#"{"resourceType":"Patient","id":"a"}"#;
    assert_eq!(judge(&harbour(&[]), bare), ProfileOutcome::default());
    for name in ["berth", "http://harbour.example.org/StructureDefinition/berth|1.0.0"] {
        let outcome = judge(&harbour(&[name]), bare);
        assert_eq!((outcome.kept.len(), outcome.faults.len()), (1, 5), "{name}: {:#?}", outcome.faults);
    }
    let refused = |name: &str| {
        let name = vec![name.to_owned()];
        Profiles::read(&[fixtures().join("package")], &name, &embedded::r4()).unwrap_err()
    };
    // An extension is not a resource profile, and another version is another profile.
    for name in ["mooring", "quay", "http://harbour.example.org/StructureDefinition/berth|2.0.0"] {
        let expected = format!("\"{name}\" is not a resource profile in the packages; give one of: berth, tide");
        assert_eq!(refused(name), expected);
    }
}

#[test]
fn no_change_of_a_resource_causes_a_panic() {
    let profiles = harbour(&["berth", "tide"]);
    let odd =
        [json!(null), json!({}), json!([]), json!([null, {}, [1]]), json!(-3.5), json!("\u{e9}"), json!({"url": 3})];
    let mut judged = 0;
    for line in lines("good.ndjson") {
        let root: Value = serde_json::from_str(&line).unwrap();
        let mut pointers = Vec::new();
        pointers_of(&root, String::new(), &mut pointers);
        for pointer in pointers {
            for value in &odd {
                let mut changed = root.clone();
                *changed.pointer_mut(&pointer).unwrap() = value.clone();
                let text = changed.to_string();
                for fault in profiles.judge(&changed, text.as_bytes()).faults {
                    assert!(fault.at < text.len(), "{text}");
                }
                judged += 1;
            }
        }
    }
    assert!(judged > 2000, "{judged}");
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

/// Writes a package in the published format: a folder `package` in a gzipped tar.
fn packed(to: &Path) {
    let mut tar = Vec::new();
    for entry in std::fs::read_dir(fixtures().join("package")).unwrap() {
        let path = entry.unwrap().path();
        let body = std::fs::read(&path).unwrap();
        let mut header = [0_u8; 512];
        let name = format!("package/{}", path.file_name().unwrap().to_str().unwrap());
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", body.len()).as_bytes());
        header[156] = b'0';
        tar.extend_from_slice(&header);
        tar.extend_from_slice(&body);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    let mut encoder = GzEncoder::new(std::fs::File::create(to).unwrap(), Compression::default());
    std::io::Write::write_all(&mut encoder, &tar).unwrap();
    encoder.finish().unwrap();
}

fn options(profiles: Profiles) -> CheckOptions {
    CheckOptions { profiles: Some(Arc::new(profiles)), threads: 1, ..CheckOptions::default() }
}

#[test]
fn files_are_held_to_a_package() {
    let folder = tempfile::tempdir().unwrap();
    let package = folder.path().join("harbour.tgz");
    packed(&package);
    let profiles = Profiles::read(&[package], &[], &embedded::r4()).unwrap();
    let file = folder.path().join("export.ndjson");
    let bad = ["cardinality", "value", "code", "type", "slice"]
        .map(|rule| lines(&format!("bad/profile-{rule}.ndjson"))[0].clone());
    let all = [lines("good.ndjson"), bad.to_vec()].concat();
    let renumbered: Vec<String> = all
        .iter()
        .enumerate()
        .map(|(number, line)| {
            let mut value: Value = serde_json::from_str(line).unwrap();
            value["id"] = json!(format!("r{number}"));
            value.to_string()
        })
        .collect();
    std::fs::write(&file, renumbered.join("\n") + "\n").unwrap();
    let report = check(&[file], &options(profiles)).unwrap();
    let shown = report.text().replace(folder.path().to_str().unwrap(), "DIR");
    insta::assert_snapshot!(shown);
    assert_eq!(report.exit_code(), 1);
    let facts = report.profiles.unwrap();
    assert_eq!((facts.unknown, facts.held.len()), (2, 2));
}

#[test]
fn an_element_is_never_seen_if_no_file_has_it() {
    let tally = |resources, never: &[&str]| ProfileTally {
        profile: "p".to_owned(),
        resources,
        invalid: 1,
        supports: 3,
        never: never.iter().map(|name| (*name).to_owned()).collect(),
        ..ProfileTally::default()
    };
    let mut sum = ProfileFacts::default();
    sum.add(&ProfileFacts { held: vec![tally(2, &["a", "b"])], ..ProfileFacts::default() });
    sum.add(&ProfileFacts { held: vec![tally(3, &["b", "c"])], unknown: 4, ..ProfileFacts::default() });
    assert_eq!((sum.held[0].clone(), sum.unknown), (ProfileTally { invalid: 2, ..tally(5, &["b"]) }, 4));
}

#[test]
fn packages_that_cannot_be_used_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = || Profiles::read(&[folder.path().to_owned()], &[], &embedded::r4()).unwrap_err();
    let write = |name: &str, value: Value| std::fs::write(folder.path().join(name), value.to_string()).unwrap();
    assert!(refused().ends_with("contains no StructureDefinition; give a FHIR package (.tgz) or its folder"));
    let bare = json!({"resourceType": "StructureDefinition", "url": "http://x.example.org/a", "kind": "resource",
        "type": "Patient", "derivation": "constraint"});
    write("a.json", bare);
    assert!(refused().ends_with("contains no profile with a snapshot; give a package that does"));
    write("package.json", json!({"name": "x", "version": "1", "fhirVersions": ["5.0.0"]}));
    assert!(refused().ends_with("is for FHIR 5.0.0; give a package for FHIR 4.0.1"));
}

#[test]
fn only_assigned_or_claimed_profiles_affect_the_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Patient.ndjson");
    std::fs::write(&file, "{\"resourceType\":\"Patient\",\"id\":\"a\"}\n").unwrap();
    let clean = check(std::slice::from_ref(&file), &options(harbour(&[]))).unwrap();
    assert_eq!(clean.exit_code(), 0);
    assert!(clean.text().contains("no resource claims a profile of example.harbour 1.0.0"), "{}", clean.text());
    assert_eq!(check(std::slice::from_ref(&file), &options(harbour(&["berth"]))).unwrap().exit_code(), 1);
    let never = CheckOptions { fail_on: FailOn::Never, ..options(harbour(&["berth"])) };
    assert_eq!(check(&[file], &never).unwrap().exit_code(), 0);
}

#[test]
fn a_run_validates_files_against_a_package_and_only_warns() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report");
    let package = fixtures().join("package");
    let run = |more: &[&str]| {
        let plain = ["run", "--spec", "hl7-3.0.0", "--report", report.to_str().unwrap()];
        let output = crate::support::plimsoll_in(folder.path(), &[&plain, more].concat(), &[]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_ne!(output.status.code(), Some(1), "{text}");
        text
    };
    let tests = ["profiles-kept@system", "must-support-seen@system"];
    let text = run(&tests);
    assert!(text.contains("0 passed; 0 failed; 2 ignored"), "{text}");
    assert!(text.contains("the run has no package of profiles. Give --package"), "{text}");
    let named = ["--package", package.to_str().unwrap(), "--profile", "berth"];
    let warned = |text: &str| {
        for warning in ["files::profiles-kept on system", "files::must-support-seen on system"] {
            assert!(text.contains(warning), "{text}");
        }
        assert!(text.contains("expected at least 1 extension:mooring (berth), found none"), "{text}");
        assert!(text.contains("found 12 resources, none with Patient.extension:mooring"), "{text}");
    };
    warned(&run(&[&named[..], &tests].concat()));
    // Undecided requirements are in the report.
    let page = std::fs::read_to_string(report.join("index.html")).unwrap();
    for text in ["example.harbour 1.0.0", "not checked for tide", "the invariant tide-1"] {
        assert!(page.contains(text), "{text}");
    }
    // The configuration file has the same effect as the flags.
    std::fs::write(
        folder.path().join("plimsoll.toml"),
        format!("packages = [{:?}]\nprofiles = [\"berth\"]\n", package.to_str().unwrap()),
    )
    .unwrap();
    warned(&run(&tests));
    let refused = crate::support::plimsoll_in(folder.path(), &["run", "--profile", "keel"], &[]);
    assert_eq!(refused.status.code(), Some(2));
}
