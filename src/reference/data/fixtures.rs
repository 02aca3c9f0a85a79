//! The small synthetic population that is compiled in.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use crate::base::instant::Instant;
use crate::reference::options::IdShapes;

const FILES: &[(&str, &str)] = &[
    ("Patient", include_str!("../../../fixtures/population/Patient.ndjson")),
    ("Observation", include_str!("../../../fixtures/population/Observation.ndjson")),
    ("Condition", include_str!("../../../fixtures/population/Condition.ndjson")),
    ("Encounter", include_str!("../../../fixtures/population/Encounter.ndjson")),
    ("Provenance", include_str!("../../../fixtures/population/Provenance.ndjson")),
    ("Practitioner", include_str!("../../../fixtures/population/Practitioner.ndjson")),
    ("Organization", include_str!("../../../fixtures/population/Organization.ndjson")),
    ("Group", include_str!("../../../fixtures/population/Group.ndjson")),
    ("DocumentReference", include_str!("../../../fixtures/population/DocumentReference.ndjson")),
];

const DELETED: &str = include_str!("../../../fixtures/population/deleted.json");

/// A resource, and the data by which exports select it.
#[derive(Clone, Debug)]
pub(crate) struct FixtureData {
    /// The id of the fixture data.
    pub id: String,
    /// When it was last changed.
    pub updated: Instant,
    /// The patients with this resource in their compartments.
    pub patients: BTreeSet<String>,
    /// The resource as one line.
    pub line: Bytes,
}

/// A resource that was deleted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeletedResource {
    /// `Type/id`.
    pub reference: String,
    /// The patient that it belonged to.
    pub patient: Option<String>,
    /// When it was deleted, an instant.
    pub at: String,
    /// The Groups of which the patient was a member.
    pub groups: Vec<String>,
}

/// The resources by type, in the order of the files. The URLs of attachments start with `base`.
pub(crate) fn resources(base: &str, ids: &IdShapes) -> Vec<(&'static str, Vec<FixtureData>)> {
    let own = |line: &str| held(&ids.rename(&line.replace("%{base}", base)));
    let mut loaded: Vec<(&'static str, Vec<FixtureData>)> =
        FILES.iter().map(|(name, text)| (*name, text.lines().filter_map(own).collect())).collect();
    // A Provenance belongs to the patients that it names, and to the patients of its targets.
    let owners: BTreeMap<String, BTreeSet<String>> = loaded
        .iter()
        .flat_map(|(name, rows)| rows.iter().map(move |row| (format!("{name}/{}", row.id), row.patients.clone())))
        .collect();
    for row in loaded.iter_mut().filter(|(name, _)| *name == "Provenance").flat_map(|(_, rows)| rows) {
        let targets = serde_json::from_slice::<Value>(&row.line).ok().and_then(|value| value.get("target").cloned());
        for target in targets.iter().filter_map(Value::as_array).flatten() {
            let about = target.get("reference").and_then(Value::as_str).and_then(|about| owners.get(about));
            row.patients.extend(about.into_iter().flatten().cloned());
        }
    }
    loaded
}

/// A patient of another tenant, which no client of this tenant may receive.
pub const OTHERS_PATIENT: &str = "stowaway-01";

/// The system of the tags that name the tenant of a resource.
pub const TENANTS: &str = "https://plimsoll.example/tenants";

/// The tag of the other tenant's resources.
pub const OTHER_TENANT: &str = "other-quay";

/// The patient of another tenant.
pub(crate) fn of_another_tenant() -> Option<FixtureData> {
    let patient = serde_json::json!({
        "resourceType": "Patient",
        "id": OTHERS_PATIENT,
        "meta": {
            "versionId": "1",
            "lastUpdated": "2024-03-05T16:00:00.000Z",
            "tag": [{"system": TENANTS, "code": OTHER_TENANT}],
        },
        "active": true,
        "name": [{"use": "official", "family": "Blindpassasjer", "given": ["Bo"]}],
        "gender": "unknown",
    });
    held(&patient.to_string())
}

/// The resources that were deleted.
pub(crate) fn deleted(ids: &IdShapes) -> Vec<DeletedResource> {
    serde_json::from_str(&ids.rename(DELETED)).unwrap_or_default()
}

/// The resource in a line; `None` if it has no id or no `lastUpdated`.
pub(crate) fn held(line: &str) -> Option<FixtureData> {
    let value: Value = serde_json::from_str(line).ok()?;
    let id = value.get("id")?.as_str()?.to_owned();
    let updated = Instant::parse(value.pointer("/meta/lastUpdated")?.as_str()?)?;
    let mut patients = BTreeSet::new();
    if value.get("resourceType")?.as_str()? == "Patient" {
        patients.insert(id.clone());
    }
    let subjects = value.get("subject").into_iter();
    let targets = value.get("target").and_then(Value::as_array).into_iter().flatten();
    let members = value.get("member").and_then(Value::as_array).into_iter().flatten().filter_map(|m| m.get("entity"));
    for reference in subjects.chain(targets).chain(members).filter_map(|link| link.get("reference")?.as_str()) {
        patients.extend(reference.strip_prefix("Patient/").map(str::to_owned));
    }
    Some(FixtureData { id, updated, patients, line: Bytes::from(line.to_owned()) })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_fixture_line_is_loaded_under_its_type() {
        let loaded = resources("https://plimsoll.example/fhir", &IdShapes::default());
        for ((name, text), (_, rows)) in FILES.iter().zip(&loaded) {
            assert_eq!(text.lines().count(), rows.len(), "{name}");
            for row in rows {
                let value: Value = serde_json::from_slice(&row.line).unwrap();
                assert_eq!(value.get("resourceType").unwrap(), name);
            }
        }
    }

    #[test]
    fn references_refer_to_existing_resources() {
        let loaded = resources("https://plimsoll.example/fhir", &IdShapes::default());
        let there: BTreeSet<String> =
            loaded.iter().flat_map(|(name, rows)| rows.iter().map(move |row| format!("{name}/{}", row.id))).collect();
        for line in loaded.iter().flat_map(|(_, rows)| rows.iter().map(|row| &row.line)) {
            let text = std::str::from_utf8(line).unwrap();
            for part in text.split(r#""reference":""#).skip(1) {
                let reference = part.split('"').next().unwrap();
                assert!(reference.starts_with('#') || there.contains(reference), "{reference} in {text}");
            }
        }
    }

    #[test]
    fn deletions_are_later_than_every_change() {
        let latest = resources("https://plimsoll.example/fhir", &IdShapes::default())
            .iter()
            .flat_map(|(_, rows)| rows.iter().map(|row| row.updated))
            .max()
            .unwrap();
        let deletions = deleted(&IdShapes::default());
        assert!(deletions.len() > 2);
        assert!(deletions.iter().all(|deletion| Instant::parse(&deletion.at).unwrap() > latest));
    }
}
