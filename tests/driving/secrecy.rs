//! Tests of secrecy: findings about URLs that are easy to guess, and that findings show no secrets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use plimsoll::base::vocabulary::Verdict;
use plimsoll::recording::model::Recording;
use plimsoll::recording::secrecy::UrlVariety;
use plimsoll::reference::personality::spec::Personality;
use plimsoll::selftest::reference_run;
use plimsoll::verdicts::judged_run::TestResult;

/// Returns the results of the tests with names that `wanted` accepts, of a run against the server with one fault after
/// `change`, and the recording as text.
fn judged(
    fault: &str,
    wanted: &dyn Fn(&str) -> bool,
    change: impl FnOnce(&mut Recording),
) -> (Vec<TestResult>, String) {
    let catalog = plimsoll::suite::source::embedded().unwrap();
    let request = plimsoll::plan::build::PlanRequest {
        specs: vec!["hl7-3.0.0".to_owned()],
        ..plimsoll::plan::build::PlanRequest::default()
    };
    let plan = plimsoll::plan::build::build(&catalog, &request, wanted).unwrap();
    let faults = vec![plimsoll::reference::fault::embedded::fault(fault).unwrap()];
    let mut recording = reference_run::recorded(&catalog, &plan, Personality::Stu3, faults).unwrap();
    change(&mut recording);
    let tests = plimsoll::judge::judge_run::judge(&catalog, &plan, &recording).judgements.remove(0).tests;
    (tests, serde_json::to_string(&recording).unwrap())
}

fn verdict(tests: &[TestResult], id: &str) -> (Verdict, String) {
    let test = tests.iter().find(|test| test.id == id).unwrap_or_else(|| panic!("no test {id}"));
    (test.verdict, test.because.clone())
}

const JOBS: &str = "auth::job-urls-random@guarded";

fn enough(name: &str) -> bool {
    name.contains("auth::") || name.contains("kickoff::")
}

#[test]
fn numbers_times_and_short_names_have_different_findings() {
    for (fault, expected) in [
        ("sec-job-id-sequential", "only in a number"),
        ("sec-job-id-clock", "only in the time of day"),
        ("sec-job-id-short", "bits"),
    ] {
        let (found, because) = verdict(&judged(fault, &enough, |_| ()).0, JOBS);
        assert_eq!(found, Verdict::Warn, "{fault}: {because}");
        assert!(because.contains(expected), "{fault}: {because}");
    }
}

#[test]
fn few_urls_and_missing_measurements_are_not_judged() {
    let alone = |name: &str| name.contains("auth::job-urls");
    let (found, because) = verdict(&judged("sec-job-id-sequential", &alone, |_| ()).0, JOBS);
    assert_eq!(found, Verdict::Skip, "{because}");
    assert!(because.contains("the test needs 3"), "{because}");
    let forget = |recording: &mut Recording| recording.end.as_mut().unwrap().guessing = None;
    let (found, because) = verdict(&judged("sec-job-id-sequential", &enough, forget).0, JOBS);
    assert_eq!(found, Verdict::Error, "{because}");
    let kill = |recording: &mut Recording| recording.end = None;
    assert_eq!(verdict(&judged("sec-job-id-sequential", &enough, kill).0, JOBS).0, Verdict::Error);
}

#[test]
fn enough_random_bits_pass() {
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
    assert!(
        !recording.contains(plimsoll::reference::data::fixtures::OTHERS_PATIENT),
        "ids of resources are not recorded"
    );
    let (tests, recording) = judged("manifest-request-userinfo", &wanted, |_| ());
    let (found, because) = verdict(&tests, "auth::urls-without-secrets@patient");
    assert_eq!(found, Verdict::Warn, "{because}");
    assert!(because.contains("body /request"), "{because}");
    assert!(!recording.contains("correct-horse"), "a password is not recorded");
}
