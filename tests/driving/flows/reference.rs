//! The flows of the suites against the reference server: complete, fast, with few kick-offs, and equal in any order of
//! jobs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use plimsoll::base::clock::Clock;
use plimsoll::drive::run::{RunOptions, run};
use plimsoll::plan::model::{Depth, Plan};
use plimsoll::recording::model::{Outcome, Phase, Recording, Role};
use plimsoll::reference::data::mutator::DataMutator;
use plimsoll::reference::personality::spec::Personality;
use plimsoll::reference::serve;
use plimsoll::selftest::reference_run::hooks;
use plimsoll::settings::run_settings::{Credentials, Settings, Smart};
use plimsoll::transport::in_process::InProcess;
use plimsoll::transport::message::{Outgoing, ResponseFuture, Transport};

use crate::flows::server::{BASE, line, plan};

/// All flows of the suites with all steps, except flows that are specific to one product.
fn suite() -> Plan {
    let text = include_str!("../../../suites/flows.toml");
    let mut table: toml::Table = toml::from_str(text).unwrap();
    let flows = table["flow"].as_table_mut().unwrap();
    flows.retain(|name, _| !name.starts_with("smile-"));
    plan(&toml::to_string(flows).unwrap(), Depth::Files)
}

fn recording(
    jobs: usize,
    change: impl FnOnce(&mut plimsoll::reference::options::ServerOptions),
) -> (Recording, Duration) {
    recording_over(jobs, change, |_| {}, Duration::ZERO)
}

/// The reference server behind a network on which responses to kick-offs take `delay`.
struct SlowKickoffs {
    server: InProcess,
    delay: Duration,
}

impl Transport for SlowKickoffs {
    fn send(&self, request: Outgoing) -> ResponseFuture<'_> {
        let delay = if request.url.path().ends_with("$export") { self.delay } else { Duration::ZERO };
        Box::pin(async move {
            let response = self.server.send(request).await;
            tokio::time::sleep(delay).await;
            response
        })
    }
}

fn recording_over(
    jobs: usize,
    change: impl FnOnce(&mut plimsoll::reference::options::ServerOptions),
    change_settings: impl FnOnce(&mut Settings),
    delay: Duration,
) -> (Recording, Duration) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000));
        let mut options =
            plimsoll::reference::options::ServerOptions::new(Personality::Stu3, BASE.parse().unwrap(), clock);
        let mutator = DataMutator::default();
        options.mutator = Some(mutator.clone());
        change(&mut options);
        let mut settings = Settings::new(BASE.parse().unwrap());
        settings.jobs = jobs;
        settings.groups = vec!["harbour".to_owned()];
        settings.hooks = hooks(&mutator);
        change_settings(&mut settings);
        let transport = Arc::new(SlowKickoffs { server: InProcess::new(serve::router(options)), delay });
        let recording = run(&suite(), settings, transport, clock, RunOptions::quiet("test")).await.unwrap();
        (recording, clock.elapsed())
    })
}

/// Returns what happened in each flow, without numbers and times.
fn stories(recording: &Recording) -> BTreeMap<String, Vec<String>> {
    let mut stories: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for exchange in recording.exchanges.iter().filter(|exchange| !exchange.superseded) {
        let name = exchange.flow.clone().unwrap_or_default();
        stories.entry(name).or_default().push(line(exchange));
    }
    for flow in &recording.flows {
        let stop = flow.stop.as_ref().map(|stop| (stop.kind, stop.because.clone()));
        // Times of the run differ in each run; those of the population are years earlier.
        let now = |value: &String| if value.starts_with("2025-06-15T") { "[now]".to_owned() } else { value.clone() };
        let params: Vec<_> = flow.params.iter().map(|(name, value)| (name, now(value))).collect();
        stories.entry(flow.name.clone()).or_default().push(format!("{} {params:?} {stop:?}", flow.export));
    }
    stories
}

#[test]
fn all_flows_complete_with_few_kick_offs() {
    let (recording, took) = recording(4, |_| {});
    for flow in &recording.flows {
        assert_eq!(flow.stop, None, "{}", flow.name);
    }
    let accepted: u32 = recording.flows.iter().map(|flow| flow.accepted).sum();
    assert!(accepted <= 40, "{accepted} kick-offs");
    assert!(took < Duration::from_secs(30), "{took:?}");
    let end = recording.end.as_ref().unwrap();
    assert_eq!((end.early.clone(), end.leftovers.clone()), (None, vec![]));
    assert!(recording.exchanges.iter().any(|exchange| exchange.phase == Some(Phase::InProgress)));
    assert!(recording.files.iter().all(|file| file.whole));
    for exchange in &recording.exchanges {
        let Outcome::Response(response) = &exchange.outcome else { panic!("{exchange:?}") };
        let good = matches!(exchange.role, Role::Kickoff | Role::Poll | Role::File | Role::Delete | Role::Metadata);
        assert!(!good || response.status < 400, "{exchange:?}");
    }
}

#[test]
fn one_job_at_a_time_gives_the_same_results() {
    assert_eq!(stories(&recording(1, |_| {}).0), stories(&recording(4, |_| {}).0));
}

#[test]
fn two_runs_in_paused_time_are_equal() {
    let (first, second) = (recording(4, |_| {}).0, recording(4, |_| {}).0);
    let times =
        |recording: &Recording| recording.exchanges.iter().map(|e| (e.id, e.at, e.took, line(e))).collect::<Vec<_>>();
    assert_eq!(times(&first), times(&second));
}

fn count(recording: &Recording, role: Role, status: u16) -> usize {
    let has = |outcome: &Outcome| matches!(outcome, Outcome::Response(response) if response.status == status);
    recording.exchanges.iter().filter(|exchange| exchange.role == role && has(&exchange.outcome)).count()
}

/// The server permits 60 requests per minute on each route, and then refuses all for five minutes.
#[test]
fn a_limited_rate_avoids_every_429() {
    let limited = || vec![plimsoll::reference::fault::embedded::fault("legal-limits-rate").unwrap()];
    let slow = |options: &mut plimsoll::reference::options::ServerOptions| {
        options.faults = limited();
        options.job_time = Duration::from_secs(20);
    };
    let throttled = |recording: &Recording| {
        [Role::Kickoff, Role::Poll, Role::Probe, Role::Delete, Role::Cleanup]
            .map(|role| count(recording, role, 429))
            .iter()
            .sum::<usize>()
    };
    assert!(throttled(&recording(4, slow).0) > 0, "without a limit the server refuses requests");
    let (recording, took) = recording_over(4, slow, |settings| settings.rate = Some(55), Duration::ZERO);
    assert_eq!(throttled(&recording), 0);
    for flow in &recording.flows {
        assert_eq!(flow.stop, None, "{}", flow.name);
    }
    assert!(took < Duration::from_secs(1200), "{took:?}");
}

#[test]
fn a_job_that_equal_kick_offs_share_is_not_deleted_under_a_flow() {
    let shared = |options: &mut plimsoll::reference::options::ServerOptions| {
        options.faults = vec![plimsoll::reference::fault::embedded::fault("legal-job-reuse").unwrap()];
    };
    for delay in [0, 500, 1500, 4000].map(Duration::from_millis) {
        let (recording, _) = recording_over(4, shared, |_| {}, delay);
        for flow in &recording.flows {
            assert_eq!(flow.stop, None, "{} {delay:?}", flow.name);
        }
        assert_eq!(count(&recording, Role::Poll, 404), 0, "{delay:?}");
        assert_eq!(recording.end.unwrap().leftovers, Vec::<String>::new());
    }
}

/// Tests the faults that could delay or mislead a run; `selftest` tests all faults.
#[test]
fn no_fault_delays_a_run_longer_than_max_wait() {
    let dangerous = [
        "status-never-completes",
        "status-complete-no-body",
        "manifest-in-array",
        "kickoff-location-wrong-path",
        "kickoff-location-not-content-location",
        "download-500",
        "download-truncated-record",
        "cancel-405",
        "cancel-poll-202",
    ];
    for id in dangerous {
        let (recording, took) =
            recording(4, |options| options.faults = vec![plimsoll::reference::fault::embedded::fault(id).unwrap()]);
        // `--max-wait`, and the requests before and after it.
        assert!(took < Duration::from_secs(620), "{id}: {took:?}");
        assert_eq!(recording.end.as_ref().unwrap().early, None, "{id}");
        assert_eq!(recording.flows.len(), suite().flows.len(), "{id}");
        if !["cancel-405", "kickoff-location-wrong-path"].contains(&id) {
            assert_eq!(recording.end.unwrap().leftovers, Vec::<String>::new(), "{id}");
        }
    }
}

const TRUSTED: &str = r#"
title = "one"
export = "system"
probes = [
  { id = "token", at = "start", send = "token" },
  { id = "other-client", at = "start", send = "token", wrong = "client" },
  { id = "bare", at = "start", send = "kickoff", as = "none" },
]"#;

/// Assertions are sent by plain HTTP to localhost only.
const LOCAL: &str = "http://localhost/fhir";

/// Runs [`TRUSTED`] against a server with `faults`, with the client that the server knows or without credentials.
fn trusted(known: bool, faults: &[&str]) -> Recording {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000));
        let mut options =
            plimsoll::reference::options::ServerOptions::new(Personality::Lesson, LOCAL.parse().unwrap(), clock);
        options.faults = faults.iter().map(|id| plimsoll::reference::fault::embedded::fault(id).unwrap()).collect();
        let mut settings = Settings::new(LOCAL.parse().unwrap());
        if known {
            let (client, key) = plimsoll::reference::security::keys::client("ship").unwrap();
            options.auth = plimsoll::reference::options::ServerAuth::Smart(vec![client]);
            let scope = "system/*.rs".to_owned();
            let client_id = "ship".to_owned();
            settings.credentials = Credentials::Smart(Smart { client_id, key, key_id: None, token_url: None, scope });
        }
        let transport = Arc::new(InProcess::new(serve::router(options)));
        let plan = plan(&format!("[trusted]\n{TRUSTED}"), Depth::Kickoff);
        run(&plan, settings, transport, clock, RunOptions::quiet("test")).await.unwrap()
    })
}

fn story(recording: &Recording) -> Vec<String> {
    recording.exchanges.iter().filter(|exchange| exchange.flow.is_some()).map(line).collect()
}

#[test]
fn tokens_are_requested_as_probes_by_known_and_unknown_clients() {
    let recording = trusted(true, &[]);
    let honest = ["probe token 200", "probe other-client 400", "probe bare 401", "kickoff 202", "cleanup 202"];
    assert_eq!(story(&recording), honest);
    let written = serde_json::to_string(&recording.exchanges).unwrap();
    assert!(!written.contains("eyJ"), "the recording has no assertions and no tokens");
    let token = recording.exchanges.iter().find(|exchange| exchange.probe.as_deref() == Some("token")).unwrap();
    let Outcome::Response(response) = &token.outcome else { panic!("no response") };
    assert_eq!(response.body.json.as_ref().unwrap()["access_token"], "[redacted]");
    assert_eq!((token.role, token.flow.as_deref()), (Role::Probe, Some("trusted")));

    let trusting = trusted(true, &["auth-unknown-client-served"]);
    assert!(story(&trusting).contains(&"probe other-client 200".to_owned()));
    let open = trusted(true, &["auth-kickoff-open"]);
    let deleted =
        ["probe token 200", "probe other-client 400", "probe bare 202", "cleanup 202", "kickoff 202", "cleanup 202"];
    assert_eq!(story(&open), deleted, "the job of the probe is deleted");
}

#[test]
fn probes_of_tokens_are_not_sent_without_credentials() {
    assert_eq!(story(&trusted(false, &[])), ["kickoff 202", "cleanup 202"]);
}
