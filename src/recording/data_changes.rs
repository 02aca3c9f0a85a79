//! What hooks changed on the target, and what exports show of it. The recording keeps types, hashes and dates of the
//! resources that they named.

use serde::{Deserialize, Serialize};

use crate::base::vocabulary::words;
use crate::suite::flow::HookName;

/// The hooks that concern a flow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hooked {
    /// Those that the run has.
    pub there: Vec<HookName>,
    /// The runs of hooks whose effect this flow can show, in order.
    pub runs: Vec<HookRun>,
    /// Whether they were run while the job of this flow ran.
    #[serde(default)]
    pub meanwhile: bool,
    /// Every resource that they named, and how this flow shows it.
    pub things: Vec<ChangedResource>,
}

/// One run of a hook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookRun {
    /// The hook.
    pub hook: HookName,
    /// When it began, in milliseconds since the run began.
    pub at: u64,
    /// How long it took, in milliseconds.
    pub took: u64,
    /// How many resources it named that were looked at.
    pub named: u64,
    /// Why its changes are unknown: a fragment that repeats nothing of what it printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// A resource that a hook named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedResource {
    /// The hook.
    pub hook: HookName,
    /// The type.
    #[serde(rename = "type")]
    pub kind: String,
    /// A keyed hash of type and id, 16 hex digits: equal where they are equal, meaningless beyond the run.
    pub id: String,
    /// Whether an export of the run at the same level held it.
    pub exported: bool,
    /// The read that followed the hook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<u32>,
    /// What that read brought.
    pub state: ChangeState,
    /// Whether it is in the output of this flow.
    pub seen: ChangeSeen,
    /// Of an export since another's `transactionTime`: whether it is in the output of that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_before: Option<ChangeSeen>,
    /// Whether it is listed under `deleted`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// What a second read showed, made because an export lacks the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_read: Option<SecondRead>,
}

/// What the read of a resource brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeState {
    /// The resource, with the `meta.lastUpdated` that it has there.
    There(Option<String>),
    /// 410, with the `Date` of that answer as an instant.
    Gone(Option<String>),
    /// 404.
    NotFound {
        /// The `Date` of that answer as an instant.
        date: Option<String>,
        /// Whether the target serves reads.
        others: OtherReads,
    },
    /// Neither: why, a fragment.
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
        /// It is as the first read showed it.
        Same = "same",
        /// It was changed since.
        Changed = "changed",
        /// It is there, and the first read showed nothing to compare it with.
        There = "there",
        /// It is gone.
        Gone = "gone",
        /// It cannot be read.
        Unread = "unread",
    }
}

words! {
    /// How a resource stands in an export, beside its state as it was read.
    ChangeSeen {
        /// In that state or a later one.
        Fresh = "fresh",
        /// In an earlier state.
        Stale = "stale",
        /// In a state that cannot be compared.
        Unsure = "unsure",
        /// Not at all.
        Absent = "absent",
        /// Not looked for: not all files came, or the run fetched none.
        Unseen = "unseen",
    }
}
