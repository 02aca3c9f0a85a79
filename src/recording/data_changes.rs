//! What hooks changed on the target, and whether exports show it. The recording keeps types, hashes and dates of the
//! resources that the hooks named.

use serde::{Deserialize, Serialize};

use crate::base::vocabulary::words;
use crate::suite::flow::HookName;

/// The hooks that concern a flow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hooked {
    /// The hooks that the run has.
    pub there: Vec<HookName>,
    /// The runs of hooks that this flow can show the effect of, in order.
    pub runs: Vec<HookRun>,
    /// Whether the hooks ran while the job of this flow ran.
    #[serde(default)]
    pub meanwhile: bool,
    /// Every resource that the hooks named, and how this flow shows it.
    pub things: Vec<ChangedResource>,
}

/// One run of a hook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookRun {
    /// The hook of the hook run.
    pub hook: HookName,
    /// When it began, in milliseconds since the run began.
    pub at: u64,
    /// How long it took, in milliseconds.
    pub took: u64,
    /// How many of the resources that it named were checked.
    pub named: u64,
    /// Why its changes are unknown: a fragment without any output of the hook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// A resource that a hook named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedResource {
    /// The hook.
    pub hook: HookName,
    /// The resource type.
    #[serde(rename = "type")]
    pub kind: String,
    /// A keyed hash of type and id, 16 hex digits. It can be compared only within the run.
    pub id: String,
    /// Whether an earlier export of the run at the same level has the resource.
    pub exported: bool,
    /// The exchange that read the resource after the hook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<u32>,
    /// The result of that read.
    pub state: ChangeState,
    /// Whether it is in the output of this flow.
    pub seen: ChangeSeen,
    /// For an export since the `transactionTime` of another: whether it is in the output of the other export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_before: Option<ChangeSeen>,
    /// Whether it is listed under `deleted`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// What a second read showed, made because an export lacks the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_read: Option<SecondRead>,
}

/// The result of the read of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeState {
    /// The resource exists, with this `meta.lastUpdated`.
    There(Option<String>),
    /// 410, with the `Date` of the response as an instant.
    Gone(Option<String>),
    /// 404.
    NotFound {
        /// The `Date` of the response as an instant.
        date: Option<String>,
        /// Whether the target serves reads.
        others: OtherReads,
    },
    /// The resource could not be read: the reason, a fragment.
    Unread(String),
}

words! {
    /// What the read of another exported resource brought, after a 404.
    OtherReads {
        /// The resource.
        Served = "served",
        /// Not the resource.
        NotServed = "not-served",
        /// None was read: no other resource is known.
        None = "none",
    }
}

words! {
    /// What a second read of a resource showed.
    SecondRead {
        /// It is unchanged since the first read.
        Same = "same",
        /// It was changed since the first read.
        Changed = "changed",
        /// It exists, and the first read showed nothing to compare it with.
        There = "there",
        /// It was deleted.
        Gone = "gone",
        /// It could not be read.
        Unread = "unread",
    }
}

words! {
    /// The state of a resource in an export, compared with its state when it was read.
    ChangeSeen {
        /// It is exported in that state or a later one.
        Fresh = "fresh",
        /// It is exported in an earlier state.
        Stale = "stale",
        /// It is exported in a state that cannot be compared.
        Unsure = "unsure",
        /// It is not exported.
        Absent = "absent",
        /// Unknown, because not all files were fetched completely.
        Unseen = "unseen",
    }
}
