//! One run against one hostile server, from the first request to the last report, and its cost.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use plimsoll::base::clock::Clock;
use plimsoll::base::vocabulary::Verdict;
use plimsoll::drive::run::RunOptions;
use plimsoll::judge::judge_run;
use plimsoll::plan::model::Plan;
use plimsoll::recording::store;
use plimsoll::recording::store::Writer;
use plimsoll::reference::personality::spec::Personality;
use plimsoll::reference::serve;
use plimsoll::report;
use plimsoll::report::{finding, terminal};
use plimsoll::selftest::reference_run::GROUP;
use plimsoll::settings::run_settings::Settings;
use plimsoll::suite::catalog::Catalog;
use plimsoll::transport::in_process::InProcess;
use plimsoll::transport::message::Transport;
use plimsoll::verdicts::judged_run::{Conformance, Run};
use tempfile::TempDir;

use crate::MEMORY;
use crate::server::HostileServer;

/// 2026-01-01T12:00:00Z.
pub const NOON: Duration = Duration::from_secs(1_767_268_800);
pub const SPEC: &str = "hl7-3.0.0";

/// Set in the process that one test runs in.
const OWN_PROCESS: &str = "PLIMSOLL_TEST_OWN_PROCESS";

/// Memory is counted for the whole process. A test that shares its process with others runs itself again in a process
/// of its own. True if it did so and passed there; then there is nothing left to do.
///
/// # Panics
///
/// If the test failed there.
pub fn passed_in_own_process() -> bool {
    let thread = std::thread::current();
    // With one thread, libtest runs tests on the main thread, one after the other.
    let Some(test) = thread.name().filter(|name| *name != "main") else { return false };
    if std::env::var_os(OWN_PROCESS).is_some() {
        return false;
    }
    let this = std::env::current_exe().unwrap();
    let arguments = [test, "--exact", "--nocapture", "--test-threads=2"];
    let output = Command::new(this).args(arguments).env(OWN_PROCESS, "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    assert!(output.status.success() && text.contains("1 passed"), "{}", String::from_utf8_lossy(&output.stderr));
    true
}

/// The result of a run, and its cost.
pub struct TrialResult {
    pub run: Run,
    /// The text on the terminal.
    pub terminal: String,
    pub folder: TempDir,
    /// The time that passed, virtual or real.
    pub took: Duration,
    pub requests: u64,
    pub bytes: u64,
    pub peak: usize,
}

impl TrialResult {
    /// The text of a report.
    pub fn report(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    pub fn outcome(&self) -> Conformance {
        self.run.judgements[0].outcome
    }

    /// The verdict of one test.
    pub fn verdict(&self, id: &str) -> Verdict {
        self.run.judgements[0].tests.iter().find(|test| test.id == id).unwrap_or_else(|| panic!("{id}")).verdict
    }

    /// Fails unless a reason of a flow or a test, a finding, or the terminal text contains `why`.
    pub fn shows(&self, why: &str) -> &Self {
        let stops = self.run.flows.iter().filter_map(|flow| flow.stop.as_ref()).map(|stop| stop.because.clone());
        let tests = self.run.judgements.iter().flat_map(|judgement| &judgement.tests);
        let of_tests = tests.flat_map(|test| {
            let found = test.findings.iter().map(|finding| format!("{} {}", finding.place, finding.actual));
            found.chain([test.because.clone()])
        });
        let mut all: Vec<String> = stops.chain(of_tests).chain([self.terminal.clone()]).collect();
        assert!(all.iter().any(|text| text.contains(why)), "no text contains {why:?}: {:#?}", {
            all.pop();
            all.sort();
            all.dedup();
            all
        });
        self
    }

    /// Prints the row of the table, and fails if a limit is exceeded.
    pub fn within(&self, name: &str, requests: u64, bytes: u64, peak: usize) -> &Self {
        println!(
            "| {name} | {} | {} | {} | {} | {} |",
            self.outcome(),
            self.took.as_secs(),
            self.requests,
            report::text::bytes(self.bytes),
            report::text::bytes(self.peak as u64)
        );
        assert!(self.requests <= requests, "{name}: {} requests", self.requests);
        assert!(self.bytes <= bytes, "{name}: {} bytes", self.bytes);
        assert!(self.peak <= peak, "{name}: {} bytes of memory", self.peak);
        self
    }
}

/// A run to perform.
pub struct Trial {
    catalog: Catalog,
    plan: Plan,
    settings: Settings,
    wall: SystemTime,
}

impl Trial {
    /// A run of all tests.
    pub fn whole() -> Self {
        Self::of(&|_| true)
    }

    /// A run of the tests whose names `selected` accepts.
    pub fn of(selected: &dyn Fn(&str) -> bool) -> Self {
        let catalog = plimsoll::suite::source::embedded().unwrap();
        let ask = plimsoll::plan::build::PlanRequest {
            specs: vec![SPEC.to_owned()],
            ..plimsoll::plan::build::PlanRequest::default()
        };
        let plan = plimsoll::plan::build::build(&catalog, &ask, selected).unwrap();
        let mut settings = Settings::new("http://localhost/fhir".parse().unwrap());
        settings.groups = vec![GROUP.to_owned()];
        // With a lower limit, the tests with hostile files take less time.
        settings.max_bytes = 64 << 20;
        Self { catalog, plan, settings, wall: SystemTime::UNIX_EPOCH + NOON }
    }

    pub fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Sets another clock time of the server.
    pub fn server_at(mut self, wall: SystemTime) -> Self {
        self.wall = wall;
        self
    }

    /// Runs the tests against `server`, in paused time.
    pub fn against(self, server: HostileServer) -> TrialResult {
        self.through(move |inner, _| Arc::new(server.over(inner)))
    }

    /// The same, with any transport.
    pub fn through(self, between: impl FnOnce(InProcess, &Settings) -> Arc<dyn Transport>) -> TrialResult {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        self.go(runtime, |trial, clock| {
            let server = Clock::starting_at(trial.wall);
            let spec = Personality::from_word(SPEC).unwrap();
            let options = plimsoll::reference::options::ServerOptions::new(spec, trial.settings.base.clone(), server);
            let inner = InProcess::new(serve::router(options));
            (between(inner, &trial.settings), clock)
        })
    }

    /// Runs the tests over real connections, in real time.
    pub fn over(self, transport: impl FnOnce(&Settings) -> Arc<dyn Transport>) -> TrialResult {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        self.go(runtime, |trial, clock| (transport(&trial.settings), clock))
    }

    fn go(
        self,
        runtime: tokio::runtime::Runtime,
        transport: impl FnOnce(&Self, Clock) -> (Arc<dyn Transport>, Clock),
    ) -> TrialResult {
        let folder = tempfile::tempdir().unwrap();
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage();
        let (recording, took) = runtime.block_on(async {
            let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + NOON);
            let (transport, clock) = transport(&self, clock);
            let sink = Some(Writer::create(&folder.path().join(store::FOLDER)).unwrap());
            let options = RunOptions { sink, ..RunOptions::quiet(self.catalog.digest.clone()) };
            let recording =
                plimsoll::drive::run::run(&self.plan, self.settings.clone(), transport, clock, options).await.unwrap();
            (recording, clock.elapsed())
        });
        let requests = recording.exchanges.len() as u64;
        let bytes = recording.end.as_ref().unwrap().bytes;
        let run = judge_run::judge_whole(&self.catalog, &self.plan, recording);
        plimsoll::report::write::write_all(folder.path(), &run, &plimsoll::report::write::WriteOptions::default())
            .unwrap();
        let mut terminal = String::new();
        for judgement in &run.judgements {
            for test in &judgement.tests {
                terminal += &finding::render_once(&run, judgement, test);
                terminal.push('\n');
            }
        }
        terminal += &terminal::summary(&run, &terminal::TerminalOptions::default());
        let peak = MEMORY.peak_usage().saturating_sub(before);
        let kept = store::read(folder.path()).unwrap();
        assert_eq!(kept.exchanges.len(), run.exchanges.len(), "the recording on disk has all exchanges of the run");
        let again = judge_run::judge(&self.catalog, &self.plan, &kept);
        assert_eq!(again.judgements, run.judgements, "judging the recording again gives the same verdicts");
        TrialResult { run, terminal, folder, took, requests, bytes, peak }
    }
}
