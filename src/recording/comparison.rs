//! What a flow exports compared to other flows and to its request: counts and types, never resource content.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::recording::facts::is_zero;

/// A flow with organized files, compared with an earlier flow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organizing {
    /// The earlier flow; empty if there is none.
    pub flow: String,
    /// The resources of the type in the earlier flow, and how many of them have a block.
    pub instances: FoundCount,
    /// By type: the resources that belong to those with a block, and how many of them are in these blocks.
    pub belongings: BTreeMap<String, FoundCount>,
    /// The result of a second read of missing resources; none if nothing is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recheck: Option<Recheck>,
}

/// The result of a second read of missing resources. At most six are read. The reads end at the first resource that
/// still exists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recheck {
    /// The missing resources that were read.
    pub asked: u64,
    /// The resources that still exist as in the earlier export.
    pub there: u64,
    /// By type: the resources that were changed since the earlier export.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub changed: BTreeMap<String, u64>,
    /// By type: the resources that were deleted since the earlier export.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub deleted: BTreeMap<String, u64>,
}

impl Recheck {
    /// How many missing resources of a type were changed or deleted.
    pub fn gone_of(&self, kind: &str) -> u64 {
        let of = |counts: &BTreeMap<String, u64>| counts.get(kind).copied().unwrap_or_default();
        of(&self.changed).saturating_add(of(&self.deleted))
    }

    /// How many missing resources were changed or deleted.
    pub fn gone(&self) -> u64 {
        self.changed.values().chain(self.deleted.values()).fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// How many missing resources could not be read again.
    pub fn unknown(&self) -> u64 {
        self.asked.saturating_sub(self.there).saturating_sub(self.gone())
    }
}

/// The result of a flow compared with an earlier flow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// The earlier flow.
    pub flow: String,
    /// By type: how many resources of the earlier flow must be exported, and how many are.
    pub types: BTreeMap<String, FoundCount>,
    /// Resources of the requested types that a date or filter certainly excludes and that no requested resource refers
    /// to, and how many of them are exported.
    #[serde(default)]
    pub spared: FoundCount,
    /// The result of a second read of missing resources; none if nothing is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recheck: Option<Recheck>,
    /// Exported resources of the requested types that the earlier flow does not have, as far as they were kept in
    /// memory; and how many of them are newer than all resources of the earlier flow.
    #[serde(default)]
    pub more: (u64, u64),
}

/// Exported resources that were not requested, as far as they were kept in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnrequestedResources {
    /// Whether every resource was checked.
    pub whole: bool,
    /// By type that `_type` does not name: how many resources are exported, and how many of them no other line refers
    /// to.
    pub foreign: BTreeMap<String, (u64, u64)>,
    /// By type: resources of patients that `patient` does not name.
    pub strangers: BTreeMap<String, u64>,
    /// In a Group export, by type: resources of patients who are not members.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outsiders: BTreeMap<String, u64>,
    /// In a Group export: why the members are unknown; none if they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members_unknown: Option<String>,
    /// How many members the Group has, if that is known.
    #[serde(default)]
    pub members: u64,
    /// The types with resources about patients, if this patient export was compared with a system export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compartment: Option<Compartment>,
    /// How many Binary resources are exported, and how many of them belong to a patient.
    #[serde(default)]
    pub binaries: (u64, u64),
    /// How many DocumentReferences of patients are exported with inline content.
    #[serde(default)]
    pub documents: u64,
    /// The Provenance of exported resources, compared with an earlier export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lineage: Option<Lineage>,
    /// The effect of `_elements` on the lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trimmed: Option<Trimmed>,
}

/// The types with resources about patients in a system export, compared with a patient export.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compartment {
    /// The types that are exported here.
    pub present: Vec<String>,
    /// The types that are not exported here, with the number of resources about patients in the system export.
    pub absent: BTreeMap<String, u64>,
}

/// The Provenance of exported resources, as far as an earlier export has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// All Provenance, and how many of it are exported.
    pub all: FoundCount,
    /// The newest Provenance of each resource.
    pub newest: FoundCount,
    /// Provenance that is not the newest of any exported resource.
    pub older: FoundCount,
    /// The result of a second read of missing Provenance; none if nothing is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recheck: Option<Recheck>,
    /// How many of the changed or deleted Provenance are the newest of a resource.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub newest_gone: u64,
}

/// The effect of `_elements` on lines that an earlier export has completely and in the same version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trimmed {
    /// Lines of resources with an element that may be left out.
    pub trimmable: u64,
    /// Of these, the lines that lack such an element.
    pub trimmed: u64,
    /// Of those, the lines that are not tagged SUBSETTED.
    pub untagged: u64,
    /// By type: lines of resources with a requested element, and how many of them have it.
    pub listed: BTreeMap<String, FoundCount>,
    /// By `Type.element`: mandatory elements that were not requested, and how many of them are present; none if the
    /// definitions are not known.
    pub mandatory: Option<BTreeMap<String, FoundCount>>,
}

/// How many items are expected, and how many are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundCount {
    /// The number of expected items.
    pub expected: u64,
    /// The number of these that are found.
    pub found: u64,
}
