//! No shape of an id or of the base URL changes a verdict. The redaction of a recording replaces what looks like a
//! secret, and no comparison may notice it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use plimsoll::base::clock::Clock;
use plimsoll::base::secret::Secret;
use plimsoll::base::vocabulary::{ExportLevel, Verdict};
use plimsoll::drive::run::RunOptions;
use plimsoll::judge::judge_run;
use plimsoll::plan::build::{PlanRequest, build};
use plimsoll::plan::model::Plan;
use plimsoll::recording::model::{Outcome, Phase, Recording};
use plimsoll::reference::options::{IdShapes, ServerAuth, ServerOptions};
use plimsoll::reference::personality::spec::Personality;
use plimsoll::reference::serve;
use plimsoll::selftest::matrix::whole_plan;
use plimsoll::settings::run_settings::{Credentials, Settings};
use plimsoll::suite::catalog::Catalog;
use plimsoll::transport::in_process::InProcess;

const NOON: Duration = Duration::from_secs(1_767_268_800);

/// The ids of one server, and how the run uses it.
#[derive(Clone, Default)]
struct Shape<'a> {
    base: &'a str,
    group: &'a str,
    /// What precedes the number of each patient's id.
    patient: &'a str,
    /// What precedes and follows the random part of each job's id.
    job: (&'a str, &'a str),
    /// Whether the run finds the Group by itself.
    searched: bool,
    token: Option<&'a str>,
    levels: Option<Vec<ExportLevel>>,
    types: &'a [&'a str],
    /// Whether the run has a token that the open server ignores, and no statement that the server is protected.
    ignored_token: bool,
    fault: Option<&'a str>,
}

const USUAL: Shape<'_> = Shape {
    base: "http://localhost/fhir",
    group: "harbour",
    patient: "sailor-",
    job: ("", ""),
    searched: false,
    token: None,
    levels: None,
    types: &[],
    ignored_token: false,
    fault: None,
};

/// Returns each verdict with its reason, of a run against a server with these ids.
fn verdicts(catalog: &Catalog, plan: &Plan, shape: &Shape<'_>) -> BTreeMap<String, (Verdict, String)> {
    judged(catalog, plan, &recorded(catalog, plan, shape))
}

fn judged(catalog: &Catalog, plan: &Plan, recording: &Recording) -> BTreeMap<String, (Verdict, String)> {
    let run = judge_run::judge(catalog, plan, recording);
    run.judgements[0].tests.iter().map(|test| (test.id.clone(), (test.verdict, test.because.clone()))).collect()
}

fn recorded(catalog: &Catalog, plan: &Plan, shape: &Shape<'_>) -> Recording {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + NOON);
        let mut settings = Settings::new(shape.base.parse().unwrap());
        settings.groups = if shape.searched { Vec::new() } else { vec![shape.group.to_owned()] };
        settings.empty_group = Some(format!("{}.e", &shape.group[..shape.group.len().min(62)]));
        settings.levels.clone_from(&shape.levels);
        settings.types = shape.types.iter().map(|name| (*name).to_owned()).collect();
        settings.allow_writes = true;
        settings.jobs = 1;
        let spec = Personality::from_word("hl7-3.0.0").unwrap();
        let mut options = ServerOptions::new(spec, settings.base.clone(), clock);
        options.faults =
            shape.fault.iter().map(|id| plimsoll::reference::fault::embedded::fault(id).unwrap()).collect();
        if shape.ignored_token {
            settings.credentials = Credentials::Token(Secret::new("correct-horse-battery"));
            settings.unstated_protection = true;
        }
        if let Some(token) = shape.token {
            settings.credentials = Credentials::Token(Secret::new(token));
            options.auth = ServerAuth::Token(Secret::new(token));
        }
        options.ids = IdShapes {
            // The id of the Group is a part of the id of an Organization, which stays short.
            fixtures: [("harbour-clinic", "clinic"), ("harbour", shape.group), ("sailor-", shape.patient)]
                .map(|(from, to)| (from.to_owned(), to.to_owned()))
                .into_iter()
                .chain([("empty-berth".to_owned(), format!("{}.e", &shape.group[..shape.group.len().min(62)]))])
                .collect(),
            jobs: (shape.job.0.to_owned(), shape.job.1.to_owned()),
        };
        options.job_time = Duration::from_secs(6);
        let transport = Arc::new(InProcess::new(serve::router(options)));
        plimsoll::drive::run::run(plan, settings, transport, clock, RunOptions::quiet(catalog.digest.clone()))
            .await
            .unwrap()
    })
}

/// Asserts that a server with ids of `shape` gets the verdicts of the server `like`.
fn assert_like(like: &Shape<'_>, shapes: &[Shape<'_>]) {
    let catalog = plimsoll::suite::source::embedded().unwrap();
    let plan = whole_plan(&catalog, Personality::from_word("hl7-3.0.0").unwrap()).unwrap();
    let first = verdicts(&catalog, &plan, like);
    assert!(first.values().filter(|(verdict, _)| *verdict == Verdict::Pass).count() > 100);
    for shape in shapes {
        let other = verdicts(&catalog, &plan, shape);
        assert_eq!(first.len(), other.len());
        let differing: Vec<String> = first
            .iter()
            // Resources with ids that FHIR does not allow fail other tests.
            .filter(|(id, _)| {
                let fhir = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
                shape.group.chars().all(fhir)
                    || ["manifest::", "poll::", "delete::"].iter().any(|area| id.starts_with(area))
            })
            .filter(|(id, (verdict, _))| *verdict != other[*id].0)
            .map(|(id, (verdict, _))| format!("{id}: {verdict} and {:?}", other[id]))
            .collect();
        let Shape { base, group, patient, job, .. } = shape;
        assert!(differing.is_empty(), "{base} {group} {patient} {job:?}: {differing:#?}");
    }
}

#[test]
fn groups_of_every_shape_get_the_same_verdicts() {
    let groups = [
        "LcsSqlXWZ7SAsBUuHVrd1g",
        "BMCHealthNet",
        "custom-0b0e6f5c-2f0c-4d0a-9f86-6f3a1e1e0a33",
        "0b0e6f5c-2f0c-4d0a-9f86-6f3a1e1e0a33",
        "20240101",
        "9",
        "a.b1.c22.d333",
        "urn:oid:1.2.36.146.595",
        "TUVNQkVSUw==",
        "crew_of~1",
        "5e8fb4a2c9d04e7b8f1a3c6d9e2b5a7c5e8fb4a2c9d04e7b8f1a3c6d9e2b5a7c",
    ];
    let shapes = groups.map(|group| Shape { group, ..USUAL.clone() });
    assert_like(&USUAL, &shapes);
}

#[test]
fn groups_that_the_run_finds_get_the_same_verdicts() {
    let searched = Shape { searched: true, ..USUAL.clone() };
    let groups = ["LcsSqlXWZ7SAsBUuHVrd1g", "custom-0b0e6f5c-2f0c-4d0a-9f86-6f3a1e1e0a33", "1234567"];
    assert_like(&searched, &groups.map(|group| Shape { group, ..searched.clone() }));
    let only = Shape { levels: Some(vec![ExportLevel::Group]), types: &["Patient"], ..USUAL.clone() };
    assert_like(&only, &groups.map(|group| Shape { group, ..only.clone() }));
}

#[test]
fn bases_jobs_and_patients_of_every_shape_get_the_same_verdicts() {
    let group = "BMCHealthNet";
    let shapes = [
        Shape { base: "http://localhost/0b0e6f5c-2f0c-4d0a-9f86-6f3a1e1e0a33/20240101", ..USUAL.clone() },
        Shape { base: "http://localhost/BMCHealthNet/fhir", group, ..USUAL.clone() },
        Shape { base: "http://localhost/4.0.1/crew~1/urn:oid:1.2", ..USUAL.clone() },
        Shape { job: ("urn:job:", "=="), ..USUAL.clone() },
        Shape { job: ("20240101.", "_~"), group, ..USUAL.clone() },
        Shape { patient: "S41L0R-7f3a9b2c.", group, ..USUAL.clone() },
        Shape { patient: "20240101", ..USUAL.clone() },
    ];
    assert_like(&USUAL, &shapes);
}

#[test]
fn a_token_that_is_also_a_public_word_changes_no_verdict() {
    let secure = Shape { base: "https://localhost/fhir", token: Some("correct-horse-battery"), ..USUAL.clone() };
    let tokens = ["fhir", "harbour", "localhost"];
    assert_like(&secure, &tokens.map(|token| Shape { token: Some(token), ..secure.clone() }));
}

/// Returns the plan of the test with this id.
fn plan_of(catalog: &Catalog, id: &str) -> Plan {
    let request = PlanRequest { specs: vec!["hl7-3.0.0".to_owned()], ..PlanRequest::default() };
    build(catalog, &request, &|test| test.contains(id.split('@').next().unwrap())).unwrap()
}

/// Returns the verdict of one test of such a run.
fn verdict_of(id: &str, shape: &Shape<'_>) -> (Verdict, String) {
    let catalog = plimsoll::suite::source::embedded().unwrap();
    verdicts(&catalog, &plan_of(&catalog, id), shape).remove(id).unwrap_or_else(|| panic!("no test {id}"))
}

#[test]
fn a_group_export_with_since_may_have_older_data() {
    let id = "params::since-leaves-out@incremental";
    let fault = Some("param-since-ignored");
    assert_eq!(verdict_of(id, &Shape { fault, ..USUAL.clone() }).0, Verdict::Fail);
    let levels = Some(vec![ExportLevel::Group]);
    let (verdict, because) = verdict_of(id, &Shape { fault, levels, ..USUAL.clone() });
    assert_eq!(verdict, Verdict::NotApplicable, "{because}");
}

#[test]
fn an_open_server_may_ignore_a_token_from_the_environment() {
    let id = "auth::kickoff-no-token@guarded";
    let open = Shape { base: "https://localhost/fhir", ignored_token: true, ..USUAL.clone() };
    let (verdict, because) = verdict_of(id, &open);
    assert_eq!(verdict, Verdict::NotApplicable, "{because}");
    let fault = Some("auth-kickoff-open");
    let protected = Shape { token: Some("correct-horse-battery"), fault, ignored_token: false, ..open };
    assert_eq!(verdict_of(id, &protected).0, Verdict::Fail);
}

#[test]
fn an_undeclared_type_that_is_exported_is_supported() {
    let id = "params::undeclared-type@nothing";
    let shape = Shape { fault: Some("param-type-undeclared-accepted"), ..USUAL.clone() };
    let catalog = plimsoll::suite::source::embedded().unwrap();
    let plan = plan_of(&catalog, id);
    let mut recording = recorded(&catalog, &plan, &shape);
    assert_eq!(judged(&catalog, &plan, &recording)[id].0, Verdict::Warn, "the export is empty");
    for exchange in &mut recording.exchanges {
        if let (Some("nothing"), Some(Phase::Complete), Outcome::Response(answer)) =
            (exchange.flow.as_deref(), exchange.phase, &mut exchange.outcome)
        {
            let item = serde_json::json!({"type": "VerificationResult", "url": "http://localhost/fhir/files/v.ndjson"});
            answer.body.json.as_mut().unwrap()["output"] = serde_json::json!([item]);
        }
    }
    let (verdict, because) = judged(&catalog, &plan, &recording)[id].clone();
    assert_eq!(verdict, Verdict::Pass, "{because}");
}
