//! The settings of a run: its target and its limits, filled by the command line and `plimsoll.toml`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::base::secret::Secret;
use crate::base::vocabulary::ExportLevel;
use crate::fhir::profile::profiles::Profiles;
use crate::settings::hooks::Hooks;
use crate::settings::key_set::KeySet;
use crate::settings::withheld_mark::WithheldMark;
use crate::suite::param::SampleValueName;

/// The default of the shortest wait between two equal requests.
pub const MIN_WAIT: Duration = Duration::from_secs(1);
/// The default number of jobs that may run at the same time.
pub const DEFAULT_JOBS: usize = 4;
/// The default of the longest time from a kick-off until its job completes.
pub const DEFAULT_MAX_WAIT: Duration = Duration::from_secs(600);
/// The default of the most bytes of files that are downloaded.
pub const DEFAULT_MAX_BYTES: u64 = 64 << 30;

/// The default of the longest time without a byte.
pub const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// The default of the most requests per minute on each route. Some servers block a client that sends more than 60.
pub const DEFAULT_RATE: usize = 55;

/// Everything that a run needs in addition to the plan.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The FHIR base URL, without a trailing slash.
    pub base: Url,
    /// The levels to export; `None` means those that the CapabilityStatement declares.
    pub levels: Option<Vec<ExportLevel>>,
    /// Ids of Groups that may be exported; the run uses the first.
    pub groups: Vec<String>,
    /// Resource types that limit exports without a `_type` of their own, to reduce the load on a production server.
    pub types: Vec<String>,
    /// Sample values that the user sets.
    pub values: BTreeMap<SampleValueName, String>,
    /// The most jobs that run at the same time.
    pub jobs: usize,
    /// The longest time from a kick-off until its job completes.
    pub max_wait: Duration,
    /// The shortest time between two equal requests.
    pub least_wait: Duration,
    /// The longest time of the whole run.
    pub deadline: Option<Duration>,
    /// The longest time to connect.
    pub connect_timeout: Duration,
    /// The longest time without a byte.
    pub idle_timeout: Duration,
    /// The most requests per minute on each of three routes: kick-offs at system level, other kick-offs, polls; `None`
    /// for no limit.
    pub rate: Option<usize>,
    /// The most bytes of files, as received.
    pub max_bytes: u64,
    /// Delete no jobs.
    pub no_delete: bool,
    /// Wait until tokens and file URLs expire, and poll deleted jobs again after a minute, if a probe does so.
    pub wait_for_expiry: bool,
    /// More origins that may get the token.
    pub allow_origins: Vec<url::Origin>,
    /// The folder in which the bodies of files are stored.
    pub keep_files: Option<PathBuf>,
    /// Profiles to validate resources against, in addition to FHIR's own definitions.
    pub profiles: Option<Arc<Profiles>>,
    /// How requests are authorized.
    pub credentials: Credentials,
    /// The run has a token, but the user does not state that the target is protected.
    pub unstated_protection: bool,
    /// The credentials of a second client, which must not see the jobs of the first.
    pub second: Option<Credentials>,
    /// Accept any certificate. No such run is conformant.
    pub insecure: bool,
    /// Permit plain HTTP to all hosts, because something else provides TLS.
    pub allow_http: bool,
    /// A PEM file with more certificate authorities.
    pub ca_file: Option<PathBuf>,
    /// More certificate authorities, in DER.
    pub authorities: Vec<Vec<u8>>,
    /// A PEM file with the client certificate and its private key.
    pub client_cert: Option<PathBuf>,
    /// The public keys of the client that the run serves to the target.
    pub key_set: Option<KeySet>,
    /// A scope that the target must not grant to the client.
    pub forbidden_scope: Option<String>,
    /// A Group that the client may not export.
    pub forbidden_group: Option<String>,
    /// A Group without members.
    pub empty_group: Option<String>,
    /// The run may create Groups on the target; it deletes them.
    pub allow_writes: bool,
    /// The target has the Bulk Cohort API even if it does not declare it.
    pub cohorts: bool,
    /// Commands that change the data of the target, to test what later exports show.
    pub hooks: Hooks,
    /// Resources that the client must never receive.
    pub forbidden_resources: Arc<Vec<WithheldMark>>,
    /// Use the proxies of the environment.
    pub use_proxy: bool,
}

impl Settings {
    /// Returns the default settings for a target at `base`.
    pub fn new(base: Url) -> Self {
        Self {
            base,
            levels: None,
            groups: Vec::new(),
            types: Vec::new(),
            values: BTreeMap::new(),
            jobs: DEFAULT_JOBS,
            max_wait: DEFAULT_MAX_WAIT,
            least_wait: MIN_WAIT,
            deadline: None,
            connect_timeout: Duration::from_secs(5),
            idle_timeout: DEFAULT_IDLE_TIMEOUT,
            rate: None,
            max_bytes: DEFAULT_MAX_BYTES,
            no_delete: false,
            wait_for_expiry: false,
            allow_origins: Vec::new(),
            keep_files: None,
            profiles: None,
            credentials: Credentials::None,
            unstated_protection: false,
            second: None,
            insecure: false,
            allow_http: false,
            ca_file: None,
            authorities: Vec::new(),
            client_cert: None,
            key_set: None,
            forbidden_scope: None,
            forbidden_group: None,
            empty_group: None,
            allow_writes: false,
            cohorts: false,
            hooks: Hooks::default(),
            forbidden_resources: Arc::default(),
            use_proxy: false,
        }
    }
}

/// How requests are authorized.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// Without credentials.
    None,
    /// With a bearer token that lasts as long as the run.
    Token(Secret),
    /// With SMART Backend Services.
    Smart(Smart),
}

/// A client of SMART Backend Services.
#[derive(Clone, Debug)]
pub struct Smart {
    /// The client id: `iss` and `sub` of the assertion.
    pub client_id: String,
    /// The private key: PEM (PKCS #1 or #8) or a JWK.
    pub key: Secret,
    /// The id of the key at the server; a JWK names its own.
    pub key_id: Option<String>,
    /// The token endpoint; `None` means the one in `.well-known/smart-configuration`.
    pub token_url: Option<Url>,
    /// The requested scopes.
    pub scope: String,
}
