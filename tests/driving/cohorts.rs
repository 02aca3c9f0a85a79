//! Groups that a run creates: only with `--allow-writes`, and the run deletes them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::{Body, to_bytes};
use plimsoll::base::clock::Clock;
use plimsoll::base::vocabulary::Verdict;
use plimsoll::drive::run::RunOptions;
use plimsoll::judge::judge_run;
use plimsoll::plan::model::Plan;
use plimsoll::recording::model::{Exchange, Outcome, Recording};
use plimsoll::reference::personality::spec::Personality;
use plimsoll::reference::serve;
use plimsoll::selftest::reference_run;
use plimsoll::settings::run_settings::Settings;
use plimsoll::suite::catalog::Catalog;
use plimsoll::transport::in_process::InProcess;
use plimsoll::verdicts::judged_run::{Run, TestResult};
use tower::ServiceExt;

const BASE: &str = "http://localhost/fhir";

fn catalog() -> Catalog {
    plimsoll::suite::source::embedded().unwrap()
}

fn plan(catalog: &Catalog, filter: &str) -> Plan {
    let request = plimsoll::plan::build::PlanRequest {
        specs: vec!["hl7-3.0.0".to_owned()],
        ..plimsoll::plan::build::PlanRequest::default()
    };
    plimsoll::plan::build::build(catalog, &request, &|name| name.contains(filter)).unwrap()
}

/// The result of a run.
struct Seen {
    run: Run,
    recording: Recording,
    /// The number of Groups of the run that are on the server a minute later.
    left: u64,
}

impl Seen {
    fn test(&self, id: &str) -> &TestResult {
        self.run.judgements[0].tests.iter().find(|test| test.id == id).unwrap_or_else(|| panic!("no test {id}"))
    }

    fn sent(&self, method: &str, path: &str) -> Vec<&Exchange> {
        let of = |e: &&Exchange| e.request.method == method && e.request.url.contains(path);
        self.recording.exchanges.iter().filter(of).collect()
    }
}

/// Runs the tests with names that contain `filter` against the reference server of `spec` with these faults.
fn run(spec: Personality, filter: &str, faults: &[&str], change: impl FnOnce(&mut Settings)) -> Seen {
    let catalog = catalog();
    let plan = plan(&catalog, filter);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_268_800));
        let base: url::Url = BASE.parse().unwrap();
        let mut options = plimsoll::reference::options::ServerOptions::new(spec, base.clone(), clock);
        options.faults = faults.iter().map(|id| plimsoll::reference::fault::embedded::fault(id).unwrap()).collect();
        let router = serve::router(options);
        let mut settings = Settings::new(base);
        settings.groups = vec!["harbour".to_owned()];
        change(&mut settings);
        let transport = Arc::new(InProcess::new(router.clone()));
        let recording =
            plimsoll::drive::run::run(&plan, settings, transport, clock, RunOptions::quiet(&catalog.digest))
                .await
                .unwrap();
        clock.sleep(Duration::from_secs(60)).await;
        let left = left(router).await;
        Seen { run: judge_run::judge(&catalog, &plan, &recording), recording, left }
    })
}

async fn left(router: Router) -> u64 {
    let request = http::Request::get(format!("{BASE}/Group?name=plimsoll")).body(Body::empty()).unwrap();
    let bytes = to_bytes(router.oneshot(request).await.unwrap().into_body(), 1 << 20).await.unwrap();
    let bundle: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    bundle["total"].as_u64().unwrap_or_default()
}

fn with_writes(settings: &mut Settings) {
    settings.allow_writes = true;
}

#[test]
fn nothing_is_written_without_allow_writes() {
    let seen = run(Personality::Stu3, "cohort", &[], |_| {});
    let create = seen.test("kickoff::cohort-create@cohort");
    assert_eq!(create.verdict, Verdict::NotApplicable);
    assert!(create.because.contains("--allow-writes"), "{}", create.because);
    assert!(seen.sent("POST", "/Group").is_empty() && seen.sent("PUT", "/Group").is_empty());
}

#[test]
fn nothing_is_written_if_the_api_is_not_declared_unless_cohorts_is_set() {
    let seen = run(Personality::Stu2, "cohort", &[], with_writes);
    let create = seen.test("kickoff::cohort-create@cohort");
    assert_eq!(create.verdict, Verdict::NotApplicable);
    assert!(create.because.contains("--cohorts"), "{}", create.because);
    assert!(seen.sent("POST", "/Group").is_empty());
    // With `--cohorts` the run tries it.
    let seen = run(Personality::Stu2, "cohort", &[], |settings| {
        with_writes(settings);
        settings.cohorts = true;
    });
    assert_eq!(seen.test("kickoff::cohort-create@cohort").verdict, Verdict::Fail);
    assert_eq!(seen.test("metadata::cohort-listed@headers").verdict, Verdict::Fail);
    assert_eq!(seen.sent("POST", "/Group").len(), 1);
}

#[test]
fn a_group_is_created_exported_and_deleted() {
    let seen = run(Personality::Stu3, "cohort", &[], with_writes);
    let decided: Vec<&str> =
        seen.run.judgements[0].tests.iter().filter(|t| t.verdict == Verdict::Pass).map(|t| t.id.as_str()).collect();
    for id in [
        "kickoff::cohort-create@cohort",
        "kickoff::cohort-create-sync@cohort",
        "kickoff::cohort-update@cohort",
        "metadata::cohort-kept@cohort",
        "metadata::cohort-read@cohort",
        "metadata::cohort-search@cohort",
        "metadata::cohort-export@cohort",
        "metadata::cohort-delete@cohort",
        "metadata::cohort-deleted@cohort",
    ] {
        assert!(decided.contains(&id), "{id}: {decided:?}");
    }
    assert_eq!((seen.sent("POST", "/Group").len(), seen.sent("DELETE", "/Group").len()), (2, 2));
    assert_eq!((seen.left, seen.run.leftovers.len()), (0, 0));
    let body = seen.sent("POST", "/Group")[0].request.body.clone().unwrap();
    assert!(body.contains("bulk-cohort-group") && body.contains("Patient?gender=female"), "{body}");
}

#[test]
fn a_single_test_creates_the_group_that_it_needs() {
    let seen = run(Personality::Stu3, "cohort-deleted@cohort", &[], with_writes);
    assert_eq!(seen.test("metadata::cohort-deleted@cohort").verdict, Verdict::Pass);
    assert_eq!((seen.sent("POST", "/Group").len(), seen.left), (1, 0));
}

#[test]
fn no_group_stays_after_a_run_that_ends_early() {
    for tenths in [0, 1, 5, 9, 11, 15, 19, 21, 25, 31, 40, 50] {
        let seen = run(Personality::Stu3, "@cohort", &[], |settings| {
            with_writes(settings);
            settings.deadline = Some(Duration::from_millis(tenths * 100 + 1));
        });
        assert_eq!((seen.left, seen.run.leftovers.len()), (0, 0), "after {tenths} tenths of a second");
    }
    for fault in ["cohort-create-nowhere", "cohort-create-at-once", "cohort-made-nowhere", "legal-cohort-unplaced"] {
        let seen = run(Personality::Stu3, "@cohort", &[fault], with_writes);
        assert_eq!((seen.left, seen.run.leftovers.len()), (0, 0), "{fault}");
    }
    // `--no-delete` leaves jobs on the server, but no Groups.
    let seen = run(Personality::Stu3, "@cohort", &[], |settings| {
        with_writes(settings);
        settings.no_delete = true;
    });
    assert_eq!(seen.left, 0);
}

#[test]
fn a_group_that_stays_is_listed() {
    let seen = run(Personality::Stu3, "@cohort", &["cohort-delete-405", "cohort-delete-stays"], with_writes);
    let groups = seen.run.leftovers.iter().filter(|left| left.contains("/Group/")).count();
    assert_eq!(groups, 2, "{:?}", seen.run.leftovers);
}

#[test]
fn a_group_that_is_not_created_is_not_a_failure() {
    for (fault, verdict, word) in [
        ("legal-cohort-rejected", Verdict::Skip, "may decline to create a Group"),
        ("legal-cohort-waits", Verdict::Skip, "approval"),
        ("legal-cohort-refused", Verdict::NotApplicable, "member filter"),
    ] {
        let seen = run(Personality::Stu3, "@cohort", &[fault], with_writes);
        let read = seen.test("metadata::cohort-read@cohort");
        assert_eq!(read.verdict, verdict, "{fault}: {}", read.because);
        assert!(read.because.contains(word), "{fault}: {}", read.because);
        assert_eq!(seen.run.leftovers.len(), 0, "{fault}");
    }
    let seen = run(Personality::Stu3, "@cohort", &["legal-cohort-no-updates"], with_writes);
    let update = seen.test("kickoff::cohort-update@cohort");
    assert_eq!(update.verdict, Verdict::NotApplicable, "{}", update.because);
    assert!(seen.sent("PUT", "/Group").is_empty());
}

#[test]
fn the_group_of_empty_group_must_be_empty() {
    let seen =
        run(Personality::Stu3, "@empty-group", &[], |settings| settings.empty_group = Some("empty-berth".into()));
    for id in ["kickoff::empty-group", "manifest::output-empty", "files::group-members"] {
        assert_eq!(seen.test(&format!("{id}@empty-group")).verdict, Verdict::Pass, "{id}");
    }
    let seen = run(Personality::Stu3, "@empty-group", &[], |settings| settings.empty_group = Some("harbour".into()));
    let members = seen.test("files::group-members@empty-group");
    assert_eq!(members.verdict, Verdict::NotApplicable);
    assert!(members.because.contains("has members"), "{}", members.because);
    let seen = run(Personality::Stu3, "@empty-group", &[], |_| {});
    assert!(seen.test("kickoff::empty-group@empty-group").because.contains("--empty-group"));
}

#[test]
fn urls_of_open_files_are_requested_again_after_they_expire() {
    let catalog = catalog();
    let plan = plan(&catalog, "capability-outlived");
    let judged = |faults: &[&str]| {
        let faults = faults.iter().map(|id| plimsoll::reference::fault::embedded::fault(id).unwrap()).collect();
        let recording = reference_run::recorded(&catalog, &plan, Personality::Stu3, faults).unwrap();
        let run = judge_run::judge(&catalog, &plan, &recording);
        let of = |e: &&Exchange| e.probe.as_deref() == Some("file-outlived");
        let status = recording.exchanges.iter().find(of).map(|e| match &e.outcome {
            Outcome::Response(answer) => answer.status,
            _ => 0,
        });
        (run.judgements[0].tests[0].verdict, status)
    };
    assert_eq!(judged(&["legal-capability-expires"]), (Verdict::Pass, Some(404)));
    assert_eq!(judged(&["auth-capability-outlived"]), (Verdict::Warn, Some(200)));
    // An hour is longer than `--max-wait`.
    assert_eq!(judged(&["legal-presigned-rejects-auth"]), (Verdict::Skip, None));
}
