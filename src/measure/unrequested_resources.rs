//! Measures resources in an export that no parameter requests, and resources of patients that were not listed. The
//! result has only counts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::measure::missing_resource::ResourceName;
use crate::measure::references::{owner, references};
use crate::measure::resource_store::ResourceStore;
use crate::ndjson::identity::normalize_reference;
use crate::recording::comparison::UnrequestedResources;

/// Compares the resources in `own` with the parameters of the request. `whole` means that all files were read.
pub(crate) fn measure(own: &ResourceStore, params: &[(String, String)], whole: bool) -> UnrequestedResources {
    let listed = |wanted: &str| -> Vec<&str> {
        let values = params.iter().filter(|(name, _)| name == wanted);
        values.flat_map(|(_, value)| value.split(',')).map(str::trim).collect()
    };
    let types = listed("_type");
    let patients: BTreeSet<&str> =
        listed("patient").into_iter().filter_map(|text| Some(normalize_reference(text)?.1)).collect();
    // The patients that a listed patient links to.
    let linked = own.of("Patient").filter(|(id, _)| patients.contains(id)).filter_map(|(_, value)| value.get("link"));
    let linked_ids: BTreeSet<String> = linked.flat_map(references).map(|name| name.1).collect();
    let mut found = UnrequestedResources { whole: whole && !own.is_full(), ..UnrequestedResources::default() };
    let mut named: BTreeMap<&str, BTreeSet<ResourceName>> = BTreeMap::new();
    let mut foreign: Vec<ResourceName> = Vec::new();
    for kind in own.kinds() {
        for (id, value) in own.of(kind) {
            let refers = references(value);
            if !types.is_empty() && !types.contains(&kind) {
                foreign.push((kind.to_owned(), id.to_owned()));
            }
            if !patients.is_empty() && belongs_to_other_patient((kind, id), value, &refers, &patients, &linked_ids) {
                *found.strangers.entry(kind.to_owned()).or_default() += 1;
            }
            named
                .entry(kind)
                .or_default()
                .extend(refers.into_iter().filter(|name| name != &(kind.to_owned(), id.to_owned())));
        }
    }
    for name in foreign {
        let referred = named.values().any(|names| names.contains(&name));
        let count = found.foreign.entry(name.0).or_default();
        count.0 += 1;
        count.1 += u64::from(!referred);
    }
    found
}

/// Returns whether a resource belongs to a patient that was not listed, and is not connected to a listed one.
fn belongs_to_other_patient(
    (kind, id): (&str, &str),
    value: &Value,
    refers: &BTreeSet<ResourceName>,
    patients: &BTreeSet<&str>,
    linked_ids: &BTreeSet<String>,
) -> bool {
    let listed = |name: &ResourceName| name.0 == "Patient" && patients.contains(name.1.as_str());
    if refers.iter().any(listed) {
        return false;
    }
    if kind == "Patient" {
        return !patients.contains(id) && !linked_ids.contains(id);
    }
    owner(value).is_some_and(|owner| !patients.contains(owner))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::measure::resource_store::StoredResource;

    fn store(values: &[Value]) -> ResourceStore {
        let mut store = ResourceStore::new(true, None);
        for (line, value) in values.iter().enumerate() {
            let text = |key: &str| value[key].as_str().unwrap().to_owned();
            let (kind, id) = (text("resourceType"), text("id"));
            store.put(StoredResource { line: line as u64, kind, id, value: value.clone(), bytes: 100 });
        }
        store
    }

    fn params(name: &str, value: &str) -> Vec<(String, String)> {
        vec![(name.to_owned(), value.to_owned())]
    }

    #[test]
    fn resources_that_a_requested_one_refers_to_are_counted_separately() {
        let own = store(&[
            json!({"resourceType": "Patient", "id": "1", "managingOrganization": {"reference": "Organization/a"}}),
            json!({"resourceType": "Organization", "id": "a"}),
            json!({"resourceType": "Organization", "id": "b"}),
        ]);
        let found = measure(&own, &params("_type", "Patient"), true);
        assert_eq!(found.foreign, [("Organization".to_owned(), (2, 1))].into());
        assert!(found.whole && found.strangers.is_empty());
    }

    #[test]
    fn a_resource_of_another_patient_is_found_only_if_its_owner_is_certain() {
        let about =
            |id: &str, subject: &str| json!({"resourceType": "Condition", "id": id, "subject": {"reference": subject}});
        let own = store(&[
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
        let found = measure(&own, &params("patient", "Patient/1"), true);
        assert_eq!(found.strangers, [("Condition".to_owned(), 1), ("Patient".to_owned(), 1)].into());
    }
}
