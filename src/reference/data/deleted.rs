//! Deletions, as lines of a `deleted` file: transaction Bundles of DELETE entries.

use bytes::Bytes;
use serde_json::json;

use crate::base::instant::Instant;
use crate::reference::data::fixtures::Gone;
use crate::reference::data::population::{Reach, Selection};
use crate::reference::data::rows::Rows;

/// One Bundle for every deletion that `wanted` covers; none where it asks for no instant to start from.
pub(crate) fn bundles(gone: &[Gone], wanted: &Selection, tells: &dyn Fn(&Gone) -> bool) -> Rows {
    let lines = gone
        .iter()
        .filter(|gone| wanted.since.is_some() && covers(wanted, gone) && tells(gone))
        .map(|gone| line(&gone.reference, &gone.at));
    Rows::held(lines.collect())
}

/// A Bundle that says that `reference` was deleted at the instant `at`.
pub(crate) fn line(reference: &str, at: &str) -> Bytes {
    let bundle = json!({
        "resourceType": "Bundle",
        "id": format!("deleted-{}", reference.replace('/', "-").to_ascii_lowercase()),
        "meta": { "lastUpdated": at },
        "type": "transaction",
        "entry": [{ "request": { "method": "DELETE", "url": reference } }]
    });
    Bytes::from(bundle.to_string())
}

fn covers(wanted: &Selection, gone: &Gone) -> bool {
    let name = gone.reference.split('/').next().unwrap_or_default();
    let listed = match (&wanted.patients, &gone.patient) {
        (None, _) => true,
        (Some(listed), Some(patient)) => listed.contains(patient),
        (Some(_), None) => false,
    };
    let reached = match &wanted.reach {
        Reach::System => true,
        Reach::Patients => gone.patient.is_some(),
        Reach::Group(id) => gone.groups.contains(id),
    };
    let dated = Instant::parse(&gone.at).is_some_and(|at| wanted.wants_date(at));
    wanted.wants_type(name) && listed && reached && dated
}
