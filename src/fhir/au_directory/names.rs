//! URLs, codes and kinds of identifiers of the Health Connect Provider Directory (0.3.0-preview) and its parent guides.

/// The URL of R4's extension data-absent-reason: why an element has no value.
pub(crate) const DATA_ABSENT_REASON: &str = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";

/// The start of the canonical URLs of the profiles.
pub(crate) const PROFILES: &str = "http://digitalhealth.gov.au/fhir/hcpd/StructureDefinition/";

/// The version of the profiles, as it may follow a canonical URL after `|`.
pub(crate) const VERSION: &str = "0.3.0-preview";

/// The start of canonical URLs of profiles and extensions before 0.3.0; the guide's sample line still has it.
pub(crate) const RETIRED: &str = "http://ns.electronichealth.net.au/hc/";

/// HL7's identifier types.
const V2: &str = "http://terminology.hl7.org/CodeSystem/v2-0203";

/// Australia's identifier types.
const V2_AU: &str = "http://terminology.hl7.org.au/CodeSystem/v2-0203";

/// The extension that classifies an organization.
pub(crate) const CLASSIFICATION: &str =
    "http://digitalhealth.gov.au/fhir/hcpd/StructureDefinition/hc-org-classification";
/// The code system of that classification.
pub(crate) const CLASSES: &str = "http://digitalhealth.gov.au/fhir/hcpd/CodeSystem/hc-org-classification-cs";
/// The extension that marks a resource as hidden.
pub(crate) const SUPPRESSED: &str = "http://digitalhealth.gov.au/fhir/hcpd/StructureDefinition/hc-suppressed";
/// The extension for the recorded sex or gender of a practitioner.
pub(crate) const SEX_OR_GENDER: &str = "http://hl7.org/fhir/StructureDefinition/individual-recordedSexOrGender";
/// The extension for an alternate name of a role.
pub(crate) const ALTERNATE_NAME: &str = "http://digitalhealth.gov.au/fhir/cc/StructureDefinition/alternate-name";
/// The extension for whether a service accepts new patients.
pub(crate) const NEW_PATIENTS: &str =
    "http://digitalhealth.gov.au/fhir/cc/StructureDefinition/new-patient-availability";
/// The extension with information for referrers.
pub(crate) const REFERRAL: &str =
    "http://digitalhealth.gov.au/fhir/cc/StructureDefinition/referral-information-for-referrer";
/// The extension for the period in which a service is active.
pub(crate) const ACTIVE_PERIOD: &str = "http://digitalhealth.gov.au/fhir/cc/StructureDefinition/active-period";
/// The extension for the receiving facility of an endpoint.
pub(crate) const RECEIVING_FACILITY: &str = "http://hl7.org.au/fhir/StructureDefinition/au-receivingfacility";
/// The extension for the receiving application of an endpoint.
pub(crate) const RECEIVING_APPLICATION: &str = "http://hl7.org.au/fhir/StructureDefinition/au-receivingapplication";

/// What distinguishes the identifiers of one kind from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdentifiedBy {
    /// Their system alone.
    System,
    /// Their type alone.
    Type,
    /// Both. The parent profile uses one of them; only an identifier with both is judged.
    Both,
}

/// A kind of identifier.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IdentifierKind {
    /// Its name in findings.
    pub name: &'static str,
    pub by: IdentifiedBy,
    /// Its fixed system.
    pub system: Option<&'static str>,
    /// The coding that its type must have: system and code.
    pub coding: Option<(&'static str, &'static str)>,
}

pub(crate) const LOCAL: IdentifierKind = IdentifierKind {
    name: "HC Local Identifier",
    by: IdentifiedBy::Type,
    system: Some("http://digitalhealth.gov.au/fhir/hcpd/id/hc-local-identifier"),
    coding: Some((V2, "XX")),
};
pub(crate) const HPI_I: IdentifierKind = IdentifierKind {
    name: "HPI-I",
    by: IdentifiedBy::Both,
    system: Some("http://ns.electronichealth.net.au/id/hi/hpii/1.0"),
    coding: Some((V2, "NPI")),
};
pub(crate) const HPI_O: IdentifierKind = IdentifierKind {
    name: "HPI-O",
    by: IdentifiedBy::System,
    system: Some("http://ns.electronichealth.net.au/id/hi/hpio/1.0"),
    coding: Some((V2_AU, "NOI")),
};
pub(crate) const HSP_O: IdentifierKind = IdentifierKind {
    name: "HSP-O",
    by: IdentifiedBy::System,
    system: Some("http://ns.electronichealth.net.au/id/hi/hspo/1.0"),
    coding: Some((V2_AU, "NOI")),
};
pub(crate) const ABN: IdentifierKind =
    IdentifierKind { name: "ABN", by: IdentifiedBy::System, system: Some("http://hl7.org.au/id/abn"), coding: None };
pub(crate) const ACN: IdentifierKind =
    IdentifierKind { name: "ACN", by: IdentifiedBy::System, system: Some("http://hl7.org.au/id/acn"), coding: None };
pub(crate) const AHPRA: IdentifierKind = IdentifierKind {
    name: "Ahpra registration number",
    by: IdentifiedBy::Type,
    system: Some("http://hl7.org.au/id/ahpra-registration-number"),
    coding: Some((V2_AU, "AHPRA")),
};
pub(crate) const PRN: IdentifierKind = IdentifierKind {
    name: "peak body registration number (PRN)",
    by: IdentifiedBy::Type,
    system: None,
    coding: Some((V2, "PRN")),
};
pub(crate) const MEDICARE: IdentifierKind = IdentifierKind {
    name: "Medicare provider number",
    by: IdentifiedBy::Type,
    system: Some("http://ns.electronichealth.net.au/id/medicare-provider-number"),
    coding: Some((V2_AU, "UPIN")),
};
pub(crate) const ENDPOINT_ID: IdentifierKind =
    IdentifierKind { name: "HC Endpoint Identifier", by: IdentifiedBy::Type, system: None, coding: Some((V2, "RI")) };
pub(crate) const SMD: IdentifierKind = IdentifierKind {
    name: "SMD target identifier",
    by: IdentifiedBy::System,
    system: Some("http://ns.electronichealth.net.au/smd/target"),
    coding: None,
};
