//! The accepted parameters of an export.

use std::collections::BTreeSet;

use crate::reference::data::filter::IdFilter;
use crate::reference::data::selection::{ResourceSelection, SelectedLevel};
use crate::search::query::Query;

/// The newest Provenance of each resource.
pub(crate) const LATEST: &str = "LatestProvenanceResources";
/// All Provenance of each resource.
pub(crate) const RELEVANT: &str = "RelevantProvenanceResources";

/// The parameters of a kick-off that the server accepted.
#[derive(Clone, Debug)]
pub(crate) struct ExportRequest {
    /// The resources that it selects.
    pub selection: ResourceSelection,
    /// The parameters that the server ignored because of `handling=lenient`, one sentence each.
    pub ignored: Vec<String>,
    /// `_typeFilter` of a server that understands only ids.
    pub id_filters: Vec<IdFilter>,
    /// `_typeFilter` of a server that understands searches.
    pub searches: Vec<Query>,
    /// `_elements`, each for one type or for all types; empty for all elements.
    pub elements: Vec<(Option<String>, String)>,
    /// `includeAssociatedData`.
    pub associated: BTreeSet<String>,
    /// `allowPartialManifests`.
    pub partial_manifests: bool,
    /// The type by which the output is organized.
    pub organizer: Option<&'static str>,
    /// The reason if the job will fail because a parameter is checked only when the job runs.
    pub failure: Option<String>,
}

impl ExportRequest {
    /// An export without parameters.
    pub(crate) fn of(level: SelectedLevel) -> Self {
        Self {
            selection: ResourceSelection::of(level),
            ignored: Vec::new(),
            id_filters: Vec::new(),
            searches: Vec::new(),
            elements: Vec::new(),
            associated: BTreeSet::new(),
            partial_manifests: false,
            organizer: None,
            failure: None,
        }
    }
}
