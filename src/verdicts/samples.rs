//! Sample runs for unit tests.

use crate::base::vocabulary::{Area, Level, Verdict};
use crate::verdicts::judged_run::{Conformance, Gate, Judgement, Run, Scope, Target, TestResult, Tool, Traffic};

pub fn test(id: &str, verdict: Verdict) -> TestResult {
    let (area, rest) = id.split_once("::").unwrap();
    TestResult {
        id: id.to_owned(),
        title: String::new(),
        verdict,
        level: if verdict == Verdict::Warn { Level::Should } else { Level::Shall },
        requirements: Vec::new(),
        defect: false,
        because: String::new(),
        flow_ended: false,
        known: None,
        cause: None,
        findings: Vec::new(),
        why: String::new(),
        suite: String::new(),
        flow: rest.split_once('@').map_or("", |(_, flow)| flow).to_owned(),
        area: Area::from_word(area).unwrap(),
        exchanges: Vec::new(),
    }
}

pub fn judgement(spec: &str, outcome: Conformance, tests: &[(&str, Verdict)]) -> Judgement {
    Judgement {
        spec: spec.to_owned(),
        title: String::new(),
        owner: None,
        outcome,
        gate: Gate::None,
        informational: false,
        because: String::new(),
        decided: 0,
        tests: tests.iter().map(|(id, verdict)| test(id, *verdict)).collect(),
        requirements: Vec::new(),
    }
}

pub fn run(judgements: Vec<Judgement>) -> Run {
    Run {
        plimsoll: Tool { version: String::new(), suites: String::new() },
        target: Target { base: String::new(), software: String::new(), fhir: String::new() },
        scope: Scope::Whole,
        started: String::new(),
        finished: String::new(),
        early: None,
        early_kind: None,
        traffic: Traffic::default(),
        judgements,
        exchanges: Vec::new(),
        files: Vec::new(),
        flows: Vec::new(),
        start: crate::recording::model::Start::default(),
        leftovers: Vec::new(),
    }
}
