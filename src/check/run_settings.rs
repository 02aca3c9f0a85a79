//! The settings of a run that checks need, read from its recording.

use url::Url;

use crate::recording::model::Start;
use crate::recording::settings::Authorization;

/// Returns whether the run has a client of SMART Backend Services.
pub(crate) fn uses_smart(start: &Start) -> bool {
    start.settings.authorization == Authorization::Smart
}

/// Returns the origins that may receive the run's token; none if the base URL is not valid.
pub(crate) fn token_origins(start: &Start) -> Option<Vec<String>> {
    let own = Url::parse(&start.base).ok()?.origin().ascii_serialization();
    Some(start.settings.allow_origins.iter().cloned().chain([own]).collect())
}

/// Returns whether the user declares that the target has the Bulk Cohort API (`--cohorts`).
pub(crate) fn has_cohorts(start: &Start) -> bool {
    start.settings.cohorts
}

/// Returns whether the user names resources that the run's client must not receive (`--forbidden-resource`).
pub(crate) fn forbids_resources(start: &Start) -> bool {
    start.settings.forbidden_resources > 0
}
