//! What flows keep about Groups, members of Groups and changed data during a run.

use std::collections::BTreeSet;
use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, EXPIRES};
use serde_json::Value;
use url::Url;

use crate::base::vocabulary::ExportLevel;
use crate::measure::missing_resource::ResourceName;
use crate::ndjson::identity::Identity;
use crate::recording::data_changes::{ChangeSeen, ChangeState, HookRun};
use crate::suite::flow::HookName;

/// The Groups that a flow creates.
#[derive(Debug, Default)]
pub(crate) struct Cohort {
    /// The id of the Group that the flow exports.
    pub made: Option<String>,
    /// The names of Groups that were sent and may exist.
    pub unconfirmed: Vec<String>,
    /// The Groups to delete.
    pub groups: Vec<Url>,
}

/// When a manifest was received, and how long its URLs work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ManifestTimes {
    /// When it was received, since the run began.
    pub received: Duration,
    /// The time from `Date` to `Expires`; both are by the server's clock.
    pub lifetime: Option<Duration>,
}

impl ManifestTimes {
    pub fn new(received: Duration, headers: &HeaderMap) -> Self {
        let date = |name| httpdate::parse_http_date(headers.get(name)?.to_str().ok()?.trim()).ok();
        let lifetime = date(EXPIRES).zip(date(DATE)).and_then(|(expires, now)| expires.duration_since(now).ok());
        Self { received, lifetime }
    }
}

/// The ids of the Patients that are members, or why they are not known.
pub(crate) type Members = Result<BTreeSet<String>, String>;

/// What hooks have changed on the target so far.
#[derive(Debug, Default)]
pub(crate) struct DataChanges {
    /// The runs of hooks.
    pub runs: Vec<HookRun>,
    /// The resources that hooks named.
    pub resources: Vec<HookedResource>,
    /// The exported resources, by level.
    pub exported: Vec<(ExportLevel, Identity)>,
}

/// A resource that a hook named.
#[derive(Clone, Debug)]
pub(crate) struct HookedResource {
    pub hook: HookName,
    pub name: ResourceName,
    /// The exchange that read it after the hook.
    pub read: Option<u32>,
    pub state: ChangeState,
    /// The resource, if that read returned it.
    pub value: Option<Value>,
    /// How the export that was running at that time shows it.
    pub seen: ChangeSeen,
    /// Whether a later run of a hook named it again.
    pub named_again: bool,
}

/// The resources that hooks named, as the files of a flow show them.
#[derive(Debug, Default)]
pub(crate) struct ExportedChanges {
    /// The resources in the output.
    pub output: Vec<(ResourceName, Value)>,
    /// Hashes of all resources in `deleted` files.
    pub deleted: Vec<u64>,
    /// Whether every output file was read completely.
    pub whole: bool,
}
