//! A run against a target: requests the CapabilityStatement, runs the flows of the plan concurrently, and returns the
//! recording.

use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use crate::base::clock::Clock;
use crate::base::instant::rfc3339;
use crate::drive::context::{RunContext, Unreachable};
use crate::drive::export_levels;
use crate::drive::export_levels::Declared;
use crate::drive::flow::{cleanup, delete, requests, run_flow};
use crate::drive::flow_results::FlowResults;
use crate::drive::held_jobs::HeldJobs;
use crate::drive::progress::{Progress, Silent};
use crate::drive::resume_journal::{Leftovers, ResumeJournal};
use crate::drive::target_behavior::TargetBehavior;
use crate::measure::url_entropy::UrlEntropy;
use crate::ndjson::identity::RunKey;
use crate::plan::model::Plan;
use crate::recording::early_end::{EarlyEnd, EarlyEndKind};
use crate::recording::model::{End, FORMAT, Recording, Role, Start, TroubleKind};
use crate::recording::store::Writer;
use crate::redact::recorder::Recorder;
use crate::session::client::Session;
use crate::session::exchange::RequestSpec;
use crate::settings::recorded::recorded;
use crate::settings::run_settings::{Credentials, Settings};
use crate::suite::flow::Identity;
use crate::transport::message::Transport;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http::Method;
use http::header::ACCEPT;
use tokio::sync::{Semaphore, watch};

/// What a run needs in addition to the plan, the settings and the target.
pub struct RunOptions {
    /// The digest of the suites that the plan was made from.
    pub suites: String,
    /// Whether the target is the embedded reference server.
    pub embedded: bool,
    /// Shows the progress of the run.
    pub progress: Arc<dyn Progress>,
    /// Turns true when the run must end. Jobs are then deleted, and the recording is kept.
    pub interrupt: watch::Receiver<bool>,
    /// Writes the recording during the run; `None` keeps it in memory only.
    pub sink: Option<Writer>,
    /// The file for the full polling URLs of jobs that could not be deleted, readable by the user only. The recording
    /// holds redacted URLs, which cannot be used to delete the jobs.
    pub leftovers: Option<PathBuf>,
    /// The file for the running jobs, readable by the user only, so that a killed run can be resumed; `None` writes
    /// nothing. The file is removed when the run ends by itself.
    pub journal: Option<PathBuf>,
    /// The jobs that a killed run left on the target. They are resumed; no new jobs are started for them.
    pub remains: Leftovers,
}

impl RunOptions {
    /// Returns options that show nothing, write nothing to disk, and have no interruption.
    pub fn quiet(suites: impl Into<String>) -> Self {
        let (_, interrupt) = watch::channel(false);
        Self {
            suites: suites.into(),
            embedded: false,
            progress: Arc::new(Silent),
            interrupt,
            sink: None,
            leftovers: None,
            journal: None,
            remains: Leftovers::default(),
        }
    }
}

/// Why a run has no recording.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is no response from the base URL.
    #[error("no response from {base}: {why}; check that the server is running and that the URL is its FHIR base URL")]
    Unreachable {
        /// The target's base.
        base: String,
        /// The reason.
        why: String,
    },
    /// The token endpoint issued no access token.
    #[error("no access token for {base}: {why}")]
    Credentials {
        /// The target's base.
        base: String,
        /// The reason.
        why: String,
    },
}

/// Runs `plan` against the target of `settings`. A run that ends early has a recording too; see [`End::early`].
pub async fn run(
    plan: &Plan,
    settings: Settings,
    transport: Arc<dyn Transport>,
    clock: Clock,
    options: RunOptions,
) -> Result<Recording, RunError> {
    Drive::new(settings, transport, clock, options).run(plan).await
}

/// A run in two steps, for callers that need the CapabilityStatement before they can make a plan.
pub struct Drive {
    session: Session,
    settings: Arc<Settings>,
    clock: Clock,
    options: RunOptions,
    start: Start,
    declared: Option<Declared>,
    no_way: Option<Unreachable>,
}

impl Drive {
    /// Prepares a run; sends nothing.
    pub fn new(settings: Settings, transport: Arc<dyn Transport>, clock: Clock, mut options: RunOptions) -> Self {
        let settings = Arc::new(settings);
        let recorder = Recorder::new(&settings, clock, options.sink.take());
        let start = Start {
            format: FORMAT,
            plimsoll: env!("CARGO_PKG_VERSION").to_owned(),
            suites: options.suites.clone(),
            base: recorder.redact_url(&settings.base).trim_end_matches('/').to_owned(),
            started: rfc3339(clock.now()),
            settings: recorded(&settings),
            embedded: options.embedded,
            ..Start::default()
        };
        recorder.start(start.clone());
        let session = Session::new(settings.clone(), transport, clock, recorder);
        Self { session, settings, clock, options, start, declared: None, no_way: None }
    }

    /// Returns what the target's CapabilityStatement declares. The first call requests it, first without credentials,
    /// because it is public on most servers. A target without one declares nothing. No response at all is an error.
    pub async fn metadata(&mut self) -> Result<&Declared, RunError> {
        let declared = match self.declared.take() {
            Some(known) => known,
            None if self.end_reason().is_some() => Declared::default(),
            None => match self.until_ended(self.request_metadata()).await {
                // Our TLS library does not support such old versions, so only a probe can find them.
                Err(RunError::Unreachable { why, .. })
                    if self.until_ended(self.session.tls().base_offers_only_old_tls()).await =>
                {
                    let why = format!("the server supports no TLS newer than 1.1, so no request can be sent: {why}");
                    self.no_way = Some(Unreachable::Tls(why));
                    Declared::default()
                }
                other => other?,
            },
        };
        self.start.software.clone_from(&declared.software);
        self.start.fhir.clone_from(&declared.fhir);
        Ok(self.declared.insert(declared))
    }

    async fn request_metadata(&self) -> Result<Declared, RunError> {
        let request = RequestSpec {
            flow: None,
            identity: Identity::None,
            ..requests::plain(
                "",
                Role::Metadata,
                Method::GET,
                requests::under(&self.settings.base, &["metadata"]),
                requests::usual(&[(ACCEPT, "application/fhir+json")]),
            )
        };
        let mut reply = self.session.send(request.clone()).await;
        let protected = reply.result.as_ref().is_ok_and(|whole| matches!(whole.status.as_u16(), 401 | 403));
        if protected && !matches!(self.settings.credentials, Credentials::None) {
            self.session.recorder().supersede(reply.exchange);
            reply = self.session.send(RequestSpec { identity: Identity::Client, ..request }).await;
        }
        // A target that redirects to an unreachable address has responded.
        let responded = self.session.recorder().is_answered();
        match reply.result {
            Err(trouble)
                if matches!(trouble.kind, TroubleKind::Connect | TroubleKind::Tls | TroubleKind::NotSent)
                    && !responded =>
            {
                Err(RunError::Unreachable { base: self.start.base.clone(), why: trouble.message })
            }
            Ok(whole) if whole.status.is_success() => {
                Ok(serde_json::from_slice(&whole.body).map(|body| export_levels::read(&body)).unwrap_or_default())
            }
            _ => Ok(Declared::default()),
        }
    }

    /// Runs the flows of `plan` and returns the recording. A plan without flows sends nothing.
    pub async fn run(mut self, plan: &Plan) -> Result<Recording, RunError> {
        self.start.specs.clone_from(&plan.specs);
        self.start.informational_specs.clone_from(&plan.informational_specs);
        if !plan.whole {
            let mut selected: Vec<String> = Vec::new();
            for test in &plan.tests {
                if !selected.contains(&test.id) {
                    selected.push(test.id.clone());
                }
            }
            self.start.selected = Some(selected);
        }
        let mut declared = Declared::default();
        if !plan.flows.is_empty() {
            declared = self.metadata().await?.clone();
        }
        self.session.recorder().start(self.start.clone());
        let mut no_way = self.no_way.clone();
        if no_way.is_none()
            && !plan.flows.is_empty()
            && self.end_reason().is_none()
            && let Err(trouble) = self.until_ended(self.session.authorize()).await
            && trouble.kind != TroubleKind::Interrupted
        {
            let refused = RunError::Credentials { base: self.start.base.clone(), why: trouble.message };
            // Flows of probes can still test why the server issues no token.
            if !plan.flows.iter().any(|planned| planned.flow.probes_only && planned.flow.credentials.is_some()) {
                return Err(refused);
            }
            no_way = Some(Unreachable::Token(refused.to_string()));
        }
        // We have the definitions of R4 only; resources of other versions are checked as JSON.
        let definitions = declared.fhir.as_deref().is_some_and(is_r4).then(crate::fhir::definitions::embedded::r4);
        let journal = ResumeJournal::create(self.options.journal.as_deref()).unwrap_or_else(|error| {
            self.options.progress.note(&format!("this run cannot be resumed if it is killed: {error}"));
            ResumeJournal::default()
        });
        let Leftovers { jobs: resumed, others } = std::mem::take(&mut self.options.remains);
        let run = RunContext {
            plan,
            journal,
            resumed: Mutex::new(resumed),
            settings: self.settings.clone(),
            session: self.session.clone(),
            clock: self.clock,
            declared,
            flow_results: FlowResults::new(plan.flows.iter().map(|flow| flow.name.as_str())),
            jobs: HeldJobs::default(),
            permits: Semaphore::new(self.settings.jobs.clamp(1, Semaphore::MAX_PERMITS)),
            progress: self.options.progress.clone(),
            halted: Mutex::new(None),
            no_way: no_way.clone(),
            target: TargetBehavior::default(),
            definitions,
            dropped_params: Mutex::default(),
            key: RunKey::new(),
            members: Mutex::default(),
            data_changes: Mutex::default(),
            url_entropy: UrlEntropy::default(),
            file_bytes: AtomicU64::new(0),
        };
        let all = async {
            delete::delete_abandoned(&run, &others).await;
            let mut flows: FuturesUnordered<_> = plan.flows.iter().map(|flow| run_flow::run(&run, flow)).collect();
            while flows.next().await.is_some() {}
            // Jobs of a killed run that no flow resumed.
            delete::delete_abandoned(&run, &run.unclaimed()).await;
        };
        tokio::select! {
            biased;
            // This branch is polled first, so that a run that is ended before its first flow sends nothing.
            () = self.halt_in_time(&run) => {}
            () = all => {}
        }
        let recorder = self.session.recorder();
        let left = run.jobs.left();
        if let (Some(path), false) = (&self.options.leftovers, left.is_empty())
            && let Err(error) = cleanup::list_leftovers(path, &left)
        {
            self.options.progress.note(&format!("cannot write {}: {error}", path.display()));
        }
        run.journal.close();
        recorder.end(End {
            finished: rfc3339(self.clock.now()),
            early: run.halted().or(no_way.map(Unreachable::into_early_end)),
            leftovers: left.iter().map(|job| recorder.redact_url(job)).collect(),
            bytes: self.session.bytes(),
            guessing: Some(run.url_entropy.facts(&self.settings.base, self.clock.now())),
        });
        if let Some(error) = recorder.sink_error() {
            self.options
                .progress
                .note(&format!("the recording file is incomplete, because it could not be written: {error}"));
        }
        Ok(recorder.take())
    }

    /// Ends all waits and requests when the run is interrupted or its deadline passes. Never returns; the flows end by
    /// themselves after their clean-up.
    async fn halt_in_time(&self, run: &RunContext<'_>) {
        let why = self.wait_for_end().await;
        run.halt(why);
        self.session.interrupt();
        std::future::pending().await
    }

    /// Runs `work`, which sends requests. When the run is interrupted or its deadline passes, these requests end, and
    /// `work` with them.
    async fn until_ended<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        tokio::select! {
            biased;
            _ = self.wait_for_end() => {}
            done = &mut work => return done,
        }
        self.session.interrupt();
        work.await
    }

    /// Waits until the run is interrupted or its deadline passes; returns the reason.
    async fn wait_for_end(&self) -> EarlyEnd {
        loop {
            if let Some(why) = self.end_reason() {
                return why;
            }
            let deadline = async {
                match self.settings.deadline {
                    Some(deadline) => self.clock.sleep(deadline.saturating_sub(self.clock.elapsed())).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = raised(self.options.interrupt.clone()) => {}
                () = deadline => {}
                _ = self.session.died() => {}
            }
        }
    }

    /// Returns why the run must end now, if it must.
    fn end_reason(&self) -> Option<EarlyEnd> {
        if *self.options.interrupt.borrow() {
            return Some(EarlyEnd { kind: EarlyEndKind::Interrupted, because: "the run was interrupted".to_owned() });
        }
        if let Some(because) = self.session.why_dead() {
            return Some(EarlyEnd { kind: EarlyEndKind::NoResponse, because });
        }
        let deadline = self.settings.deadline.filter(|deadline| self.clock.elapsed() >= *deadline)?;
        let because = format!("the deadline of {} s passed", deadline.as_secs());
        Some(EarlyEnd { kind: EarlyEndKind::Deadline, because })
    }
}

/// Waits until the flag is true. Waits forever if the sender is dropped first.
async fn raised(mut flag: watch::Receiver<bool>) {
    if flag.wait_for(|raised| *raised).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Returns whether a `fhirVersion` is a version of R4, such as 4.0.1.
fn is_r4(version: &str) -> bool {
    version == "4.0" || version.starts_with("4.0.")
}
