//! The tests that found a requirement violated, and where the page shows them.

use crate::base::vocabulary::Verdict;
use crate::report::html::context::PageContext;
use crate::report::{cause, severity};
use crate::verdicts::judged_run::{Judgement, RequirementResult, RequirementState, Run, TestResult};

/// Returns the requirements in a state, worst first. Within a level, those that ended a flow are first, because they
/// leave other tests without a verdict, then those of security.
pub(crate) fn requirements_in<'j>(
    page: &PageContext<'_>,
    judgement: &'j Judgement,
    state: RequirementState,
) -> Vec<&'j RequirementResult> {
    let mut requirements: Vec<_> = judgement.requirements.iter().filter(|r| r.state == state).collect();
    let hides = |requirement: &RequirementResult| {
        let tests = tests_against(judgement, &requirement.id);
        tests.iter().any(|t| !cause::followers(page.run, judgement, t).is_empty())
    };
    requirements.sort_by_cached_key(|requirement| {
        let (level, style) = severity::level_rank(requirement.level, requirement.area);
        (level, !hides(requirement), style)
    });
    requirements
}

/// Returns the tests of a requirement that failed or warned, failures first.
pub(crate) fn tests_against<'a>(judgement: &'a Judgement, requirement: &str) -> Vec<&'a TestResult> {
    let of = |t: &&TestResult| t.requirements.iter().any(|r| r == requirement);
    let mut tests: Vec<_> =
        judgement.tests.iter().filter(of).filter(|t| matches!(t.verdict, Verdict::Fail | Verdict::Warn)).collect();
    tests.sort_by_key(|t| (t.verdict != Verdict::Fail, t.findings.is_empty()));
    tests
}

/// Returns the index of an earlier judgement that shows the same violation of the same requirement at the same level.
pub(crate) fn shown_before(run: &Run, judgement: usize, requirement: &str) -> Option<usize> {
    let key = |j: &Judgement| {
        let r = j.requirements.iter().find(|r| r.id == requirement)?;
        let tests: Vec<String> = tests_against(j, requirement).iter().map(|t| t.id.clone()).collect();
        Some((r.level, r.state, tests))
    };
    let own = key(run.judgements.get(judgement)?)?;
    run.judgements.iter().take(judgement).position(|j| key(j).as_ref() == Some(&own))
}
