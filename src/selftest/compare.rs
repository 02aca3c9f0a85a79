//! The test of the tester, its pure half: which tests noticed a fault, and whether those are the ones that must.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::base::vocabulary::{Verdict, words};
use crate::verdicts::judged_run::{Judgement, TestResult};

words! {
    /// What kind of oddity the reference server shows.
    Kind {
        /// It breaks a rule; exactly the tests listed must notice.
        Defect = "defect",
        /// It is unusual and right; nothing may notice.
        Legal = "legal",
        /// It is out to do harm; the run must end with a verdict.
        Hostile = "hostile",
    }
}

words! {
    /// What came of a fault.
    Result {
        /// A defect was noticed by the tests listed, and by no others.
        Killed = "killed",
        /// Tests that must notice a defect did not.
        Survived = "survived",
        /// All that must noticed, and others too.
        Overkilled = "overkilled",
        /// Nothing noticed a legal variant.
        Clean = "clean",
        /// Something noticed a legal variant.
        FalseAlarm = "false-alarm",
        /// It was not tried under this spec.
        Excluded = "excluded",
    }
}

impl Result {
    /// Whether the matrix may hold it.
    pub fn is_good(self) -> bool {
        matches!(self, Result::Killed | Result::Clean | Result::Excluded)
    }
}

/// One cell of the matrix, as `selftest --format json` prints it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// The fault's id.
    pub fault: String,
    /// Its kind.
    pub kind: Kind,
    /// The spec that it was tried under.
    pub spec: String,
    /// The tests that must notice: `area::id` on all flows, or `area::id@flow`.
    pub expected: Vec<String>,
    /// The tests that noticed, written alike.
    pub noticed: Vec<String>,
    /// What came of it.
    pub result: Result,
    /// Why, where that is not plain.
    pub because: String,
}

/// Compares what a judged run noticed with what the fault lists. Entries whose test the spec does not have are left
/// out of `expected`.
pub fn compare(fault: &str, kind: Kind, expected: &[String], judgement: &Judgement) -> Cell {
    let flows = by_name(&judgement.tests);
    let wanted: BTreeSet<&str> = expected.iter().map(String::as_str).filter(|entry| has(&flows, entry)).collect();
    let listed = |test: &TestResult| wanted.iter().any(|entry| names(entry, &test.id));
    // What could not be decided is a notice only where that is what the fault must lead to.
    let noticed = |test: &TestResult| {
        matches!(test.verdict, Verdict::Fail | Verdict::Warn) || (test.verdict == Verdict::Error && listed(test))
    };
    let noticed_flows: BTreeSet<&str> = match kind {
        // Nobody may be alarmed by what is legal, nor left in doubt, but where the text itself leaves it open, or only
        // advises against it.
        Kind::Legal => judgement
            .tests
            .iter()
            .filter(|test| match test.verdict {
                Verdict::Fail => true,
                Verdict::Warn | Verdict::Error => !listed(test),
                _ => false,
            })
            .map(|test| test.id.as_str())
            .collect(),
        _ => judgement.tests.iter().filter(|test| noticed(test)).map(|test| test.id.as_str()).collect(),
    };

    // An entry is met if the tests that it names noticed, as far as they were decided, and one at least did.
    let unmet: Vec<&str> = wanted.iter().copied().filter(|entry| !met(&flows, entry)).collect();
    let surplus: Vec<&str> = noticed_flows.iter().copied().filter(|id| !wanted.iter().any(|e| names(e, id))).collect();

    let (result, because) = match kind {
        Kind::Defect if !unmet.is_empty() => {
            (Result::Survived, format!("not noticed by {}", reasons(&judgement.tests, &unmet)))
        }
        Kind::Defect if wanted.is_empty() && noticed_flows.is_empty() => {
            (Result::Excluded, format!("none of its tests is in {}", judgement.spec))
        }
        Kind::Defect if !surplus.is_empty() => (Result::Overkilled, format!("also noticed by {}", surplus.join(", "))),
        Kind::Defect => (Result::Killed, String::new()),
        Kind::Legal if noticed_flows.is_empty() => (Result::Clean, String::new()),
        Kind::Legal => {
            (Result::FalseAlarm, format!("noticed by {}", reasons(&judgement.tests, &names_of(&noticed_flows))))
        }
        // What is out to do harm may be called wrong anywhere; it must only be survived and be noticed where listed.
        Kind::Hostile if unmet.is_empty() => (Result::Killed, String::new()),
        Kind::Hostile => (Result::Survived, format!("not noticed by {}", reasons(&judgement.tests, &unmet))),
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

/// The tests of `noticed`: `area::id` where every flow that was decided is among them, else `area::id@flow`.
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

/// The tests by their names without a flow.
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

/// Whether `entry` names the test of this full id.
pub(crate) fn names(entry: &str, id: &str) -> bool {
    entry == id || id.split_once('@').is_some_and(|(name, _)| name == entry)
}

fn has(flows: &BTreeMap<&str, Vec<&TestResult>>, entry: &str) -> bool {
    flows.values().flatten().any(|test| names(entry, &test.id))
}

fn met(flows: &BTreeMap<&str, Vec<&TestResult>>, entry: &str) -> bool {
    let mut seen = flows.values().flatten().filter(|test| names(entry, &test.id) && decided(test)).peekable();
    seen.peek().is_some() && seen.all(|test| test.verdict != Verdict::Pass)
}

fn names_of<'a>(ids: &BTreeSet<&'a str>) -> Vec<&'a str> {
    ids.iter().copied().collect()
}

/// The tests with what they came to, for whoever mends the matrix.
fn reasons(tests: &[TestResult], entries: &[&str]) -> String {
    let one = |entry: &&str| {
        let seen: Vec<String> = tests
            .iter()
            .filter(|test| names(entry, &test.id))
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

    fn cell(kind: Kind, expected: &[&str], tests: &[(&str, Verdict)]) -> Cell {
        let expected: Vec<String> = expected.iter().map(|e| (*e).to_owned()).collect();
        compare("f", kind, &expected, &judgement("hl7-3.0.0", NotConformant, tests))
    }

    #[test]
    fn a_defect_noticed_on_all_flows_is_killed() {
        let tests =
            [("poll::a@system", Fail), ("poll::a@group", Warn), ("poll::a@any", Skip), ("poll::b@system", Pass)];
        let cell = cell(Kind::Defect, &["poll::a"], &tests);
        assert_eq!(cell.result, Result::Killed, "{cell:?}");
        assert_eq!(cell.noticed, ["poll::a"], "a skipped flow was not decided");
    }

    #[test]
    fn a_defect_noticed_on_some_flows_survives_unless_those_are_listed() {
        let tests = [("poll::a@system", Fail), ("poll::a@group", Pass)];
        assert_eq!(cell(Kind::Defect, &["poll::a"], &tests).result, Result::Survived);
        let listed = cell(Kind::Defect, &["poll::a@system"], &tests);
        assert_eq!(listed.result, Result::Killed);
        assert_eq!(listed.noticed, ["poll::a@system"]);
    }

    #[test]
    fn a_defect_that_nothing_could_decide_survives() {
        let tests = [("poll::a@system", Skip), ("poll::a@group", NotApplicable)];
        assert_eq!(cell(Kind::Defect, &["poll::a"], &tests).result, Result::Survived);
    }

    #[test]
    fn what_is_undecided_counts_only_where_it_is_listed() {
        let tests = [("poll::a@system", Error), ("poll::b@system", Error)];
        let killed = cell(Kind::Defect, &["poll::a"], &tests);
        assert_eq!((killed.result, killed.noticed), (Result::Killed, vec!["poll::a".to_owned()]));
        assert_eq!(cell(Kind::Defect, &["poll::c"], &tests).result, Result::Excluded);
    }

    #[test]
    fn a_legal_variant_may_leave_open_what_it_lists_and_nothing_else() {
        let tests = [("poll::a@system", Error)];
        assert_eq!(cell(Kind::Legal, &[], &tests).result, Result::FalseAlarm);
        assert_eq!(cell(Kind::Legal, &["poll::a"], &tests).result, Result::Clean);
        assert_eq!(cell(Kind::Legal, &["poll::a"], &[("poll::a@system", Fail)]).result, Result::FalseAlarm);
    }

    #[test]
    fn a_surplus_is_overkill_and_is_named() {
        let cell = cell(Kind::Defect, &["poll::a"], &[("poll::a@system", Fail), ("poll::b@system", Fail)]);
        assert_eq!(cell.result, Result::Overkilled);
        assert!(cell.because.contains("poll::b@system"), "{}", cell.because);
    }

    #[test]
    fn a_missing_test_weighs_more_than_a_surplus() {
        let cell = cell(Kind::Defect, &["poll::a"], &[("poll::a@system", Pass), ("poll::b@system", Fail)]);
        assert_eq!(cell.result, Result::Survived);
    }

    #[test]
    fn tests_of_other_specs_are_left_out() {
        let some = cell(Kind::Defect, &["poll::a", "poll::elsewhere"], &[("poll::a@system", Fail)]);
        assert_eq!((some.result, some.expected), (Result::Killed, vec!["poll::a".to_owned()]));
        let none = cell(Kind::Defect, &["poll::elsewhere"], &[("poll::a@system", Pass)]);
        assert_eq!(none.result, Result::Excluded);
        let alarmed = cell(Kind::Defect, &["poll::elsewhere"], &[("poll::a@system", Fail)]);
        assert_eq!(alarmed.result, Result::Overkilled);
    }

    #[test]
    fn legal_variants_are_clean_or_a_false_alarm() {
        assert_eq!(cell(Kind::Legal, &[], &[("poll::a@system", Pass)]).result, Result::Clean);
        assert_eq!(cell(Kind::Legal, &[], &[("poll::a@system", Warn)]).result, Result::FalseAlarm);
    }

    #[test]
    fn hostile_ones_may_be_noticed_elsewhere() {
        let tests = [("poll::a@system", Error), ("poll::b@system", Fail)];
        assert_eq!(cell(Kind::Hostile, &["poll::a"], &tests).result, Result::Killed);
        assert_eq!(cell(Kind::Hostile, &["poll::a"], &[("poll::a@system", Pass)]).result, Result::Survived);
    }
}
