//! The effect of `_elements`: compares trimmed resources with the complete ones of an earlier export.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::fhir::definitions::layout::E_CHOICE;
use crate::fhir::definitions::layout::E_REQUIRED;
use crate::fhir::definitions::tables::Tables;
use crate::measure::missing_resource::same_version;
use crate::measure::resource_store::ResourceStore;
use crate::recording::comparison::{FoundCount, Trimmed};
use crate::search::world::World as _;

/// Elements that every resource may keep, even if the request does not name them.
const CORE: &[&str] = &["resourceType", "id", "meta", "implicitRules", "language", "contained", "modifierExtension"];

/// Elements that modify the meaning of others in many resources, so a server should keep them.
const MODIFIERS: &[&str] = &[
    "active",
    "status",
    "clinicalStatus",
    "verificationStatus",
    "intent",
    "doNotPerform",
    "deceasedBoolean",
    "deceasedDateTime",
    "link",
    "entered-in-error",
];

fn is_mandatory(tables: &Tables, kind: &str, key: &str) -> bool {
    tables.flags(kind, key).is_some_and(|flags| flags & E_REQUIRED != 0)
}

/// Returns the elements of a type that `_elements` in `params` names.
fn listed<'p>(params: &'p [(String, String)], kind: &str) -> Vec<&'p str> {
    let values = params.iter().filter(|(name, _)| name == "_elements").flat_map(|(_, value)| value.split(','));
    let own = |name: &'p str| match name.trim().split_once('.') {
        None => Some(name.trim()),
        Some((of, name)) => (of == kind).then_some(name),
    };
    values.filter_map(own).collect()
}

/// Compares the resources in `own` with the same resources in `source`. `tables` are the definitions of the target's
/// FHIR version.
pub(crate) fn measure(
    own: &ResourceStore,
    source: &ResourceStore,
    params: &[(String, String)],
    tables: Option<&Tables>,
) -> Trimmed {
    let mut found = Trimmed { mandatory: tables.map(|_| BTreeMap::new()), ..Trimmed::default() };
    for kind in source.kinds() {
        let listed = listed(params, kind);
        for (id, whole) in source.of(kind) {
            // Another version of the resource may have other elements.
            let Some(left) = own.get(kind, id).filter(|left| same_version(whole, left) != Some(false)) else {
                continue;
            };
            line((kind, whole, left), &listed, tables, &mut found);
        }
    }
    found
}

fn line((kind, whole, left): (&str, &Value, &Value), listed: &[&str], tables: Option<&Tables>, found: &mut Trimmed) {
    let Some(fields) = whole.as_object() else { return };
    let kept = |key: &str| left.get(key).is_some();
    let count = |kept: &mut FoundCount, there: bool| {
        kept.expected += 1;
        kept.found += u64::from(there);
    };
    let (mut trimmable, mut trimmed) = (false, false);
    let keys = fields.keys().map(String::as_str).filter(|key| !key.starts_with('_') && !CORE.contains(key));
    for key in keys {
        if listed.contains(&key) {
            count(found.listed.entry(kind.to_owned()).or_default(), kept(key));
        } else if tables.is_some_and(|tables| is_mandatory(tables, kind, key)) {
            let mandatory = found.mandatory.get_or_insert_default();
            count(mandatory.entry(format!("{kind}.{key}")).or_default(), kept(key));
        } else {
            trimmable |= !MODIFIERS.contains(&key);
            trimmed |= !kept(key);
        }
    }
    found.trimmable += u64::from(trimmable || trimmed);
    found.trimmed += u64::from(trimmed);
    found.untagged += u64::from(trimmed && !is_tagged(left));
}

/// Returns whether a resource is marked as incomplete.
fn is_tagged(resource: &Value) -> bool {
    let tags = resource.pointer("/meta/tag").and_then(Value::as_array).into_iter().flatten();
    let text = |tag: &Value, key: &str| tag.get(key).and_then(Value::as_str).map(str::to_owned);
    let mut known = tags.filter(|tag| text(tag, "code").as_deref() == Some("SUBSETTED"));
    known.any(|tag| text(tag, "system").is_none_or(|system| system.ends_with("ObservationValue")))
}

/// Returns two types, separated by a comma, and an optional element that both have in addition to other elements. Of
/// all candidates, the types with the fewest resources are chosen. Returns one type if no two types share such an
/// element.
pub(crate) fn sample_elements(store: &ResourceStore) -> Option<(String, String)> {
    let tables = crate::fhir::definitions::embedded::r4();
    let optional = |kind: &str, key: &str| {
        !CORE.contains(&key)
            && key != "text"
            && key != "extension"
            && tables.flags(kind, key).is_some_and(|flags| flags & (E_REQUIRED | E_CHOICE) == 0)
    };
    let mut types: Vec<Type<'_>> = Vec::new();
    for kind in store.kinds() {
        let lines = store.of(kind).count();
        let mut known = Type { kind, lines, optional: Vec::new(), mandatory: false, spare: Vec::new() };
        for key in store.of(kind).filter_map(|(_, value)| value.as_object()).flat_map(|fields| fields.keys()) {
            known.mandatory |= is_mandatory(&tables, kind, key) && !CORE.contains(&key.as_str());
            if optional(kind, key) && !known.optional.contains(&key.as_str()) {
                known.optional.push(key);
                known.spare.extend((!MODIFIERS.contains(&key.as_str())).then_some(key.as_str()));
            }
        }
        types.push(known);
    }
    let mut best: Option<(Score, String, String)> = None;
    let mut offer = |score: Score, kinds: String, key: &str| {
        let next = (score, kinds, key.to_owned());
        if best.as_ref().is_none_or(|best| next < *best) {
            best = Some(next);
        }
    };
    for one in &types {
        for key in one.optional.iter().filter(|key| one.can_spare(key)) {
            offer((true, !one.mandatory, one.lines), one.kind.to_owned(), key);
            for other in types.iter().filter(|other| other.kind > one.kind && other.optional.contains(key)) {
                if other.can_spare(key) {
                    let mandatory = one.mandatory || other.mandatory;
                    offer((false, !mandatory, one.lines + other.lines), format!("{},{}", one.kind, other.kind), key);
                }
            }
        }
    }
    best.map(|(_, kinds, key)| (kinds, key))
}

/// Whether it is one type only, whether it has no mandatory element, and the number of resources. The lowest score
/// wins.
type Score = (bool, bool, usize);

/// The elements in the resources of a type.
struct Type<'s> {
    kind: &'s str,
    lines: usize,
    /// Optional elements.
    optional: Vec<&'s str>,
    /// Whether there are mandatory elements.
    mandatory: bool,
    /// Optional elements that a server has no reason to keep.
    spare: Vec<&'s str>,
}

impl Type<'_> {
    /// Returns whether a server can remove an element other than `key`.
    fn can_spare(&self, key: &str) -> bool {
        self.spare.iter().any(|spare| *spare != key)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;

    fn encounter(version: &str) -> Value {
        json!({"resourceType": "Encounter", "id": "1", "meta": {"versionId": version}, "status": "finished",
            "class": {"code": "AMB"}, "subject": {"reference": "Patient/1"}, "period": {"start": "2024"}})
    }

    fn measured(left: Value) -> Trimmed {
        let params = [("_elements".to_owned(), "id,Encounter.subject,Patient.name".to_owned())];
        measure(
            &ResourceStore::holding(&[left]),
            &ResourceStore::holding(&[encounter("1")]),
            &params,
            Some(&crate::fhir::definitions::embedded::r4()),
        )
    }

    #[test]
    fn removed_elements_are_counted() {
        let kept = |expected, found| FoundCount { expected, found };
        let whole = measured(encounter("1"));
        assert_eq!((whole.trimmable, whole.trimmed, whole.untagged), (1, 0, 0));
        assert_eq!(whole.listed, [("Encounter".to_owned(), kept(1, 1))].into());
        let mut left = encounter("1");
        left.as_object_mut().unwrap().remove("period");
        assert_eq!(measured(left.clone()).untagged, 1);
        left["meta"]["tag"] =
            json!([{"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}]);
        left.as_object_mut().unwrap().remove("class");
        left.as_object_mut().unwrap().remove("subject");
        let less = measured(left);
        assert_eq!((less.trimmed, less.untagged), (1, 0));
        assert_eq!(less.listed, [("Encounter".to_owned(), kept(1, 0))].into());
        let mandatory = less.mandatory.unwrap();
        assert_eq!((mandatory["Encounter.class"], mandatory["Encounter.status"]), (kept(1, 0), kept(1, 1)));
        assert_eq!(measured(json!({"resourceType": "Encounter", "id": "1", "meta": {"versionId": "2"}})).trimmable, 0);
    }

    #[test]
    fn the_sample_element_is_optional_in_two_types_that_have_others() {
        let condition = json!({"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/1"},
            "encounter": {"reference": "Encounter/1"}, "code": {"text": "x"}});
        let observation = json!({"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "x"},
            "encounter": {"reference": "Encounter/1"}, "valueString": "x", "issued": "2024-01-01T00:00:00Z"});
        let both =
            ResourceStore::holding(&[condition.clone(), observation, json!({"resourceType": "Basic", "id": "b"})]);
        assert_eq!(sample_elements(&both), Some(("Condition,Observation".to_owned(), "encounter".to_owned())));
        assert_eq!(
            sample_elements(&ResourceStore::holding(&[condition])),
            Some(("Condition".to_owned(), "code".to_owned()))
        );
        assert_eq!(sample_elements(&ResourceStore::holding(&[json!({"resourceType": "Basic", "id": "b"})])), None);
    }
}
