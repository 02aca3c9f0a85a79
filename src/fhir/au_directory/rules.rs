//! The rules of the Health Connect profiles (0.3.0-preview), as a table. A rule is here only if the text of the profile
//! or of its parent is unambiguous. Codes are not looked up in value sets.

use crate::fhir::au_directory::rule::{IdentifierPart as Part, Must, Rule};
use crate::fhir::au_directory::{names, numbers, special};
use crate::suite::shapes::DirectoryTopic as Topic;
use crate::suite::shapes::DirectoryTopic::{
    Cautions, Endpoint, HealthcareService, Location, Organization, Practitioner, PractitionerRole, Provenance,
};

use Must::{Classed, Count, Digits, Extension, Kinds, One, Refers, Special, Typed};

const ANY: usize = usize::MAX;

/// A row of the table.
const fn rule(
    (topic, profile): (Topic, &'static str),
    id: &'static str,
    says: &'static str,
    way: &'static str,
    must: Must,
) -> Rule {
    Rule { id, topic, profile, says, way, must }
}

type Of = (Topic, &'static str);
const ORG: Of = (Organization, "hc-organization");
const PRAC: Of = (Practitioner, "hc-practitioner");
const ROLE: Of = (PractitionerRole, "hc-practitionerrole");
const SERV: Of = (HealthcareService, "hc-healthcareservice");
const LOC: Of = (Location, "hc-location");
const AREA: Of = (Location, "hc-service-coverage-area");
const END: Of = (Endpoint, "hc-endpoint");
const PROV: Of = (Provenance, "hc-provenance");

const fn caution(of: Of) -> Of {
    (Cautions, of.1)
}

const HC_LI: &str = "exactly one HC Local Identifier: type v2-0203#XX";
const HC_LI_SYSTEM: &str =
    "an HC Local Identifier of system http://digitalhealth.gov.au/fhir/hcpd/id/hc-local-identifier";
const HC_LI_VALUE: &str = "an HC Local Identifier with a value";
const AHPRA_SYSTEM: &str = "an Ahpra registration number of system http://hl7.org.au/id/ahpra-registration-number";
const PRN_ASSIGNER: &str = "a display in the assigner of a PRN";
const REGISTERED: &str = "a registration number (Ahpra or PRN) with a value";
const SUPPRESSED: &str = "at most one extension hc-suppressed";
const TO_ORG: &str = "a reference to an Organization";
const TO_LOC: &str = "a reference to a Location";
const TO_END: &str = "references to Endpoints";

/// All rules.
#[rustfmt::skip]
pub(crate) const RULES: &[Rule] = &[
    rule(ORG, "organization-number", "an HPI-O or an HSP-O among the identifiers", "", Special(special::organization_number)),
    rule(ORG, "organization-hpio", "an HPI-O of 16 digits that begins with 800362 and ends with its Luhn check digit", "identifier", Classed(&names::HPI_O, Part::Number(numbers::HPI_O))),
    rule(ORG, "organization-hpio-type", "an HPI-O of type v2-0203 (Australian)#NOI", "identifier", Typed(&names::HPI_O)),
    rule(ORG, "organization-hpio-class", "exactly one extension hc-org-classification on the HPI-O", "identifier", Classed(&names::HPI_O, Part::Classification)),
    rule(ORG, "organization-hspo-once", "at most one HSP-O", "identifier", Kinds(&names::HSP_O, 0, 1)),
    rule(ORG, "organization-hspo", "an HSP-O of 16 digits that begins with 800364 and ends with its Luhn check digit", "identifier", Classed(&names::HSP_O, Part::Number(numbers::HSP_O))),
    rule(ORG, "organization-hspo-type", "an HSP-O of type v2-0203 (Australian)#NOI", "identifier", Typed(&names::HSP_O)),
    rule(ORG, "organization-hspo-class", "exactly one extension hc-org-classification on the HSP-O", "identifier", Classed(&names::HSP_O, Part::Classification)),
    rule(ORG, "organization-hspo-seed", "an HSP-O classified as seed", "identifier", Classed(&names::HSP_O, Part::Seed)),
    rule(ORG, "organization-abn-once", "exactly one ABN, of system http://hl7.org.au/id/abn", "identifier", Kinds(&names::ABN, 1, 1)),
    rule(ORG, "organization-abn", "an ABN of 11 digits", "identifier", Classed(&names::ABN, Part::Number(numbers::ABN))),
    rule(ORG, "organization-abn-type", "an ABN with a type", "identifier", Typed(&names::ABN)),
    rule(ORG, "organization-acn-once", "at most one ACN", "identifier", Kinds(&names::ACN, 0, 1)),
    rule(ORG, "organization-acn", "an ACN of 9 digits", "identifier", Classed(&names::ACN, Part::Number(numbers::ACN))),
    rule(ORG, "organization-acn-type", "an ACN with a type", "identifier", Typed(&names::ACN)),
    rule(ORG, "organization-name", "a name", "name", Count(1, ANY)),
    rule(ORG, "organization-address", "exactly one address", "address", Count(1, 1)),
    rule(ORG, "organization-address-type", "an address of type physical", "", Special(special::physical_address)),
    rule(ORG, "organization-part-of", TO_ORG, "partOf", Refers(&["Organization"])),
    rule(ORG, "organization-suppressed", SUPPRESSED, "", Extension(names::SUPPRESSED, 0, 1)),

    rule(PRAC, "practitioner-sex-or-gender", "exactly one extension individual-recordedSexOrGender", "", Extension(names::SEX_OR_GENDER, 1, 1)),
    rule(PRAC, "practitioner-hpii-once", "exactly one HPI-I: type v2-0203#NPI, system http://ns.electronichealth.net.au/id/hi/hpii/1.0", "identifier", Kinds(&names::HPI_I, 1, 1)),
    rule(PRAC, "practitioner-hpii", "an HPI-I of 16 digits that begins with 800361 and ends with its Luhn check digit", "identifier", Classed(&names::HPI_I, Part::Number(numbers::HPI_I))),
    rule(PRAC, "practitioner-official-name", "exactly one name of use official", "", Special(special::official_name)),
    rule(PRAC, "practitioner-usual-name", "at most one name of use usual", "", Special(special::usual_name)),
    rule(PRAC, "practitioner-family", "a family name in every name", "name.family", Count(1, ANY)),
    rule(PRAC, "practitioner-given", "at most one given name in the official name", "", Special(special::official_given)),
    rule(PRAC, "practitioner-prefix", "at most one prefix in the official name", "", Special(special::official_prefix)),
    rule(PRAC, "practitioner-home-contact", "at most one phone number and one email address of use home, each with a value", "", Special(special::home_contact)),
    rule(PRAC, "practitioner-qualification", "a qualification", "qualification", Count(1, ANY)),
    rule(PRAC, "practitioner-qualification-identifier", "exactly one identifier in each qualification", "qualification.identifier", Count(1, 1)),
    rule(PRAC, "practitioner-qualification-text", "code.text in each qualification", "", Special(special::qualification_text)),
    rule(PRAC, "practitioner-registration", "a qualification with an Ahpra registration number or a PRN", "", Special(special::practitioner_registration)),
    rule(PRAC, "practitioner-registration-value", REGISTERED, "", Special(special::practitioner_registration_value)),
    rule(PRAC, "practitioner-ahpra-system", AHPRA_SYSTEM, "qualification.identifier", Classed(&names::AHPRA, Part::System)),
    rule(PRAC, "practitioner-prn-assigner", PRN_ASSIGNER, "qualification.identifier", Classed(&names::PRN, Part::AssignerDisplay)),
    rule(PRAC, "practitioner-suppressed", SUPPRESSED, "", Extension(names::SUPPRESSED, 0, 1)),

    rule(ROLE, "role-local-id", HC_LI, "identifier", Kinds(&names::LOCAL, 1, 1)),
    rule(ROLE, "role-local-id-system", HC_LI_SYSTEM, "identifier", Classed(&names::LOCAL, Part::System)),
    rule(ROLE, "role-local-id-value", HC_LI_VALUE, "identifier", Classed(&names::LOCAL, Part::Value)),
    rule(ROLE, "role-registration", "exactly one registration number: Ahpra or PRN, not both", "", Special(special::role_registration)),
    rule(ROLE, "role-registration-value", REGISTERED, "", Special(special::role_registration_value)),
    rule(ROLE, "role-ahpra-system", AHPRA_SYSTEM, "identifier", Classed(&names::AHPRA, Part::System)),
    rule(ROLE, "role-prn-assigner", PRN_ASSIGNER, "identifier", Classed(&names::PRN, Part::AssignerDisplay)),
    rule(ROLE, "role-medicare-once", "at most one Medicare provider number", "identifier", Kinds(&names::MEDICARE, 0, 1)),
    rule(ROLE, "role-medicare-system", "a Medicare provider number of system http://ns.electronichealth.net.au/id/medicare-provider-number", "identifier", Classed(&names::MEDICARE, Part::System)),
    rule(ROLE, "role-medicare-value", "a Medicare provider number with a value", "identifier", Classed(&names::MEDICARE, Part::Value)),
    rule(ROLE, "role-practitioner", "a practitioner", "practitioner", Count(1, ANY)),
    rule(ROLE, "role-practitioner-type", "a reference to a Practitioner", "practitioner", Refers(&["Practitioner"])),
    rule(ROLE, "role-organization", "an organization", "organization", Count(1, ANY)),
    rule(ROLE, "role-organization-type", TO_ORG, "organization", Refers(&["Organization"])),
    rule(ROLE, "role-code", "exactly one code", "code", Count(1, 1)),
    rule(ROLE, "role-location", "exactly one location", "location", Count(1, 1)),
    rule(ROLE, "role-location-type", TO_LOC, "location", Refers(&["Location"])),
    rule(ROLE, "role-service", "exactly one healthcareService", "healthcareService", Count(1, 1)),
    rule(ROLE, "role-service-type", "a reference to a HealthcareService", "healthcareService", Refers(&["HealthcareService"])),
    rule(ROLE, "role-endpoint-type", TO_END, "endpoint", Refers(&["Endpoint"])),
    rule(ROLE, "role-alternate-name", "at most one extension alternate-name", "", Extension(names::ALTERNATE_NAME, 0, 1)),
    rule(ROLE, "role-suppressed", SUPPRESSED, "", Extension(names::SUPPRESSED, 0, 1)),

    rule(SERV, "service-local-id", HC_LI, "identifier", Kinds(&names::LOCAL, 1, 1)),
    rule(SERV, "service-local-id-system", HC_LI_SYSTEM, "identifier", Classed(&names::LOCAL, Part::System)),
    rule(SERV, "service-local-id-value", HC_LI_VALUE, "identifier", Classed(&names::LOCAL, Part::Value)),
    rule(SERV, "service-name", "a name", "name", Count(1, ANY)),
    rule(SERV, "service-provided-by", "providedBy", "providedBy", Count(1, ANY)),
    rule(SERV, "service-provided-by-type", TO_ORG, "providedBy", Refers(&["Organization"])),
    rule(SERV, "service-type", "a type", "type", Count(1, ANY)),
    rule(SERV, "service-type-coding", "a coding in each type", "type.coding", Count(1, ANY)),
    rule(SERV, "service-type-code", "a code in each coding of a type", "type.coding.code", Count(1, ANY)),
    rule(SERV, "service-type-display", "a display in each coding of a type", "type.coding.display", Count(1, ANY)),
    rule(SERV, "service-location", "exactly one location", "location", Count(1, 1)),
    rule(SERV, "service-location-type", TO_LOC, "location", Refers(&["Location"])),
    rule(SERV, "service-coverage-type", "references to Locations", "coverageArea", Refers(&["Location"])),
    rule(SERV, "service-endpoint-type", TO_END, "endpoint", Refers(&["Endpoint"])),
    rule(SERV, "service-new-patients", "at most one extension new-patient-availability", "", Extension(names::NEW_PATIENTS, 0, 1)),
    rule(SERV, "service-referral", "at most one extension referral-information-for-referrer", "", Extension(names::REFERRAL, 0, 1)),
    rule(SERV, "service-active-period", "at most one extension active-period", "", Extension(names::ACTIVE_PERIOD, 0, 1)),

    rule(LOC, "location-local-id", HC_LI, "identifier", Kinds(&names::LOCAL, 1, 1)),
    rule(LOC, "location-local-id-system", HC_LI_SYSTEM, "identifier", Classed(&names::LOCAL, Part::System)),
    rule(LOC, "location-local-id-value", HC_LI_VALUE, "identifier", Classed(&names::LOCAL, Part::Value)),
    rule(LOC, "location-name", "a name", "name", Count(1, ANY)),
    rule(LOC, "location-managing-organization", "a managingOrganization", "managingOrganization", Count(1, ANY)),
    rule(LOC, "location-managing-organization-type", TO_ORG, "managingOrganization", Refers(&["Organization"])),
    rule(LOC, "location-kind", "a type or a physicalType", "", Special(special::location_kind)),
    rule(LOC, "location-part-of-type", TO_LOC, "partOf", Refers(&["Location"])),
    rule(LOC, "location-endpoint-type", TO_END, "endpoint", Refers(&["Endpoint"])),

    rule(AREA, "area-address", "an address", "address", Count(1, ANY)),
    rule(AREA, "area-country", "address.country", "address.country", Count(1, ANY)),
    rule(AREA, "area-country-au", "country AU", "address.country", One("AU")),
    rule(AREA, "area-postcode", "a postcode of 4 digits", "address.postalCode", Digits(numbers::POSTCODE)),
    rule(AREA, "area-managing-organization-type", TO_ORG, "managingOrganization", Refers(&["Organization"])),

    rule(END, "endpoint-id", "exactly one HC Endpoint Identifier: type v2-0203#RI", "identifier", Kinds(&names::ENDPOINT_ID, 1, 1)),
    rule(END, "endpoint-id-system", "an HC Endpoint Identifier with a system", "identifier", Classed(&names::ENDPOINT_ID, Part::System)),
    rule(END, "endpoint-id-value", "an HC Endpoint Identifier with a value", "identifier", Classed(&names::ENDPOINT_ID, Part::Value)),
    rule(END, "endpoint-smd-value", "an SMD target identifier with a value", "identifier", Classed(&names::SMD, Part::Value)),
    rule(END, "endpoint-connection-type", "a connectionType", "connectionType", Count(1, ANY)),
    rule(END, "endpoint-payload-type", "a payloadType", "payloadType", Count(1, ANY)),
    rule(END, "endpoint-address", "an address", "address", Count(1, ANY)),
    rule(END, "endpoint-receiving-facility", "at most one extension au-receivingfacility", "", Extension(names::RECEIVING_FACILITY, 0, 1)),
    rule(END, "endpoint-receiving-application", "at most one extension au-receivingapplication", "", Extension(names::RECEIVING_APPLICATION, 0, 1)),

    rule(PROV, "provenance-target", "exactly one target", "target", Count(1, 1)),
    rule(PROV, "provenance-target-type", "a reference to one of the other six types", "target", Refers(&["Organization", "Practitioner", "PractitionerRole", "Endpoint", "HealthcareService", "Location"])),
    rule(PROV, "provenance-agent-type", "an agent that is an Organization, a Practitioner or a PractitionerRole", "agent.who", Refers(&["Organization", "Practitioner", "PractitionerRole"])),
    rule(PROV, "provenance-entity-role", "an entity with role source", "entity.role", One("source")),

    rule(caution(ORG), "organization-both-numbers", "an HPI-O or an HSP-O, not both", "", Special(special::both_numbers)),
    rule(caution(PRAC), "practitioner-prn-issuer", "a system or an assigner for each PRN", "qualification.identifier", Classed(&names::PRN, Part::SystemOrAssigner)),
    rule(caution(ROLE), "role-prn-issuer", "a system or an assigner for the PRN", "identifier", Classed(&names::PRN, Part::SystemOrAssigner)),
    rule(caution(LOC), "location-address", "an address, because there is a physicalType", "", Special(special::physical_without_address)),
    rule(caution(LOC), "location-mobile", "a type for the kind of mobile service, in addition to MOBL", "", Special(special::mobile_without_kind)),
    rule(caution(LOC), "location-virtual", "VI as the only type", "", Special(special::virtual_with_more)),
];
