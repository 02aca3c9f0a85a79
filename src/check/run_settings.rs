//! What checks ask of the settings of a run, as its recording keeps them.

use url::Url;

use crate::recording::model::Start;

fn value<'a>(start: &'a Start, name: &'a str) -> impl Iterator<Item = &'a str> {
    start.settings.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Whether the run has a client of SMART Backend Services.
pub(crate) fn uses_smart(start: &Start) -> bool {
    value(start, "authorization").any(|value| value == "SMART Backend Services")
}

/// The origins that may see the run's token; none where the base URL cannot be read.
pub(crate) fn token_origins(start: &Start) -> Option<Vec<String>> {
    let own = Url::parse(&start.base).ok()?.origin().ascii_serialization();
    let more = value(start, "origins with the token").flat_map(|value| value.split(", "));
    Some(more.map(str::to_owned).chain([own]).collect())
}

/// Whether the user says that the target has the Bulk Cohort API.
pub(crate) fn has_cohorts(start: &Start) -> bool {
    value(start, "cohorts").next().is_some()
}

/// Whether the user names resources that the run's client must never receive.
pub(crate) fn forbids_resources(start: &Start) -> bool {
    value(start, "resources kept from the client").next().is_some()
}
