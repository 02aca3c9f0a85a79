//! A run with many failures, some of them with hostile text that could break a report.

use plimsoll::base::vocabulary::{Area, ExportLevel, Level, Verdict};
use plimsoll::recording::early_end::EarlyEndKind;
use plimsoll::recording::facts::LineFinding;
use plimsoll::recording::model::{Body, BodyKind, Outcome, Phase, Role, Stop, StopKind, Trouble, TroubleKind};
use plimsoll::suite::line_rules::LineRule;
use plimsoll::suite::model::{Asks, DiffersFrom};
use plimsoll::verdicts::judged_run::{
    Conformance, Gate, Position, RequirementResult, RequirementState, Run, Scope, TestResult,
};
use serde_json::json;

use super::{BASE, Builder, TITLE, answer, finding, judgement, test};

/// The text that a hostile server sends in every place.
pub const HOSTILE: &str =
    "<script>alert(1)</script>\u{1b}[31mred\u{202e}evil\n::error::pwned ##[error]pwned ' \" $(id) | `x`\u{0}\u{fffe}";

/// Poll, header, body, line, transport, warning, skip, not-applicable, untested, hostile, long.
pub fn failing() -> Run {
    let mut b = Builder::new();
    let mut tests = polls(&mut b);
    tests.extend(wire_faults(&mut b));
    tests.extend(troubles(&mut b));
    tests.extend(weaker(&mut b));
    b.count();
    b.run.start.specs = vec!["hl7-2.0.0".into(), "hl7-3.0.0".into()];
    b.run.leftovers = vec![format!("{BASE}/bulkstatus/[u99d1]")];
    let mut other = tests.clone();
    other.truncate(6);
    let mut first = judgement("hl7-2.0.0", TITLE, Conformance::NotConformant, "5 SHALLs are violated", tests);
    let mut second =
        judgement("hl7-3.0.0", "HL7 FHIR Bulk Data Access (STU 3) 3.0.0", Conformance::NotConformant, "", other);
    let second_requirement = second.requirements[0].id.clone();
    first.requirements.push(RequirementResult {
        id: "files-attachment-urls".into(),
        level: Level::Shall,
        state: RequirementState::Untested,
        because: "needs an attachment in the data, and a client cannot request one".into(),
        area: Area::Files,
        says: "Resources refer to attachments by absolute URLs.".into(),
        link: "https://hl7.org/fhir/uv/bulkdata/STU2/export.html#attachments".into(),
        tests: Vec::new(),
        differs_from: Some(DiffersFrom {
            requirements: vec![second_requirement],
            asks: Asks::More,
            how: Some("STU 3 permits both".into()),
        }),
    });
    second.gate = Gate::StaleKnown;
    b.run.judgements = vec![first, second];
    b.run
}

/// A run that reached no server.
pub fn nobody() -> Run {
    let mut b = Builder::new();
    b.flow("system", ExportLevel::System);
    let trouble =
        Trouble { kind: TroubleKind::Connect, message: "no server at 127.0.0.1:9 (connection refused)".into() };
    let id = b.exchange("system", Role::Kickoff, "http://127.0.0.1:9/fhir/$export", Outcome::NoResponse(trouble));
    stop(&mut b, "system", StopKind::Transport, id, "the kick-off got no response");
    b.run.scope = Scope::Filtered;
    b.run.start.selected = Some(vec!["kickoff::accepted@system".into()]);
    (b.run.early, b.run.early_kind) = (Some("interrupted".into()), Some(EarlyEndKind::Interrupted));
    let mut t =
        test(Area::Kickoff, "accepted", "system", "Kick-offs return 202 Accepted", Level::Shall, Verdict::Error);
    t.because = "no server at 127.0.0.1:9 (connection refused) (exchange 1)".into();
    t.exchanges = vec![id];
    b.count();
    let because = "no server at 127.0.0.1:9 (connection refused)";
    b.run.judgements = vec![judgement(
        "hl7-3.0.0",
        "HL7 FHIR Bulk Data Access (STU 3) 3.0.0",
        Conformance::Undetermined,
        because,
        vec![t],
    )];
    b.run
}

/// The patient flow, in which polls of the running job return 200, and one test that passes.
fn polls(b: &mut Builder) -> Vec<TestResult> {
    let first = b.export("patient", ExportLevel::Patient);
    for id in first + 1..first + 4 {
        let e = b.run.exchanges.iter_mut().find(|e| e.id == id).unwrap();
        e.outcome = answer(200, &[("x-progress", "41%")], Some(json!({"status": "in-progress"})));
    }
    b.files("patient");
    let mut passing =
        test(Area::Kickoff, "accepted", "patient", "Kick-offs return 202 Accepted", Level::Shall, Verdict::Pass);
    passing.exchanges = vec![first];
    let title = "Polls of a running job return 202 Accepted";
    let mut poll = test(Area::Poll, "in-progress-202", "patient", title, Level::Shall, Verdict::Fail);
    poll.why = "a client takes 200 as completion and reads this body as the manifest".into();
    poll.because = "status: expected 202 Accepted, found 200 OK".into();
    poll.exchanges = (first + 1..first + 5).collect();
    let mut f = finding(first + 1, "status", "status", "202 Accepted", "200 OK");
    f.repeats = vec![first + 2, first + 3];
    f.looked_at = 4;
    poll.findings = vec![f];
    vec![passing, poll]
}

/// A missing header, a wrong header, a wrong and a missing value in the manifest, and an invalid line.
fn wire_faults(b: &mut Builder) -> Vec<TestResult> {
    b.flow("group", ExportLevel::Group);
    let url = format!("{BASE}/Group/1/$export?_type=Patient&_since=2020-01-01T00:00:00Z");
    let kickoff = b.exchange("group", Role::Kickoff, &url, answer(202, &[("content-type", "text/html")], None));
    stop(b, "group", StopKind::Answer, kickoff, "the kick-off returned no Content-Location");
    let title = "The response to a kick-off has the polling URL in Content-Location";
    let mut missing = test(Area::Kickoff, "content-location", "group", title, Level::Shall, Verdict::Fail);
    missing.findings = vec![finding(kickoff, "header", "header Content-Location", "an absolute URL", "nothing")];
    missing.why = "a client cannot request the status of its job".into();
    missing.exchanges = vec![kickoff];
    let mut skipped =
        test(Area::Files, "ndjson", "group", "Every line is one JSON object", Level::Shall, Verdict::Skip);
    skipped.because = format!("flow group ended early: the kick-off returned no Content-Location (exchange {kickoff})");
    skipped.flow_ended = true;
    skipped.exchanges = vec![kickoff];

    let first = b.export("system", ExportLevel::System);
    let manifest = b.last().id;
    let body = json!({"transactionTime": "yesterday", "request": format!("{BASE}/$export"), "requiresAccessToken": "true",
        "output": [{"type": "Patient", "url": format!("{BASE}/files/[u0c41]"), "count": 50}, {"type": "Observation", "count": 50}],
        "error": [], "link": [{"relation": "next", "url": "x".repeat(3000)}]});
    b.last().outcome = answer(200, &[("content-type", "application/json"), ("expires", "soon")], Some(body));
    let mut typed =
        test(Area::Manifest, "instant", "system", "transactionTime is a FHIR instant", Level::Shall, Verdict::Fail);
    typed.findings = vec![finding(manifest, "body", "body /transactionTime", "a FHIR instant", "\"yesterday\"")];
    typed.known = Some("fixed in 4.3, ticket 1234".into());
    let mut absent =
        test(Area::Manifest, "item-url", "system", "Every output item has a url", Level::Shall, Verdict::Fail);
    absent.findings = vec![finding(manifest, "body", "body /output/1/url", "an absolute URL", "nothing")];
    let mut expires =
        test(Area::Manifest, "expires", "system", "Expires is an HTTP date", Level::Should, Verdict::Warn);
    expires.findings = vec![finding(manifest, "header", "header Expires", "an HTTP date", "soon")];
    expires.why = "a client cannot read it and keeps links that no longer work".into();
    let mut less = test(
        Area::Params,
        "filter-either",
        "system",
        "Two filters select resources that match either",
        Level::Shall,
        Verdict::Fail,
    );
    less.findings = vec![finding(
        manifest,
        "body",
        "body /output",
        "all 8 Patient resources of flow system (exchange 12) that the request selects",
        "5 of 8 Patient",
    )];
    for t in [&mut typed, &mut absent, &mut expires, &mut less] {
        t.exchanges = vec![manifest];
    }
    b.files("system");
    let mut out = vec![missing, skipped, typed, absent, expires, less];
    out.push(invalid_line(b));
    out.push(hostile(b, first));
    out
}

fn invalid_line(b: &mut Builder) -> TestResult {
    let file = b.run.files.last_mut().unwrap();
    file.lines.findings.push(LineFinding {
        rule: LineRule::TrailingComma,
        line: 17,
        column: 211,
        offset: 4102,
        path: "Observation".into(),
        expected: "the end of the line after the object".into(),
        actual: "a comma".into(),
        link: String::new(),
        count: 12,
        also: vec![17, 18, 19, 20, 21],
    });
    let exchange = file.exchange;
    let mut t = test(Area::Files, "ndjson", "system", "Every line is one JSON object", Level::Shall, Verdict::Fail);
    let mut f = finding(exchange, "line", "line 17 column 211", "the end of the line after the object", "a comma");
    f.position = Some(Position { line: 17, column: 211, offset: 4102 });
    f.count = 12;
    t.findings = vec![f];
    t.why = "a client that reads the file line by line stops here".into();
    t.exchanges = vec![exchange];
    t
}

/// A server that returns everything that could break a report.
fn hostile(b: &mut Builder, kickoff: u32) -> TestResult {
    b.flow("hostile", ExportLevel::System);
    let long = "A".repeat(20_000);
    let mut received = answer(500, &[("content-type", HOSTILE), ("x-long", &long)], None);
    if let Outcome::Response(r) = &mut received {
        r.body = Body {
            bytes: 90,
            kind: BodyKind::Html,
            excerpt: Some(HOSTILE.repeat(3)),
            not_json: Some(HOSTILE.into()),
            ..Body::default()
        };
    }
    let id = b.exchange("hostile", Role::Probe, &format!("https://evil.example/{}", "a/".repeat(400)), received);
    b.last().probe = Some(HOSTILE.into());
    let mut t =
        test(Area::Errors, "outcome", "hostile", "Refusals have an OperationOutcome", Level::Shall, Verdict::Fail);
    t.because = HOSTILE.into();
    t.findings = vec![
        finding(id, "header", "header Content-Type", "application/fhir+json", HOSTILE),
        finding(id, "body", "body", "an OperationOutcome", HOSTILE),
        finding(kickoff, "none", "none", "one response", HOSTILE),
    ];
    t.findings.push(plimsoll::verdicts::judged_run::Finding {
        exchange: None,
        ..finding(0, "none", "none", "anything", HOSTILE)
    });
    t.exchanges = vec![id, kickoff];
    t
}

/// No response, and an interrupted body.
fn troubles(b: &mut Builder) -> Vec<TestResult> {
    b.flow("finished", ExportLevel::Any);
    let trouble = Trouble { kind: TroubleKind::Timeout, message: "no response within 60 s".into() };
    let delete =
        b.exchange("finished", Role::Delete, &format!("{BASE}/bulkstatus/[u99d1]"), Outcome::NoResponse(trouble));
    let mut late =
        test(Area::Delete, "accepted", "finished", "DELETE returns 202 Accepted", Level::Shall, Verdict::Error);
    late.because = format!("no response within 60 s (exchange {delete})");
    late.exchanges = vec![delete];
    let mut cut = answer(200, &[("content-type", "application/json")], None);
    if let Outcome::Response(r) = &mut cut {
        r.broken =
            Some(Trouble { kind: TroubleKind::Cut, message: "the connection closed after 512 of 20480 bytes".into() });
    }
    let poll = b.exchange("finished", Role::Poll, &format!("{BASE}/bulkstatus/[u99d1]"), cut);
    b.last().phase = Some(Phase::Transient);
    let mut broken = test(Area::Manifest, "json", "finished", "The manifest is JSON", Level::Shall, Verdict::Error);
    broken.because = format!("the connection closed after 512 of 20480 bytes (exchange {poll})");
    broken.exchanges = vec![poll];
    vec![late, broken]
}

/// Warnings of each level, and tests that do not apply.
fn weaker(b: &mut Builder) -> Vec<TestResult> {
    let polls: Vec<u32> = b.run.exchanges.iter().filter(|e| e.role == Role::Poll).map(|e| e.id).collect();
    let mut out = Vec::new();
    for (level, id) in [(Level::May, "progress"), (Level::Implied, "content-type"), (Level::Advice, "no-store")] {
        let mut t = test(Area::Poll, id, "system", &format!("Polls meet the rule {id}"), level, Verdict::Warn);
        t.findings = vec![finding(polls[4], "header", "header X-Progress", "fewer than 100 characters", "12%")];
        t.findings[0].repeats = polls[5..].to_vec();
        t.findings[0].looked_at = polls.len() as u32;
        t.defect = level == Level::Implied;
        out.push(t);
    }
    for flow in ["typed", "typed-post"] {
        let mut t = test(
            Area::Params,
            "type-respected",
            flow,
            "Only the requested types are exported",
            Level::Shall,
            Verdict::NotApplicable,
        );
        t.because = "the server does not support _type".into();
        out.push(t);
    }
    out
}

fn stop(b: &mut Builder, flow: &str, kind: StopKind, exchange: u32, because: &str) {
    if let Some(flow) = b.run.flows.iter_mut().find(|f| f.name == flow) {
        flow.stop = Some(Stop { kind, exchange: Some(exchange), because: because.to_owned() });
    }
}
