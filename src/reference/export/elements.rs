//! `_elements`: removes elements from exported resources.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::fhir::definitions::layout::E_REQUIRED;
use crate::reference::data::population::FoundResources;
use crate::reference::data::rows::Rows;
use crate::reference::export::request::ExportRequest;
use crate::reference::fault::behavior::Behavior;
use crate::reference::state::ServerState;

/// The elements that are never removed.
const CORE: [&str; 4] = ["resourceType", "id", "meta", "implicitRules"];

/// Removes the elements that are neither named in `_elements` nor mandatory.
pub(crate) fn apply(server: &ServerState, found: &mut FoundResources, export: &ExportRequest) {
    if export.elements.is_empty() || server.does(Behavior::IgnoreElements) {
        return;
    }
    let tables = crate::fhir::definitions::embedded::r4();
    for (index, (name, rows)) in found.iter_mut().enumerate() {
        let ignored_here = index > 0 && server.does(Behavior::ElementsOfOneType);
        let listed = |key: &str| {
            export.elements.iter().any(|(kind, element)| match kind {
                Some(kind) => kind == name && element == key,
                None => !ignored_here && element == key,
            })
        };
        let mandatory = |key: &str| {
            !server.does(Behavior::ElementsDropMandatory)
                && tables.flags(name, key).is_some_and(|flags| flags & E_REQUIRED != 0)
        };
        let more = |key: &str| server.does(Behavior::ElementsKeepMore) && key != "name";
        let kept = |key: &str| CORE.contains(&key) || listed(key) || mandatory(key) || more(key);
        let lines = rows.iter().map(|line| {
            let mut value: Value = serde_json::from_slice(&line).unwrap_or_default();
            let Some(fields) = value.as_object_mut() else { return line };
            let before = fields.len();
            fields.retain(|key, _| kept(key.trim_start_matches('_')));
            if fields.len() < before && !server.does(Behavior::ElementsUntagged) {
                add_tag(fields);
            }
            Bytes::from(value.to_string())
        });
        *rows = Rows::held(lines.collect());
    }
}

/// Adds the tag `SUBSETTED` for resources with fewer elements.
fn add_tag(fields: &mut Map<String, Value>) {
    let system = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";
    let tag = json!({ "system": system, "code": "SUBSETTED" });
    let meta = fields.entry("meta").or_insert_with(|| json!({}));
    match meta.get_mut("tag").and_then(Value::as_array_mut) {
        Some(tags) => tags.push(tag),
        None => {
            if let Some(meta) = meta.as_object_mut() {
                meta.insert("tag".to_owned(), json!([tag]));
            }
        }
    }
}
