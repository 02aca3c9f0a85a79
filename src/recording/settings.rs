//! The settings of a run in its recording. They have no secrets.

use serde::{Deserialize, Serialize};

use crate::base::vocabulary::{ExportLevel, words};
use crate::suite::flow::HookName;

words! {
    /// How the requests of a run are authorized.
    #[derive(Default)]
    Authorization {
        /// Without authorization.
        #[default]
        None = "none",
        /// With a bearer token that the user gave.
        BearerToken = "bearer-token",
        /// With SMART Backend Services.
        Smart = "smart",
    }
}

/// What the user set for a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedSettings {
    /// How requests are authorized.
    pub authorization: Authorization,
    /// The run has a token, but the user does not state that the target is protected.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unstated_protection: bool,
    /// The levels to export at; none: those that the CapabilityStatement declares.
    pub levels: Option<Vec<ExportLevel>>,
    /// Ids of Groups that may be exported.
    pub groups: Vec<String>,
    /// The resource types of exports without a `_type` of their own.
    pub types: Vec<String>,
    /// How many jobs may run at the same time.
    pub jobs: usize,
    /// The longest time from a kick-off to its completion, in seconds.
    pub max_wait: u64,
    /// The longest time of the whole run, in seconds.
    pub deadline: Option<u64>,
    /// The limit for bytes downloaded from files.
    pub max_bytes: u64,
    /// The run deletes no jobs.
    pub no_delete: bool,
    /// Origins other than the target's that may receive the token.
    pub allow_origins: Vec<String>,
    /// The hooks of the run.
    pub hooks: RecordedHooks,
    /// Plain http is permitted on any host.
    pub allow_http: bool,
    /// The run may create Groups on the target.
    pub allow_writes: bool,
    /// The user states that the target has the Bulk Cohort API.
    pub cohorts: bool,
    /// The id of a Group without members.
    pub empty_group: Option<String>,
    /// How many resources the user named that the run's client must never receive. Their ids may identify a person, so
    /// the recording does not keep them.
    pub forbidden_resources: usize,
    /// The run uses the proxies of the environment.
    pub use_proxy: bool,
    /// The run accepts any certificate.
    pub insecure: bool,
    /// The profiles that resources are validated against, if packages were given.
    pub profiles: Option<RecordedProfiles>,
}

/// The hooks of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordedHooks {
    /// The run may run these hooks. There may be none.
    Allowed(Vec<HookName>),
    /// The configuration has hooks, and the user did not allow them.
    Withheld,
}

impl Default for RecordedHooks {
    fn default() -> Self {
        Self::Allowed(Vec::new())
    }
}

/// The profiles of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedProfiles {
    /// The packages: name and version.
    pub packages: Vec<String>,
    /// The names of the profiles that the user assigned to all resources of their types.
    pub assigned: Vec<String>,
    /// The rules that are not checked, by profile.
    pub unchecked: Vec<UncheckedRules>,
}

/// The rules of one profile that are not checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UncheckedRules {
    /// The profile of the unchecked rules.
    pub profile: String,
    /// The rules, each a fragment.
    pub rules: Vec<String>,
}
