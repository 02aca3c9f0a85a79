//! What a target should keep to itself: how findings about URLs come about, and that they show none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use plimsoll::base::vocabulary::Verdict;
use plimsoll::recording::model::Recording;
use plimsoll::recording::secrecy::UrlVariety;
use plimsoll::reference::personality::spec::Personality;
use plimsoll::selftest::reference_run;
use plimsoll::verdicts::judged_run::TestResult;

/// What is judged of a run against the server with one fault, of the tests whose names `wanted` takes, after `change`.
fn judged(
    fault: &str,
    wanted: &dyn Fn(&str) -> bool,
    change: impl FnOnce(&mut Recording),
) -> (Vec<TestResult>, String) {
    let catalog = plimsoll::suite::source::embedded().unwrap();
    let ask = plimsoll::plan::build::PlanRequest {
        specs: vec!["hl7-3.0.0".to_owned()],
        ..plimsoll::plan::build::PlanRequest::default()
    };
    let plan = plimsoll::plan::build::build(&catalog, &ask, wanted).unwrap();
    let faults = vec![plimsoll::reference::fault::embedded::fault(fault).unwrap()];
    let mut recording = reference_run::recorded(&catalog, &plan, Personality::Stu3, faults).unwrap();
    change(&mut recording);
    let tests = plimsoll::judge::judge_run::judge(&catalog, &plan, &recording).judgements.remove(0).tests;
    (tests, serde_json::to_string(&recording).unwrap())
}

fn verdict(tests: &[TestResult], id: &str) -> (Verdict, String) {
    let test = tests.iter().find(|test| test.id == id).unwrap_or_else(|| panic!("{id} is not there"));
    (test.verdict, test.because.clone())
}

const JOBS: &str = "auth::job-urls-random@guarded";

fn enough(name: &str) -> bool {
    name.contains("auth::") || name.contains("kickoff::")
}

#[test]
fn numbers_are_told_from_times_and_from_short_names() {
    for (fault, says) in [
        ("sec-job-id-sequential", "by a number alone"),
        ("sec-job-id-clock", "by the time of day"),
        ("sec-job-id-short", "bits"),
    ] {
        let (found, because) = verdict(&judged(fault, &enough, |_| ()).0, JOBS);
        assert_eq!(found, Verdict::Warn, "{fault}: {because}");
        assert!(because.contains(says), "{fault}: {because}");
    }
}

#[test]
fn nothing_is_said_of_few_urls_nor_of_recordings_that_do_not_know() {
    let alone = |name: &str| name.contains("auth::job-urls");
    let (found, because) = verdict(&judged("sec-job-id-sequential", &alone, |_| ()).0, JOBS);
    assert_eq!(found, Verdict::Skip, "{because}");
    assert!(because.contains("it takes 3"), "{because}");
    let forget = |recording: &mut Recording| recording.end.as_mut().unwrap().guessing = None;
    let (found, because) = verdict(&judged("sec-job-id-sequential", &enough, forget).0, JOBS);
    assert_eq!(found, Verdict::Error, "{because}");
    let kill = |recording: &mut Recording| recording.end = None;
    assert_eq!(verdict(&judged("sec-job-id-sequential", &enough, kill).0, JOBS).0, Verdict::Error);
}

#[test]
fn sixteen_random_digits_of_three_jobs_are_enough_though_some_are_alike() {
    for (seen, bits, expected) in [
        (3, 56, Verdict::Pass),
        (3, 44, Verdict::Warn),
        (30, 63, Verdict::Pass),
        (30, 56, Verdict::Warn),
        (30, 32, Verdict::Warn),
    ] {
        let set = |recording: &mut Recording| {
            let jobs = UrlVariety { seen, bits, ..UrlVariety::default() };
            recording.end.as_mut().unwrap().guessing.as_mut().unwrap().jobs = jobs;
        };
        let (found, because) = verdict(&judged("legal-smart-protected", &enough, set).0, JOBS);
        assert_eq!(found, expected, "{seen} with {bits} bits: {because}");
    }
}

#[test]
fn findings_name_places_and_neither_ids_nor_secrets() {
    let wanted = |name: &str| name.contains("kept-resources") || name.contains("urls-without");
    let (tests, recording) = judged("data-cross-tenant", &wanted, |_| ());
    let (found, because) = verdict(&tests, "auth::kept-resources-stay@system");
    assert_eq!(found, Verdict::Fail, "{because}");
    assert!(
        because.contains("line 13") && !because.contains(plimsoll::reference::data::fixtures::OTHERS_PATIENT),
        "{because}"
    );
    assert!(!recording.contains(plimsoll::reference::data::fixtures::OTHERS_PATIENT), "ids of resources are not kept");
    let (tests, recording) = judged("manifest-request-userinfo", &wanted, |_| ());
    let (found, because) = verdict(&tests, "auth::urls-without-secrets@patient");
    assert_eq!(found, Verdict::Warn, "{because}");
    assert!(because.contains("body /request"), "{because}");
    assert!(!recording.contains("correct-horse"), "a password is not kept");
}
