//! Compares the tests that noticed a fault with the tests that must notice it.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::vocabulary::Verdict;
use crate::reference::fault::definition::FaultKind;
use crate::selftest::cell::{Cell, CellResult};
use crate::verdicts::judged_run::{Judgement, TestResult};

/// Compares the tests of a judged run that noticed a fault with those that the fault lists. The `expected` of the cell
/// has only entries that name a test of the spec.
pub fn compare(fault: &str, kind: FaultKind, expected: &[String], judgement: &Judgement) -> Cell {
    let flows = by_name(&judgement.tests);
    let wanted: BTreeSet<&str> = expected.iter().map(String::as_str).filter(|entry| has(&flows, entry)).collect();
    let listed = |test: &TestResult| wanted.iter().any(|entry| names_test(entry, &test.id));
    // An undetermined test counts only if the fault lists it.
    let noticed = |test: &TestResult| {
        matches!(test.verdict, Verdict::Fail | Verdict::Warn) || (test.verdict == Verdict::Error && listed(test))
    };
    let noticed_flows: BTreeSet<&str> = match kind {
        // No test may fail on a legal variant. A test may warn or be undetermined only if the variant lists it: the
        // spec leaves the behavior open, or only advises against it.
        FaultKind::Legal => judgement
            .tests
            .iter()
            .filter(|test| match test.verdict {
                Verdict::Fail => true,
                Verdict::Warn | Verdict::Error => !listed(test),
                _ => false,
            })
            .map(|test| test.id.as_str())
            .collect(),
        FaultKind::Defect => judgement.tests.iter().filter(|test| noticed(test)).map(|test| test.id.as_str()).collect(),
    };

    // An entry is met if at least one of its tests was decided, and none of these passed.
    let unmet: Vec<&str> = wanted.iter().copied().filter(|entry| !met(&flows, entry)).collect();
    let surplus: Vec<&str> =
        noticed_flows.iter().copied().filter(|id| !wanted.iter().any(|e| names_test(e, id))).collect();

    let (result, because) = match kind {
        FaultKind::Defect if !unmet.is_empty() => {
            (CellResult::Survived, format!("not noticed by {}", reasons(&judgement.tests, &unmet)))
        }
        FaultKind::Defect if wanted.is_empty() && noticed_flows.is_empty() => {
            (CellResult::Excluded, format!("none of its tests is in {}", judgement.spec))
        }
        FaultKind::Defect if !surplus.is_empty() => {
            (CellResult::Overkilled, format!("also noticed by {}", surplus.join(", ")))
        }
        FaultKind::Defect => (CellResult::Killed, String::new()),
        FaultKind::Legal if noticed_flows.is_empty() => (CellResult::Clean, String::new()),
        FaultKind::Legal => {
            (CellResult::FalseAlarm, format!("noticed by {}", reasons(&judgement.tests, &names_of(&noticed_flows))))
        }
    };
    Cell {
        fault: fault.to_owned(),
        kind,
        spec: judgement.spec.clone(),
        expected: wanted.into_iter().map(str::to_owned).collect(),
        noticed: summary(&flows, &noticed_flows),
        result,
        because,
    }
}

/// Returns the tests of `noticed`: `area::id` if the test noticed on every decided flow, else `area::id@flow`.
fn summary(flows: &BTreeMap<&str, Vec<&TestResult>>, noticed: &BTreeSet<&str>) -> Vec<String> {
    let noticed = |test: &TestResult| noticed.contains(test.id.as_str());
    let mut all = Vec::new();
    for (name, tests) in flows {
        let mut decided = tests.iter().filter(|test| decided(test)).peekable();
        if decided.peek().is_some() && decided.all(|test| noticed(test)) {
            all.push((*name).to_owned());
        } else {
            all.extend(tests.iter().filter(|test| noticed(test)).map(|test| test.id.clone()));
        }
    }
    all
}

/// Returns the tests by their names without a flow.
fn by_name(tests: &[TestResult]) -> BTreeMap<&str, Vec<&TestResult>> {
    let mut flows: BTreeMap<&str, Vec<&TestResult>> = BTreeMap::new();
    for test in tests {
        let name = test.id.split_once('@').map_or(test.id.as_str(), |(name, _)| name);
        flows.entry(name).or_default().push(test);
    }
    flows
}

fn decided(test: &TestResult) -> bool {
    !matches!(test.verdict, Verdict::Skip | Verdict::NotApplicable)
}

/// Returns whether `entry` names the test with this full id.
pub(crate) fn names_test(entry: &str, id: &str) -> bool {
    entry == id || id.split_once('@').is_some_and(|(name, _)| name == entry)
}

fn has(flows: &BTreeMap<&str, Vec<&TestResult>>, entry: &str) -> bool {
    flows.values().flatten().any(|test| names_test(entry, &test.id))
}

fn met(flows: &BTreeMap<&str, Vec<&TestResult>>, entry: &str) -> bool {
    let mut seen = flows.values().flatten().filter(|test| names_test(entry, &test.id) && decided(test)).peekable();
    seen.peek().is_some() && seen.all(|test| test.verdict != Verdict::Pass)
}

fn names_of<'a>(ids: &BTreeSet<&'a str>) -> Vec<&'a str> {
    ids.iter().copied().collect()
}

/// Returns the tests with their verdicts and reasons, which help to repair the matrix.
fn reasons(tests: &[TestResult], entries: &[&str]) -> String {
    let one = |entry: &&str| {
        let seen: Vec<String> = tests
            .iter()
            .filter(|test| names_test(entry, &test.id))
            .map(|test| match test.findings.first() {
                Some(finding) => format!("{} {} ({}: {})", test.flow, test.verdict, finding.place, finding.actual),
                None if test.because.is_empty() => format!("{} {}", test.flow, test.verdict),
                None => format!("{} {} ({})", test.flow, test.verdict, test.because),
            })
            .collect();
        format!("{entry} [{}]", seen.join("; "))
    };
    entries.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::base::vocabulary::Verdict::{Error, Fail, NotApplicable, Pass, Skip, Warn};
    use crate::verdicts::judged_run::Conformance::NotConformant;
    use crate::verdicts::samples::judgement;

    fn cell(kind: FaultKind, expected: &[&str], tests: &[(&str, Verdict)]) -> Cell {
        let expected: Vec<String> = expected.iter().map(|e| (*e).to_owned()).collect();
        compare("f", kind, &expected, &judgement("hl7-3.0.0", NotConformant, tests))
    }

    #[test]
    fn a_defect_noticed_on_all_flows_is_killed() {
        let tests =
            [("poll::a@system", Fail), ("poll::a@group", Warn), ("poll::a@any", Skip), ("poll::b@system", Pass)];
        let cell = cell(FaultKind::Defect, &["poll::a"], &tests);
        assert_eq!(cell.result, CellResult::Killed, "{cell:?}");
        assert_eq!(cell.noticed, ["poll::a"], "a skipped flow was not decided");
    }

    #[test]
    fn a_defect_noticed_on_some_flows_survives_unless_those_are_listed() {
        let tests = [("poll::a@system", Fail), ("poll::a@group", Pass)];
        assert_eq!(cell(FaultKind::Defect, &["poll::a"], &tests).result, CellResult::Survived);
        let listed = cell(FaultKind::Defect, &["poll::a@system"], &tests);
        assert_eq!(listed.result, CellResult::Killed);
        assert_eq!(listed.noticed, ["poll::a@system"]);
    }

    #[test]
    fn a_defect_without_a_decided_test_survives() {
        let tests = [("poll::a@system", Skip), ("poll::a@group", NotApplicable)];
        assert_eq!(cell(FaultKind::Defect, &["poll::a"], &tests).result, CellResult::Survived);
    }

    #[test]
    fn undetermined_tests_count_only_if_they_are_listed() {
        let tests = [("poll::a@system", Error), ("poll::b@system", Error)];
        let killed = cell(FaultKind::Defect, &["poll::a"], &tests);
        assert_eq!((killed.result, killed.noticed), (CellResult::Killed, vec!["poll::a".to_owned()]));
        assert_eq!(cell(FaultKind::Defect, &["poll::c"], &tests).result, CellResult::Excluded);
    }

    #[test]
    fn only_listed_tests_may_be_undetermined_on_a_legal_variant() {
        let tests = [("poll::a@system", Error)];
        assert_eq!(cell(FaultKind::Legal, &[], &tests).result, CellResult::FalseAlarm);
        assert_eq!(cell(FaultKind::Legal, &["poll::a"], &tests).result, CellResult::Clean);
        assert_eq!(cell(FaultKind::Legal, &["poll::a"], &[("poll::a@system", Fail)]).result, CellResult::FalseAlarm);
    }

    #[test]
    fn surplus_tests_overkill_and_are_named() {
        let cell = cell(FaultKind::Defect, &["poll::a"], &[("poll::a@system", Fail), ("poll::b@system", Fail)]);
        assert_eq!(cell.result, CellResult::Overkilled);
        assert!(cell.because.contains("poll::b@system"), "{}", cell.because);
    }

    #[test]
    fn a_missing_test_has_priority_over_a_surplus_test() {
        let cell = cell(FaultKind::Defect, &["poll::a"], &[("poll::a@system", Pass), ("poll::b@system", Fail)]);
        assert_eq!(cell.result, CellResult::Survived);
    }

    #[test]
    fn tests_of_other_specs_are_left_out() {
        let some = cell(FaultKind::Defect, &["poll::a", "poll::elsewhere"], &[("poll::a@system", Fail)]);
        assert_eq!((some.result, some.expected), (CellResult::Killed, vec!["poll::a".to_owned()]));
        let none = cell(FaultKind::Defect, &["poll::elsewhere"], &[("poll::a@system", Pass)]);
        assert_eq!(none.result, CellResult::Excluded);
        let surplus = cell(FaultKind::Defect, &["poll::elsewhere"], &[("poll::a@system", Fail)]);
        assert_eq!(surplus.result, CellResult::Overkilled);
    }

    #[test]
    fn legal_variants_are_clean_or_a_false_alarm() {
        assert_eq!(cell(FaultKind::Legal, &[], &[("poll::a@system", Pass)]).result, CellResult::Clean);
        assert_eq!(cell(FaultKind::Legal, &[], &[("poll::a@system", Warn)]).result, CellResult::FalseAlarm);
    }
}
