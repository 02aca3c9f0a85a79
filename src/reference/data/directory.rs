//! The Australian provider directory that is compiled in. Places are real; people, organizations and identifiers are
//! invented. Identifiers have a valid form, but ABNs and ACNs have wrong check digits, so that no real organization
//! can have them. One organization has the HPI-O and ABN of the guide's examples.

use std::sync::LazyLock;

use serde_json::Value;

use crate::reference::data::fixtures::{DeletedResource, FixtureData, held};

const FILES: &[(&str, &str)] = &[
    ("Organization", include_str!("../../../fixtures/population-au/Organization.ndjson")),
    ("Location", include_str!("../../../fixtures/population-au/Location.ndjson")),
    ("Practitioner", include_str!("../../../fixtures/population-au/Practitioner.ndjson")),
    ("PractitionerRole", include_str!("../../../fixtures/population-au/PractitionerRole.ndjson")),
    ("HealthcareService", include_str!("../../../fixtures/population-au/HealthcareService.ndjson")),
    ("Endpoint", include_str!("../../../fixtures/population-au/Endpoint.ndjson")),
    ("Provenance", include_str!("../../../fixtures/population-au/Provenance.ndjson")),
];

const DELETED: &str = include_str!("../../../fixtures/population-au/deleted.json");

/// The placeholder of the server's base URL.
const BASE: &str = "%{base}";

/// The extension of a hidden resource.
const SUPPRESSED: &str = "http://digitalhealth.gov.au/fhir/hcpd/StructureDefinition/hc-suppressed";

/// A line of the files.
struct DirectoryLine {
    row: FixtureData,
    /// Whether it contains the placeholder of the base URL.
    based: bool,
    suppressed: bool,
}

/// The lines by type, parsed once for all servers of this process.
static LINES: LazyLock<Vec<(&'static str, Vec<DirectoryLine>)>> = LazyLock::new(|| {
    let read = |text: &str| {
        let row = held(text)?;
        let suppressed = text.contains(SUPPRESSED) && is_suppressed(&row);
        Some(DirectoryLine { row, based: text.contains(BASE), suppressed })
    };
    FILES.iter().map(|(name, text)| (*name, text.lines().filter_map(read).collect())).collect()
});

/// The resources of a server at `base`, by type, in the order of the files. `suppressed` includes hidden resources.
pub(crate) fn resources(base: &str, suppressed: bool) -> Vec<(&'static str, Vec<FixtureData>)> {
    let with_base = |line: &DirectoryLine| match line.based {
        true => {
            FixtureData { line: String::from_utf8_lossy(&line.row.line).replace(BASE, base).into(), ..line.row.clone() }
        }
        false => line.row.clone(),
    };
    let shown = |line: &&DirectoryLine| suppressed || !line.suppressed;
    LINES.iter().map(|(name, lines)| (*name, lines.iter().filter(shown).map(with_base).collect())).collect()
}

/// The resources that were deleted.
pub(crate) fn deleted() -> Vec<DeletedResource> {
    serde_json::from_str(DELETED).unwrap_or_default()
}

fn is_suppressed(row: &FixtureData) -> bool {
    let value: Value = serde_json::from_slice(&row.line).unwrap_or_default();
    let extensions = value.get("extension").and_then(Value::as_array);
    extensions.into_iter().flatten().any(|extension| {
        extension.get("url").and_then(Value::as_str) == Some(SUPPRESSED)
            && extension.get("valueBoolean").and_then(Value::as_bool) == Some(true)
    })
}
