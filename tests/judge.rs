//! The judge on tapes made by hand: what is a cause and what a consequence, what is undecided, what does not apply.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod tapes;

use plimsoll::judge::judge;
use plimsoll::plan::{self, Ask};
use plimsoll::record::{Conformance, Run, State, TestResult};
use plimsoll::suite::{self, model::Catalog};
use plimsoll::tape::model::{Phase, Role, StopKind, Tape, TroubleKind};
use plimsoll::words::Verdict;
use serde_json::json;
use tapes::{Builder, manifest};

const SPEC: &str = "hl7-3.0.0";

fn catalog() -> Catalog {
    suite::embedded().unwrap_or_else(|refusals| panic!("{}", refusals.render(false)))
}

fn judged(tape: &Tape, selected: &dyn Fn(&str) -> bool) -> Run {
    let catalog = catalog();
    let ask = Ask { specs: vec![SPEC.to_owned()], ..Ask::default() };
    judge(&catalog, &plan::build(&catalog, &ask, selected).unwrap(), tape)
}

/// Judges the tests of flow `system` alone.
fn system(tape: &Tape) -> Run {
    judged(tape, &|name| name.ends_with("@system"))
}

fn result<'r>(run: &'r Run, id: &str) -> &'r TestResult {
    run.judgements[0].tests.iter().find(|test| test.id == id).unwrap_or_else(|| panic!("no test {id}"))
}

fn verdicts(run: &Run, verdict: Verdict) -> Vec<&str> {
    run.judgements[0].tests.iter().filter(|test| test.verdict == verdict).map(|test| test.id.as_str()).collect()
}

/// A flow without a fault: kick-off, a poll while it runs, the manifest, one file.
fn sound() -> Builder {
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
fn a_sound_flow_passes() {
    let run = system(&sound().done());
    assert_eq!(verdicts(&run, Verdict::Fail), [""; 0]);
    assert_eq!(verdicts(&run, Verdict::Warn), [""; 0]);
    assert_eq!(verdicts(&run, Verdict::Error), [""; 0]);
    assert_eq!(run.judgements[0].outcome, Conformance::Conformant);
    assert!(run.judgements[0].because.contains("a part of the spec only"), "{}", run.judgements[0].because);
    assert!(run.judgements[0].decided >= 25, "{}", run.judgements[0].decided);
}

#[test]
fn what_stops_a_flow_fails_once_and_the_rest_skips() {
    let tape = Builder::flow("system")
        .answer(Role::Kickoff, 404, &[])
        .stop(StopKind::Answer, "the kick-off was answered 404")
        .done();
    let run = system(&tape);
    assert_eq!(verdicts(&run, Verdict::Fail), ["kickoff::get@system", "kickoff::endpoint-system@system"]);
    assert_eq!(verdicts(&run, Verdict::Error), [""; 0], "what comes after has a cause that is told");
    let skipped = result(&run, "manifest::output@system");
    assert_eq!(skipped.verdict, Verdict::Skip);
    assert_eq!(skipped.because, "flow system ended before this: the kick-off was answered 404 (exchange 1)");
    assert_eq!(run.judgements[0].outcome, Conformance::NotConformant);
}

#[test]
fn what_stops_a_flow_without_a_test_that_says_so_is_an_error() {
    let tape = Builder::flow("system")
        .answer(Role::Kickoff, 404, &[])
        .stop(StopKind::Answer, "the kick-off was answered 404")
        .done();
    let run = judged(&tape, &|name| name == "manifest::output@system");
    assert_eq!(result(&run, "manifest::output@system").verdict, Verdict::Error);
    assert_eq!(run.judgements[0].outcome, Conformance::Undetermined);
}

#[test]
fn credentials_are_no_breach() {
    for status in [401, 403] {
        let tape = Builder::flow("system")
            .answer(Role::Kickoff, status, &[])
            .stop(StopKind::Credentials, "the kick-off was answered 401 or 403")
            .done();
        let run = system(&tape);
        assert_eq!(verdicts(&run, Verdict::Fail), [""; 0]);
        assert_eq!(verdicts(&run, Verdict::Skip), [""; 0]);
        assert_eq!(result(&run, "kickoff::accepted-202@system").verdict, Verdict::Error);
        assert_eq!(run.judgements[0].outcome, Conformance::Undetermined);
    }
}

#[test]
fn a_job_that_never_ends_is_undetermined() {
    let tape = Builder::flow("system")
        .answer(Role::Kickoff, 202, &[("content-location", "https://t.example/fhir/job/[u1]")])
        .answer(Role::Poll, 202, &[("retry-after", "1")])
        .phase(Phase::InProgress)
        .stop(StopKind::Waited, "still running after 600 s")
        .done();
    let run = system(&tape);
    assert_eq!(result(&run, "poll::in-progress-202@system").verdict, Verdict::Pass);
    assert_eq!(result(&run, "poll::complete-200@system").verdict, Verdict::Error);
    assert_eq!(run.judgements[0].outcome, Conformance::Undetermined);
}

#[test]
fn no_answer_is_undetermined() {
    let tape = Builder::flow("system")
        .trouble(Role::Kickoff, TroubleKind::Cut, "the connection broke off")
        .stop(StopKind::Transport, "the connection broke off")
        .done();
    let run = system(&tape);
    assert_eq!(verdicts(&run, Verdict::Fail), [""; 0]);
    assert_eq!(result(&run, "kickoff::accepted-202@system").because, "the connection broke off (exchange 1)");
    assert_eq!(run.judgements[0].outcome, Conformance::Undetermined);
}

#[test]
fn what_is_not_offered_does_not_apply() {
    let tape = Builder::flow("system").stop(StopKind::NotOffered, "the target does not declare it").done();
    let run = system(&tape);
    assert!(run.judgements[0].tests.iter().all(|test| test.verdict == Verdict::NotApplicable));
    assert_eq!(run.judgements[0].outcome, Conformance::Undetermined, "nothing was decided");
    let tests = run.judgements[0].tests.len();
    assert!(tests > 30, "{tests}");
}

#[test]
fn a_flow_that_never_ended_is_an_error() {
    let mut tape = sound().done();
    tape.flows.clear();
    tape.end = None;
    let run = system(&tape);
    assert!(run.judgements[0].tests.iter().all(|test| test.verdict == Verdict::Error));
    assert_eq!(run.early.as_deref(), Some("the run was killed before its end"));
}

#[test]
fn wrong_polls_are_one_finding_with_repeats() {
    let tape = Builder::flow("system")
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
    let run = system(&tape);
    let test = result(&run, "poll::in-progress-202@system");
    assert_eq!(test.verdict, Verdict::Fail);
    assert_eq!(test.findings.len(), 1);
    let finding = &test.findings[0];
    assert_eq!((finding.exchange, finding.repeats.as_slice(), finding.looked_at), (Some(3), &[4][..], 3));
    assert_eq!((finding.kind.as_str(), finding.expected.as_str(), finding.actual.as_str()), ("status", "202", "200"));
    let requirement = run.judgements[0].requirements.iter().find(|r| r.id == "poll-202").unwrap();
    assert_eq!(requirement.state, State::Violated);
}

#[test]
fn a_should_only_warns() {
    let tape = Builder::flow("system")
        .answer(Role::Kickoff, 202, &[("content-location", "https://t.example/fhir/job/[u1]")])
        .answer(Role::Poll, 202, &[])
        .phase(Phase::InProgress)
        .json(Role::Poll, 200, "application/json", manifest())
        .phase(Phase::Complete)
        .file(0, 2)
        .done();
    let run = system(&tape);
    assert_eq!(verdicts(&run, Verdict::Warn), ["poll::retry-after@system", "poll::complete-expires@system"]);
    assert_eq!(run.judgements[0].outcome, Conformance::Conformant);
    let requirement = run.judgements[0].requirements.iter().find(|r| r.id == "poll-retry-after").unwrap();
    assert_eq!(requirement.state, State::NotMet);
}

#[test]
fn a_redirect_that_names_another_document_is_an_answer() {
    for (status, verdict) in [(303, Verdict::Fail), (307, Verdict::Pass), (308, Verdict::Pass)] {
        let tape = Builder::flow("system")
            .answer(Role::Kickoff, 202, &[("content-location", "https://t.example/fhir/job/[u1]")])
            .answer(Role::Poll, 202, &[("retry-after", "1")])
            .phase(Phase::InProgress)
            .answer(Role::Poll, status, &[("location", "https://t.example/fhir/result/[u2]")])
            .superseded()
            .json(Role::Poll, 200, "application/json", manifest())
            .phase(Phase::Complete)
            .file(0, 2)
            .done();
        assert_eq!(result(&system(&tape), "poll::in-progress-202@system").verdict, verdict, "{status}");
    }
}

#[test]
fn counts_and_types_are_compared_with_the_lines() {
    let mut wrong = manifest();
    wrong["output"][0]["count"] = json!(3);
    wrong["output"][0]["type"] = json!("patient");
    let tape = Builder::flow("system")
        .answer(Role::Kickoff, 202, &[("content-location", "https://t.example/fhir/job/[u1]")])
        .json(Role::Poll, 200, "application/json", wrong)
        .phase(Phase::Complete)
        .header("expires", "Sun, 22 Nov 2026 12:00:00 GMT")
        .file(0, 2)
        .done();
    let run = system(&tape);
    assert_eq!(verdicts(&run, Verdict::Fail), ["manifest::item-type@system", "manifest::item-count@system"]);
    let finding = &result(&run, "manifest::item-count@system").findings[0];
    assert_eq!(finding.place, "body /output/0/count");
    assert_eq!(finding.actual, "the number 3");
    let skipped = result(&run, "poll::in-progress-202@system");
    assert_eq!(
        (skipped.verdict, skipped.because.as_str()),
        (Verdict::Skip, "the job was done at its first poll (exchange 2)")
    );
}

#[test]
fn judging_twice_gives_the_same() {
    let tape = sound().done();
    let (one, two) = (system(&tape), system(&tape));
    assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&two).unwrap());
    let again: Tape = serde_json::from_str(&serde_json::to_string(&tape).unwrap()).unwrap();
    assert_eq!(system(&again).judgements, one.judgements);
}
