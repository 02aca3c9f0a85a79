//! What checks ask of the settings of a run, as its recording keeps them.

use url::Url;

use crate::recording::model::Start;
use crate::recording::settings::Authorization;

/// Whether the run has a client of SMART Backend Services.
pub(crate) fn uses_smart(start: &Start) -> bool {
    start.settings.authorization == Authorization::Smart
}

/// The origins that may see the run's token; none where the base URL cannot be read.
pub(crate) fn token_origins(start: &Start) -> Option<Vec<String>> {
    let own = Url::parse(&start.base).ok()?.origin().ascii_serialization();
    Some(start.settings.allow_origins.iter().cloned().chain([own]).collect())
}

/// Whether the user says that the target has the Bulk Cohort API.
pub(crate) fn has_cohorts(start: &Start) -> bool {
    start.settings.cohorts
}

/// Whether the user names resources that the run's client must never receive.
pub(crate) fn forbids_resources(start: &Start) -> bool {
    start.settings.forbidden_resources > 0
}
