//! Finds the resources that a resource refers to, and the patient that it belongs to.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::measure::missing_resource::ResourceName;
use crate::ndjson::identity::normalize_reference;

/// The deepest nesting that is searched for references.
const MAX_DEPTH: usize = 64;

/// Returns all resources that `value` refers to.
pub(crate) fn references(value: &Value) -> BTreeSet<ResourceName> {
    let mut found = BTreeSet::new();
    collect(value, 0, &mut found);
    found
}

fn collect(value: &Value, depth: usize, found: &mut BTreeSet<ResourceName>) {
    match value {
        _ if depth > MAX_DEPTH => {}
        Value::Array(items) => items.iter().for_each(|item| collect(item, depth + 1, found)),
        Value::Object(fields) => {
            let text = fields.get("reference").and_then(Value::as_str);
            if let Some((kind, id)) = text.and_then(normalize_reference) {
                found.insert((kind.to_owned(), id.to_owned()));
            }
            fields.values().for_each(|field| collect(field, depth + 1, found));
        }
        _ => {}
    }
}

/// Returns the id of the patient that a resource belongs to, by `subject` or `patient`.
pub(crate) fn owner(value: &Value) -> Option<&str> {
    let reference = |key: &str| value.get(key)?.get("reference")?.as_str();
    let (kind, id) = normalize_reference(reference("subject").or_else(|| reference("patient"))?)?;
    (kind == "Patient").then_some(id)
}
