//! The options of the reference server.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::base::clock::Clock;
use crate::base::secret::Secret;
use crate::reference::data::mutator::DataMutator;
use crate::reference::fault::definition::Fault;
use crate::reference::personality::spec::Personality;

/// The options of the reference server.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// The spec that it implements.
    pub spec: Personality,
    /// The FHIR base URL. Absolute links start with it, and the router serves the paths below it.
    pub base: Url,
    /// The source of time.
    pub clock: Clock,
    /// The number of generated patients; `None` if the server has the fixtures.
    pub patients: Option<u64>,
    /// The faults and legal variants that it has.
    pub faults: Vec<Fault>,
    /// How it is protected.
    pub auth: ServerAuth,
    /// The key set of the first client; `None` if its registered keys are used.
    pub key_feed: Option<KeyFeed>,
    /// A Group that no client may export.
    pub kept_group: Option<String>,
    /// How long an access token lasts.
    pub token_time: Duration,
    /// How long a job runs.
    pub job_time: Duration,
    /// How long the server keeps a finished job and its files.
    pub keep: Duration,
    /// Whether clients can change and delete existing resources with PUT and DELETE.
    pub writable: bool,
    /// Changes its data from within this process.
    pub mutator: Option<DataMutator>,
    /// Other ids than those of the fixtures.
    pub ids: IdShapes,
    /// The maximum number of lines in a file; `None` for 40 with fixtures, 50,000 if generated.
    pub lines_per_file: Option<u64>,
}

impl ServerOptions {
    /// Options of a conformant server with the fixtures and without access control. Jobs run for two seconds. The
    /// server keeps jobs for one hour, or for two hours as Smile CDR.
    pub fn new(spec: Personality, base: Url, clock: Clock) -> Self {
        let hours = if spec == Personality::Smile { 2 } else { 1 };
        Self {
            spec,
            base,
            clock,
            patients: None,
            faults: Vec::new(),
            auth: ServerAuth::None,
            key_feed: None,
            kept_group: None,
            token_time: Duration::from_secs(300),
            job_time: Duration::from_secs(2),
            keep: Duration::from_secs(hours * 3600),
            writable: false,
            mutator: None,
            ids: IdShapes::default(),
            lines_per_file: None,
        }
    }
}

/// Ids as other servers have them: UUIDs, digits, Base64 and others.
#[derive(Clone, Debug, Default)]
pub struct IdShapes {
    /// Texts in the fixtures, and the texts that replace them.
    pub fixtures: Vec<(String, String)>,
    /// What precedes and follows the usual id of a job.
    pub jobs: (String, String),
}

impl IdShapes {
    /// Returns a text of the fixtures with the ids of this server.
    pub(crate) fn rename(&self, text: &str) -> String {
        self.fixtures.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }
}

/// How the server is protected.
#[derive(Clone, Debug)]
pub enum ServerAuth {
    /// All requests are permitted.
    None,
    /// Requests need this bearer token.
    Token(Secret),
    /// Requests need a token from `BASE/auth/token`, which these SMART Backend Services clients can request. A token
    /// lasts for [`ServerOptions::token_time`].
    Smart(Vec<SmartClient>),
}

/// A registered SMART Backend Services client.
#[derive(Clone, Debug)]
pub struct SmartClient {
    /// The id of the smart client, the `iss` and `sub` of its assertions.
    pub client_id: String,
    /// Its public keys: the text of a PEM file, a JWK or a JWK set. A key of a PEM file has no id.
    pub public_key: String,
}

/// The scope that the server grants to no client.
pub const KEPT_SCOPE: &str = "system/AuditEvent.rs";

/// The key set of a client.
#[derive(Clone)]
pub struct KeyFeed {
    /// Reads the set, as JSON.
    pub read: Arc<dyn Fn() -> String + Send + Sync>,
    /// How long the server may keep it.
    pub max_age: Duration,
}

impl std::fmt::Debug for KeyFeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyFeed({:?})", self.max_age)
    }
}
