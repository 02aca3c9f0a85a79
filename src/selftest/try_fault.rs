//! Tries one fault under one spec: runs all tests and compares those that noticed with those that the fault lists.

use crate::base::vocabulary::Verdict;
use crate::plan::model::Plan;
use crate::reference::fault::definition::{Fault, FaultKind};
use crate::reference::personality::spec::Personality;
use crate::selftest::cell::{Cell, CellResult};
use crate::selftest::compare::{compare, names_test};
use crate::selftest::reference_run::{is_protected, judged};
use crate::suite::catalog::Catalog;
use crate::suite::model::Protection;
use crate::verdicts::judged_run::{Run, TestResult};

/// Tries `fault` under `spec`: runs `plan`, judges it, and compares the tests that noticed with those that the fault
/// lists. Calls `watch` with the run, if there is one.
///
/// # Errors
/// The run failed: a lower-case fragment.
pub fn try_fault(
    catalog: &Catalog,
    plan: &Plan,
    spec: Personality,
    fault: &Fault,
    watch: &dyn Fn(&Run),
) -> Result<Cell, String> {
    let kind = fault.kind;
    if !fault.specs.is_empty() && !fault.specs.iter().any(|id| id == spec.as_str()) {
        return Ok(Cell {
            fault: fault.id.clone(),
            kind,
            spec: spec.to_string(),
            expected: Vec::new(),
            noticed: Vec::new(),
            result: CellResult::Excluded,
            because: format!("it is not a {kind} under {spec}"),
        });
    }
    let run = judged(catalog, plan, spec, vec![fault.clone()])?;
    watch(&run);
    let judgement = run.judgements.first().ok_or("the run was judged by no spec")?;
    let listed = match kind {
        FaultKind::Legal => fault.leaves_open.clone(),
        FaultKind::Defect => notices(catalog, plan, fault),
    };
    let cell = compare(&fault.id, kind, &on_stand_ins(catalog, spec.as_str(), &listed), judgement);
    let failed = |test: &&TestResult| matches!(test.verdict, Verdict::Fail | Verdict::Warn);
    let noticed: Vec<&str> = judgement.tests.iter().filter(failed).map(|test| test.id.as_str()).collect();
    match (&fault.excluded, noticed.is_empty()) {
        (None, _) => Ok(cell),
        (Some(why), true) => Ok(Cell { result: CellResult::Excluded, because: why.clone(), ..cell }),
        // The fault file excludes the fault, but a test noticed it: the file must list that test.
        (Some(_), false) => {
            let because = format!("excluded by its file, but noticed by {}", noticed.join(", "));
            Ok(Cell { result: CellResult::Overkilled, because, ..cell })
        }
    }
}

/// Returns whether the matrix tries `fault` under `spec` with `plan`: the fault concerns the spec, and it is a legal
/// variant or the spec has at least one of the tests that must notice it.
pub fn is_tried(catalog: &Catalog, plan: &Plan, spec: Personality, fault: &Fault) -> bool {
    let listed = notices(catalog, plan, fault);
    let named = |entry: &String| plan.tests.iter().any(|test| names_test(entry, &test.id));
    let noticed = on_stand_ins(catalog, spec.as_str(), &listed).iter().any(named);
    fault.concerns(spec.as_str()) && fault.excluded.is_none() && (fault.kind == FaultKind::Legal || noticed)
}

/// Returns the tests that must notice `fault`. There are more if the server requires tokens.
fn notices(catalog: &Catalog, plan: &Plan, fault: &Fault) -> Vec<String> {
    let protected = is_protected(catalog, &plan.specs) || fault.auth == Some(Protection::Smart);
    let more = fault.notices_protected.iter().filter(|_| protected);
    fault.notices.iter().chain(more).cloned().collect()
}

/// Returns the entries of a fault under `spec`. If other flows replace the flow of an entry, the result names those
/// flows.
fn on_stand_ins(catalog: &Catalog, spec: &str, entries: &[String]) -> Vec<String> {
    let Some(known) = catalog.spec(spec) else { return entries.to_vec() };
    let read = |entry: &String| {
        let stand_ins = entry.split_once('@').and_then(|(name, flow)| Some((name, known.stand_ins.get(flow)?)));
        match stand_ins {
            Some((name, flows)) => flows.iter().map(|flow| format!("{name}@{flow}")).collect(),
            None => vec![entry.clone()],
        }
    };
    let mut read: Vec<String> = entries.iter().flat_map(read).collect();
    read.sort();
    read.dedup();
    read
}
