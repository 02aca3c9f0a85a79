//! Tests of the rules of a provider directory on the lines of a file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::path::Path;

use serde_json::Value;

use crate::fhir::au_directory::measure::Measure;
use crate::ndjson::expected::Expected;
use crate::ndjson::reader::{FileReader, ReaderOptions};
use crate::recording::facts::LineFacts;
use crate::suite::line_rules::LineRule;
use crate::suite::model::FileList;
use crate::suite::shapes::DirectoryTopic as Topic;

fn read(text: &str, list: FileList) -> LineFacts {
    let mut options = ReaderOptions::new(Expected { list, announced: Some("Organization".to_owned()) });
    options.directory = Some(Measure::new("https://directory.example.org/fhir"));
    let mut reader = FileReader::new(options);
    reader.push(text.as_bytes()).unwrap();
    reader.finish(true).lines
}

/// A value with a line break within a string is not measured; a value over several lines is. Files of other lists are
/// not measured.
#[test]
fn only_unchanged_resources_of_output_files_are_measured() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/directory/good/organization.json");
    let good: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut bad = good.clone();
    bad.as_object_mut().unwrap().remove("name");
    let broken = good.to_string().replace("hl7.org.au/id/abn", "hl7.org.au/\nid/abn");
    let lines = read(&format!("{good}\n{broken}\n{bad}\n"), FileList::Output);
    assert!(lines.findings.iter().any(|finding| finding.rule == LineRule::NotJson));
    let facts = lines.directory.unwrap();
    assert_eq!(facts.looked_at[&Topic::Organization], 2);
    assert_eq!(facts.findings.len(), 1);
    assert_eq!((facts.findings[0].rule.as_str(), facts.findings[0].line), ("organization-name", 4));

    let pretty = serde_json::to_string_pretty(&bad).unwrap();
    let facts = read(&format!("{pretty}\n"), FileList::Output).directory.unwrap();
    assert_eq!((facts.findings.len(), facts.findings[0].line), (1, 1));

    assert_eq!(read(&format!("{bad}\n"), FileList::Error).directory, None);
}
