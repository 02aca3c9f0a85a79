//! The supported search parameters, by resource type (FHIR R4, the search parameters of each type). Only types that are
//! common in filters are listed.

/// One search parameter of one type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SearchParam {
    /// The name of the search param, as in a query.
    pub name: &'static str,
    /// The kind of its values.
    pub kind: ParamKind,
    /// The elements it looks at, as dotted paths from the resource.
    pub paths: &'static [&'static str],
}

/// The kind of a search parameter's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParamKind {
    /// Text. An element passes if it begins with the value.
    Text,
    /// A name. As text, but some servers also match the words within it.
    Name,
    /// A code, Coding, CodeableConcept, Identifier, ContactPoint or boolean.
    Token,
    /// A date, dateTime, instant or Period.
    Date,
    /// A reference to one of these types.
    Reference(&'static [&'static str]),
    /// A place within a distance of a point.
    Near,
    /// The resource's own id.
    Id,
}

/// The parameter `name` of resources of type `kind`, if it is supported.
pub(crate) fn find(kind: &str, name: &str) -> Option<SearchParam> {
    let (_, own) = TYPES.iter().find(|(known, _)| *known == kind)?;
    own.iter().chain(EVERY).find(|param| param.name == name).copied()
}

const fn text(name: &'static str, paths: &'static [&'static str]) -> SearchParam {
    SearchParam { name, kind: ParamKind::Text, paths }
}

const fn name(name: &'static str, paths: &'static [&'static str]) -> SearchParam {
    SearchParam { name, kind: ParamKind::Name, paths }
}

const fn token(name: &'static str, paths: &'static [&'static str]) -> SearchParam {
    SearchParam { name, kind: ParamKind::Token, paths }
}

const fn date(name: &'static str, paths: &'static [&'static str]) -> SearchParam {
    SearchParam { name, kind: ParamKind::Date, paths }
}

const fn refers(name: &'static str, paths: &'static [&'static str], to: &'static [&'static str]) -> SearchParam {
    SearchParam { name, kind: ParamKind::Reference(to), paths }
}

const PATIENT: &[&str] = &["Patient"];
const ENCOUNTER: &[&str] = &["Encounter"];
const ORGANIZATION: &[&str] = &["Organization"];
const LOCATION: &[&str] = &["Location"];
const PRACTITIONER: &[&str] = &["Practitioner"];
const ENDPOINT: &[&str] = &["Endpoint"];

/// The parameters of every type.
const EVERY: &[SearchParam] = &[
    SearchParam { name: "_id", kind: ParamKind::Id, paths: &["id"] },
    date("_lastUpdated", &["meta.lastUpdated"]),
    token("_tag", &["meta.tag"]),
    token("_security", &["meta.security"]),
    token("identifier", &["identifier"]),
];

const CITY: SearchParam = text("address-city", &["address.city"]);
const STATE: SearchParam = text("address-state", &["address.state"]);
const POSTCODE: SearchParam = text("address-postalcode", &["address.postalCode"]);
const COUNTRY: SearchParam = text("address-country", &["address.country"]);
const STATUS: SearchParam = token("status", &["status"]);
const CODE: SearchParam = token("code", &["code"]);
const CATEGORY: SearchParam = token("category", &["category"]);
const TYPE: SearchParam = token("type", &["type"]);
const ACTIVE: SearchParam = token("active", &["active"]);
const GENDER: SearchParam = token("gender", &["gender"]);
const FAMILY: SearchParam = name("family", &["name.family"]);
const GIVEN: SearchParam = name("given", &["name.given"]);
const PERSON: SearchParam = name("name", &["name.family", "name.given", "name.text", "name.prefix", "name.suffix"]);
const OF_SUBJECT: SearchParam = refers("patient", &["subject"], PATIENT);
const OF_PATIENT: SearchParam = refers("patient", &["patient"], PATIENT);
const SUBJECT: SearchParam = refers("subject", &["subject"], PATIENT);
const IN_ENCOUNTER: SearchParam = refers("encounter", &["encounter"], ENCOUNTER);
const CLINICAL_STATUS: SearchParam = token("clinical-status", &["clinicalStatus"]);

const TYPES: &[(&str, &[SearchParam])] = &[
    (
        "AllergyIntolerance",
        &[
            CLINICAL_STATUS,
            CODE,
            CATEGORY,
            OF_PATIENT,
            token("criticality", &["criticality"]),
            date("date", &["recordedDate"]),
        ],
    ),
    ("CarePlan", &[STATUS, CATEGORY, OF_SUBJECT, SUBJECT, date("date", &["period"]), token("intent", &["intent"])]),
    ("CareTeam", &[STATUS, CATEGORY, OF_SUBJECT, SUBJECT, date("date", &["period"])]),
    (
        "Condition",
        &[
            CLINICAL_STATUS,
            token("verification-status", &["verificationStatus"]),
            CATEGORY,
            CODE,
            OF_SUBJECT,
            SUBJECT,
            IN_ENCOUNTER,
            date("recorded-date", &["recordedDate"]),
            date("onset-date", &["onsetDateTime", "onsetPeriod"]),
        ],
    ),
    ("Coverage", &[STATUS, TYPE, refers("patient", &["beneficiary"], PATIENT)]),
    ("Device", &[STATUS, TYPE, OF_PATIENT]),
    (
        "DiagnosticReport",
        &[
            STATUS,
            CATEGORY,
            CODE,
            OF_SUBJECT,
            SUBJECT,
            IN_ENCOUNTER,
            date("date", &["effectiveDateTime", "effectivePeriod"]),
        ],
    ),
    ("DocumentReference", &[STATUS, TYPE, CATEGORY, OF_SUBJECT, SUBJECT, date("date", &["date"])]),
    (
        "Encounter",
        &[
            STATUS,
            token("class", &["class"]),
            TYPE,
            OF_SUBJECT,
            SUBJECT,
            date("date", &["period"]),
            refers("location", &["location.location"], LOCATION),
            refers("service-provider", &["serviceProvider"], ORGANIZATION),
        ],
    ),
    (
        "Endpoint",
        &[
            STATUS,
            name("name", &["name"]),
            token("connection-type", &["connectionType"]),
            token("payload-type", &["payloadType"]),
            refers("organization", &["managingOrganization"], ORGANIZATION),
        ],
    ),
    ("Goal", &[token("lifecycle-status", &["lifecycleStatus"]), OF_SUBJECT, SUBJECT]),
    ("Group", &[TYPE, token("actual", &["actual"]), CODE, refers("member", &["member.entity"], PATIENT)]),
    (
        "HealthcareService",
        &[
            ACTIVE,
            name("name", &["name"]),
            token("service-type", &["type"]),
            token("service-category", &["category"]),
            token("specialty", &["specialty"]),
            refers("location", &["location"], LOCATION),
            refers("coverage-area", &["coverageArea"], LOCATION),
            refers("organization", &["providedBy"], ORGANIZATION),
            refers("endpoint", &["endpoint"], ENDPOINT),
        ],
    ),
    (
        "Immunization",
        &[STATUS, OF_PATIENT, token("vaccine-code", &["vaccineCode"]), date("date", &["occurrenceDateTime"])],
    ),
    (
        "Location",
        &[
            STATUS,
            TYPE,
            name("name", &["name", "alias"]),
            CITY,
            STATE,
            POSTCODE,
            COUNTRY,
            SearchParam { name: "near", kind: ParamKind::Near, paths: &["position"] },
            refers("organization", &["managingOrganization"], ORGANIZATION),
            refers("partof", &["partOf"], LOCATION),
            refers("endpoint", &["endpoint"], ENDPOINT),
        ],
    ),
    ("Medication", &[STATUS, CODE]),
    (
        "MedicationRequest",
        &[
            STATUS,
            token("intent", &["intent"]),
            token("code", &["medicationCodeableConcept"]),
            OF_SUBJECT,
            SUBJECT,
            IN_ENCOUNTER,
            date("authoredon", &["authoredOn"]),
        ],
    ),
    (
        "Observation",
        &[
            STATUS,
            CATEGORY,
            CODE,
            OF_SUBJECT,
            SUBJECT,
            IN_ENCOUNTER,
            date("date", &["effectiveDateTime", "effectivePeriod", "effectiveInstant"]),
        ],
    ),
    (
        "Organization",
        &[
            ACTIVE,
            TYPE,
            name("name", &["name", "alias"]),
            CITY,
            STATE,
            POSTCODE,
            COUNTRY,
            refers("partof", &["partOf"], ORGANIZATION),
            refers("endpoint", &["endpoint"], ENDPOINT),
        ],
    ),
    (
        "Patient",
        &[
            ACTIVE,
            GENDER,
            FAMILY,
            GIVEN,
            PERSON,
            CITY,
            STATE,
            POSTCODE,
            COUNTRY,
            date("birthdate", &["birthDate"]),
            token("telecom", &["telecom"]),
            refers("general-practitioner", &["generalPractitioner"], PRACTITIONER),
            refers("organization", &["managingOrganization"], ORGANIZATION),
        ],
    ),
    ("Practitioner", &[ACTIVE, GENDER, FAMILY, GIVEN, PERSON, CITY, STATE, POSTCODE, COUNTRY]),
    (
        "PractitionerRole",
        &[
            ACTIVE,
            token("role", &["code"]),
            token("specialty", &["specialty"]),
            refers("location", &["location"], LOCATION),
            refers("organization", &["organization"], ORGANIZATION),
            refers("practitioner", &["practitioner"], PRACTITIONER),
            refers("service", &["healthcareService"], &["HealthcareService"]),
            refers("endpoint", &["endpoint"], ENDPOINT),
        ],
    ),
    (
        "Procedure",
        &[
            STATUS,
            CATEGORY,
            CODE,
            OF_SUBJECT,
            SUBJECT,
            IN_ENCOUNTER,
            date("date", &["performedDateTime", "performedPeriod"]),
        ],
    ),
    ("Provenance", &[date("recorded", &["recorded"])]),
    ("RelatedPerson", &[ACTIVE, GENDER, PERSON, OF_PATIENT]),
    ("ServiceRequest", &[STATUS, token("intent", &["intent"]), CATEGORY, CODE, OF_SUBJECT, SUBJECT]),
    ("Specimen", &[STATUS, TYPE, OF_SUBJECT, SUBJECT]),
];
