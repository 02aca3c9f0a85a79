//! The state of the server.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;

use crate::reference::cohort_store::CohortStore;
use crate::reference::data::population::Population;
use crate::reference::export::job::Jobs;
use crate::reference::fault::active_behaviors::ActiveBehaviors;
use crate::reference::fault::behavior::Behavior;
use crate::reference::options::{ServerAuth, ServerOptions};
use crate::reference::personality::spec::Personality;
use crate::reference::rate::RouteRates;
use crate::reference::reply::{Point, ServerReply};
use crate::reference::security::grant::IssuedToken;

/// The state of a reference server.
#[derive(Debug)]
pub(crate) struct ServerState {
    pub options: ServerOptions,
    behaviors: ActiveBehaviors,
    data: RwLock<DataHistory>,
    jobs: Mutex<Jobs>,
    notes: Mutex<RequestNotes>,
    cohorts: Mutex<CohortStore>,
}

/// The resources that the server has now and had before.
#[derive(Debug)]
struct DataHistory {
    now: Arc<Population>,
    /// Earlier populations, each with the time at which it was replaced.
    before: Vec<(SystemTime, Arc<Population>)>,
}

/// The facts about earlier requests that the server keeps in addition to jobs.
#[derive(Debug, Default)]
pub(crate) struct RequestNotes {
    /// Access tokens.
    pub tokens: HashMap<String, IssuedToken>,
    /// The key set of the first client as last read, and when the server must read it again.
    pub key_set: Option<(String, SystemTime)>,
    /// Ids of assertions, and when the assertions expire.
    pub assertions: HashMap<String, SystemTime>,
    /// How many responses each step of a fault has counted for each job or file.
    pub counts: HashMap<(usize, usize, String), u32>,
    /// The number of jobs started.
    pub started: u32,
    /// When the latest job started.
    pub latest_start: Option<SystemTime>,
    /// The resources changed since the server started, as type and id.
    pub changed: Vec<(String, String)>,
    /// The requests within the last minute, by route.
    pub rates: RouteRates,
    seen: BTreeSet<String>,
}

impl ServerState {
    /// The state of a new server.
    pub(crate) fn new(mut options: ServerOptions) -> Self {
        let behaviors = ActiveBehaviors::of(&options.faults);
        if behaviors.has(Behavior::ShortLived) {
            options.keep = Duration::from_secs(120);
        }
        let base = options.base.as_str().trim_end_matches('/');
        let population = match (options.patients, options.spec) {
            (Some(patients), _) => Population::generated(patients),
            (None, Personality::Hcpd) => Population::directory(base, behaviors.has(Behavior::ExportSuppressed)),
            (None, _) => Population::fixtures(base, behaviors.has(Behavior::OtherTenantShown), &options.ids),
        };
        let data = RwLock::new(DataHistory { now: Arc::new(population), before: Vec::new() });
        Self { options, behaviors, data, jobs: Mutex::default(), notes: Mutex::default(), cohorts: Mutex::default() }
    }

    /// The spec that the server implements.
    pub(crate) fn spec(&self) -> Personality {
        self.options.spec
    }

    /// The current time.
    pub(crate) fn now(&self) -> SystemTime {
        self.options.clock.now()
    }

    /// The resources that the server has now.
    pub(crate) fn population(&self) -> Arc<Population> {
        Arc::clone(&self.data.read().unwrap_or_else(PoisonError::into_inner).now)
    }

    /// The resources that the server had at `time`.
    pub(crate) fn population_at(&self, time: SystemTime) -> Arc<Population> {
        let data = self.data.read().unwrap_or_else(PoisonError::into_inner);
        let then = data.before.iter().find(|(until, _)| *until > time).map(|(_, then)| then);
        Arc::clone(then.unwrap_or(&data.now))
    }

    /// Replaces the resources; the new ones are valid from `time`.
    pub(crate) fn replace_population(&self, population: Population, time: SystemTime) {
        let mut data = self.data.write().unwrap_or_else(PoisonError::into_inner);
        let former = std::mem::replace(&mut data.now, Arc::new(population));
        // No other behavior needs earlier populations.
        if self.does(Behavior::LagsBehind) {
            data.before.push((time, former));
        }
    }

    /// Whether a fault switches on this behavior.
    pub(crate) fn does(&self, behavior: Behavior) -> bool {
        self.behaviors.has(behavior)
    }

    /// The behaviors that faults switch on.
    pub(crate) fn behaviors(&self) -> &ActiveBehaviors {
        &self.behaviors
    }

    /// The jobs, locked for one response.
    pub(crate) fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The notes, locked for one response.
    pub(crate) fn notes(&self) -> MutexGuard<'_, RequestNotes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The Groups that clients created, locked for one response.
    pub(crate) fn cohorts(&self) -> MutexGuard<'_, CohortStore> {
        self.cohorts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The base URL, without a trailing slash.
    pub(crate) fn base(&self) -> &str {
        self.options.base.as_str().trim_end_matches('/')
    }

    /// The scheme, host and port of the base URL.
    pub(crate) fn origin(&self) -> String {
        self.options.base.origin().ascii_serialization()
    }

    /// Whether requests need a token.
    pub(crate) fn is_protected(&self) -> bool {
        !matches!(self.options.auth, ServerAuth::None)
    }

    /// Whether clients request tokens by SMART Backend Services.
    pub(crate) fn has_smart(&self) -> bool {
        matches!(self.options.auth, ServerAuth::Smart(_))
    }

    /// Whether clients can create Groups. Protected servers permit reading only.
    pub(crate) fn has_cohorts(&self) -> bool {
        self.spec() == Personality::Stu3 && !self.is_protected()
    }

    /// The maximum number of lines in a file.
    pub(crate) fn lines_per_file(&self) -> u64 {
        let usual = if self.options.patients.is_some() { 50_000 } else { 40 };
        self.options.lines_per_file.unwrap_or(usual).max(1)
    }

    /// 128 random bits, as 22 characters that need no encoding in a URL.
    ///
    /// # Errors
    /// The response to send if the system provides no random numbers.
    pub(crate) fn secret(&self) -> Result<String, Box<ServerReply>> {
        Ok(URL_SAFE_NO_PAD.encode(self.random::<16>()?))
    }

    /// Random bytes.
    ///
    /// # Errors
    /// The response to send if the system provides no random numbers.
    pub(crate) fn random<const N: usize>(&self) -> Result<[u8; N], Box<ServerReply>> {
        let mut bytes = [0_u8; N];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            Box::new(ServerReply::refusal(Point::Other, status, "exception", "the system provides no random numbers"))
        })?;
        Ok(bytes)
    }

    /// Whether this method was called with the same text before.
    pub(crate) fn is_repeated(&self, text: &str) -> bool {
        !self.notes().seen.insert(text.to_owned())
    }
}
