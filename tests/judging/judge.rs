//! Tests of the judge on handmade recordings: causes and consequences, undecided tests, and tests that do not apply.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crate::recordings::{Builder, manifest};
use plimsoll::base::vocabulary::Verdict;
use plimsoll::judge::judge_run::judge;
use plimsoll::plan::build::PlanRequest;
use plimsoll::recording::model::{Outcome, Phase, Recording, Role, StopKind, TroubleKind};
use plimsoll::suite::catalog::Catalog;
use plimsoll::verdicts::judged_run::{Conformance, RequirementState, Run, TestResult};
use serde_json::{Value, json};

const SPEC: &str = "hl7-3.0.0";

fn catalog() -> Catalog {
    plimsoll::suite::source::embedded().unwrap_or_else(|refusals| panic!("{}", refusals.render(false)))
}

fn judged(recording: &Recording, selected: &dyn Fn(&str) -> bool) -> Run {
    let catalog = catalog();
    let request = PlanRequest { specs: vec![SPEC.to_owned()], ..PlanRequest::default() };
    judge(&catalog, &plimsoll::plan::build::build(&catalog, &request, selected).unwrap(), recording)
}

/// Judges only the tests of flow `system`, without those on the CapabilityStatement, which these recordings do not
/// have.
fn system(recording: &Recording) -> Run {
    judged(recording, &|name| name.ends_with("@system") && !name.starts_with("metadata::"))
}

fn result<'r>(run: &'r Run, id: &str) -> &'r TestResult {
    run.judgements[0].tests.iter().find(|test| test.id == id).unwrap_or_else(|| panic!("no test {id}"))
}

fn verdicts(run: &Run, verdict: Verdict) -> Vec<&str> {
    run.judgements[0].tests.iter().filter(|test| test.verdict == verdict).map(|test| test.id.as_str()).collect()
}

/// A flow without a fault: kick-off, a poll of the running job, the manifest, one file.
fn faultless() -> Builder {
    Builder::flow("system")
        .answer(Role::Kickoff, 202, &[("content-location", "https://t.example/fhir/job/[u1]")])
        .answer(Role::Poll, 202, &[("retry-after", "1"), ("x-progress", "50%")])
        .phase(Phase::InProgress)
        .json(Role::Poll, 200, "application/json", manifest())
        .phase(Phase::Complete)
        .header("expires", "Sun, 22 Nov 2026 12:00:00 GMT")
        .file(0, 2)
}

#[test]
fn a_faultless_flow_passes() {
    let run = system(&faultless().done());
    assert_eq!(verdicts(&run, Verdict::Fail), [""; 0]);
    assert_eq!(verdicts(&run, Verdict::Warn), [""; 0]);
    assert_eq!(verdicts(&run, Verdict::Error), [""; 0]);
    assert_eq!(run.judgements[0].outcome, Conformance::Conformant);
    assert!(run.judgements[0].because.contains("only a part of the spec"), "{}", run.judgements[0].because);
    assert!(run.judgements[0].decided >= 25, "{}", run.judgements[0].decided);
}

#[test]
fn the_cause_of_an_early_end_fails_once_and_later_tests_are_skipped() {
    let recording = Builder::flow("system")
        .answer(Role::Kickoff, 404, &[])
        .stop(StopKind::Answer, "the kick-off returned 404")
        .done();
    let run = system(&recording);
    assert_eq!(verdicts(&run, Verdict::Fail), ["kickoff::get@system", "kickoff::endpoint-system@system"]);
    assert_eq!(verdicts(&run, Verdict::Error), [""; 0], "the skipped tests have a reported cause");
    let skipped = result(&run, "manifest::output@system");
    assert_eq!(skipped.verdict, Verdict::Skip);
    assert_eq!(skipped.because, "flow system ended early: the kick-off returned 404 (exchange 1)");
    assert_eq!(run.judgements[0].outcome, Conformance::NotConformant);
}

#[test]
fn an_early_end_that_no_test_reports_is_an_error() {
    let recording = Builder::flow("system")
        .answer(Role::Kickoff, 404, &[])
        .stop(StopKind::Answer, "the kick-off returned 404")
        .done();
    let run = judged(&recording, &|name| name == "manifest::output@system");
    assert_eq!(result(&run, "manifest::output@system").verdict, Verdict::Error);
    assert_eq!(run.judgements[0].outcome, Conformance::Undetermined);
}

#[test]
fn wrong_credentials_are_no_violation() {
    for status in [401, 403] {
        let recording = Builder::flow("system")
            .answer(Role::Kickoff, status, &[])
            .stop(StopKind::Credentials, "the kick-off returned 401 or 403")
            .done();
        let run = system(&recording);
        assert_eq!(verdicts(&run, Verdict::Fail), [""; 0]);
        assert_eq!(verdicts(&run, Verdict::Skip), [""; 0]);
        assert_eq!(result(&run, "kickoff::accepted-202@system").verdict, Verdict::Error);
        assert_eq!(run.judgements[0].outcome, Conformance::Undetermined);
    }
}

#[test]
fn a_job_that_never_ends_is_undetermined() {
    let recording = Builder::flow("system")
        .answer(Role::Kickoff, 202, &[("content-location", "https://t.example/fhir/job/[u1]")])
        .answer(Role::Poll, 202, &[("retry-after", "1")])
        .phase(Phase::InProgress)
        .stop(StopKind::Waited, "still running after 600 s")
        .done();
    let run = system(&recording);
    assert_eq!(result(&run, "poll::in-progress-202@system").verdict, Verdict::Pass);
    assert_eq!(result(&run, "poll::complete-200@system").verdict, Verdict::Error);
    assert_eq!(run.judgements[0].outcome, Conformance::Undetermined);
}

#[test]
fn a_missing_response_is_undetermined() {
    let recording = Builder::flow("system")
        .trouble(Role::Kickoff, TroubleKind::Cut, "the connection was closed")
        .stop(StopKind::Transport, "the connection was closed")
        .done();
    let run = system(&recording);
    assert_eq!(verdicts(&run, Verdict::Fail), [""; 0]);
    assert_eq!(result(&run, "kickoff::accepted-202@system").because, "the connection was closed (exchange 1)");
    assert_eq!(run.judgements[0].outcome, Conformance::Undetermined);
}

#[test]
fn tests_of_missing_features_do_not_apply() {
    let recording = Builder::flow("system").stop(StopKind::NotOffered, "the target does not declare it").done();
    let run = system(&recording);
    assert!(run.judgements[0].tests.iter().all(|test| test.verdict == Verdict::NotApplicable));
    assert_eq!(run.judgements[0].outcome, Conformance::Undetermined, "nothing was decided");
    let tests = run.judgements[0].tests.len();
    assert!(tests > 30, "{tests}");
}

#[test]
fn a_flow_that_did_not_finish_is_an_error() {
    let mut recording = faultless().done();
    recording.flows.clear();
    recording.end = None;
    let run = system(&recording);
    assert!(run.judgements[0].tests.iter().all(|test| test.verdict == Verdict::Error));
    assert_eq!(run.early.as_deref(), Some("the run was killed before it finished"));
}

#[test]
fn wrong_polls_are_one_finding_with_repeats() {
    let recording = Builder::flow("system")
        .answer(Role::Kickoff, 202, &[("content-location", "https://t.example/fhir/job/[u1]")])
        .answer(Role::Poll, 202, &[("retry-after", "1")])
        .phase(Phase::InProgress)
        .answer(Role::Poll, 200, &[("retry-after", "1")])
        .phase(Phase::InProgress)
        .answer(Role::Poll, 200, &[("retry-after", "1")])
        .phase(Phase::InProgress)
        .json(Role::Poll, 200, "application/json", manifest())
        .phase(Phase::Complete)
        .file(0, 2)
        .done();
    let run = system(&recording);
    let test = result(&run, "poll::in-progress-202@system");
    assert_eq!(test.verdict, Verdict::Fail);
    assert_eq!(test.findings.len(), 1);
    let finding = &test.findings[0];
    assert_eq!((finding.exchange, finding.repeats.as_slice(), finding.looked_at), (Some(3), &[4][..], 3));
    assert_eq!(
        (finding.place.kind().as_str(), finding.expected.as_str(), finding.actual.as_str()),
        ("status", "202 Accepted", "200 OK")
    );
    let requirement = run.judgements[0].requirements.iter().find(|r| r.id == "poll-202").unwrap();
    assert_eq!(requirement.state, RequirementState::Violated);
}

#[test]
fn a_should_only_warns() {
    let recording = Builder::flow("system")
        .answer(Role::Kickoff, 202, &[("content-location", "https://t.example/fhir/job/[u1]")])
        .answer(Role::Poll, 202, &[])
        .phase(Phase::InProgress)
        .json(Role::Poll, 200, "application/json", manifest())
        .phase(Phase::Complete)
        .file(0, 2)
        .done();
    let run = system(&recording);
    assert_eq!(verdicts(&run, Verdict::Warn), ["poll::retry-after@system", "poll::complete-expires@system"]);
    assert_eq!(run.judgements[0].outcome, Conformance::Conformant);
    let requirement = run.judgements[0].requirements.iter().find(|r| r.id == "poll-retry-after").unwrap();
    assert_eq!(requirement.state, RequirementState::NotMet);
}

#[test]
fn a_redirect_to_another_document_is_a_response() {
    for (status, verdict) in [(303, Verdict::Fail), (307, Verdict::Pass), (308, Verdict::Pass)] {
        let recording = Builder::flow("system")
            .answer(Role::Kickoff, 202, &[("content-location", "https://t.example/fhir/job/[u1]")])
            .answer(Role::Poll, 202, &[("retry-after", "1")])
            .phase(Phase::InProgress)
            .answer(Role::Poll, status, &[("location", "https://t.example/fhir/result/[u2]")])
            .superseded()
            .json(Role::Poll, 200, "application/json", manifest())
            .phase(Phase::Complete)
            .file(0, 2)
            .done();
        assert_eq!(result(&system(&recording), "poll::in-progress-202@system").verdict, verdict, "{status}");
    }
}

#[test]
fn counts_and_types_are_compared_with_the_lines() {
    let mut wrong = manifest();
    wrong["output"][0]["count"] = json!(3);
    wrong["output"][0]["type"] = json!("patient");
    let recording = Builder::flow("system")
        .answer(Role::Kickoff, 202, &[("content-location", "https://t.example/fhir/job/[u1]")])
        .json(Role::Poll, 200, "application/json", wrong)
        .phase(Phase::Complete)
        .header("expires", "Sun, 22 Nov 2026 12:00:00 GMT")
        .file(0, 2)
        .done();
    let run = system(&recording);
    assert_eq!(verdicts(&run, Verdict::Fail), ["manifest::item-type@system", "manifest::item-count@system"]);
    let finding = &result(&run, "manifest::item-count@system").findings[0];
    assert_eq!(finding.place.to_string(), "body /output/0/count");
    assert_eq!(finding.actual, "the number 3");
    let skipped = result(&run, "poll::in-progress-202@system");
    assert_eq!(
        (skipped.verdict, skipped.because.as_str()),
        (Verdict::Skip, "the job was complete at its first poll (exchange 2)")
    );
}

#[test]
fn judging_twice_gives_the_same() {
    let recording = faultless().done();
    let (one, two) = (system(&recording), system(&recording));
    assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&two).unwrap());
    let again: Recording = serde_json::from_str(&serde_json::to_string(&recording).unwrap()).unwrap();
    assert_eq!(system(&again).judgements, one.judgements);
}

/// Returns the failed, warning and undecided tests of a run.
fn noticed(run: &Run) -> [Vec<&str>; 3] {
    [Verdict::Fail, Verdict::Warn, Verdict::Error].map(|verdict| verdicts(run, verdict))
}

#[test]
fn a_group_that_is_not_found_is_no_violation() {
    let outcome = json!({"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "not-found"}]});
    let recording = Builder::flow("group")
        .json(Role::Kickoff, 404, "application/fhir+json", outcome)
        .stop(StopKind::Answer, "the kick-off returned 404")
        .done();
    let run = judged(&recording, &|name| name.ends_with("@group"));
    assert_eq!(noticed(&run)[0], [""; 0], "404 may be about the Group, not the endpoint");
    assert_eq!(result(&run, "kickoff::endpoint-group@group").verdict, Verdict::Error);
    assert_eq!(run.judgements[0].outcome, Conformance::Undetermined);
}

#[test]
fn tests_after_a_warning_are_undecided() {
    let recording = Builder::flow("system")
        .answer(Role::Kickoff, 202, &[("content-location", "https://t.example/fhir/job/[u1]")])
        .answer(Role::Poll, 500, &[])
        .phase(Phase::Failed)
        .stop(StopKind::Answer, "the job failed with 500")
        .done();
    let run = system(&recording);
    assert_eq!(noticed(&run)[0], [""; 0], "from STU 2 on, the OperationOutcome of a failed poll is only a SHOULD");
    assert_eq!(noticed(&run)[1], ["errors::poll-outcome@system", "errors::failed-outcome@system"]);
    assert_eq!(result(&run, "poll::get@system").verdict, Verdict::Pass);
    assert_eq!(result(&run, "manifest::output@system").verdict, Verdict::Error, "a warning is no reason to skip");
    assert_eq!(run.judgements[0].outcome, Conformance::Undetermined);
}

/// The faultless flow with a changed last response, the file.
fn with_file(change: impl Fn(&mut plimsoll::recording::model::Response)) -> Recording {
    let mut recording = faultless().done();
    if let Outcome::Response(response) = &mut recording.exchanges.last_mut().unwrap().outcome {
        change(response);
    }
    recording
}

#[test]
fn a_file_that_a_gateway_refuses_is_undecided_but_other_errors_fail() {
    for status in [429, 502, 503, 504] {
        let run = system(&with_file(|response| response.status = status));
        assert_eq!(noticed(&run)[0], [""; 0], "{status}");
        assert_eq!(result(&run, "files::delivered@system").verdict, Verdict::Error, "{status}");
    }
    for status in [202, 206, 304, 404, 410, 500] {
        let run = system(&with_file(|response| response.status = status));
        assert_eq!(noticed(&run)[0], ["files::delivered@system", "files::status-200@system"], "{status}");
    }
}

#[test]
fn items_with_a_count_are_judged() {
    let with = |output: Value| {
        let mut recording = faultless().done();
        if let Outcome::Response(response) = &mut recording.exchanges[2].outcome {
            response.body.json.as_mut().unwrap()["output"] = output;
        }
        let run = system(&recording);
        result(&run, "manifest::item-count@system").verdict
    };
    let item = |count: Value| json!({"type": "Patient", "url": "https://t.example/files/[u2]", "count": count});
    let bare = json!({"type": "Patient", "url": "https://t.example/files/[u3]"});
    assert_eq!(with(json!([item(json!(2.0)), bare])), Verdict::Pass);
    assert_eq!(with(json!([item(json!(3)), bare])), Verdict::Fail, "a missing count does not hide a wrong one");
    assert_eq!(with(json!([item(json!(2)), item(json!("4"))])), Verdict::Fail);
    assert_eq!(with(json!([item(Value::Null), bare])), Verdict::NotApplicable);
}

#[test]
fn without_a_date_our_clock_can_only_pass_a_transaction_time() {
    let at = |started: &str| {
        let mut recording = faultless().done();
        recording.start.started = started.to_owned();
        for exchange in &mut recording.exchanges {
            if let Outcome::Response(response) = &mut exchange.outcome {
                response.headers.retain(|(name, _)| name != "date");
            }
        }
        let run = system(&recording);
        result(&run, "manifest::transaction-time-past@system").verdict
    };
    assert_eq!(at("2026-11-22T11:00:00.000Z"), Verdict::Pass);
    assert_eq!(at("2026-11-22T09:00:00.000Z"), Verdict::Error);
}

#[test]
fn a_wrong_date_does_not_fail_a_past_time() {
    let verdict = |name: &str, date: &str, started: &str, expires: &str| {
        let mut recording = faultless().done();
        recording.start.started = started.to_owned();
        for exchange in &mut recording.exchanges {
            let Outcome::Response(response) = &mut exchange.outcome else { continue };
            for (name, value) in &mut response.headers {
                match name.as_str() {
                    "date" => *value = date.to_owned(),
                    "expires" => *value = expires.to_owned(),
                    _ => {}
                }
            }
        }
        let run = system(&recording);
        result(&run, name).verdict
    };
    // transactionTime of the manifest is 2026-11-22T10:00:00Z.
    let (noon, dawn) = ("2026-11-22T12:00:00.000Z", "2026-11-22T06:00:00.000Z");
    let (true_date, later) = ("Sun, 22 Nov 2026 12:00:00 GMT", "Sun, 22 Nov 2026 13:00:00 GMT");
    let past = |date, started| verdict("manifest::transaction-time-past@system", date, started, later);
    assert_eq!(past("Mon, 22 Nov 2004 10:00:00 GMT", noon), Verdict::Pass, "the Date is wrong");
    assert_eq!(past("Mon, 22 Nov 2004 10:00:00 GMT", dawn), Verdict::Fail, "it is in the future on every clock");
    assert_eq!(past("Sun, 22 Nov 2026 06:00:00 GMT", dawn), Verdict::Fail);
    assert_eq!(past("Sun, 22 Nov 2026 10:00:05 GMT", dawn), Verdict::Pass, "our clock alone cannot fail it");
    let expires = |date, when| verdict("poll::complete-expires@system", date, noon, when);
    assert_eq!(expires("Sat, 22 Nov 2046 10:00:00 GMT", later), Verdict::Pass, "the Date is wrong");
    assert_ne!(expires(true_date, "Sun, 22 Nov 2026 11:00:00 GMT"), Verdict::Pass, "it is past on every clock");
    assert_ne!(expires("Sun, 22 Nov 2026 14:00:00 GMT", later), Verdict::Pass, "a clock may be an hour ahead");
}

#[test]
fn a_type_of_an_unknown_version_needs_the_form_of_one() {
    let named = |kind: &str, fhir: Option<&str>| {
        let mut recording = faultless().done();
        recording.start.fhir = fhir.map(str::to_owned);
        if let Outcome::Response(response) = &mut recording.exchanges[2].outcome {
            response.body.json.as_mut().unwrap()["output"][0]["type"] = json!(kind);
        }
        let run = system(&recording);
        result(&run, "manifest::item-type@system").verdict
    };
    assert_eq!(named("Tomorrow", None), Verdict::Pass);
    assert_eq!(named("Tomorrow", Some("4.0.1")), Verdict::Fail);
    assert_eq!(named("tomorrow", None), Verdict::Fail);
}

#[test]
fn json_nested_too_deeply_is_undecided() {
    let mut recording = faultless().done();
    if let Outcome::Response(response) = &mut recording.exchanges[2].outcome {
        response.body.json = None;
        response.body.kind = plimsoll::recording::model::BodyKind::Text;
        response.body.not_json = Some("recursion limit exceeded at line 1 column 900".to_owned());
        response.body.too_deep = true;
    }
    let run = system(&recording);
    assert_eq!(noticed(&run)[0], [""; 0]);
    assert_eq!(result(&run, "poll::complete-body@system").verdict, Verdict::Error);
}
