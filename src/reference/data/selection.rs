//! The criteria by which an export selects resources.

use std::collections::BTreeSet;

use crate::base::instant::Instant;
use crate::base::resource_types;

/// The level of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SelectedLevel {
    /// All resources.
    System,
    /// The resources of all patients.
    Patients,
    /// The resources of the members of the Group with this id.
    Group(String),
}

/// The criteria of an export.
#[derive(Clone, Debug)]
pub(crate) struct ResourceSelection {
    /// The export level.
    pub level: SelectedLevel,
    /// The types; `None` for all types.
    pub types: Option<BTreeSet<String>>,
    /// Only resources changed after this instant.
    pub since: Option<Instant>,
    /// Only resources changed before this instant.
    pub until: Option<Instant>,
    /// Only resources of these patients.
    pub patients: Option<BTreeSet<String>>,
}

impl ResourceSelection {
    /// All resources at one export level.
    pub(crate) fn of(level: SelectedLevel) -> Self {
        Self { level, types: None, since: None, until: None, patients: None }
    }

    /// Whether it includes resources of this type.
    pub(crate) fn includes_type(&self, name: &str) -> bool {
        self.types.as_ref().is_none_or(|types| types.contains(name))
            && (self.level == SelectedLevel::System || resource_types::is_in_patient_compartment(name))
    }

    /// Whether it includes resources last changed at this instant.
    pub(crate) fn includes_date(&self, date: Instant) -> bool {
        self.since.is_none_or(|since| date > since) && self.until.is_none_or(|until| date < until)
    }
}
