//! Judges a recording by a plan and returns a [`Run`]. Pure and synchronous: the same recording gives the same run,
//! byte for byte.

use crate::check::index::Index;
use crate::judge::flow_end;
use crate::plan::model::{Plan, PlannedTest};
use crate::recording::early_end::{EarlyEnd, EarlyEndKind};
use crate::recording::model::{Recording, Role};
use crate::suite::catalog::Catalog;
use crate::verdicts::judged_run::{Judgement, Run, Scope, Target, Tool, Traffic};

/// Judges `recording` by the tests of `plan`, under each of its specs. The run keeps a copy of the recording.
pub fn judge(catalog: &Catalog, plan: &Plan, recording: &Recording) -> Run {
    judge_whole(catalog, plan, recording.clone())
}

/// Judges `recording` as [`judge`] does, but moves it into the run, so that a large recording is not in memory twice.
pub fn judge_whole(catalog: &Catalog, plan: &Plan, mut recording: Recording) -> Run {
    let index = Index::new(&recording);
    let stops: Vec<_> = recording.flows.iter().map(|flow| flow_end::judged_stop(catalog, &index, flow)).collect();
    recording.flows.iter_mut().zip(stops).for_each(|(flow, stop)| flow.stop = stop);
    let index = Index::new(&recording);
    let judgements = plan.specs.iter().map(|spec| judge_spec(catalog, plan, &index, spec)).collect();
    let traffic = traffic(&recording);
    let Recording { start, exchanges, files, flows, end } = recording;
    let early = match &end {
        Some(end) => end.early.clone(),
        None => {
            let because = "the run was killed before it finished".to_owned();
            Some(EarlyEnd { kind: EarlyEndKind::Killed, because })
        }
    };
    Run {
        plimsoll: Tool { version: env!("CARGO_PKG_VERSION").to_owned(), suites: catalog.digest.clone() },
        target: Target {
            base: start.base.clone(),
            software: start.software.clone().unwrap_or_default(),
            fhir: start.fhir.clone().unwrap_or_default(),
        },
        scope: if plan.whole { Scope::Whole } else { Scope::Filtered },
        started: start.started.clone(),
        finished: end.as_ref().map(|end| end.finished.clone()).unwrap_or_default(),
        early_kind: early.as_ref().map(|early| early.kind),
        early: early.map(|early| early.because),
        traffic,
        judgements,
        exchanges,
        files,
        flows,
        start,
        leftovers: end.map(|end| end.leftovers).unwrap_or_default(),
    }
}

fn judge_spec(catalog: &Catalog, plan: &Plan, index: &Index<'_>, spec_id: &str) -> Judgement {
    let planned: Vec<&PlannedTest> = plan.tests.iter().filter(|test| test.spec == spec_id).collect();
    let tests = crate::judge::test::judge_all(&planned, catalog, index);
    let requirements = crate::judge::requirements::judge_all(catalog, spec_id, &tests);
    crate::judge::outcome::judgement(catalog, plan, index.recording, spec_id, tests, requirements)
}

fn traffic(recording: &Recording) -> Traffic {
    let is_kickoff = |role: Role, url: &str| {
        matches!(role, Role::Kickoff | Role::Probe)
            && url.split('?').next().unwrap_or(url).trim_end_matches('/').ends_with("$export")
    };
    Traffic {
        requests: recording.exchanges.len() as u64,
        kickoffs: recording.flows.iter().map(|flow| u64::from(flow.accepted)).fold(0, u64::saturating_add),
        kickoff_requests: recording.exchanges.iter().filter(|e| is_kickoff(e.role, &e.request.url)).count() as u64,
        bytes: recording.end.as_ref().map_or_else(
            || recording.files.iter().map(|file| file.lines.bytes).fold(0, u64::saturating_add),
            |end| end.bytes,
        ),
        resources: recording.files.iter().map(|file| file.lines.resources).fold(0, u64::saturating_add),
    }
}
