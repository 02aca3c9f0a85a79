//! The list of known faults and variants in `fixtures/rows.toml` names what exists, and fails if an open row exists
//! now.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;
use std::path::Path;

use plimsoll::reference::fault::definition::FaultKind;
use plimsoll::suite::values::Names;
use serde::Deserialize;

/// What covers a row.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Coverage {
    /// One or more faults of the reference server.
    Fault(Names),
    /// A legal variant of the reference server.
    Legal(String),
    /// A test with a hostile server: `file::name` below tests/.
    Hostile(String),
    /// The reference server without faults shows it; the text says how.
    Honest(String),
    /// Nothing covers it yet; the text says why.
    Open(String),
}

#[test]
fn each_row_names_what_covers_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("fixtures/rows.toml");
    let mut text = std::fs::read_to_string(&path).unwrap();
    let faults = plimsoll::reference::fault::embedded::faults().unwrap();
    if std::env::var_os("UPDATE").is_some() {
        let named = |line: &str| {
            let id = line.split_once(" = { open = ")?.0;
            let fault = faults.iter().find(|fault| fault.id == id)?;
            let kind = if fault.kind == FaultKind::Legal { "legal" } else { "fault" };
            Some(format!("{id} = {{ {kind} = \"{id}\" }}"))
        };
        text = text.lines().map(|line| named(line).unwrap_or_else(|| line.to_owned()) + "\n").collect();
        std::fs::write(&path, &text).unwrap();
    }
    let rows: BTreeMap<String, Coverage> = toml::from_str(&text).unwrap();
    assert_eq!(rows.len(), 213);
    let known = |id: &str, kind: FaultKind| faults.iter().any(|fault| fault.id == id && fault.kind == kind);
    for (row, coverage) in &rows {
        match coverage {
            Coverage::Fault(ids) => {
                for id in &ids.0 {
                    assert!(known(id, FaultKind::Defect), "{row}: there is no fault {id}");
                }
            }
            Coverage::Legal(id) => assert!(known(id, FaultKind::Legal), "{row}: there is no legal variant {id}"),
            Coverage::Hostile(test) => {
                let (file, name) = test.split_once("::").unwrap();
                let source = std::fs::read_to_string(root.join("tests").join(file)).unwrap();
                assert!(source.contains(&format!("fn {name}()")), "{row}: {file} has no test {name}");
            }
            Coverage::Honest(how) => assert!(!how.is_empty(), "{row}"),
            Coverage::Open(why) => {
                assert!(!why.is_empty(), "{row}");
                let exists = faults.iter().any(|fault| fault.id == *row);
                assert!(!exists, "{row} is no longer open; run UPDATE=1 cargo test --test judging rows");
            }
        }
    }
}
