//! What came back beside what was asked for: resources that no parameter asks for, and those of patients who were not
//! listed. Only counts leave this room.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::measure::missing_resource::ResourceName;
use crate::measure::resource_store::ResourceStore;
use crate::ndjson::identity::normalise_reference;
use crate::recording::facts::UnrequestedResources;

/// The deepest nesting that references are looked for in.
const DEEPEST: usize = 64;

/// Every resource that `value` refers to.
pub(crate) fn references(value: &Value) -> BTreeSet<ResourceName> {
    let mut found = BTreeSet::new();
    walk(value, 0, &mut found);
    found
}

fn walk(value: &Value, depth: usize, found: &mut BTreeSet<ResourceName>) {
    match value {
        _ if depth > DEEPEST => {}
        Value::Array(items) => items.iter().for_each(|item| walk(item, depth + 1, found)),
        Value::Object(fields) => {
            let text = fields.get("reference").and_then(Value::as_str);
            if let Some((kind, id)) = text.and_then(normalise_reference) {
                found.insert((kind.to_owned(), id.to_owned()));
            }
            fields.values().for_each(|field| walk(field, depth + 1, found));
        }
        _ => {}
    }
}

/// The patient to whom a resource belongs, as far as `subject` or `patient` says it beyond doubt.
pub(crate) fn owner(value: &Value) -> Option<&str> {
    let named = |key: &str| value.get(key)?.get("reference")?.as_str();
    let (kind, id) = normalise_reference(named("subject").or_else(|| named("patient"))?)?;
    (kind == "Patient").then_some(id)
}

/// Holds what is on `own` against the parameters that were sent. `whole` says whether all files came.
pub(crate) fn take(own: &ResourceStore, params: &[(String, String)], whole: bool) -> UnrequestedResources {
    let listed = |wanted: &str| -> Vec<&str> {
        let values = params.iter().filter(|(name, _)| name == wanted);
        values.flat_map(|(_, value)| value.split(',')).map(str::trim).collect()
    };
    let types = listed("_type");
    let patients: BTreeSet<&str> =
        listed("patient").into_iter().filter_map(|text| Some(normalise_reference(text)?.1)).collect();
    // Those whom a patient who was listed is linked with.
    let linked = own.of("Patient").filter(|(id, _)| patients.contains(id)).filter_map(|(_, value)| value.get("link"));
    let joined: BTreeSet<String> = linked.flat_map(references).map(|name| name.1).collect();
    let mut census = UnrequestedResources { whole: whole && !own.is_full(), ..UnrequestedResources::default() };
    let mut named: BTreeMap<&str, BTreeSet<ResourceName>> = BTreeMap::new();
    let mut foreign: Vec<ResourceName> = Vec::new();
    for kind in own.kinds() {
        for (id, value) in own.of(kind) {
            let refers = references(value);
            if !types.is_empty() && !types.contains(&kind) {
                foreign.push((kind.to_owned(), id.to_owned()));
            }
            if !patients.is_empty() && is_stranger((kind, id), value, &refers, &patients, &joined) {
                *census.strangers.entry(kind.to_owned()).or_default() += 1;
            }
            named
                .entry(kind)
                .or_default()
                .extend(refers.into_iter().filter(|name| name != &(kind.to_owned(), id.to_owned())));
        }
    }
    for name in foreign {
        let referred = named.values().any(|names| names.contains(&name));
        let count = census.foreign.entry(name.0).or_default();
        count.0 += 1;
        count.1 += u64::from(!referred);
    }
    census
}

/// Whether a resource belongs to a patient who was not listed, and has nothing to do with one who was.
fn is_stranger(
    (kind, id): (&str, &str),
    value: &Value,
    refers: &BTreeSet<ResourceName>,
    patients: &BTreeSet<&str>,
    joined: &BTreeSet<String>,
) -> bool {
    let listed = |name: &ResourceName| name.0 == "Patient" && patients.contains(name.1.as_str());
    if refers.iter().any(listed) {
        return false;
    }
    if kind == "Patient" {
        return !patients.contains(id) && !joined.contains(id);
    }
    owner(value).is_some_and(|owner| !patients.contains(owner))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::measure::resource_store::SharedResourceStore;

    fn shelf(values: &[Value]) -> ResourceStore {
        let mut shelf = ResourceStore::new(true, None);
        for (line, value) in values.iter().enumerate() {
            let text = |key: &str| value[key].as_str().unwrap().to_owned();
            let (kind, id) = (text("resourceType"), text("id"));
            shelf.put(SharedResourceStore { line: line as u64, kind, id, value: value.clone(), bytes: 100 });
        }
        shelf
    }

    fn params(name: &str, value: &str) -> Vec<(String, String)> {
        vec![(name.to_owned(), value.to_owned())]
    }

    #[test]
    fn what_a_listed_line_refers_to_is_told_from_what_is_foreign() {
        let own = shelf(&[
            json!({"resourceType": "Patient", "id": "1", "managingOrganization": {"reference": "Organization/a"}}),
            json!({"resourceType": "Organization", "id": "a"}),
            json!({"resourceType": "Organization", "id": "b"}),
        ]);
        let census = take(&own, &params("_type", "Patient"), true);
        assert_eq!(census.foreign, [("Organization".to_owned(), (2, 1))].into());
        assert!(census.whole && census.strangers.is_empty());
    }

    #[test]
    fn a_stranger_belongs_to_another_patient_beyond_doubt() {
        let about =
            |id: &str, subject: &str| json!({"resourceType": "Condition", "id": id, "subject": {"reference": subject}});
        let own = shelf(&[
            json!({"resourceType": "Patient", "id": "1", "link": [{"other": {"reference": "Patient/3"}}]}),
            json!({"resourceType": "Patient", "id": "2"}),
            json!({"resourceType": "Patient", "id": "3"}),
            json!({"resourceType": "Patient", "id": "4", "link": [{"other": {"reference": "http://h/fhir/Patient/1"}}]}),
            about("own", "Patient/1"),
            about("other", "Patient/2"),
            about("group", "Group/2"),
            json!({"resourceType": "Condition", "id": "both", "subject": {"reference": "Patient/2"}, "asserter": {"reference": "Patient/1"}}),
            json!({"resourceType": "Organization", "id": "a"}),
        ]);
        let census = take(&own, &params("patient", "Patient/1"), true);
        assert_eq!(census.strangers, [("Condition".to_owned(), 1), ("Patient".to_owned(), 1)].into());
    }
}
