//! Exit codes.

use crate::base::vocabulary::Verdict;
use crate::verdicts::gate::counts;
use crate::verdicts::judged_run::{Conformance, Gate, Judgement, Run, Scope};

/// Exit code: conformant, or the gate is passed.
pub const CONFORMANT: u8 = 0;
/// Exit code: not conformant.
pub const NOT_CONFORMANT: u8 = 1;
/// Exit code: the command line, the configuration or a suite is wrong.
pub const USAGE: u8 = 2;
/// Exit code: a test could not be decided.
pub const UNDETERMINED: u8 = 3;
/// Exit code: no test was selected.
pub const NOTHING: u8 = 4;

/// Returns the exit code of a judged run, after [`crate::verdicts::gate::apply`] has set its gates. The worst of its
/// specs counts; 1 is worse than 3. Informational specs do not count. Specs without a selected test do not count
/// either, unless no spec has one.
pub fn code(run: &Run, strict: bool) -> u8 {
    let counted: Vec<&Judgement> = run.judgements.iter().filter(|j| !j.informational).collect();
    let left_out = |j: &Judgement| run.scope == Scope::Filtered && j.tests.is_empty();
    let all_left_out = counted.iter().all(|j| left_out(j));
    let codes: Vec<u8> = counted.into_iter().filter(|j| all_left_out || !left_out(j)).map(|j| of(j, strict)).collect();
    [NOT_CONFORMANT, UNDETERMINED].into_iter().find(|code| codes.contains(code)).unwrap_or(CONFORMANT)
}

fn of(judgement: &Judgement, strict: bool) -> u8 {
    let undecided = judgement.tests.iter().any(|test| test.verdict == Verdict::Error);
    let unknown = judgement.tests.iter().any(|test| counts(test, strict) && test.known.is_none());
    if judgement.gate == Gate::StaleKnown || unknown {
        return NOT_CONFORMANT;
    }
    match judgement.outcome {
        // The outcome of the judge counts, unless known deviations explain every failure.
        Conformance::NotConformant if judgement.gate != Gate::Passed => NOT_CONFORMANT,
        Conformance::Undetermined => UNDETERMINED,
        _ if undecided => UNDETERMINED,
        _ => CONFORMANT,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::base::vocabulary::Verdict::{Error, Fail, Pass, Warn};
    use crate::verdicts::judged_run::Conformance::{Conformant, NotConformant, Undetermined};
    use crate::verdicts::samples::{judgement, run};

    const A: &str = "poll::a@system";
    const B: &str = "poll::b@system";

    #[test]
    fn each_outcome_has_its_code() {
        let code = |outcome, tests| code(&run(vec![judgement("s", outcome, tests)]), false);
        assert_eq!(code(Conformant, &[(A, Pass)]), 0);
        assert_eq!(code(Conformant, &[(A, Warn)]), 0);
        assert_eq!(code(NotConformant, &[(A, Fail)]), 1);
        assert_eq!(code(Undetermined, &[(A, Error)]), 3);
        assert_eq!(code(NotConformant, &[(A, Fail), (B, Error)]), 1, "1 wins over 3");
    }

    #[test]
    fn warnings_fail_when_strict() {
        assert_eq!(code(&run(vec![judgement("s", Conformant, &[(A, Warn)])]), true), 1);
    }

    #[test]
    fn the_worst_of_several_specs_counts_and_informational_ones_do_not() {
        let good = judgement("good", Conformant, &[(A, Pass)]);
        let bad = judgement("bad", NotConformant, &[(A, Fail)]);
        let unclear = judgement("unclear", Undetermined, &[(A, Error)]);
        assert_eq!(code(&run(vec![good.clone(), unclear.clone(), bad.clone()]), false), 1);
        assert_eq!(code(&run(vec![unclear.clone(), good.clone()]), false), 3);
        let informational = Judgement { informational: true, ..bad };
        assert_eq!(code(&run(vec![good, informational]), false), 0);
    }

    #[test]
    fn a_spec_without_selected_tests_does_not_count() {
        let (good, none) = (judgement("good", Conformant, &[(A, Pass)]), judgement("none", Undetermined, &[]));
        let filtered = |judgements| Run { scope: Scope::Filtered, ..run(judgements) };
        assert_eq!(code(&filtered(vec![good.clone(), none.clone()]), false), 0);
        assert_eq!(code(&filtered(vec![none.clone()]), false), 3);
        assert_eq!(code(&run(vec![good, none]), false), 3, "a whole run without tests is undetermined");
    }

    #[test]
    fn the_gate_lets_known_failures_pass_but_not_undecided_tests() {
        let mut known = judgement("s", NotConformant, &[(A, Fail)]);
        known.tests[0].known = Some("ticket".into());
        known.gate = Gate::Passed;
        assert_eq!(code(&run(vec![known.clone()]), false), 0);
        known.tests.push(crate::verdicts::samples::test(B, Error));
        assert_eq!(code(&run(vec![known]), false), 3);
        let stale = Judgement { gate: Gate::StaleKnown, ..judgement("s", Conformant, &[(A, Pass)]) };
        assert_eq!(code(&run(vec![stale]), false), 1);
    }
}
