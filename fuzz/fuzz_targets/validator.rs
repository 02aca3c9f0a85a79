//! Fuzzes a line: the validator and serde_json agree on whether it is JSON, every refused line has a finding, and
//! profiles cause no panic.
#![no_main]

use std::path::Path;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use plimsoll::fhir::definitions::embedded;
use plimsoll::fhir::profile::profiles::Profiles;
use plimsoll::fhir::validate::validator::{Validator, Verdict};
use plimsoll::ndjson::expected::Expected;
use plimsoll::ndjson::fhir::FhirInspector;
use plimsoll::ndjson::reader::{FileReader, ReaderOptions};
use plimsoll::suite::line_rules::LineRule;
use plimsoll::suite::model::FileList;
use serde::de::IgnoredAny;

/// The maximum number of brackets in a line; serde_json fails on deep nesting.
const DEEP: usize = 100;

fuzz_target!(|line: &[u8]| {
    if line.contains(&b'\n') || line.contains(&b'\r') || depth(line) > DEEP {
        return;
    }
    // serde_json does not check that ignored strings are UTF-8.
    let json = std::str::from_utf8(line).is_ok() && serde_json::from_slice::<IgnoredAny>(line).is_ok();
    let mut validator = Validator::new(embedded::r4());
    let verdict = validator.check(line);
    assert!(json || verdict != Verdict::Valid, "a valid line is JSON");
    assert_eq!(verdict, validator.check(line), "both checks of one line are equal");
    let faults = validator.explain(line);
    for fault in &faults {
        assert!(fault.at <= line.len(), "a fault is within the line");
    }
    assert!(verdict != Verdict::Valid || faults.is_empty(), "a valid line has no faults");

    let found = read(line);
    let unsound = |rule: &LineRule| {
        matches!(
            rule,
            LineRule::NotJson | LineRule::CutOff | LineRule::TwoOnOneLine | LineRule::TrailingComma | LineRule::Utf8
        )
    };
    let blank = line.iter().all(|byte| matches!(byte, b' ' | b'\t'));
    if json {
        assert!(!found.iter().any(unsound), "JSON has no finding about malformed JSON: {found:?}");
    } else if !blank {
        assert!(found.iter().any(|rule| !rule.is_of_definitions()), "a line that is not JSON has a finding: {found:?}");
    }
    let subsetted = line.windows(11).any(|window| window == b"\"SUBSETTED\"");
    if verdict == Verdict::Invalid && !subsetted {
        assert!(!found.is_empty() || blank, "an invalid line has a finding");
    }
    if verdict == Verdict::Valid {
        assert!(
            !found.iter().any(|rule| rule.is_of_definitions()),
            "a valid line has no finding about definitions: {found:?}"
        );
    }
    if let Ok(resource) = serde_json::from_slice(line) {
        for fault in profiles().judge(&resource, line).faults {
            assert!(fault.at < line.len(), "a fault is within the line");
        }
    }
});

/// Returns the rules that the file reader reports as violated.
fn read(line: &[u8]) -> Vec<LineRule> {
    let inspector = Box::new(FhirInspector::new(embedded::r4(), 512));
    let expected = Expected { list: FileList::Output, announced: None };
    let mut reader = FileReader::new(ReaderOptions { inspector: Some(inspector), ..ReaderOptions::new(expected) });
    reader.push(line).expect("a file without a content coding");
    reader.finish(true).lines.findings.iter().map(|finding| finding.rule).collect()
}

fn profiles() -> &'static Profiles {
    static PROFILES: OnceLock<Profiles> = OnceLock::new();
    PROFILES.get_or_init(|| {
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/fhir/profiles/package");
        let assigned = ["berth".to_owned(), "tide".to_owned()];
        Profiles::read(&[package], &assigned, &embedded::r4()).expect("a package")
    })
}

fn depth(line: &[u8]) -> usize {
    line.iter().filter(|byte| matches!(byte, b'{' | b'[')).count()
}
