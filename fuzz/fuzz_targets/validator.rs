//! Any bytes as a line: the validator and serde_json agree on whether it is JSON, whatever is refused has a finding, and
//! profiles are judged without harm.
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

/// Deeper than this serde_json gives up, and cannot be asked.
const DEEP: usize = 100;

fuzz_target!(|line: &[u8]| {
    if line.contains(&b'\n') || line.contains(&b'\r') || depth(line) > DEEP {
        return;
    }
    // serde_json does not look whether what it ignores is UTF-8.
    let json = std::str::from_utf8(line).is_ok() && serde_json::from_slice::<IgnoredAny>(line).is_ok();
    let mut validator = Validator::new(embedded::r4());
    let verdict = validator.check(line);
    assert!(json || verdict != Verdict::Valid, "no JSON, and valid");
    assert_eq!(verdict, validator.check(line), "two readings of one line");
    let faults = validator.explain(line);
    for fault in &faults {
        assert!(fault.at <= line.len(), "a fault behind the line");
    }
    assert!(verdict != Verdict::Valid || faults.is_empty(), "valid, and wrong");

    let found = read(line);
    let unsound = |rule: &LineRule| {
        matches!(
            rule,
            LineRule::NotJson | LineRule::CutOff | LineRule::TwoOnOneLine | LineRule::TrailingComma | LineRule::Utf8
        )
    };
    let blank = line.iter().all(|byte| matches!(byte, b' ' | b'\t'));
    if json {
        assert!(!found.iter().any(unsound), "JSON, and told as none: {found:?}");
    } else if !blank {
        assert!(found.iter().any(|rule| !rule.is_of_definitions()), "no JSON, and not told: {found:?}");
    }
    let subsetted = line.windows(11).any(|window| window == b"\"SUBSETTED\"");
    if verdict == Verdict::Invalid && !subsetted {
        assert!(!found.is_empty() || blank, "refused, and not told");
    }
    if verdict == Verdict::Valid {
        assert!(!found.iter().any(|rule| rule.is_of_definitions()), "valid, and told as wrong: {found:?}");
    }
    if let Ok(resource) = serde_json::from_slice(line) {
        for fault in profiles().judge(&resource, line).faults {
            assert!(fault.at < line.len(), "a fault behind the line");
        }
    }
});

/// The rules that the reader of files finds broken.
fn read(line: &[u8]) -> Vec<LineRule> {
    let inspector = Box::new(FhirInspector::new(embedded::r4(), 512));
    let expected = Expected { list: FileList::Output, announced: None };
    let mut reader = FileReader::new(ReaderOptions { inspector: Some(inspector), ..ReaderOptions::new(expected) });
    reader.push(line).expect("text has no coding to break");
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
