//! The Australian provider directory that is compiled in: places are real, people, organisations and identifiers are
//! not. Identifiers have the form they need, but ABNs and ACNs fail the check of their register, so that none is anyone's;
//! one organisation has the HPI-O and ABN of the guide's own examples.

use std::sync::LazyLock;

use serde_json::Value;

use crate::reference::data::fixtures::{FixtureData, Gone, held};

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

/// What a line has in the place of the server's base URL.
const BASE: &str = "%{base}";

/// The extension that hides a resource.
const SUPPRESSED: &str = "http://digitalhealth.gov.au/fhir/hcpd/StructureDefinition/hc-suppressed";

/// A line of the files.
struct Line {
    row: FixtureData,
    /// Whether it names the server's base.
    based: bool,
    suppressed: bool,
}

/// The lines by type, read once for all servers of this process.
static LINES: LazyLock<Vec<(&'static str, Vec<Line>)>> = LazyLock::new(|| {
    let read = |text: &str| {
        let row = held(text)?;
        let suppressed = text.contains(SUPPRESSED) && is_suppressed(&row);
        Some(Line { row, based: text.contains(BASE), suppressed })
    };
    FILES.iter().map(|(name, text)| (*name, text.lines().filter_map(read).collect())).collect()
});

/// The resources by type, in the order of the files, where the server's base is `base`. Suppressed ones are among them
/// only if they are asked for.
pub(crate) fn resources(base: &str, suppressed: bool) -> Vec<(&'static str, Vec<FixtureData>)> {
    let at_home = |line: &Line| match line.based {
        true => {
            FixtureData { line: String::from_utf8_lossy(&line.row.line).replace(BASE, base).into(), ..line.row.clone() }
        }
        false => line.row.clone(),
    };
    let shown = |line: &&Line| suppressed || !line.suppressed;
    LINES.iter().map(|(name, lines)| (*name, lines.iter().filter(shown).map(at_home).collect())).collect()
}

/// What was deleted.
pub(crate) fn deleted() -> Vec<Gone> {
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
