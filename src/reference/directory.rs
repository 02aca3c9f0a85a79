//! The Australian provider directory that is compiled in: places are real, people, organisations and identifiers are
//! not. Identifiers have the form they need, but ABNs and ACNs fail the check of their register, so that none is anyone's;
//! one organisation has the HPI-O and ABN of the guide's own examples.

use serde_json::Value;

use super::fixtures::{Gone, Held, held};

const FILES: &[(&str, &str)] = &[
    ("Organization", include_str!("../../fixtures/population-au/Organization.ndjson")),
    ("Location", include_str!("../../fixtures/population-au/Location.ndjson")),
    ("Practitioner", include_str!("../../fixtures/population-au/Practitioner.ndjson")),
    ("PractitionerRole", include_str!("../../fixtures/population-au/PractitionerRole.ndjson")),
    ("HealthcareService", include_str!("../../fixtures/population-au/HealthcareService.ndjson")),
    ("Endpoint", include_str!("../../fixtures/population-au/Endpoint.ndjson")),
    ("Provenance", include_str!("../../fixtures/population-au/Provenance.ndjson")),
];

const DELETED: &str = include_str!("../../fixtures/population-au/deleted.json");

/// What a line has in the place of the server's base URL.
const BASE: &str = "%{base}";

/// The extension that hides a resource.
const SUPPRESSED: &str = "http://digitalhealth.gov.au/fhir/hcpd/StructureDefinition/hc-suppressed";

/// The resources by type, in the order of the files, where the server's base is `base`. Suppressed ones are among them
/// only if they are asked for.
pub(super) fn resources(base: &str, suppressed: bool) -> Vec<(&'static str, Vec<Held>)> {
    let load = |line: &str| {
        let row = if line.contains(BASE) { held(&line.replace(BASE, base)) } else { held(line) }?;
        let hidden = !suppressed && line.contains(SUPPRESSED) && is_suppressed(&row);
        (!hidden).then_some(row)
    };
    FILES.iter().map(|(name, text)| (*name, text.lines().filter_map(load).collect())).collect()
}

/// What was deleted.
pub(super) fn deleted() -> Vec<Gone> {
    serde_json::from_str(DELETED).unwrap_or_default()
}

fn is_suppressed(row: &Held) -> bool {
    let value: Value = serde_json::from_slice(&row.line).unwrap_or_default();
    let extensions = value.get("extension").and_then(Value::as_array);
    extensions.into_iter().flatten().any(|extension| {
        extension.get("url").and_then(Value::as_str) == Some(SUPPRESSED)
            && extension.get("valueBoolean").and_then(Value::as_bool) == Some(true)
    })
}
