//! What all flows of a run share, and what one flow keeps of itself while it goes on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use tokio::sync::Semaphore;
use url::Url;

use crate::base::clock::Clock;
use crate::base::vocabulary::ExportLevel;
use crate::drive::export_levels::Declared;
use crate::drive::flow::cohort::Cohort;
use crate::drive::flow::data_changes::DataChanges;
use crate::drive::flow::members::Members;
use crate::drive::flow::retry;
use crate::drive::flow_results::{FlowResults, HeldJobs};
use crate::drive::progress::{Event, Progress};
use crate::drive::resume_journal::{JournalLine, Own, ResumeJournal, Resumed};
use crate::fhir::definitions::tables::Tables;
use crate::measure::url_entropy::UrlEntropy;
use crate::ndjson::identity::RunKey;
use crate::plan::model::{Plan, PlannedFlow};
use crate::recording::model::{FlowRecord, Stop, StopKind, Trouble, TroubleKind};
use crate::session::client::Session;
use crate::session::exchange::{FullResponse, Reply, RequestSpec};
use crate::settings::run_settings::Settings;
use crate::suite::flow::Identity;

/// What keeps a run from its target.
#[derive(Clone, Debug)]
pub(crate) enum Unreachable {
    /// No token can be had, and why.
    Token(String),
    /// It speaks no TLS that we do, and so it was found out.
    Tls(String),
}

impl Unreachable {
    /// Why, a fragment.
    pub fn why(&self) -> &str {
        match self {
            Unreachable::Token(why) | Unreachable::Tls(why) => why,
        }
    }
}

/// What all flows of a run share.
pub(crate) struct RunContext<'a> {
    pub plan: &'a Plan,
    pub settings: Arc<Settings>,
    pub session: Session,
    pub clock: Clock,
    pub declared: Declared,
    pub flow_results: FlowResults,
    pub jobs: HeldJobs,
    /// Where the jobs are written down in case the run is killed.
    pub journal: ResumeJournal,
    /// HeldJobs of a killed run, by the flow that is to go on with them.
    pub resumed: Mutex<Vec<(String, Resumed)>>,
    /// One permit a job that may run.
    pub permits: Semaphore,
    pub progress: Arc<dyn Progress>,
    /// Why no request can be made, or no token can be had: only flows that need neither begin.
    pub no_way: Option<Unreachable>,
    /// Why all waiting ends, once it does.
    pub halted: Mutex<Option<String>>,
    /// HeldJobs of ours that run now.
    pub running: AtomicUsize,
    /// Whether any job came to an end.
    pub any_ended: AtomicBool,
    /// Whether any job was waited for until `--max-wait` ran out.
    pub waited_in_vain: AtomicBool,
    /// Whether any kick-off was accepted.
    pub any_started: AtomicBool,
    /// Whether a kick-off was answered 429 until `--max-wait` ran out.
    pub throttled_in_vain: AtomicBool,
    /// FHIR's definitions, where they are those of the version that the target declares.
    pub definitions: Option<Arc<Tables>>,
    /// Whether the target was seen to hand out files by POST and not by GET.
    pub files_by_post: AtomicBool,
    /// By flow: the kick-off parameters that it had to drop_params.
    pub dropped_params: Mutex<BTreeMap<String, Vec<String>>>,
    /// The key under which resources are hashed; never kept.
    pub key: RunKey,
    /// The members of the Group that is exported, once they were asked for.
    pub members: Mutex<Option<Members>>,
    /// What hooks did until now.
    pub touched: Mutex<DataChanges>,
    /// The URLs that were given out, to tell how hard they are to guess.
    pub sightings: UrlEntropy,
    /// Bytes of files, over the wire.
    pub file_bytes: AtomicU64,
}

impl RunContext<'_> {
    /// A job is deleted, or the target knows it no more.
    pub fn gone(&self, job: &Url) {
        self.jobs.gone(job);
        self.journal.write(&JournalLine::Gone(job.clone()));
    }

    /// The job of a killed run that the flow of this name goes on with, if there is one.
    pub fn resumed(&self, flow: &str) -> Option<Resumed> {
        let mut resumed = self.resumed.lock().unwrap_or_else(PoisonError::into_inner);
        let at = resumed.iter().position(|(name, _)| name == flow)?;
        Some(resumed.swap_remove(at).1)
    }

    /// The jobs of a killed run that no flow went on with.
    pub fn unclaimed(&self) -> Vec<Url> {
        let mut resumed = self.resumed.lock().unwrap_or_else(PoisonError::into_inner);
        resumed.drain(..).map(|(_, resumed)| resumed.job).collect()
    }

    /// The members of the Group that is exported, if they were asked for.
    pub fn members(&self) -> Option<Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes them.
    pub fn learn_members(&self, members: &Members) {
        *self.members.lock().unwrap_or_else(PoisonError::into_inner) = Some(members.clone());
    }

    /// What hooks did until now. Never kept across a wait.
    pub fn touched(&self) -> MutexGuard<'_, DataChanges> {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the run is being ended, if it is.
    pub fn halted(&self) -> Option<String> {
        self.halted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The kick-off parameters that `flow` had to drop_params.
    pub fn dropped_params(&self, flow: &str) -> Vec<String> {
        self.dropped_params.lock().unwrap_or_else(PoisonError::into_inner).get(flow).cloned().unwrap_or_default()
    }

    /// Notes that the target took the kick-off of `flow` without these parameters only.
    pub fn drop_params(&self, flow: &str, parameters: &[String]) {
        let mut dropped_params = self.dropped_params.lock().unwrap_or_else(PoisonError::into_inner);
        dropped_params.insert(flow.to_owned(), parameters.to_vec());
    }

    /// Whether waiting is pointless: a job was waited for in vain, and none ever came to an end. Each job is then seen
    /// running once and left, so that a target which finishes nothing costs `--max-wait` once and not once a flow.
    pub fn is_hopeless(&self) -> bool {
        self.waited_in_vain.load(Ordering::Relaxed) && !self.any_ended.load(Ordering::Relaxed)
    }

    /// Whether patience with kick-offs is pointless: one was answered 429 to the last, and none was ever accepted. Each
    /// is then made once, so that a target which starts nothing costs `--max-wait` once and not once a flow.
    pub fn starts_nothing(&self) -> bool {
        self.throttled_in_vain.load(Ordering::Relaxed) && !self.any_started.load(Ordering::Relaxed)
    }
}

/// Until when something is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    until: Duration,
}

impl Budget {
    /// `--max-wait` from now.
    pub fn new(run: &RunContext<'_>) -> Self {
        Self { until: run.clock.elapsed().saturating_add(run.settings.max_wait) }
    }

    /// At most this long from now, and no longer than before.
    pub fn at_most(self, run: &RunContext<'_>, time: Duration) -> Self {
        Self { until: self.until.min(run.clock.elapsed().saturating_add(time)) }
    }

    /// What is left.
    pub fn left(&self, run: &RunContext<'_>) -> Duration {
        self.until.saturating_sub(run.clock.elapsed())
    }
}

/// One flow on its way.
pub(crate) struct FlowContext<'a> {
    pub run: &'a RunContext<'a>,
    pub planned: &'a PlannedFlow,
    record: Mutex<FlowRecord>,
    held: Mutex<Vec<(Url, Identity)>>,
    attachments: Mutex<Vec<String>>,
    cohort: Mutex<Cohort>,
    /// The exchange that brought the manifest.
    pub manifest_at: Mutex<Option<u32>>,
    /// Whether a kick-off without a token was refused.
    pub turned_away: AtomicBool,
}

impl<'a> FlowContext<'a> {
    pub fn new(run: &'a RunContext<'a>, planned: &'a PlannedFlow) -> Self {
        let record = FlowRecord {
            name: planned.name.clone(),
            title: planned.flow.title.clone(),
            export: ExportLevel::Any,
            params: Vec::new(),
            posted: false,
            comparison: None,
            census: None,
            key_reads: Default::default(),
            hooked: None,
            organized: None,
            named: None,
            accepted: 0,
            stop: None,
            waits: Vec::new(),
        };
        Self {
            run,
            planned,
            record: Mutex::new(record),
            held: Mutex::default(),
            attachments: Mutex::default(),
            cohort: Mutex::default(),
            manifest_at: Mutex::default(),
            turned_away: AtomicBool::new(false),
        }
    }

    pub fn name(&self) -> &'a str {
        &self.planned.name
    }

    /// The flow's record in the making. Never kept across a wait.
    pub fn record(&self) -> MutexGuard<'_, FlowRecord> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where attachments lie that the flow's files name.
    pub fn attachments(&self) -> MutexGuard<'_, Vec<String>> {
        self.attachments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The Groups that the flow has made. Never kept across a wait.
    pub fn cohort(&self) -> MutexGuard<'_, Cohort> {
        self.cohort.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a kick-off of this flow, made by `identity`, was accepted: the job is to be deleted when the flow is
    /// over. `own` says that it was the flow's own.
    pub fn hold(&self, job: &Url, identity: Identity, own: Option<Own>) {
        self.record().accepted += 1;
        self.run.any_started.store(true, Ordering::Relaxed);
        self.run.sightings.job(job);
        self.hold_on(job, identity, own);
    }

    /// Holds a job that is no export, such as the making of a Group: it is to be deleted, and counts as no kick-off.
    pub fn hold_on(&self, job: &Url, identity: Identity, own: Option<Own>) {
        self.run.journal.write(&JournalLine::Held { flow: self.name().to_owned(), job: job.clone(), own });
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        // The same job given twice is held once.
        if !held.iter().any(|(one, _)| one == job) {
            // The second client's jobs are its own; all others are, or should be, the first's.
            // A job that was started without a token is nobody's, and the client may not see it.
            let owner = match identity {
                Identity::SecondClient | Identity::None => identity,
                _ => Identity::Client,
            };
            held.push((job.clone(), owner));
            self.run.jobs.hold(job);
        }
    }

    /// Forgets a job that the flow holds. Whether it was held.
    pub fn drop_hold(&self, job: &Url) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let before = held.len();
        held.retain(|(one, _)| one != job);
        held.len() < before
    }

    /// The jobs that the flow holds, and whose they are.
    pub fn held(&self) -> Vec<(Url, Identity)> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn show(&self, event: Event<'_>) {
        self.run.progress.show(self.name(), event);
    }

    /// Waits, unless the run is ended.
    pub async fn wait(&self, time: Duration, what: &str) -> Result<(), Stop> {
        self.show(Event::Waiting { what, time });
        let began = self.run.clock.elapsed();
        tokio::select! {
            biased;
            () = self.run.session.interrupted() => {}
            () = self.run.clock.sleep(time) => {}
        }
        let took = self.run.clock.elapsed().saturating_sub(began);
        self.record().waits.push((millis(began), millis(took), what.to_owned()));
        self.check_halt()
    }

    /// Stops the flow if the run is being ended.
    pub fn check_halt(&self) -> Result<(), Stop> {
        match self.run.halted() {
            Some(why) => Err(stop(StopKind::Limit, None, why)),
            None => Ok(()),
        }
    }

    /// Sends a request and answers 429 and the like with patience: earlier answers are superseded by the last one. The
    /// error is that time ran out, or that the run is being ended.
    ///
    /// With `queueing`, a 429, or a refusal that may mean the same, does not use up the budget while other jobs of ours
    /// run: some servers run one export at a time, and then it is us who stand in our way.
    pub async fn send_patiently(&self, budget: &mut Budget, ask: RequestSpec, queueing: bool) -> Result<Reply, Stop> {
        let mut attempt = 0;
        loop {
            let reply = self.run.session.send(ask.clone()).await;
            let mut longest = retry::LONGEST;
            let mut throttled = false;
            let (asked, what) = match &reply.result {
                Err(trouble) if trouble.kind == TroubleKind::Interrupted => {
                    return Err(self.halt_stop(reply.exchange, trouble));
                }
                Err(trouble) if trouble.kind == TroubleKind::Connect && attempt < 2 => (None, trouble.kind.to_string()),
                Ok(whole) if retry::asks_for_patience(whole.status, attempt) => {
                    throttled = queueing && whole.status.as_u16() == 429;
                    if throttled && self.run.running.load(Ordering::Relaxed) > 0 {
                        *budget = Budget::new(self.run);
                        longest = retry::QUEUEING;
                    }
                    (self.retry_after(&whole.headers), format!("patience after {}", whole.status.as_u16()))
                }
                // Some servers run few exports at a time, and refuse the next in a way that says nothing of it.
                Ok(whole) if self.stands_in_its_own_way(&ask, whole, queueing, attempt) => {
                    if queueing {
                        *budget = Budget::new(self.run);
                    }
                    longest = retry::QUEUEING;
                    (self.retry_after(&whole.headers), format!("other exports to end, after {}", whole.status.as_u16()))
                }
                _ => return Ok(reply),
            };
            let left = budget.left(self.run);
            let seconds = self.run.settings.max_wait.as_secs();
            if left.is_zero() {
                if throttled {
                    self.run.throttled_in_vain.store(true, Ordering::Relaxed);
                }
                let because = format!("the target still asked for patience after {seconds} s");
                return Err(stop(StopKind::Waited, Some(reply.exchange), because));
            }
            if throttled && self.run.starts_nothing() {
                let because = format!(
                    "not waited for: the target still asked for patience with another kick-off of this run after \
                     {seconds} s, and has accepted none"
                );
                return Err(stop(StopKind::Waited, Some(reply.exchange), because));
            }
            self.run.session.recorder().supersede(reply.exchange);
            let time = retry::pause_again(asked, attempt, left, self.run.settings.least_wait, longest);
            self.wait(time, &what).await?;
            attempt += 1;
        }
    }

    /// Whether a kick-off was perhaps refused because other exports of this run go on: it is sent again until none does.
    fn stands_in_its_own_way(&self, ask: &RequestSpec, whole: &FullResponse, queueing: bool, attempt: u32) -> bool {
        self.run.running.load(Ordering::Relaxed) > 0
            && (queueing || attempt < retry::PROBE_TRIES)
            && ask.url.path().ends_with("$export")
            && retry::may_be_for_others(whole.status, &whole.body, queueing)
    }

    /// `Retry-After`, seen from now.
    pub fn retry_after(&self, headers: &HeaderMap) -> Option<Duration> {
        retry::retry_after(headers, self.run.clock.now())
    }

    /// The stop for a request that was cut short because the run is being ended.
    pub fn halt_stop(&self, exchange: u32, trouble: &Trouble) -> Stop {
        stop(StopKind::Limit, Some(exchange), self.run.halted().unwrap_or_else(|| trouble.message.clone()))
    }
}

/// A reason to stop.
pub(crate) fn stop(kind: StopKind, exchange: Option<u32>, because: impl Into<String>) -> Stop {
    Stop { kind, exchange, because: because.into() }
}

/// The stop for a request that brought no answer.
pub(crate) fn no_answer(what: &str, reply: u32, trouble: &Trouble) -> Stop {
    stop(StopKind::Transport, Some(reply), format!("{what} brought no answer: {}", trouble.message))
}

/// FullResponse milliseconds.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
