//! Measures which patients exported resources belong to: patients outside a Group, missing types of patients, Binaries
//! of patients, and the Provenance of exported resources. The result has only counts and names of types.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::base::instant::Instant;
use crate::measure::missing_resource::{MissingResource, ResourceName};
use crate::measure::references::{owner, references};
use crate::measure::resource_store::ResourceStore;
use crate::ndjson::identity::{Identity, normalize_reference};
use crate::recording::comparison::{Compartment, FoundCount, Lineage};
use crate::search::world::World as _;

/// Adds the patients that replace members: FHIR uses the replacement in lieu of the replaced Patient.
fn with_replacements(own: &ResourceStore, members: &BTreeSet<String>) -> BTreeSet<String> {
    let mut all = members.clone();
    let mut replacements: Vec<(String, String)> = Vec::new();
    for (id, value) in own.of("Patient") {
        for link in value.get("link").and_then(Value::as_array).into_iter().flatten() {
            let other = link.pointer("/other/reference").and_then(Value::as_str).and_then(normalize_reference);
            let Some(("Patient", other)) = other else { continue };
            match link.get("type").and_then(Value::as_str) {
                // DSTU 2 has `replace`.
                Some("replaced-by" | "replace") => replacements.push((id.to_owned(), other.to_owned())),
                Some("replaces") => replacements.push((other.to_owned(), id.to_owned())),
                _ => {}
            }
        }
    }
    loop {
        let new = |(replaced, by): &&(String, String)| all.contains(replaced) && !all.contains(by);
        let Some((_, by)) = replacements.iter().find(new) else { return all };
        all.insert(by.clone());
    }
}

/// Counts, by type, the resources of patients outside `members` to which no references lead from a member.
pub(crate) fn outsiders(own: &ResourceStore, members: &BTreeSet<String>) -> BTreeMap<String, u64> {
    let members = &with_replacements(own, members);
    let is_member = |name: &ResourceName| name.0 == "Patient" && members.contains(&name.1);
    let mut refers: BTreeMap<ResourceName, BTreeSet<ResourceName>> = BTreeMap::new();
    let (mut reached, mut open, mut not_members) = (BTreeSet::new(), Vec::new(), Vec::new());
    for kind in own.kinds() {
        for (id, value) in own.of(kind) {
            let name = (kind.to_owned(), id.to_owned());
            let leads = references(value);
            let not_member = match kind {
                "Patient" => !is_member(&name),
                _ => owner(value).is_some_and(|owner| !members.contains(owner)),
            };
            // A Group refers to all its members, so its references are not followed.
            if is_member(&name) || (kind != "Group" && leads.iter().any(is_member)) {
                reached.insert(name.clone());
                open.push(name.clone());
            }
            if not_member {
                not_members.push(name.clone());
            }
            refers.insert(name, leads);
        }
    }
    while let Some(name) = open.pop() {
        for next in refers.get(&name).into_iter().flatten().filter(|next| next.0 != "Group") {
            if reached.insert(next.clone()) {
                open.push(next.clone());
            }
        }
    }
    let mut outsiders = BTreeMap::new();
    for (kind, _) in not_members.into_iter().filter(|name| !reached.contains(name)) {
        *outsiders.entry(kind).or_default() += 1;
    }
    outsiders
}

/// Returns the types in `everything` with resources of patients, by whether any resource of the type is in `own`.
pub(crate) fn compartment(own: &ResourceStore, everything: &ResourceStore) -> Compartment {
    let came: BTreeSet<&str> = own.kinds().collect();
    let mut found = Compartment::default();
    for kind in everything.kinds().filter(|kind| crate::base::resource_types::is_in_patient_compartment(kind)) {
        let about = everything.of(kind).filter(|(_, value)| owner(value).is_some()).count() as u64;
        if about > 0 && !came.contains(kind) {
            found.absent.insert(kind.to_owned(), about);
        } else if about > 0 {
            found.present.push(kind.to_owned());
        }
    }
    found
}

/// Returns how many DocumentReferences of patients have content: data, or the URL of data.
pub(crate) fn documents(own: &ResourceStore) -> u64 {
    let filled = |content: &Value| {
        ["/attachment/data", "/attachment/url"].iter().any(|place| content.pointer(place).is_some_and(Value::is_string))
    };
    let has_content = |value: &Value| {
        let contents = value.get("content").and_then(Value::as_array).into_iter().flatten();
        owner(value).is_some() && contents.into_iter().any(filled)
    };
    own.of("DocumentReference").filter(|(_, value)| has_content(value)).count() as u64
}

/// Returns the number of Binary resources in `own`, and how many of them belong to a patient: by their security
/// context, or because a resource of a patient refers to them.
pub(crate) fn binaries(own: &ResourceStore) -> (u64, u64) {
    if own.of("Binary").next().is_none() {
        return (0, 0);
    }
    let mut named = BTreeSet::new();
    for kind in own.kinds() {
        for (id, value) in own.of(kind) {
            if kind == "Patient" || owner(value).is_some() {
                named.extend(references(value));
                let urls = crate::ndjson::contents::look(value).urls;
                named.extend(
                    urls.iter().filter_map(|url| normalize_reference(url)).map(|(k, i)| (k.to_owned(), i.to_owned())),
                );
                named.insert((kind.to_owned(), id.to_owned()));
            }
        }
    }
    let of_patient = |id: &str, value: &Value| {
        let context = value.pointer("/securityContext/reference").and_then(Value::as_str).and_then(normalize_reference);
        let guarded = context.is_some_and(|(kind, id)| {
            kind == "Patient" || own.get(kind, id).is_some_and(|value| owner(value).is_some())
        });
        guarded || named.contains(&("Binary".to_owned(), id.to_owned()))
    };
    let all: Vec<bool> = own.of("Binary").map(|(id, value)| of_patient(id, value)).collect();
    (all.len() as u64, all.iter().filter(|tied| **tied).count() as u64)
}

/// One Provenance of a resource.
struct Record<'s> {
    id: &'s str,
    recorded: Option<Instant>,
    updated: Option<Instant>,
}

/// Counts the Provenance in `source` of exported resources, only of resources of patients if `of_patients`; `None` if
/// `source` does not have all Provenance. `lost` gets each missing one, or with `latest` only the newest missing ones,
/// and whether it is the newest Provenance of some resource.
pub(crate) fn lineage(
    source: &ResourceStore,
    came: &Identity,
    (of_patients, latest): (bool, bool),
    lost: &mut Vec<(MissingResource, bool)>,
) -> Option<Lineage> {
    if source.lacks_some("Provenance") {
        return None;
    }
    let there = |kind: &str, id: &str| came.held(&[came.key().hash(kind, id)]) > 0;
    let concerned = |name: &ResourceName| {
        let (kind, id) = (name.0.as_str(), name.1.as_str());
        let own = |value: &Value| kind == "Patient" || owner(value).is_some();
        kind != "Provenance" && there(kind, id) && (!of_patients || source.get(kind, id).is_some_and(own))
    };
    let mut by_target: BTreeMap<ResourceName, Vec<Record<'_>>> = BTreeMap::new();
    let mut all: BTreeMap<&str, &Value> = BTreeMap::new();
    for (id, value) in source.of("Provenance") {
        let instant = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).and_then(Instant::parse);
        let (recorded, updated) = (instant("/recorded"), instant("/meta/lastUpdated"));
        let targets = value.get("target").map(references).unwrap_or_default();
        for target in targets.into_iter().filter(concerned) {
            by_target.entry(target).or_default().push(Record { id, recorded, updated });
            all.insert(id, value);
        }
    }
    let (mut newest, mut unclear) = (BTreeSet::new(), BTreeSet::new());
    for records in by_target.values() {
        let last_by = |instant: &dyn Fn(&Record<'_>) -> Option<Instant>| {
            let latest = records.iter().map(instant).max().flatten();
            let mut first = records.iter().filter(|record| latest.is_some() && instant(record) == latest);
            let known = records.iter().all(|record| instant(record).is_some());
            first.next().filter(|_| known && first.next().is_none()).map(|record| record.id)
        };
        let (recorded, updated) = (last_by(&|record| record.recorded), last_by(&|record| record.updated));
        match recorded.filter(|id| updated.is_none_or(|updated| updated == *id)) {
            Some(id) => drop(newest.insert(id)),
            // Of several with the same instant, any may be the last one. The one with the latest lastUpdated may be it,
            // too.
            None => unclear.extend(records.iter().map(|record| record.id)),
        }
    }
    let mut found = Lineage::default();
    for (id, value) in all {
        let came = u64::from(there("Provenance", id));
        let count = |kept: &mut FoundCount| {
            kept.expected += 1;
            kept.found += came;
        };
        count(&mut found.all);
        if newest.contains(id) {
            count(&mut found.newest);
        } else if !unclear.contains(id) {
            count(&mut found.older);
        }
        if came == 0 && (!latest || newest.contains(id)) {
            let missing = MissingResource { kind: "Provenance".to_owned(), id: id.to_owned(), was: value.clone() };
            lost.push((missing, newest.contains(id)));
        }
    }
    Some(found)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ndjson::expected::Expected;
    use crate::ndjson::identity::RunKey;
    use crate::ndjson::reader::{FileReader, ReaderOptions};
    use crate::suite::model::FileList;

    fn of(kind: &str, id: &str, refers: &[(&str, &str)]) -> Value {
        let mut value = json!({"resourceType": kind, "id": id});
        for (key, reference) in refers {
            value[*key] = json!({"reference": reference});
        }
        value
    }

    #[test]
    fn a_patient_that_replaces_a_member_is_no_outsider() {
        let patient = |id: &str, kind: &str, other: &str| json!({"resourceType": "Patient", "id": id, "link": [{"type": kind, "other": {"reference": other}}]});
        let about = |id: &str, subject: &str| of("Observation", id, &[("subject", subject)]);
        let own = ResourceStore::holding(&[
            patient("in", "replaced-by", "Patient/newer"),
            patient("newest", "replaces", "https://h/fhir/Patient/newer"),
            patient("out", "seealso", "Patient/in"),
            about("a", "Patient/newer"),
            about("b", "Patient/newest"),
            about("c", "Patient/out"),
        ]);
        let members = BTreeSet::from(["in".to_owned()]);
        assert_eq!(outsiders(&own, &members), BTreeMap::from([("Observation".to_owned(), 1)]));
        assert_eq!(outsiders(&own, &BTreeSet::new()).values().sum::<u64>(), 6);
    }

    #[test]
    fn outsiders_are_not_connected_to_members() {
        let own = ResourceStore::holding(&[
            of("Patient", "in", &[]),
            of("Patient", "out", &[]),
            of("Patient", "mother", &[]),
            of("Patient", "twin", &[("link", "Patient/in")]),
            of("Observation", "own", &[("subject", "Patient/in"), ("focus", "Observation/mothers")]),
            of("Observation", "mothers", &[("subject", "Patient/mother")]),
            of("Observation", "foreign", &[("subject", "Patient/out"), ("performer", "Practitioner/p")]),
            of("Observation", "shared", &[("subject", "Patient/out"), ("performer", "Patient/in")]),
            of("Practitioner", "p", &[]),
            of("Group", "g", &[("a", "Patient/in"), ("b", "Patient/out")]),
        ]);
        let mut found = outsiders(&own, &BTreeSet::from(["in".to_owned()]));
        // References lead from a shared resource to the patient that it belongs to.
        assert_eq!(found.remove("Observation"), Some(1));
        assert_eq!(found, BTreeMap::new());
        let alone = ResourceStore::holding(&[
            of("Patient", "in", &[]),
            of("Patient", "out", &[]),
            of("Group", "g", &[("b", "Patient/out")]),
        ]);
        assert_eq!(outsiders(&alone, &BTreeSet::from(["in".to_owned()])), [("Patient".to_owned(), 1)].into());
    }

    #[test]
    fn only_types_of_patients_can_be_missing() {
        let everything = ResourceStore::holding(&[
            of("Patient", "1", &[]),
            of("Condition", "c", &[("subject", "Patient/1")]),
            of("Observation", "o", &[("subject", "Patient/1")]),
            of("Encounter", "e", &[]),
            of("Organization", "x", &[]),
        ]);
        let own = ResourceStore::holding(&[of("Patient", "1", &[]), of("Condition", "c", &[])]);
        let found = compartment(&own, &everything);
        assert_eq!(
            (found.present, found.absent),
            (vec!["Condition".to_owned()], [("Observation".to_owned(), 1)].into())
        );
    }

    #[test]
    fn a_binary_belongs_to_a_patient_by_context_or_by_reference() {
        let document = json!({"resourceType": "DocumentReference", "id": "d", "subject": {"reference": "Patient/1"},
            "content": [{"attachment": {"contentType": "a/b", "url": "https://h/fhir/Binary/named"}}]});
        let own = ResourceStore::holding(&[
            of("Binary", "named", &[]),
            of("Binary", "guarded", &[("securityContext", "Patient/1")]),
            of("Binary", "other", &[("securityContext", "Organization/1")]),
            document,
        ]);
        assert_eq!((binaries(&own), documents(&own)), ((3, 2), 1));
        assert_eq!(binaries(&ResourceStore::holding(&[of("Patient", "1", &[])])), (0, 0));
    }

    #[test]
    fn the_newest_provenance_of_each_resource_differs_from_older_ones() {
        let log = |id: &str, recorded: &str, targets: &[&str]| {
            let targets: Vec<Value> = targets.iter().map(|target| json!({"reference": target})).collect();
            json!({"resourceType": "Provenance", "id": id, "recorded": recorded, "target": targets})
        };
        let source = ResourceStore::holding(&[
            of("Condition", "1", &[("subject", "Patient/1")]),
            of("Organization", "2", &[]),
            log("old", "2020-01-01T00:00:00Z", &["Condition/1", "Patient/away"]),
            log("new", "2021-01-01T00:00:00Z", &["Condition/1/_history/2"]),
            log("house", "2020-01-01T00:00:00Z", &["Organization/2"]),
            log("foreign", "2020-01-01T00:00:00Z", &["Condition/9"]),
        ]);
        let index = Identity::new(&RunKey::new());
        let mut options = ReaderOptions::new(Expected { list: FileList::Output, announced: None });
        options.identity = Some(index.clone());
        let mut reader = FileReader::new(options);
        for name in [("Condition", "1"), ("Organization", "2"), ("Provenance", "old")] {
            reader.push(format!("{}\n", of(name.0, name.1, &[])).as_bytes()).unwrap();
        }
        reader.finish(true);
        let mut lost = Vec::new();
        let found = lineage(&source, &index, (false, false), &mut lost).unwrap();
        let kept = |expected, found| FoundCount { expected, found };
        assert_eq!((found.all, found.newest, found.older), (kept(3, 1), kept(2, 0), kept(1, 1)));
        assert_eq!(lost.iter().map(|(lost, _)| lost.id.as_str()).collect::<Vec<_>>(), ["house", "new"]);
        let found = lineage(&source, &index, (true, true), &mut Vec::new()).unwrap();
        assert_eq!(found.all, kept(2, 1), "an organization belongs to no patient");
    }
}
