//! The self-test: every fault of the reference server under every spec that it supports, in paused time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;

use plimsoll::base::vocabulary::Area;
use plimsoll::reference::fault::definition::FaultKind;
use plimsoll::reference::personality::spec::Personality;

use plimsoll::selftest::cell::{Cell, CellResult};

use plimsoll::selftest::matrix::whole_plan;
use plimsoll::selftest::try_fault::is_tried;

use plimsoll::selftest::untested_tests::untested_tests;

use crate::{CATALOG, matrix_runs};

#[test]
fn every_fault_is_noticed_by_exactly_its_tests() {
    let catalog = &*CATALOG;
    let cells = &matrix_runs().cells;
    let bad: Vec<&Cell> = cells.iter().filter(|cell| !cell.result.is_good()).collect();
    assert!(bad.is_empty(), "{bad:#?}");

    for spec in ["hl7-1.0.1", "hl7-2.0.0", "hl7-3.0.0", "smile-cdr", "lesson", "au-hcpd-0.3.0-preview"] {
        let untested = untested_tests(catalog, spec, cells);
        assert!(untested.is_empty(), "no fault triggers these tests under {spec}: {untested:#?}");
    }

    // README.md counts cells with `is_tried`, which must agree with the results.
    let faults = plimsoll::reference::fault::embedded::faults().unwrap();
    for spec in Personality::ALL {
        let plan = whole_plan(catalog, *spec).unwrap();
        for cell in cells.iter().filter(|cell| cell.spec == spec.as_str()) {
            let fault = faults.iter().find(|fault| fault.id == cell.fault).unwrap();
            let tried = is_tried(catalog, &plan, *spec, fault);
            assert_eq!(tried, cell.result != CellResult::Excluded, "{} under {spec}", cell.fault);
        }
    }

    let own = cells.iter().filter(|cell| cell.spec == "smile-cdr" && cell.fault.contains("smile-"));
    let own: Vec<&Cell> = own.filter(|cell| cell.result != CellResult::Excluded).collect();
    let of = |kind: FaultKind| own.iter().filter(|cell| cell.kind == kind).count();
    assert!(of(FaultKind::Defect) >= 12, "{} faults of Smile CDR only", of(FaultKind::Defect));
    assert!(of(FaultKind::Legal) >= 4, "{} legal variants of Smile CDR", of(FaultKind::Legal));

    // The sample manifest of the lesson: wrong under HL7's spec, legal under the lesson.
    let one = |fault: &str, spec: &str| cells.iter().find(|cell| cell.fault == fault && cell.spec == spec).unwrap();
    assert_eq!(one("lesson-sample-manifest", "hl7-3.0.0").result, CellResult::Killed);
    assert_eq!(one("legal-lesson-manifest", "lesson").result, CellResult::Clean);

    let tried = |kind: FaultKind| {
        let faults = cells.iter().filter(|cell| cell.kind == kind && cell.expected == cell.noticed);
        faults.map(|cell| cell.fault.as_str()).collect::<BTreeSet<_>>().len()
    };
    assert!(tried(FaultKind::Legal) >= 12, "{} legal variants", tried(FaultKind::Legal));
    assert!(cells.iter().map(|cell| &cell.fault).collect::<BTreeSet<_>>().len() >= 52);
    for area in [Area::Kickoff, Area::Poll, Area::Manifest, Area::Files, Area::Delete, Area::Errors, Area::Auth] {
        let prefix = format!("{area}::");
        assert!(cells.iter().any(|cell| cell.noticed.iter().any(|test| test.starts_with(&prefix))), "{area}");
    }
}
