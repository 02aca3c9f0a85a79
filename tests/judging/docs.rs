//! The generated parts of `docs/`. After a change to the suites or the faults:
//!
//! ```text
//! UPDATE=1 cargo test --test judging docs
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;
use std::path::Path;

use plimsoll::reference::fault::definition::FaultKind;
use plimsoll::reference::personality::spec::Personality;
use plimsoll::report::coverage;
use plimsoll::selftest::{matrix, try_fault};

use crate::fresh;

/// The start of the sentence in `docs/src/trust.md` that counts faults and tests.
const COUNTS: &str = "\nToday these are ";

/// The sentence about the size of the matrix.
fn matrix_size() -> String {
    let catalog = plimsoll::suite::source::embedded().unwrap();
    let faults = plimsoll::reference::fault::embedded::faults().unwrap();
    let defects = faults.iter().filter(|fault| fault.kind == FaultKind::Defect).count();
    let (mut tests, mut cells) = (0, 0);
    for spec in Personality::ALL {
        let plan = matrix::whole_plan(&catalog, *spec).unwrap();
        tests += plan.tests.len();
        cells += faults.iter().filter(|fault| try_fault::is_tried(&catalog, &plan, *spec, fault)).count();
    }
    format!(
        "{defects} faults and {} legal variants under {} specifications in {cells} runs, and {} tests, or {tests} if each \
         flow and specification counts.",
        faults.len() - defects,
        Personality::ALL.len(),
        catalog.tests.len(),
    )
}

#[test]
fn the_page_about_trust_counts_faults_and_tests() {
    let path = "docs/src/trust.md";
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let (before, rest) = text.split_once(COUNTS).expect("the sentence is there");
    let (_, after) = rest.split_once('\n').unwrap();
    fresh(path, &format!("{before}{COUNTS}{}\n{after}", matrix_size()), "docs");
}

#[test]
fn the_coverage_pages_are_fresh_and_in_the_summary() {
    let catalog = plimsoll::suite::source::embedded().unwrap();
    let specs: Vec<String> = catalog.specs.keys().cloned().collect();
    fresh("docs/src/coverage/index.md", &coverage::markdown_overview(&catalog, &specs), "docs");
    let summary = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src/SUMMARY.md")).unwrap();
    for spec in &specs {
        fresh(&format!("docs/src/coverage/{spec}.md"), &coverage::markdown(&catalog, spec), "docs");
        assert!(summary.contains(&format!("(coverage/{spec}.md)")), "docs/src/SUMMARY.md has no coverage of {spec}");
    }
}
