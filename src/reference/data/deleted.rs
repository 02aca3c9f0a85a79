//! The lines of a `deleted` file: transaction Bundles with DELETE entries.

use bytes::Bytes;
use serde_json::json;

use crate::base::instant::Instant;
use crate::reference::data::fixtures::DeletedResource;
use crate::reference::data::rows::Rows;
use crate::reference::data::selection::{ResourceSelection, SelectedLevel};

/// One Bundle for every deletion that `selection` covers and `reported` accepts; empty without `_since`.
pub(crate) fn bundles(
    deletions: &[DeletedResource],
    selection: &ResourceSelection,
    reported: &dyn Fn(&DeletedResource) -> bool,
) -> Rows {
    let lines = deletions
        .iter()
        .filter(|deletion| selection.since.is_some() && covers(selection, deletion) && reported(deletion))
        .map(|deletion| line(&deletion.reference, &deletion.at));
    Rows::held(lines.collect())
}

/// The Bundle of a resource that was deleted at the instant `at`.
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

fn covers(selection: &ResourceSelection, deletion: &DeletedResource) -> bool {
    let name = deletion.reference.split('/').next().unwrap_or_default();
    let listed = match (&selection.patients, &deletion.patient) {
        (None, _) => true,
        (Some(listed), Some(patient)) => listed.contains(patient),
        (Some(_), None) => false,
    };
    let on_level = match &selection.level {
        SelectedLevel::System => true,
        SelectedLevel::Patients => deletion.patient.is_some(),
        SelectedLevel::Group(id) => deletion.groups.contains(id),
    };
    let dated = Instant::parse(&deletion.at).is_some_and(|at| selection.includes_date(at));
    selection.includes_type(name) && listed && on_level && dated
}
