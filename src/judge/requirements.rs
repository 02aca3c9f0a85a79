//! The state of each requirement of a spec.

use crate::base::vocabulary::Verdict;
use crate::suite::catalog::Catalog;
use crate::suite::model::Requirement;
use crate::verdicts::judged_run::{RequirementResult, RequirementState, TestResult};

/// Returns the state of every requirement of `spec`, in the order of the suites.
pub fn judge_all(catalog: &Catalog, spec: &str, tests: &[TestResult]) -> Vec<RequirementResult> {
    catalog
        .requirements_of(spec)
        .into_iter()
        .map(|(requirement, place)| {
            let verifying: Vec<&TestResult> = tests.iter().filter(|test| decides(test, requirement)).collect();
            let untested = place.untested.as_ref().or(requirement.untested.as_ref());
            let (state, because) = match (untested, catalog.untested_in(requirement, spec)) {
                (None, Some(why)) => (RequirementState::NotApplicable, why),
                _ => state(requirement, untested, place.level.is_binding(), &verifying),
            };
            RequirementResult {
                id: requirement.id.clone(),
                level: place.level,
                state,
                because,
                area: requirement.area,
                says: requirement.says.clone(),
                link: catalog.link(&requirement.id, spec).unwrap_or_default(),
                differs_from: requirement.differs_from.clone(),
                tests: verifying.iter().map(|test| test.id.clone()).collect(),
            }
        })
        .collect()
}

/// Returns whether `test` decides `requirement`, directly or because `requirement` adopts the tests of another one.
fn decides(test: &TestResult, requirement: &Requirement) -> bool {
    test.requirements.contains(&requirement.id)
        || requirement.same_as.iter().any(|same| test.requirements.contains(same))
}

fn state(
    requirement: &Requirement,
    untested: Option<&String>,
    binding: bool,
    tests: &[&TestResult],
) -> (RequirementState, String) {
    if let Some(why) = untested {
        return (RequirementState::Untested, why.clone());
    }
    let first = |verdict: Verdict| tests.iter().find(|test| test.verdict == verdict);
    let reason = |test: &TestResult| format!("{}: {}", test.id, test.because);
    if let Some(test) = first(Verdict::Fail).or_else(|| first(Verdict::Warn)) {
        let violated = binding && requirement.defect.is_none();
        return (if violated { RequirementState::Violated } else { RequirementState::NotMet }, reason(test));
    }
    if let Some(test) = first(Verdict::Error) {
        return (RequirementState::Undetermined, reason(test));
    }
    if first(Verdict::Pass).is_some() {
        return (RequirementState::Met, String::new());
    }
    if let Some(test) = first(Verdict::Skip) {
        return (RequirementState::Undetermined, reason(test));
    }
    match tests.first() {
        Some(test) => (RequirementState::NotApplicable, reason(test)),
        None => (RequirementState::Undetermined, "no test of this requirement was selected".to_owned()),
    }
}
