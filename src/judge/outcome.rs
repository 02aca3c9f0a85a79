//! The judgement of a run under one spec.

use crate::base::vocabulary::{Area, Verdict};
use crate::judge::flow_end;
use crate::plan::model::Plan;
use crate::recording::model::Recording;
use crate::suite::catalog::Catalog;
use crate::verdicts::judged_run::{Conformance, Gate, Judgement, RequirementResult, RequirementState, TestResult};

/// Returns the judgement under one spec. Known deviations are applied later; until then `gate` is none.
pub fn judgement(
    catalog: &Catalog,
    plan: &Plan,
    recording: &Recording,
    spec_id: &str,
    tests: Vec<TestResult>,
    requirements: Vec<RequirementResult>,
) -> Judgement {
    let spec = catalog.spec(spec_id);
    let decided: Vec<&RequirementResult> = requirements
        .iter()
        .filter(|r| r.level.is_binding() && matches!(r.state, RequirementState::Met | RequirementState::Violated))
        .collect();
    let areas: &[Area] = spec.map(|spec| spec.areas.as_slice()).unwrap_or_default();
    let missing: Vec<&str> = areas
        .iter()
        .filter(|area| !decided.iter().any(|requirement| requirement.area == **area))
        .filter(|area| **area != Area::Delete || !may_refuse_delete(recording, &requirements))
        .map(|area| area.as_str())
        .collect();
    let count = |verdict: Verdict| tests.iter().filter(|test| test.verdict == verdict).count();
    let (failed, errors) = (count(Verdict::Fail), count(Verdict::Error));
    let violated = requirements.iter().filter(|r| r.state == RequirementState::Violated).count();
    let insecure = recording.start.settings.insecure;
    let (outcome, because) = if failed > 0 {
        let named = plural(violated, "mandatory requirement is violated", "mandatory requirements are violated");
        (Conformance::NotConformant, format!("{named}; {}", plural(failed, "test fails", "tests fail")))
    } else if errors > 0 {
        let named = plural(errors, "test could not be decided", "tests could not be decided");
        (Conformance::Undetermined, format!("no violation was found, but {named}"))
    } else if insecure {
        (
            Conformance::Undetermined,
            "no test failed, but certificates were not checked. Run without --insecure".to_owned(),
        )
    } else if plan.whole && !missing.is_empty() {
        let areas = missing.join(", ");
        (Conformance::Undetermined, format!("no test failed, but no mandatory requirement was decided in: {areas}"))
    } else if tests.is_empty() && !plan.whole {
        (Conformance::Undetermined, "no test of this spec was selected".to_owned())
    } else if decided.is_empty() && count(Verdict::Pass) == 0 {
        (Conformance::Undetermined, "no test failed, but no requirement was decided".to_owned())
    } else {
        let named = plural(decided.len(), "mandatory requirement tested", "mandatory requirements tested");
        let untested =
            requirements.iter().filter(|r| r.level.is_binding() && r.state == RequirementState::Untested).count();
        let rest = match (plan.whole, untested) {
            (false, _) => "; this run covers only a part of the spec".to_owned(),
            (true, 0) => String::new(),
            (true, _) => format!("; {untested} more are not tested"),
        };
        (Conformance::Conformant, format!("{named}, all met{rest}"))
    };
    Judgement {
        spec: spec_id.to_owned(),
        title: spec.map(|spec| format!("{} {}", spec.title, spec.version)).unwrap_or_default(),
        // If a spec builds on another, some SHALLs are those of the other spec.
        owner: spec.filter(|spec| spec.builds_on.is_none()).and_then(|spec| spec.owner.clone()),
        outcome,
        gate: Gate::None,
        informational: plan.informational_specs.iter().any(|informational_specs| informational_specs == spec_id),
        because,
        decided: u32::try_from(decided.len()).unwrap_or(u32::MAX),
        tests,
        requirements,
    }
}

/// Returns whether no mandatory requirement of DELETE was decided because the server refused it, as the text permits.
fn may_refuse_delete(recording: &Recording, requirements: &[RequirementResult]) -> bool {
    let mut own =
        requirements.iter().filter(|requirement| requirement.area == Area::Delete && requirement.level.is_binding());
    recording.exchanges.iter().any(flow_end::is_refused_delete)
        && !own.any(|requirement| requirement.state == RequirementState::Undetermined)
}

fn plural(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}
