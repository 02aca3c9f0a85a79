//! What a run is told about its target and its own limits. Filled by the command line and `plimsoll.toml`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::base::secret::Secret;
use crate::base::vocabulary::ExportLevel;
use crate::drive::hooks::Hooks;
use crate::fhir::profile::profiles::Profiles;
use crate::measure::withheld_resources::WithheldMark;
use crate::settings::key_set::KeySet;
use crate::suite::param::SampleValueName;

/// Everything the drive needs to know beside the plan.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The FHIR base URL, without a closing slash in its path.
    pub base: Url,
    /// The levels to export at, when named; none: those that the CapabilityStatement declares.
    pub levels: Option<Vec<ExportLevel>>,
    /// Ids of Groups that may be exported; the first is used.
    pub groups: Vec<String>,
    /// Resource types to which exports without a `_type` of their own are kept, to spare a production server.
    pub types: Vec<String>,
    /// Values that exist on the target, in place of picks from its data.
    pub values: BTreeMap<SampleValueName, String>,
    /// Jobs that may run at once.
    pub jobs: usize,
    /// The longest time from a kick-off to its completion.
    pub max_wait: Duration,
    /// The shortest time between two requests for the same thing.
    pub least_wait: Duration,
    /// The longest time of the whole run.
    pub deadline: Option<Duration>,
    /// The longest time to connect.
    pub connect_timeout: Duration,
    /// The longest time without a byte.
    pub idle_timeout: Duration,
    /// The most bytes taken from files, over the wire.
    pub max_bytes: u64,
    /// Leave jobs on the target.
    pub no_delete: bool,
    /// Poll deleted jobs once more a minute later, where a probe asks for it.
    pub wait_for_expiry: bool,
    /// Origins beside the base's that may see the token.
    pub allow_origins: Vec<url::Origin>,
    /// Where to keep the files' bodies.
    pub keep_files: Option<PathBuf>,
    /// Profiles that resources are held to beyond FHIR's own definitions.
    pub profiles: Option<Arc<Profiles>>,
    /// How requests are authorized.
    pub credentials: Credentials,
    /// How those of a second client are, whose jobs the first must not see.
    pub second: Option<Credentials>,
    /// Accept any certificate. Leaves no verdict conformant.
    pub insecure: bool,
    /// Plain http is meant, on this machine or not: TLS is not this server's.
    pub allow_http: bool,
    /// More certificate authorities, as a PEM file.
    pub ca_file: Option<PathBuf>,
    /// More of them, in DER.
    pub authorities: Vec<Vec<u8>>,
    /// The certificate that we show and its private key, as a PEM file.
    pub client_cert: Option<PathBuf>,
    /// Where the run serves the public keys of its client, to be read by the target.
    pub key_set: Option<KeySet>,
    /// A scope that the target keeps from the run's client.
    pub forbidden_scope: Option<String>,
    /// A Group that the run's client may not export.
    pub forbidden_group: Option<String>,
    /// A Group without members.
    pub empty_group: Option<String>,
    /// Groups may be made on the target, and are deleted.
    pub allow_writes: bool,
    /// The target has the Bulk Cohort API, whether it declares so or not.
    pub cohorts: bool,
    /// Commands that change the target's data, for tests of what exports then show.
    pub hooks: Hooks,
    /// Resources that the run's client must never be given.
    pub forbidden_resources: Arc<Vec<WithheldMark>>,
    /// Use the proxies of the environment.
    pub use_proxy: bool,
}

impl Settings {
    /// The defaults, for a target at `base`.
    pub fn new(base: Url) -> Self {
        Self {
            base,
            levels: None,
            groups: Vec::new(),
            types: Vec::new(),
            values: BTreeMap::new(),
            jobs: 4,
            max_wait: Duration::from_secs(600),
            least_wait: crate::drive::flow::retry::MIN_WAIT,
            deadline: None,
            connect_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(60),
            max_bytes: 64 << 30,
            no_delete: false,
            wait_for_expiry: false,
            allow_origins: Vec::new(),
            keep_files: None,
            profiles: None,
            credentials: Credentials::None,
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
    /// Not at all.
    None,
    /// A bearer token that lasts as long as the run.
    Token(Secret),
    /// SMART Backend Services.
    Smart(Smart),
}

/// A SMART Backend Services client.
#[derive(Clone, Debug)]
pub struct Smart {
    /// The client id, which is `iss` and `sub` of the assertion.
    pub client_id: String,
    /// The private key: PEM (PKCS #1 or #8) or a JWK.
    pub key: Secret,
    /// The key id that the server knows the key by; a JWK names its own.
    pub key_id: Option<String>,
    /// The token endpoint; none: found by `.well-known/smart-configuration`.
    pub token_url: Option<Url>,
    /// The scopes asked for.
    pub scope: String,
}
