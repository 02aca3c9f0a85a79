//! What the reference server is told.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::base::clock::Clock;
use crate::base::secret::Secret;
use crate::base::vocabulary::words;
use crate::reference::data::changes::DataMutator;
use crate::reference::fault::definition::Fault;

words! {
    /// The rule book that the server keeps.
    Personality {
        /// The textbook flow: as HL7's newest, since it asks for less.
        Lesson = "lesson",
        /// HL7 Bulk Data Access, STU 1.
        Stu1 = "hl7-1.0.1",
        /// HL7 Bulk Data Access, STU 2.
        Stu2 = "hl7-2.0.0",
        /// HL7 Bulk Data Access, STU 3.
        Stu3 = "hl7-3.0.0",
        /// Smile CDR's bulk export, which is HAPI FHIR's.
        Smile = "smile-cdr",
        /// Australia's Health Connect Provider Directory, on top of STU 3.
        Hcpd = "au-hcpd-0.3.0-preview",
    }
}

impl Personality {
    /// Which edition of HL7's guide it keeps, or leans on: 1, 2 or 3.
    pub fn edition(self) -> u8 {
        match self {
            Personality::Stu1 => 1,
            Personality::Stu2 => 2,
            Personality::Stu3 | Personality::Smile | Personality::Lesson | Personality::Hcpd => 3,
        }
    }

    /// The version of HL7's guide, as `3.0.0`.
    pub fn version(self) -> &'static str {
        match self {
            Personality::Stu1 => "1.0.1",
            Personality::Stu2 => "2.0.0",
            Personality::Stu3 | Personality::Smile | Personality::Lesson | Personality::Hcpd => "3.0.0",
        }
    }
}

/// Everything the reference server is told.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// The rule book.
    pub spec: Personality,
    /// The FHIR base URL that absolute links show; its path is where the router answers.
    pub base: Url,
    /// The source of time.
    pub clock: Clock,
    /// None: the fixtures. Otherwise as many generated patients, with their data, made while they are sent.
    pub patients: Option<u64>,
    /// The ways in which it is wrong or unusual.
    pub faults: Vec<Fault>,
    /// Who may ask.
    pub auth: ServerAuth,
    /// Where the first client's keys are read, in place of its own; none: those it is registered with.
    pub key_feed: Option<KeyFeed>,
    /// A Group that no client may export.
    pub kept_group: Option<String>,
    /// How long an access token lasts.
    pub token_time: Duration,
    /// How long a job runs.
    pub job_time: Duration,
    /// How long a finished job and its files stay.
    pub keep: Duration,
    /// Whether resources that are there may be changed and deleted by PUT and DELETE.
    pub writable: bool,
    /// What changes its data from within this process.
    pub hand: Option<DataMutator>,
    /// Lines in a file; none: 40 for the fixtures, 50,000 for a generated population.
    pub lines_per_file: Option<u64>,
}

impl ServerOptions {
    /// The honest, open server with the fixtures: jobs of two seconds, kept for an hour, or for the two that Smile CDR
    /// keeps them.
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
            hand: None,
            lines_per_file: None,
        }
    }
}

/// Who may ask.
#[derive(Clone, Debug)]
pub enum ServerAuth {
    /// Everyone.
    None,
    /// Who shows this bearer token.
    Token(Secret),
    /// Registered SMART Backend Services clients, by tokens of [`ServerOptions::token_time`] from `BASE/auth/token`.
    Smart(Vec<SmartClient>),
}

/// A registered SMART Backend Services client.
#[derive(Clone, Debug)]
pub struct SmartClient {
    /// Its id, the `iss` and `sub` of its assertions.
    pub client_id: String,
    /// Its public keys: a PEM file's text, a JWK or a JWK set. A key of a PEM file has no id.
    pub public_key: String,
}

/// The scope that this server grants to no client.
pub const KEPT_SCOPE: &str = "system/AuditEvent.rs";

/// A client's key set, at an address that is read as often as it must be.
#[derive(Clone)]
pub struct KeyFeed {
    /// Reads the set, as JSON.
    pub read: Arc<dyn Fn() -> String + Send + Sync>,
    /// How long what was read may be kept.
    pub max_age: Duration,
}

impl std::fmt::Debug for KeyFeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyFeed({:?})", self.max_age)
    }
}
