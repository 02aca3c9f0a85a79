//! The server as the Australian Health Connect Provider Directory speaks: as HL7 has it, but for system-level exports of
//! its seven types alone, HAPI FHIR's URLs, answers without bodies, and what its pages say of messages and refusals.

use http::StatusCode;
use serde_json::{Value, json};

use crate::reference::fault::behavior::Behavior;
use crate::reference::fault::misread_filters::misread;
use crate::reference::jobs::Job;
use crate::reference::options::Personality;
use crate::reference::params::{ExportRequest, Reader, bad};
use crate::reference::personality::hapi::nothing_to_report;
use crate::reference::reply::{Point, ServerReply, outcome};
use crate::reference::server::Server;
use crate::search::query::Query;

const GUIDE: &str = "http://digitalhealth.gov.au/fhir/hcpd";

/// The search parameters of its types that the guide filters by, beside those of all servers.
const SEARCHES: &[(&str, &str, &str)] = &[
    ("Organization", "name", "string"),
    ("Location", "name", "string"),
    ("Location", "address-city", "string"),
    ("Location", "address-state", "string"),
    ("Location", "address-postalcode", "string"),
    ("Location", "near", "special"),
    ("Location", "organization", "reference"),
    ("HealthcareService", "service-type", "token"),
    ("HealthcareService", "location", "reference"),
    ("HealthcareService", "organization", "reference"),
    ("PractitionerRole", "practitioner", "reference"),
    ("PractitionerRole", "location", "reference"),
    ("PractitionerRole", "organization", "reference"),
    ("PractitionerRole", "service", "reference"),
];

impl Server {
    /// Whether the server speaks as the Australian directory.
    pub(crate) fn is_hcpd(&self) -> bool {
        self.options.spec == Personality::Hcpd
    }

    /// Adds to a CapabilityStatement that it is one of the directory, and by which profiles.
    pub(crate) fn hcpd_declares(statement: &mut Value) {
        if let Some(claims) = statement.get_mut("instantiates").and_then(Value::as_array_mut) {
            claims.push(json!(format!("{GUIDE}/CapabilityStatement/health-connect-provider-directory-responder")));
        }
        let service =
            json!({ "system": "http://terminology.hl7.org/CodeSystem/restful-security-service", "code": "OAuth" });
        if let Some(codes) = statement.pointer_mut("/rest/0/security/service/0/coding").and_then(Value::as_array_mut) {
            codes.push(service);
        }
        let resources = statement.pointer_mut("/rest/0/resource").and_then(Value::as_array_mut);
        for resource in resources.into_iter().flatten().filter_map(Value::as_object_mut) {
            let kind = resource.get("type").and_then(Value::as_str).unwrap_or_default();
            let own = format!("{GUIDE}/StructureDefinition/hc-{}", kind.to_ascii_lowercase());
            let more = (kind == "Location").then(|| format!("{GUIDE}/StructureDefinition/hc-service-coverage-area"));
            let profiles: Vec<String> = std::iter::once(own).chain(more).collect();
            let more = SEARCHES.iter().filter(|(own, ..)| *own == kind);
            let more: Vec<Value> = more.map(|(_, name, of)| json!({ "name": name, "type": of })).collect();
            resource.insert("supportedProfile".to_owned(), json!(profiles));
            if let Some(params) = resource.get_mut("searchParam").and_then(Value::as_array_mut) {
                params.extend(more);
            }
        }
    }

    /// `X-Progress` of a job that runs, `percent` done.
    pub(crate) fn hcpd_progress(job: &Job, percent: u64) -> String {
        let all: u64 =
            job.files.iter().filter(|file| file.point == Point::FileOutput).map(|file| file.rows.len()).sum();
        format!("Search in progress - found {} of {all} resources", all * percent / 100)
    }

    /// The manifest, with a message where nothing is exported by a server that says so.
    pub(crate) fn with_message(&self, job: &Job, mut manifest: Value) -> Value {
        let empty = manifest.get("output").and_then(Value::as_array).is_some_and(Vec::is_empty);
        if let (true, true, Some(fields)) = (self.is_hcpd(), empty, manifest.as_object_mut()) {
            fields.insert("message".to_owned(), Value::String(nothing_to_report(&job.id)));
        }
        manifest
    }

    /// How the DELETE of a job is refused that never was.
    pub(crate) fn hcpd_refuses_delete() -> ServerReply {
        let text = "Endpoint artefact not found for the provided job ID.";
        ServerReply::fhir(Point::DeleteRefused, StatusCode::BAD_REQUEST, outcome("error", "invalid", text))
    }
}

impl Reader<'_> {
    /// Understands a parameter where the directory does so in its own way; none: as everywhere else.
    pub(crate) fn hcpd_take(
        &self,
        wanted: &mut ExportRequest,
        (name, value): (&str, &str),
        first: bool,
    ) -> Option<Result<(), Box<ServerReply>>> {
        match name {
            "_type" => Some(self.hcpd_types(wanted, value, first)),
            "_typeFilter" if (self.does)(Behavior::IgnoreTypeFilter) => Some(Ok(())),
            "_typeFilter" => Some(self.hcpd_filter(wanted, value)),
            _ => None,
        }
    }

    fn hcpd_types(&self, wanted: &mut ExportRequest, value: &str, first: bool) -> Result<(), Box<ServerReply>> {
        if !first && (self.does)(Behavior::LastTypeWins) {
            wanted.selection.types = None;
        }
        for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if !self.population.types().contains(&name) && !(self.does)(Behavior::AnyType) {
                let shown: String = name.chars().take(80).collect();
                let text = format!("the directory has no resources of the type {shown} in _type");
                self.unsupported(wanted, &text)?;
            }
            wanted.selection.types.get_or_insert_default().insert(name.to_owned());
        }
        Ok(())
    }

    /// Takes in a filter of one type. One that is not understood whole is refused, lest more is exported than was asked
    /// for: `HealthcareService?type=`, too, which FHIR does not have, though one page of the guide writes it.
    fn hcpd_filter(&self, wanted: &mut ExportRequest, value: &str) -> Result<(), Box<ServerReply>> {
        let Some(value) = misread(value, self.does) else { return Ok(()) };
        let query = Query::parse(&value).map_err(|refused| bad("invalid", &format!("_typeFilter: {refused}")))?;
        if let Some(unknown) = query.unknown.first() {
            return self.unsupported(wanted, &format!("the criterion {unknown} in _typeFilter is not supported"));
        }
        if !self.population.types().contains(&query.kind.as_str()) {
            let text = format!("the directory has no resources of the type {} in _typeFilter", query.kind);
            return self.unsupported(wanted, &text);
        }
        wanted.searches.push(query);
        Ok(())
    }
}
