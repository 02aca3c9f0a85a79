//! The tests that no defect of the reference server triggers. A test that no fault triggers proves nothing.

use std::collections::BTreeSet;

use crate::base::vocabulary::Level;
use crate::plan::build::requirements_in;
use crate::reference::fault::definition::FaultKind;
use crate::selftest::cell::Cell;
use crate::suite::catalog::Catalog;

/// Returns the tests of `spec` at the levels SHALL, SHALL NOT, SHOULD and SHOULD NOT that no defect among `cells`
/// triggers, as `area::id`, in the order of the suites. The result is meaningful only for the cells of a complete
/// matrix.
pub fn untested_tests(catalog: &Catalog, spec: &str, cells: &[Cell]) -> Vec<String> {
    let triggered: BTreeSet<&str> = cells
        .iter()
        .filter(|cell| cell.kind == FaultKind::Defect && cell.spec == spec)
        .flat_map(|cell| &cell.noticed)
        .map(|entry| entry.split_once('@').map_or(entry.as_str(), |(name, _)| name))
        .collect();
    catalog
        .tests
        .iter()
        .filter(|test| {
            requirements_in(catalog, test, spec).is_some_and(|(level, ..)| {
                matches!(level, Level::Shall | Level::ShallNot | Level::Should | Level::ShouldNot)
            })
        })
        .map(|test| test.name())
        .filter(|name| !triggered.contains(name.as_str()))
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::selftest::cell::CellResult;

    #[test]
    fn a_test_is_triggered_by_a_defect_of_its_own_spec_only() {
        let catalog = crate::suite::source::embedded().unwrap();
        let cell = |spec: &str, kind: FaultKind| Cell {
            fault: "f".to_owned(),
            kind,
            spec: spec.to_owned(),
            expected: Vec::new(),
            noticed: vec!["poll::retry-after".to_owned(), "poll::in-progress-202@system".to_owned()],
            result: CellResult::Killed,
            because: String::new(),
        };
        let cells = [cell("hl7-3.0.0", FaultKind::Defect), cell("hl7-2.0.0", FaultKind::Legal)];
        let three = untested_tests(&catalog, "hl7-3.0.0", &cells);
        assert!(!three.contains(&"poll::retry-after".to_owned()));
        assert!(!three.contains(&"poll::in-progress-202".to_owned()));
        assert!(three.contains(&"poll::complete-200".to_owned()));
        assert!(!three.contains(&"poll::x-progress".to_owned()), "a MAY needs no fault");
        assert!(untested_tests(&catalog, "hl7-2.0.0", &cells).contains(&"poll::retry-after".to_owned()));
    }
}
