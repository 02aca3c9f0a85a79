//! A run that is killed at any moment: its recording can be judged, its running jobs are resumed, and no report is
//! incomplete.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::io::{BufRead, BufReader};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, SystemTime};

use plimsoll::base::clock::Clock;
use plimsoll::base::vocabulary::Verdict;
use plimsoll::drive::resume_journal::Leftovers;
use plimsoll::drive::run::RunOptions;
use plimsoll::judge::judge_run;
use plimsoll::plan::model::Plan;
use plimsoll::recording::store;
use plimsoll::recording::store::Writer;
use plimsoll::reference::personality::spec::Personality;
use plimsoll::reference::serve;
use plimsoll::selftest::reference_run::GROUP;
use plimsoll::settings::run_settings::Settings;
use plimsoll::suite::catalog::Catalog;
use plimsoll::transport::in_process::InProcess;
use plimsoll::transport::message::{Outgoing, ResponseFuture, Transport};
use plimsoll::verdicts::judged_run::Conformance;

const SPEC: &str = "hl7-3.0.0";
const NOON: Duration = Duration::from_secs(1_767_268_800);

fn plan(catalog: &Catalog) -> Plan {
    let request = plimsoll::plan::build::PlanRequest {
        specs: vec![SPEC.to_owned()],
        ..plimsoll::plan::build::PlanRequest::default()
    };
    plimsoll::plan::build::build(catalog, &request, &|_| true).unwrap()
}

fn settings() -> Settings {
    let mut settings = Settings::new("http://localhost/fhir".parse().unwrap());
    settings.groups = vec![GROUP.to_owned()];
    settings
}

/// The reference server, and the requests that it received.
#[derive(Clone)]
struct Watched {
    inner: InProcess,
    requests: Arc<Mutex<Vec<(String, String)>>>,
}

impl Transport for Watched {
    fn send(&self, request: Outgoing) -> ResponseFuture<'_> {
        self.requests.lock().unwrap().push((request.method.to_string(), request.url.to_string()));
        self.inner.send(request)
    }
}

impl Watched {
    fn new(clock: Clock, job_time: Duration) -> Self {
        let spec = Personality::from_word(SPEC).unwrap();
        let mut options = plimsoll::reference::options::ServerOptions::new(spec, settings().base, clock);
        options.job_time = job_time;
        Self { inner: InProcess::new(serve::router(options)), requests: Arc::default() }
    }

    fn count(&self, method: &str, what: &str) -> usize {
        self.requests.lock().unwrap().iter().filter(|(m, url)| m == method && url.contains(what)).count()
    }

    fn clear(&self) {
        self.requests.lock().unwrap().clear();
    }
}

fn paused<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(future)
}

#[test]
fn a_recording_that_is_cut_anywhere_is_judged() {
    let catalog = plimsoll::suite::source::embedded().unwrap();
    let plan = plan(&catalog);
    let folder = tempfile::tempdir().unwrap();
    paused(async {
        let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + NOON);
        let server = Watched::new(clock, Duration::from_secs(2));
        let sink = Some(Writer::create(folder.path()).unwrap());
        let options = RunOptions { sink, ..RunOptions::quiet(catalog.digest.clone()) };
        plimsoll::drive::run::run(&plan, settings(), Arc::new(server), clock, options).await.unwrap();
    });
    let bytes = std::fs::read(folder.path().join(store::FILE_NAME)).unwrap();
    let ends: Vec<usize> = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
    assert!(ends.len() > 200, "{} lines", ends.len());
    let cut = folder.path().join("cut.jsonl");
    // Cut after some lines and inside others.
    let cuts = ends.iter().step_by(7).copied().chain(ends.iter().step_by(13).map(|end| end + 20));
    for at in cuts.chain([ends[0], bytes.len()]) {
        let at = at.min(bytes.len());
        std::fs::write(&cut, &bytes[..at]).unwrap();
        let recording = store::read(&cut).unwrap();
        let run = judge_run::judge(&catalog, &plan, &recording);
        let judgement = &run.judgements[0];
        let failed = judgement.tests.iter().find(|test| matches!(test.verdict, Verdict::Fail | Verdict::Warn));
        assert!(failed.is_none(), "cut at {at}: the server is conformant, but {failed:#?}");
        assert_eq!(judgement.outcome == Conformance::Conformant, at == bytes.len(), "cut at {at}");
        if at < bytes.len() {
            assert!(!judgement.because.is_empty());
        }
    }
}

#[test]
fn a_killed_run_is_resumed_with_its_running_jobs() {
    let catalog = plimsoll::suite::source::embedded().unwrap();
    let plan = plan(&catalog);
    // In seconds: before the first kick-off response, while jobs run, while files are fetched.
    for killed_after in [0, 5, 9, 11, 25] {
        let folder = tempfile::tempdir().unwrap();
        let (journal, next_journal) = (folder.path().join("first.resume"), folder.path().join("second.resume"));
        paused(async {
            let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + NOON);
            let server = Watched::new(clock, Duration::from_secs(10));
            let sink = Some(Writer::create(folder.path()).unwrap());
            let options =
                RunOptions { sink, journal: Some(journal.clone()), ..RunOptions::quiet(catalog.digest.clone()) };
            let run = plimsoll::drive::run::run(&plan, settings(), Arc::new(server.clone()), clock, options);
            // Dropped at this moment, like a killed process: there is no cleanup.
            assert!(tokio::time::timeout(Duration::from_secs(killed_after), run).await.is_err());
            server.clear();

            let recording = store::read(folder.path()).unwrap();
            let remains = Leftovers::read(&journal, &recording).unwrap();
            let running = remains.len();
            assert!(running <= 4, "{running} jobs at once");
            if killed_after > 0 {
                assert!(running > 0, "killed after {killed_after} s");
            }
            let options = RunOptions {
                remains,
                journal: Some(next_journal.clone()),
                ..RunOptions::quiet(catalog.digest.clone())
            };
            let recording =
                plimsoll::drive::run::run(&plan, settings(), Arc::new(server.clone()), clock, options).await.unwrap();
            let run = judge_run::judge(&catalog, &plan, &recording);
            let is_bad = |verdict| matches!(verdict, Verdict::Fail | Verdict::Warn | Verdict::Error);
            let wrong: Vec<_> = run.judgements[0].tests.iter().filter(|test| is_bad(test.verdict)).collect();
            assert!(wrong.is_empty(), "killed after {killed_after} s: {wrong:#?}");
            assert_eq!(run.judgements[0].outcome, Conformance::Conformant);

            // One kick-off fewer for each running job, and no job is left on the server.
            let fresh = Watched::new(clock, Duration::from_secs(10));
            let quiet = RunOptions::quiet(catalog.digest.clone());
            plimsoll::drive::run::run(&plan, settings(), Arc::new(fresh.clone()), clock, quiet).await.unwrap();
            assert_eq!(server.count("", "$export"), 0);
            let sent = |server: &Watched| server.count("GET", "$export") + server.count("POST", "$export");
            assert_eq!(sent(&server) + running, sent(&fresh), "killed after {killed_after} s");
            assert!(recording.end.unwrap().leftovers.is_empty());
            assert!(!next_journal.exists(), "a finished run deletes its journal");
        });
    }
}

/// A child process that is killed on drop.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PLIMSOLL_") {
            command.env_remove(name);
        }
    }
    command.env("PLIMSOLL_RATE", "6000").stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
    command
}

/// Starts `plimsoll serve` and returns the base URL that it prints.
fn serve() -> (Running, String) {
    let mut child = command().args(["serve", "--addr", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let base = lines.find_map(|line| {
        let line = line.unwrap();
        line.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned)
    });
    (Running(child), base.expect("it prints its base URL"))
}

/// A TCP proxy in front of the server that forwards a number of connections and blocks all later ones. Plimsoll makes
/// one connection for each request, so a test can stop a run at a chosen kick-off; polls and files go directly to the
/// server.
struct Gate {
    base: String,
    limit: Arc<AtomicUsize>,
    arrived: Arc<(Mutex<usize>, Condvar)>,
}

impl Gate {
    /// Starts a proxy in front of the server at `base` that forwards all connections.
    fn new(base: &str) -> Self {
        let server = base.trim_start_matches("http://").split('/').next().unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let limit = Arc::new(AtomicUsize::new(usize::MAX));
        let arrived = Arc::new((Mutex::new(0), Condvar::new()));
        let gate =
            Self { base: base.replace(&server, &address), limit: Arc::clone(&limit), arrived: Arc::clone(&arrived) };
        std::thread::spawn(move || {
            let mut blocked = Vec::new();
            for client in listener.incoming().map_while(Result::ok) {
                let count = {
                    let mut count = arrived.0.lock().unwrap();
                    *count += 1;
                    arrived.1.notify_all();
                    *count
                };
                if count > limit.load(Ordering::SeqCst) {
                    blocked.push(client);
                    continue;
                }
                let Ok(upstream) = TcpStream::connect(&server) else { continue };
                for (mut from, mut to) in
                    [(client.try_clone().unwrap(), upstream.try_clone().unwrap()), (upstream, client)]
                {
                    std::thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Write);
                    });
                }
            }
        });
        gate
    }

    /// Restarts the count, and forwards at most `limit` connections.
    fn pass(&self, limit: usize) {
        *self.arrived.0.lock().unwrap() = 0;
        self.limit.store(limit, Ordering::SeqCst);
    }

    /// Waits until a connection of `run` is blocked.
    fn wait_until_blocked(&self, run: &mut Running) {
        let limit = self.limit.load(Ordering::SeqCst);
        let mut count = self.arrived.0.lock().unwrap();
        while *count <= limit {
            assert!(run.0.try_wait().unwrap().is_none(), "the run finished after {} requests", *count);
            count = self.arrived.1.wait_timeout(count, Duration::from_millis(20)).unwrap().0;
        }
    }
}

/// Kills a run after it has sent `requests` requests, replays what it left, and resumes it. Counted by requests and not
/// by a clock: from its first request, which gets no response, to the middle of its exports.
fn kill_replay_and_resume(requests: usize) {
    let (server, base) = serve();
    let gate = Gate::new(&base);
    let base = &gate.base;
    let folder = tempfile::tempdir().unwrap();
    gate.pass(requests);
    let report = folder.path().join("report");
    let arguments = ["run", base.as_str(), "--spec", SPEC, "--group", GROUP, "--report"];
    let mut run = Running(command().args(arguments).arg(&report).spawn().unwrap());
    gate.wait_until_blocked(&mut run);
    run.0.kill().unwrap();
    run.0.wait().unwrap();
    gate.pass(usize::MAX);

    let reports: Vec<String> =
        std::fs::read_dir(&report).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(reports, ["recording"], "there is no incomplete report");
    let replayed = folder.path().join("replayed");
    let replay = command().arg("replay").arg(&report).arg("--report").arg(&replayed).status().unwrap();
    assert_eq!(replay.code(), Some(3), "an incomplete recording of a conformant server is undetermined");
    assert!(replayed.join("index.html").exists() && replayed.join("junit.xml").exists());

    let resumed = folder.path().join("resumed");
    let journal = folder.path().join("report.resume");
    let arguments = ["run", base.as_str(), "--group", GROUP, "--resume"];
    if requests == 0 {
        assert!(!journal.exists(), "no job was started yet");
        let status = command().args(arguments).arg(&report).arg("--report").arg(&resumed).status().unwrap();
        assert_eq!(status.code(), Some(2), "there is nothing to resume");
        return;
    }
    assert!(journal.exists());
    let status = command().args(arguments).arg(&report).arg("--report").arg(&resumed).status().unwrap();
    let found = std::fs::read_to_string(resumed.join("junit.xml")).unwrap_or_default();
    let found: Vec<&str> = found.lines().filter(|line| line.contains("<failure") || line.contains("<error")).collect();
    assert_eq!(status.code(), Some(0), "resumed after {requests} requests: {found:#?}");
    assert!(!journal.exists() && !folder.path().join("resumed.resume").exists());
    assert!(!folder.path().join("resumed.leftovers").exists());
    let again = command().args(arguments).arg(&resumed).arg("--report").arg(&replayed).status().unwrap();
    assert_eq!(again.code(), Some(2), "a finished run cannot be resumed");
    drop(server);
}

#[test]
fn a_run_killed_before_its_first_response_has_nothing_to_resume() {
    kill_replay_and_resume(0);
}

#[test]
fn a_run_killed_after_12_requests_is_replayed_and_resumed() {
    kill_replay_and_resume(12);
}

#[test]
fn a_run_killed_after_25_requests_is_replayed_and_resumed() {
    kill_replay_and_resume(25);
}

#[test]
fn a_run_killed_after_40_requests_is_replayed_and_resumed() {
    kill_replay_and_resume(40);
}
