//! What a flow exports compared to other flows and to its request: counts and types, never resource content.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::recording::facts::is_zero;

/// What a flow with organized files holds, compared to an earlier one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organizing {
    /// The earlier flow; empty if there is none.
    pub flow: String,
    /// Its resources of the type, and how many of them have a block.
    pub instances: FoundCount,
    /// Of those that have one: what belongs to them there, by type, and how much of it is in their blocks.
    pub belongings: BTreeMap<String, FoundCount>,
    /// What a second read of missing resources showed; none if nothing is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recheck: Option<Recheck>,
}

/// What a second read of missing resources showed. At most six are read, and the first one that is still there ends the
/// reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recheck {
    /// The missing resources that were read.
    pub asked: u64,
    /// Those that are still there as the earlier export holds them.
    pub there: u64,
    /// By type: those that were changed since the earlier export.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub changed: BTreeMap<String, u64>,
    /// By type: those that were deleted since the earlier export.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub deleted: BTreeMap<String, u64>,
}

impl Recheck {
    /// The missing resources of a type that were changed or deleted.
    pub fn gone_of(&self, kind: &str) -> u64 {
        let of = |counts: &BTreeMap<String, u64>| counts.get(kind).copied().unwrap_or_default();
        of(&self.changed).saturating_add(of(&self.deleted))
    }

    /// All missing resources that were changed or deleted.
    pub fn gone(&self) -> u64 {
        self.changed.values().chain(self.deleted.values()).fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Those of which the target does not say what became of them.
    pub fn unknown(&self) -> u64 {
        self.asked.saturating_sub(self.there).saturating_sub(self.gone())
    }
}

/// A flow's result compared to what an earlier flow holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// The earlier flow.
    pub flow: String,
    /// Per type: how many resources of the earlier flow must come back, and how many did.
    pub types: BTreeMap<String, FoundCount>,
    /// Of the types asked for: those that a date or a filter certainly leaves out and that nothing which is asked for
    /// refers to, and how many of them came all the same.
    #[serde(default)]
    pub spared: FoundCount,
    /// What a second read of missing resources showed; none if nothing is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recheck: Option<Recheck>,
    /// Of the types asked for: resources that came, were held, and that the earlier flow does not hold; and those of them
    /// that are newer than all that it holds.
    #[serde(default)]
    pub more: (u64, u64),
}

/// What came back without having been asked for, as far as it was held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnrequestedResources {
    /// Whether every resource was looked at.
    pub whole: bool,
    /// By type that `_type` does not name: how many resources came, and how many of them no other line refers to.
    pub foreign: BTreeMap<String, (u64, u64)>,
    /// By type: resources of patients that `patient` does not name.
    pub strangers: BTreeMap<String, u64>,
    /// Of a Group's export, by type: resources of patients who are no members.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outsiders: BTreeMap<String, u64>,
    /// Why the members are unknown, in a Group's export; none: they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members_unknown: Option<String>,
    /// How many members the Group has, where that is known.
    #[serde(default)]
    pub members: u64,
    /// Of an export of patients compared to one of everything, by type: resources about patients of types of which none came,
    /// and all those of the other types; none where there was nothing to hold it against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compartment: Option<Compartment>,
    /// Binary resources that came, and those among them that belong to a patient.
    #[serde(default)]
    pub binaries: (u64, u64),
    /// DocumentReferences of patients that came with content of their own.
    #[serde(default)]
    pub documents: u64,
    /// The Provenance that an earlier export holds of what came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lineage: Option<Lineage>,
    /// What `_elements` left of the lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trimmed: Option<Trimmed>,
}

/// What is about patients in an export of everything, compared to an export of patients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compartment {
    /// The types of which some came.
    pub present: Vec<String>,
    /// The types of which none came, and how many resources of theirs are about patients.
    pub absent: BTreeMap<String, u64>,
}

/// The Provenance of the resources that came, as far as an earlier export holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// All of it, and what of it came.
    pub all: FoundCount,
    /// Of each resource with some the newest.
    pub newest: FoundCount,
    /// What is the newest of no resource that came.
    pub older: FoundCount,
    /// What a second read of missing Provenance showed; none if nothing is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recheck: Option<Recheck>,
    /// Of the Provenance that was changed or deleted: that which is the newest of some resource.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub newest_gone: u64,
}

/// What `_elements` left of lines that an earlier export holds whole, in the same version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trimmed {
    /// Lines that have an element which may be left out.
    pub trimmable: u64,
    /// Those of them that lost one.
    pub trimmed: u64,
    /// Those that lost one and are not tagged SUBSETTED.
    pub untagged: u64,
    /// By type: lines with an element that was asked for, and those of them that kept it.
    pub listed: BTreeMap<String, FoundCount>,
    /// By `Type.element`: mandatory elements that were not asked for, and those of them that were kept; none where the
    /// definitions are not known.
    pub mandatory: Option<BTreeMap<String, FoundCount>>,
}

/// How many resources of one type must come back, and how many did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundCount {
    /// Those that must.
    pub expected: u64,
    /// Those of them that did.
    pub found: u64,
}
