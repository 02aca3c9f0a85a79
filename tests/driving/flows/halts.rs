//! Runs that end early: every wait ends.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use plimsoll::base::clock::Clock;
use plimsoll::base::secret::Secret;
use plimsoll::drive::progress::{Event, Progress};
use plimsoll::drive::resume_journal::Leftovers;
use plimsoll::drive::run::{RunOptions, run};
use plimsoll::plan::model::{Depth, Plan};
use plimsoll::recording::model::{Recording, StopKind};
use plimsoll::settings::run_settings::{Credentials, Settings, Smart};
use plimsoll::transport::in_process::InProcess;
use plimsoll::transport::message::{Outgoing, ResponseFuture, Transport};

use crate::flows::server::{BASE, Server, flow, one, plan, respond};

const DEADLINE: Duration = Duration::from_secs(30);
const PASSED: &str = "the deadline of 30 s passed";

/// A server that never responds to some requests.
struct Unresponsive {
    server: InProcess,
    to: fn(&Outgoing) -> bool,
}

impl Transport for Unresponsive {
    fn send(&self, request: Outgoing) -> ResponseFuture<'_> {
        match (self.to)(&request) {
            true => Box::pin(std::future::pending()),
            false => self.server.send(request),
        }
    }
}

/// The time at which each flow ended.
#[derive(Default)]
struct Ends(Mutex<Option<Clock>>, Mutex<BTreeMap<String, u64>>);

impl Progress for Ends {
    fn show(&self, flow: &str, event: Event<'_>) {
        if let (Event::Ended { .. }, Some(clock)) = (event, *self.0.lock().unwrap()) {
            self.1.lock().unwrap().insert(flow.to_owned(), clock.elapsed().as_secs());
        }
    }

    fn note(&self, _: &str) {}
}

/// Runs `plan` until the deadline; returns the recording, the end of the run in seconds, and the end of each flow.
fn run_until_deadline(
    server: &Server,
    to: fn(&Outgoing) -> bool,
    plan: &Plan,
    change: impl FnOnce(&mut Settings),
    remains: Leftovers,
) -> (Recording, u64, BTreeMap<String, u64>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777));
        let mut settings = Settings::new(BASE.parse().unwrap());
        settings.deadline = Some(DEADLINE);
        change(&mut settings);
        let transport = Arc::new(Unresponsive { server: InProcess::new(server.router(clock)), to });
        let ends = Arc::new(Ends(Mutex::new(Some(clock)), Mutex::default()));
        let options = RunOptions { progress: ends.clone(), remains, ..RunOptions::quiet("test") };
        let running = run(plan, settings, transport, clock, options);
        let recording = tokio::time::timeout(Duration::from_secs(86_400), running).await.expect("the run ends");
        let times = ends.1.lock().unwrap().clone();
        (recording.unwrap(), clock.elapsed().as_secs(), times)
    })
}

#[test]
fn flows_that_wait_for_each_other_end_with_the_run() {
    // Each flow waits for the kick-off of the other.
    let flows = "[a]\ntitle = \"a\"\nexport = \"system\"\nsame-request-as = \"b\"\n\
        [b]\ntitle = \"b\"\nexport = \"system\"\nsame-request-as = \"a\"";
    let server = Server::honest();
    let (recording, ended, _) =
        run_until_deadline(&server, |_| false, &plan(flows, Depth::Files), |_| {}, Leftovers::default());
    assert_eq!(ended, 30);
    for name in ["a", "b"] {
        let stop = flow(&recording, name).stop.clone().unwrap();
        assert_eq!(stop.kind, StopKind::Limit, "{name}");
        assert!(stop.because.ends_with(PASSED), "{name}: {}", stop.because);
    }
    assert!(server.calls().iter().all(|call| !call.is_kickoff()));
}

#[test]
fn a_flow_that_waits_for_a_permit_ends_with_the_run() {
    let server = Server::new(|call| (call.method == "DELETE").then(|| respond(503, &[("retry-after", "60")], "")));
    let server = Server { polls: usize::MAX, ..server };
    let flows = "[a]\ntitle = \"a\"\nexport = \"system\"\n[b]\ntitle = \"b\"\nexport = \"system\"\nparams = { _type = \"Patient\" }";
    let never = |request: &Outgoing| request.method == "DELETE";
    let one_job = |settings: &mut Settings| settings.jobs = 1;
    let (_, ended, times) =
        run_until_deadline(&server, never, &plan(flows, Depth::Files), one_job, Leftovers::default());
    assert_eq!((times["b"], times["a"], ended), (30, 40, 40), "the clean-up of one flow does not delay the other");
}

#[test]
fn the_jobs_of_a_killed_run_do_not_delay_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("resume");
    let held = |n: u32| format!("{{\"held\":{{\"flow\":\"gone\",\"job\":\"{BASE}/jobs/{n}\",\"own\":null}}}}\n");
    std::fs::write(&path, (1..=20).map(held).collect::<String>()).unwrap();
    let remains = Leftovers::read(&path, &Recording::default()).unwrap();
    let server = Server::honest();
    let never = |request: &Outgoing| request.method == "DELETE";
    let (recording, ended, _) =
        run_until_deadline(&server, never, &one("export = \"system\"", Depth::Files), |_| {}, remains);
    assert_eq!(ended, 40, "the clean-up of all jobs takes at most 10 s");
    assert_eq!(recording.end.unwrap().leftovers.len(), 20);
    assert!(server.calls().iter().all(|call| !call.is_kickoff()));
}

#[test]
fn requests_before_the_first_flow_end_with_the_run() {
    // The CapabilityStatement, with and without the token, and the token itself.
    let first = |request: &Outgoing| request.url.path().ends_with("/metadata");
    let second = |request: &Outgoing| first_with_token(request);
    fn first_with_token(request: &Outgoing) -> bool {
        request.url.path().ends_with("/metadata") && request.headers.contains_key("authorization")
    }
    let discovery = |request: &Outgoing| request.url.path().contains(".well-known");
    let smart = Credentials::Smart(Smart {
        client_id: "client".to_owned(),
        key: Secret::new("never read".to_owned()),
        key_id: None,
        token_url: None,
        scope: "system/*.rs".to_owned(),
    });
    let token = Credentials::Token(Secret::new("a-token-of-some-length".to_owned()));
    type Silent = fn(&Outgoing) -> bool;
    let cases: [(Silent, Credentials); 3] = [(first, Credentials::None), (second, token), (discovery, smart)];
    for (to, credentials) in cases {
        let server = Server::new(|call| {
            let refused = call.path.ends_with("/metadata") && call.header("authorization").is_empty();
            refused.then(|| respond(401, &[], ""))
        });
        let change = |settings: &mut Settings| settings.credentials = credentials;
        let plan = one("export = \"system\"", Depth::Files);
        let (recording, ended, _) = run_until_deadline(&server, to, &plan, change, Leftovers::default());
        assert_eq!(ended, 30);
        assert_eq!(recording.end.unwrap().early.map(|end| end.because).as_deref(), Some(PASSED));
        assert!(server.calls().iter().all(|call| !call.is_kickoff()));
    }
}
