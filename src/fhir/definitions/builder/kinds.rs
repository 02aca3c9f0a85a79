//! Maps FHIR's types to the kinds and flags of the tables.

use crate::fhir::definitions::builder::draft::Draft;
use crate::fhir::definitions::layout::*;

/// Returns the kind of an element's value.
pub(crate) fn kind(draft: &Draft<'_>, code: &str, name: &str) -> ValueKind {
    match code {
        "http://hl7.org/fhirpath/System.String" => match name {
            "id" if draft.kind == "resource" && draft.name == draft.root => ValueKind::Id,
            "url" => ValueKind::Uri,
            _ => ValueKind::Text,
        },
        "string" | "markdown" => ValueKind::Text,
        "code" => ValueKind::Code,
        "id" => ValueKind::Id,
        "uri" | "url" | "canonical" => ValueKind::Uri,
        "date" => ValueKind::Date,
        "dateTime" => ValueKind::DateTime,
        "instant" => ValueKind::Instant,
        "time" => ValueKind::Time,
        "boolean" => ValueKind::Boolean,
        "integer" => ValueKind::Integer,
        "positiveInt" => ValueKind::PositiveInt,
        "unsignedInt" => ValueKind::UnsignedInt,
        "decimal" => ValueKind::Decimal,
        "base64Binary" => ValueKind::Base64,
        "oid" => ValueKind::Oid,
        "uuid" => ValueKind::Uuid,
        "xhtml" => ValueKind::Xhtml,
        "Resource" => ValueKind::Resource,
        _ => ValueKind::Complex,
    }
}

/// Returns whether the element can have a `_` twin: FHIR's primitives except ids and xhtml.
pub(crate) fn has_twin(kind: u8, code: &str) -> bool {
    let primitive = kind < ValueKind::Xhtml as u8;
    primitive && (!code.contains("fhirpath") || kind == ValueKind::Uri as u8)
}

/// Returns the `E_` flags of elements that the validator treats in a special way.
pub(crate) fn marks(draft: &Draft<'_>, name: &str, resource: bool) -> u16 {
    match (draft.name.as_str(), name) {
        ("Period", "start") | ("MedicationDispense", "whenPrepared") | ("Range", "low") | ("Observation", "code") => {
            E_LEFT
        }
        ("Period", "end")
        | ("MedicationDispense", "whenHandedOver")
        | ("Range", "high")
        | ("Observation", "component") => E_RIGHT,
        ("Reference", "reference") => E_REFERENCE,
        ("Reference", "type") => E_REFERENCE_TYPE,
        ("Meta", "versionId") => E_VERSION,
        ("Meta", "lastUpdated") => E_UPDATED,
        ("Meta", "security") => E_SECURITY,
        (_, "contained") if resource => E_CONTAINED,
        (_, "id") if resource => E_ID,
        (_, "meta") if resource => E_META,
        _ => 0,
    }
}

/// Returns the `T_` flags of a type.
pub(crate) fn type_flags(draft: &Draft<'_>) -> u16 {
    let resource = draft.kind == "resource" && draft.name == draft.root;
    let own = match draft.name.as_str() {
        "Period" | "MedicationDispense" => T_PERIOD,
        "Range" => T_RANGE,
        "Reference" => T_REFERENCE,
        "Bundle" => T_BUNDLE,
        "Observation" => T_OBSERVATION,
        _ => 0,
    };
    own | if resource { T_RESOURCE } else { T_ELEMENT } | if draft.domain { T_DOMAIN } else { 0 }
}

/// Returns the index in [`PAGES`] of the page that defines a type; [`NONE`] for resources.
pub(crate) fn page(root: &str, kind: &str) -> u16 {
    let page = match root {
        "Extension" => "extensibility",
        "Narrative" => "narrative",
        "Reference" => "references",
        "Meta" | "Resource" => "resource",
        "DomainResource" => "domainresource",
        "Dosage" => "dosage",
        "ElementDefinition" => "elementdefinition",
        "BackboneElement" => "backboneelement",
        "Element" => "element",
        "ContactDetail"
        | "Contributor"
        | "DataRequirement"
        | "Expression"
        | "ParameterDefinition"
        | "RelatedArtifact"
        | "TriggerDefinition"
        | "UsageContext" => "metadatatypes",
        "MarketingStatus" | "Population" | "ProdCharacteristic" | "ProductShelfLife" | "SubstanceAmount" => {
            "productdatatypes"
        }
        _ if kind != "resource" => "datatypes",
        _ => return NONE,
    };
    PAGES.iter().position(|known| *known == page).map_or(NONE, |index| index as u16)
}
