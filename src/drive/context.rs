//! What all flows of a run share, and the state of one flow.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;

use crate::base::clock::Clock;
use crate::base::vocabulary::ExportLevel;
use crate::drive::export_levels::Declared;
use crate::drive::flow::state::{Cohort, DataChanges, ManifestTimes, Members};
use crate::drive::flow_results::{FlowOutcome, FlowResults};
use crate::drive::held_jobs::HeldJobs;
use crate::drive::progress::{Event, Progress};
use crate::drive::resume_journal::{JournalLine, OwnKickoff, ResumeJournal, Resumed};
use crate::drive::stops::stop;
use crate::drive::target_behavior::TargetBehavior;
use crate::fhir::definitions::tables::Tables;
use crate::measure::retry_after::retry_after;
use crate::measure::url_entropy::UrlEntropy;
use crate::ndjson::identity::RunKey;
use crate::plan::model::{Plan, PlannedFlow};
use crate::recording::early_end::{EarlyEnd, EarlyEndKind};
use crate::recording::model::{FlowRecord, Stop, StopKind, Trouble};
use crate::session::client::Session;
use crate::settings::run_settings::Settings;
use crate::suite::flow::{Identity, Moment, Needs};

/// Why the run cannot start any export.
#[derive(Clone, Debug)]
pub(crate) enum Unreachable {
    /// The token endpoint issues no token; holds the reason.
    Token(String),
    /// The target offers only TLS versions that this program does not support; holds the reason.
    Tls(String),
}

impl Unreachable {
    /// Returns the early end of a run that cannot reach its target.
    pub fn into_early_end(self) -> EarlyEnd {
        match self {
            Unreachable::Token(because) => EarlyEnd { kind: EarlyEndKind::NoToken, because },
            Unreachable::Tls(because) => EarlyEnd { kind: EarlyEndKind::OldTls, because },
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
    /// The jobs that this run started.
    pub jobs: HeldJobs,
    /// The file that lists the jobs in case the run is killed.
    pub journal: ResumeJournal,
    /// Jobs of a killed run, by the flow that resumes them.
    pub resumed: Mutex<Vec<(String, Resumed)>>,
    /// One permit per job that may run.
    pub permits: Semaphore,
    pub progress: Arc<dyn Progress>,
    /// Why the run cannot start any export, if so. Only flows without an export run then.
    pub no_way: Option<Unreachable>,
    /// Why the run is being ended, if it is.
    pub halted: Mutex<Option<EarlyEnd>>,
    /// What the run has seen of the target so far.
    pub target: TargetBehavior,
    /// FHIR's definitions, if the target declares their FHIR version.
    pub definitions: Option<Arc<Tables>>,
    /// By flow: the kick-off parameters that it dropped because the target refused them.
    pub dropped_params: Mutex<BTreeMap<String, Vec<String>>>,
    /// The key of the hashes of resources; never written to the recording.
    pub key: RunKey,
    /// The members of the exported Group, once they were read.
    pub members: Mutex<Option<Members>>,
    /// What hooks have changed so far.
    pub data_changes: Mutex<DataChanges>,
    /// The URLs that the target returned, to measure how hard they are to guess.
    pub url_entropy: UrlEntropy,
    /// Bytes of files, as received.
    pub file_bytes: AtomicU64,
}

impl RunContext<'_> {
    /// Notes that a job is deleted, or that the target no longer knows it.
    pub fn gone(&self, job: &Url) {
        self.jobs.gone(job);
        self.journal.write(&JournalLine::Gone(job.clone()));
    }

    /// Shows the first 429, after which the session sends fewer requests.
    pub fn note_if_throttled(&self, status: StatusCode) {
        if status == StatusCode::TOO_MANY_REQUESTS && !self.target.note_throttled() {
            self.progress.note("the server returned 429 Too Many Requests; the run now sends fewer requests");
        }
    }

    /// Takes the job of a killed run that `flow` resumes, if there is one.
    pub fn resumed(&self, flow: &str) -> Option<Resumed> {
        let mut resumed = self.resumed.lock().unwrap_or_else(PoisonError::into_inner);
        let at = resumed.iter().position(|(name, _)| name == flow)?;
        Some(resumed.swap_remove(at).1)
    }

    /// Takes the jobs of a killed run that no flow resumed.
    pub fn unclaimed(&self) -> Vec<Url> {
        let mut resumed = self.resumed.lock().unwrap_or_else(PoisonError::into_inner);
        resumed.drain(..).map(|(_, resumed)| resumed.job).collect()
    }

    /// Returns the members of the exported Group, if they were read.
    pub fn members(&self) -> Option<Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stores the members of the exported Group.
    pub fn set_members(&self, members: &Members) {
        *self.members.lock().unwrap_or_else(PoisonError::into_inner) = Some(members.clone());
    }

    /// Returns what hooks have changed so far. Do not hold this guard across `.await`.
    pub fn data_changes(&self) -> MutexGuard<'_, DataChanges> {
        self.data_changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all waits between requests.
    pub fn halt(&self, why: EarlyEnd) {
        *self.halted.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
        self.flow_results.halt();
    }

    /// Returns why the run is being ended, if it is.
    pub fn halted(&self) -> Option<EarlyEnd> {
        self.halted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the kick-off parameters that `flow` dropped.
    pub fn dropped_params(&self, flow: &str) -> Vec<String> {
        self.dropped_params.lock().unwrap_or_else(PoisonError::into_inner).get(flow).cloned().unwrap_or_default()
    }

    /// Notes that the target accepted the kick-off of `flow` only without these parameters.
    pub fn drop_params(&self, flow: &str, parameters: &[String]) {
        let mut dropped_params = self.dropped_params.lock().unwrap_or_else(PoisonError::into_inner);
        dropped_params.insert(flow.to_owned(), parameters.to_vec());
    }
}

/// A running flow.
pub(crate) struct FlowContext<'a> {
    pub run: &'a RunContext<'a>,
    pub planned: &'a PlannedFlow,
    record: Mutex<FlowRecord>,
    held: Mutex<Vec<(Url, Identity)>>,
    attachments: Mutex<Vec<String>>,
    cohort: Mutex<Cohort>,
    manifest_times: Mutex<Option<ManifestTimes>>,
    probes_end: OnceLock<Duration>,
    /// Whether the target refused a kick-off without a token.
    pub refused_without_token: AtomicBool,
    /// Whether files need the token although the manifest says otherwise.
    pub files_need_token: AtomicBool,
}

impl<'a> FlowContext<'a> {
    pub fn new(run: &'a RunContext<'a>, planned: &'a PlannedFlow) -> Self {
        let record = FlowRecord {
            name: planned.name.clone(),
            title: planned.flow.title.clone(),
            level_chosen: false,
            dropped_params: Vec::new(),
            export: ExportLevel::Any,
            params: Vec::new(),
            posted: false,
            comparison: None,
            unrequested_resources: None,
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
            manifest_times: Mutex::default(),
            probes_end: OnceLock::new(),
            refused_without_token: AtomicBool::new(false),
            files_need_token: AtomicBool::new(false),
        }
    }

    pub fn name(&self) -> &'a str {
        &self.planned.name
    }

    /// Returns the record of the flow so far. Do not hold this guard across `.await`.
    pub fn record(&self) -> MutexGuard<'_, FlowRecord> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the URLs of attachments in the files of this flow. Do not hold this guard across `.await`.
    pub fn attachments(&self) -> MutexGuard<'_, Vec<String>> {
        self.attachments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the Groups that this flow created. Do not hold this guard across `.await`.
    pub fn cohort(&self) -> MutexGuard<'_, Cohort> {
        self.cohort.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when the manifest was received, and how long its URLs work.
    pub fn manifest_times(&self) -> Option<ManifestTimes> {
        *self.manifest_times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes when the manifest was received, and how long its URLs work.
    pub fn set_manifest_times(&self, times: ManifestTimes) {
        *self.manifest_times.lock().unwrap_or_else(PoisonError::into_inner) = Some(times);
    }

    /// Returns the time, from the start of the run, at which the wait for the jobs of all probes ends: `--max-wait`
    /// after the first.
    pub fn probes_end(&self) -> Duration {
        *self.probes_end.get_or_init(|| self.run.clock.elapsed().saturating_add(self.run.settings.max_wait))
    }

    /// Returns the id of the Group that the flow exports.
    pub fn group(&self) -> Option<String> {
        match self.planned.flow.credentials {
            Some(Needs::Cohort) => self.cohort().made.clone(),
            Some(Needs::EmptyGroup) => self.run.settings.empty_group.clone(),
            _ => self.run.settings.groups.first().cloned(),
        }
    }

    /// Whether the flow exports the Group of `--empty-group`.
    pub fn is_of_empty_group(&self) -> bool {
        self.planned.flow.credentials == Some(Needs::EmptyGroup)
    }

    /// Whether the flow changes the client's keys.
    pub fn changes_keys(&self) -> bool {
        self.planned.flow.credentials == Some(Needs::KeySet)
    }

    /// Whether hooks change data for this flow.
    pub fn is_hooked(&self) -> bool {
        !self.planned.flow.of_hooks().is_empty()
    }

    /// Whether the flow has probes at `moment`.
    pub fn has_probes(&self, moment: Moment) -> bool {
        self.planned.flow.probes.iter().any(|probe| probe.at == moment)
    }

    /// Notes that a kick-off of this flow, to the URL `kickoff`, was accepted, so that the job is deleted when the flow
    /// ends. `identity` sent it; `own` is set if it was the flow's own kick-off and not that of a probe.
    pub fn hold(&self, job: &Url, kickoff: &Url, identity: Identity, own: Option<OwnKickoff>) {
        self.record().accepted += 1;
        self.run.target.kickoff_accepted();
        self.run.url_entropy.job(job);
        self.hold_one(job, Some(kickoff), identity, own);
    }

    /// The same for a job that is not an export, such as the creation of a Group.
    pub fn hold_other(&self, job: &Url, identity: Identity) {
        self.hold_one(job, None, identity, None);
    }

    fn hold_one(&self, job: &Url, kickoff: Option<&Url>, identity: Identity, own: Option<OwnKickoff>) {
        self.run.journal.write(&JournalLine::Held { flow: self.name().to_owned(), job: job.clone(), own });
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        // A server may return the same job twice.
        if !held.iter().any(|(one, _)| one == job) {
            // Only the client that started a job may be able to see it. All other identities are the first client.
            let owner = match identity {
                Identity::SecondClient | Identity::None => identity,
                _ => Identity::Client,
            };
            held.push((job.clone(), owner));
            self.run.jobs.hold(job, kickoff);
        }
    }

    /// Forgets a job of the flow. Returns false if the flow has no such job.
    pub fn forget(&self, job: &Url) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let before = held.len();
        held.retain(|(one, _)| one != job);
        held.len() < before
    }

    /// Returns the jobs of the flow, and the identity that may delete each.
    pub fn held(&self) -> Vec<(Url, Identity)> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn show(&self, event: Event<'_>) {
        self.run.progress.show(self.name(), event);
    }

    /// Waits for `time`; `what` says until when. The error is that the run is being ended.
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

    /// Waits for the permit to run one more job. The error is that the run is being ended.
    pub async fn permit(&self) -> Result<SemaphorePermit<'a>, Stop> {
        let ended = || {
            stop(
                StopKind::Limit,
                None,
                self.run.halted().map_or_else(|| "the run was ended".to_owned(), |end| end.because),
            )
        };
        tokio::select! {
            biased;
            () = self.run.session.interrupted() => Err(ended()),
            permit = self.run.permits.acquire() => permit.map_err(|_| ended()),
        }
    }

    /// Waits for the response to the kick-off of `flow`; `None` if there is no such flow. The error is that the run is
    /// being ended.
    pub async fn kickoff_of(&self, flow: &str) -> Result<Option<Result<ExportLevel, Stop>>, Stop> {
        let known = self.run.flow_results.kickoff(flow).await;
        self.check_halt().map(|()| known)
    }

    /// Waits until `flow` has ended; `None` if there is no such flow. The error is that the run is being ended.
    pub async fn outcome_of(&self, flow: &str) -> Result<Option<FlowOutcome>, Stop> {
        let known = self.run.flow_results.outcome(flow).await;
        self.check_halt().map(|()| known)
    }

    /// Returns an error if the run is being ended.
    pub fn check_halt(&self) -> Result<(), Stop> {
        match self.run.halted() {
            Some(end) => Err(stop(StopKind::Limit, None, end.because)),
            None => Ok(()),
        }
    }

    /// Returns the stop for a request that was interrupted because the run is being ended.
    pub fn halt_stop(&self, exchange: u32, trouble: &Trouble) -> Stop {
        stop(
            StopKind::Limit,
            Some(exchange),
            self.run.halted().map_or_else(|| trouble.message.clone(), |end| end.because),
        )
    }

    /// Returns the wait that `Retry-After` asks for, from now.
    pub fn retry_after(&self, headers: &HeaderMap) -> Option<Duration> {
        retry_after(headers, self.run.clock.now())
    }
}

/// Returns a time in milliseconds.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
