//! Sample runs, built as the judge would return them.

pub mod failing;
mod real;

use std::collections::BTreeMap;

use plimsoll::base::vocabulary::{Area, ExportLevel, Level, Verdict};
use plimsoll::recording::facts::{FileFacts, LineFacts};
use plimsoll::recording::model::{
    Body, BodyKind, Exchange, FORMAT, FileRef, FlowRecord, Outcome, Phase, Request, Response, Role, Start,
};
use plimsoll::recording::settings::{Authorization, RecordedSettings};
use plimsoll::suite::model::FileList;
use plimsoll::verdicts::finding_place::{FindingPlace, PlaceKind};
use plimsoll::verdicts::judged_run::{
    Conformance, Finding, Gate, Judgement, RequirementResult, RequirementState, Run, Scope, Target, TestResult, Tool,
    Traffic,
};
use serde_json::{Value, json};

pub const BASE: &str = "https://bulk.example.org/fhir";

/// Builds a run.
pub struct Builder {
    pub run: Run,
    clock: u64,
}

impl Builder {
    pub fn new() -> Self {
        let settings = RecordedSettings {
            authorization: Authorization::BearerToken,
            jobs: 4,
            max_wait: 600,
            max_bytes: 64 << 30,
            ..RecordedSettings::default()
        };
        Self {
            clock: 0,
            run: Run {
                plimsoll: Tool { version: "0.1.0".into(), suites: "0a1b2c3d4e5f".into() },
                target: Target { base: BASE.into(), software: "Example Bulk 4.2".into(), fhir: "4.0.1".into() },
                scope: Scope::Whole,
                started: "2026-01-31T10:00:00.000Z".into(),
                finished: "2026-01-31T10:00:12.000Z".into(),
                early: None,
                early_kind: None,
                traffic: Traffic::default(),
                judgements: Vec::new(),
                exchanges: Vec::new(),
                files: Vec::new(),
                flows: Vec::new(),
                start: Start {
                    format: FORMAT,
                    plimsoll: "0.1.0".into(),
                    suites: "0a1b2c3d4e5f".into(),
                    base: BASE.into(),
                    started: "2026-01-31T10:00:00.000Z".into(),
                    specs: vec!["hl7-2.0.0".into()],
                    settings,
                    software: Some("Example Bulk 4.2".into()),
                    fhir: Some("4.0.1".into()),
                    ..Start::default()
                },
                leftovers: Vec::new(),
            },
        }
    }

    /// Adds an exchange and returns its number.
    pub fn exchange(&mut self, flow: &str, role: Role, url: &str, outcome: Outcome) -> u32 {
        let id = self.run.exchanges.len() as u32 + 1;
        let method = if matches!(role, Role::Delete | Role::Cleanup) { "DELETE" } else { "GET" };
        let mut headers = vec![("accept".to_owned(), "application/json".to_owned())];
        if role == Role::Kickoff {
            headers =
                vec![("accept".into(), "application/fhir+json".into()), ("prefer".into(), "respond-async".into())];
        }
        headers.push(("authorization".into(), "Bearer [redacted]".into()));
        self.run.exchanges.push(Exchange {
            id,
            flow: Some(flow.to_owned()),
            role,
            probe: None,
            file: None,
            phase: None,
            superseded: false,
            at: self.clock,
            took: 40,
            request: Request { method: method.to_owned(), url: url.to_owned(), headers, body: None },
            outcome,
        });
        self.clock += 60;
        id
    }

    pub fn wait(&mut self, flow: &str, ms: u64, why: &str) {
        let at = self.clock;
        self.clock += ms;
        if let Some(flow) = self.run.flows.iter_mut().find(|f| f.name == flow) {
            flow.waits.push((at, ms, why.to_owned()));
        }
    }

    pub fn last(&mut self) -> &mut Exchange {
        self.run.exchanges.last_mut().unwrap()
    }

    pub fn flow(&mut self, name: &str, export: ExportLevel) {
        self.run.flows.push(FlowRecord {
            name: name.to_owned(),
            title: format!("everything at {export} level, by GET"),
            level_chosen: false,
            dropped_params: Vec::new(),
            export,
            params: Vec::new(),
            posted: false,
            comparison: None,
            unrequested_resources: None,
            key_reads: Default::default(),
            hooked: None,
            organized: None,
            named: None,
            accepted: 1,
            stop: None,
            waits: Vec::new(),
        });
    }

    /// Adds a kick-off, three polls with waits, and the manifest. Returns the number of the kick-off.
    pub fn export(&mut self, flow: &str, export: ExportLevel) -> u32 {
        self.flow(flow, export);
        let url = format!("{BASE}/{}$export", if export == ExportLevel::Patient { "Patient/" } else { "" });
        let status = format!("{BASE}/bulkstatus/[u7f3a]");
        let first = self.exchange(flow, Role::Kickoff, &url, answer(202, &[("content-location", &status)], None));
        for percent in ["12%", "41%", "80%"] {
            self.wait(flow, 940, "Retry-After: 1");
            let headers = [("retry-after", "1"), ("x-progress", percent)];
            self.exchange(flow, Role::Poll, &status, answer(202, &headers, None));
            self.last().phase = Some(Phase::InProgress);
        }
        self.wait(flow, 940, "Retry-After: 1");
        self.exchange(
            flow,
            Role::Poll,
            &status,
            answer(200, &[("content-type", "application/json")], Some(manifest())),
        );
        self.last().phase = Some(Phase::Complete);
        first
    }

    /// Adds two files and the clean-up.
    pub fn files(&mut self, flow: &str) {
        for (index, kind) in ["Patient", "Observation"].into_iter().enumerate() {
            let url = format!("{BASE}/files/[u{index}c41]");
            let mut received = answer(200, &[("content-type", "application/fhir+ndjson")], None);
            if let Outcome::Response(r) = &mut received {
                r.body = Body { bytes: 20_480, kind: BodyKind::Streamed, ..Body::default() };
            }
            let exchange = self.exchange(flow, Role::File, &url, received);
            self.last().file = Some(FileRef { list: FileList::Output, index });
            self.last().took = 300;
            self.run.files.push(FileFacts {
                exchange,
                coding: Some("gzip".into()),
                whole: true,
                sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
                lines: LineFacts {
                    bytes: 20_480,
                    lines: 50,
                    resources: 50,
                    types: BTreeMap::from([(kind.to_owned(), 50)]),
                    final_newline: true,
                    dated: 50,
                    earliest: Some("2020-01-01T00:00:00Z".into()),
                    latest: Some("2025-12-31T00:00:00Z".into()),
                    ..LineFacts::default()
                },
                filtered: None,
                organized: None,
                withheld: None,
                identity: None,
            });
        }
        self.clock += 400;
        self.exchange(flow, Role::Cleanup, &format!("{BASE}/bulkstatus/[u7f3a]"), answer(202, &[], None));
    }

    pub fn count(&mut self) {
        let run = &mut self.run;
        let kickoffs = run.exchanges.iter().filter(|e| e.role == Role::Kickoff).count() as u64;
        run.traffic = Traffic {
            requests: run.exchanges.len() as u64,
            kickoffs,
            kickoff_requests: kickoffs,
            bytes: 81_920,
            resources: run.files.iter().map(|f| f.lines.resources).sum(),
        };
    }
}

pub fn answer(status: u16, headers: &[(&str, &str)], body: Option<Value>) -> Outcome {
    let mut kept = Body::default();
    if let Some(value) = body {
        kept.bytes = value.to_string().len() as u64;
        kept.kind = BodyKind::Json;
        kept.resource_type = value.get("resourceType").and_then(Value::as_str).map(str::to_owned);
        kept.json = Some(value);
    }
    let mut all = vec![("date".to_owned(), "Sat, 31 Jan 2026 10:00:00 GMT".to_owned())];
    all.extend(headers.iter().map(|(n, v)| (n.to_string(), v.to_string())));
    Outcome::Response(Response { status, headers: all, body: kept, broken: None })
}

pub fn manifest() -> Value {
    json!({
        "transactionTime": "2026-01-31T09:59:58Z",
        "request": format!("{BASE}/$export"),
        "requiresAccessToken": true,
        "output": [
            {"type": "Patient", "url": format!("{BASE}/files/[u0c41]"), "count": 50},
            {"type": "Observation", "url": format!("{BASE}/files/[u1c41]"), "count": 50}
        ],
        "error": []
    })
}

pub fn test(area: Area, id: &str, flow: &str, title: &str, level: Level, verdict: Verdict) -> TestResult {
    TestResult {
        id: format!("{area}::{id}@{flow}"),
        title: title.to_owned(),
        verdict,
        level,
        requirements: vec![format!("{area}-{id}")],
        defect: false,
        because: String::new(),
        flow_ended: false,
        known: None,
        cause: None,
        findings: Vec::new(),
        why: String::new(),
        suite: format!("suites/{area}.toml:50"),
        flow: flow.to_owned(),
        area,
        exchanges: Vec::new(),
    }
}

pub fn finding(exchange: u32, kind: &str, place: &str, expected: &str, actual: &str) -> Finding {
    Finding {
        exchange: Some(exchange),
        place: FindingPlace::from_texts(PlaceKind::from_word(kind).unwrap(), place).unwrap(),
        expected: expected.to_owned(),
        actual: actual.to_owned(),
        position: None,
        repeats: Vec::new(),
        count: 1,
        looked_at: 1,
    }
}

/// Returns the requirements that the tests name, with the state that follows from the verdicts.
pub fn requirements(tests: &[TestResult], base: &str) -> Vec<RequirementResult> {
    let mut out: Vec<RequirementResult> = Vec::new();
    for test in tests {
        let state = match test.verdict {
            Verdict::Pass => RequirementState::Met,
            Verdict::Fail => RequirementState::Violated,
            Verdict::Warn => RequirementState::NotMet,
            Verdict::Skip | Verdict::Error => RequirementState::Undetermined,
            Verdict::NotApplicable => RequirementState::NotApplicable,
        };
        for id in &test.requirements {
            match out.iter_mut().find(|r| r.id == *id) {
                Some(known) => {
                    known.tests.push(test.id.clone());
                    if matches!(state, RequirementState::Violated | RequirementState::NotMet) {
                        known.state = state;
                    }
                }
                None => out.push(RequirementResult {
                    id: id.clone(),
                    level: test.level,
                    state,
                    because: test.because.clone(),
                    area: test.area,
                    says: format!("{}.", test.title),
                    link: format!("{base}export.html#{id}"),
                    tests: vec![test.id.clone()],
                    differs_from: None,
                }),
            }
        }
    }
    out
}

pub fn judgement(spec: &str, title: &str, outcome: Conformance, because: &str, tests: Vec<TestResult>) -> Judgement {
    let base = "https://hl7.org/fhir/uv/bulkdata/STU2/";
    let requirements = requirements(&tests, base);
    let decided = requirements
        .iter()
        .filter(|r| r.level.is_binding() && matches!(r.state, RequirementState::Met | RequirementState::Violated));
    Judgement {
        spec: spec.to_owned(),
        title: title.to_owned(),
        owner: None,
        outcome,
        gate: Gate::None,
        informational: false,
        because: because.to_owned(),
        decided: decided.count() as u32,
        tests,
        requirements,
    }
}

pub const TITLE: &str = "HL7 FHIR Bulk Data Access (STU 2) 2.0.0";

/// Returns a small conformant run.
pub fn conformant() -> Run {
    let mut b = Builder::new();
    let first = b.export("system", ExportLevel::System);
    b.files("system");
    b.count();
    let mut tests = vec![
        test(Area::Kickoff, "accepted", "system", "Kick-offs return 202 Accepted", Level::Shall, Verdict::Pass),
        test(
            Area::Poll,
            "in-progress-202",
            "system",
            "Polls of a running job return 202 Accepted",
            Level::Shall,
            Verdict::Pass,
        ),
        test(Area::Manifest, "json", "system", "The manifest is JSON", Level::Shall, Verdict::Pass),
        test(Area::Files, "ndjson", "system", "Every line is one JSON object", Level::Shall, Verdict::Pass),
        test(Area::Delete, "accepted", "system", "DELETE returns 202 Accepted", Level::Shall, Verdict::Pass),
    ];
    for (test, at) in tests.iter_mut().zip([0, 1, 4, 5, 7]) {
        test.exchanges = vec![first + at];
    }
    b.run.judgements = vec![judgement("hl7-2.0.0", TITLE, Conformance::Conformant, "", tests)];
    b.run
}
