//! Which resources an export selects.

use std::collections::BTreeSet;

use crate::base::instant::Instant;
use crate::base::resource_types;

/// The level of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SelectedLevel {
    /// Everything.
    System,
    /// What belongs to patients.
    Patients,
    /// What belongs to the patients of the Group with this id.
    Group(String),
}

/// What an export selects.
#[derive(Clone, Debug)]
pub(crate) struct ResourceSelection {
    /// Its level.
    pub level: SelectedLevel,
    /// The types; none: all.
    pub types: Option<BTreeSet<String>>,
    /// Only resources changed after this instant.
    pub since: Option<Instant>,
    /// Only resources changed before this instant.
    pub until: Option<Instant>,
    /// Only what belongs to these patients.
    pub patients: Option<BTreeSet<String>>,
}

impl ResourceSelection {
    /// Everything at one level.
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
