//! Known deviations. The tests that `plimsoll.toml` lists still run and still count against conformance, but do not
//! stop a pipeline. If a deviation is fixed, the user must remove it from the list.

use crate::base::vocabulary::Verdict;
use crate::config::values::Day;
use crate::verdicts::judged_run::{Gate, Judgement, Run, TestResult};

/// A deviation that the user accepts for now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDeviation {
    /// The spec that the target deviates from.
    pub spec: String,
    /// The test: `area::id` for all its flows, or `area::id@flow` for one.
    pub test: String,
    /// Why the user accepts it.
    pub reason: String,
    /// The last day on which it is accepted.
    pub expires: Option<Day>,
}

impl KnownDeviation {
    fn covers(&self, test: &TestResult) -> bool {
        test.id == self.test || test.id.split_once('@').is_some_and(|(name, _)| name == self.test)
    }
}

/// Marks the tests that a known deviation covers and sets the gate of each judgement. Verdicts and outcomes do not
/// change. Returns notes for the user: entries that expired, and entries that must be removed.
///
/// With `strict`, a warning counts as a failure, and a deviation may cover it.
pub fn apply(run: &mut Run, known: &[KnownDeviation], today: Day, strict: bool) -> Vec<String> {
    let mut notes = Vec::new();
    for judgement in &mut run.judgements {
        let entries: Vec<&KnownDeviation> = known.iter().filter(|known| known.spec == judgement.spec).collect();
        let mut stale = false;
        for entry in entries {
            let seen: Vec<&mut TestResult> = judgement.tests.iter_mut().filter(|test| entry.covers(test)).collect();
            let deviates = |test: &TestResult| matches!(test.verdict, Verdict::Fail | Verdict::Warn);
            let any_deviates = seen.iter().any(|test| deviates(test));
            // A skipped or undecided test shows nothing about the deviation.
            let passes = seen.iter().any(|test| test.verdict == Verdict::Pass);
            match entry.expires {
                Some(day) if day < today => {
                    if any_deviates {
                        notes.push(format!(
                            "the known deviation {} of {} expired on {day} and counts again",
                            entry.test, entry.spec
                        ));
                    }
                    continue;
                }
                _ => {}
            }
            if passes && !any_deviates {
                stale = true;
                notes.push(format!(
                    "{} passes under {}. Remove it from the list of known deviations ({})",
                    entry.test, entry.spec, entry.reason
                ));
            }
            for test in seen.into_iter().filter(|test| deviates(test)) {
                test.known = Some(entry.reason.clone());
            }
        }
        judgement.gate = gate(judgement, stale, strict);
    }
    notes
}

fn gate(judgement: &Judgement, stale: bool, strict: bool) -> Gate {
    let mut bad = judgement.tests.iter().filter(|test| counts(test, strict)).peekable();
    match (stale, bad.peek().is_some()) {
        (true, _) => Gate::StaleKnown,
        (false, true) if bad.all(|test| test.known.is_some()) => Gate::Passed,
        _ => Gate::None,
    }
}

/// Returns whether the verdict of a test stops a pipeline, unless the deviation is known.
pub(crate) fn counts(test: &TestResult, strict: bool) -> bool {
    test.verdict == Verdict::Fail || strict && test.verdict == Verdict::Warn
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::base::vocabulary::Verdict::{Fail, Pass, Skip, Warn};
    use crate::verdicts::judged_run::Conformance;
    use crate::verdicts::samples::{judgement, run};

    fn known(test: &str, expires: Option<&str>) -> KnownDeviation {
        let expires = expires.map(|day| day.parse().unwrap());
        KnownDeviation { spec: "hl7-3.0.0".into(), test: test.into(), reason: "ticket 17".into(), expires }
    }

    fn apply_to(
        tests: &[(&str, Verdict)],
        entries: &[KnownDeviation],
        strict: bool,
    ) -> (Gate, Vec<Option<String>>, Vec<String>) {
        let mut run = run(vec![judgement("hl7-3.0.0", Conformance::NotConformant, tests)]);
        let notes = apply(&mut run, entries, "2026-06-15".parse().unwrap(), strict);
        let judgement = &run.judgements[0];
        assert_eq!(judgement.outcome, Conformance::NotConformant, "the outcome does not change");
        (judgement.gate, judgement.tests.iter().map(|t| t.known.clone()).collect(), notes)
    }

    #[test]
    fn known_failures_pass_the_gate() {
        let tests = [("poll::a@system", Fail), ("poll::a@group", Fail), ("poll::b@system", Pass)];
        let (gate, marks, notes) = apply_to(&tests, &[known("poll::a", None)], false);
        assert_eq!(gate, Gate::Passed);
        assert_eq!(marks, [Some("ticket 17".to_owned()), Some("ticket 17".to_owned()), None]);
        assert!(notes.is_empty());
    }

    #[test]
    fn one_unknown_failure_does_not_pass_the_gate() {
        let tests = [("poll::a@system", Fail), ("poll::a@group", Fail)];
        assert_eq!(apply_to(&tests, &[known("poll::a@system", None)], false).0, Gate::None);
    }

    #[test]
    fn a_longer_test_name_is_not_covered() {
        assert_eq!(apply_to(&[("poll::ab@system", Fail)], &[known("poll::a", None)], false).0, Gate::None);
    }

    #[test]
    fn a_deviation_that_passes_again_is_stale() {
        let (gate, _, notes) = apply_to(&[("poll::a@system", Pass)], &[known("poll::a", None)], false);
        assert_eq!(gate, Gate::StaleKnown);
        assert!(notes[0].contains("Remove it from"), "{notes:?}");
        let partly = [("poll::a@system", Pass), ("poll::a@group", Fail)];
        assert_eq!(apply_to(&partly, &[known("poll::a", None)], false).0, Gate::Passed);
    }

    #[test]
    fn a_deviation_of_a_skipped_test_is_not_stale() {
        assert_eq!(apply_to(&[("poll::a@system", Skip)], &[known("poll::a", None)], false).0, Gate::None);
    }

    #[test]
    fn an_expired_entry_covers_nothing_from_the_day_after() {
        let tests = [("poll::a@system", Fail)];
        assert_eq!(apply_to(&tests, &[known("poll::a", Some("2026-06-15"))], false).0, Gate::Passed);
        let (gate, marks, notes) = apply_to(&tests, &[known("poll::a", Some("2026-06-14"))], false);
        assert_eq!((gate, marks), (Gate::None, vec![None]));
        assert!(notes[0].contains("expired on 2026-06-14"), "{notes:?}");
    }

    #[test]
    fn warnings_matter_when_strict() {
        let tests = [("poll::a@system", Warn)];
        assert_eq!(apply_to(&tests, &[], true).0, Gate::None);
        assert_eq!(apply_to(&tests, &[known("poll::a", None)], true).0, Gate::Passed);
        assert_eq!(apply_to(&tests, &[known("poll::a", None)], false).0, Gate::None, "nothing to pass");
    }

    #[test]
    fn entries_of_another_spec_do_not_count() {
        let mut entry = known("poll::a", None);
        entry.spec = "hl7-2.0.0".into();
        assert_eq!(apply_to(&[("poll::a@system", Fail)], &[entry], false).0, Gate::None);
    }
}
