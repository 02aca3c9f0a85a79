//! The differences of the Australian Health Connect Provider Directory from other servers on HAPI FHIR: it exports its
//! seven types only at export level system, and has its own responses, messages and refusals.

use http::StatusCode;
use serde_json::{Value, json};

use crate::reference::export::job::ExportJob;
use crate::reference::export::parameter_reader::{Accepted, Parameter, ParameterReader, excerpt};
use crate::reference::export::request::ExportRequest;
use crate::reference::fault::behavior::Behavior;
use crate::reference::fault::misread_filters::misread;
use crate::reference::personality::hapi::empty_message;
use crate::reference::reply::{Point, ServerReply, outcome};
use crate::reference::request::bad_request;
use crate::search::query::Query;

const GUIDE: &str = "http://digitalhealth.gov.au/fhir/hcpd";

/// The search parameters of its types that the guide uses in filters, in addition to those of all servers.
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

/// Adds the directory's profiles and search parameters to a CapabilityStatement.
pub(crate) fn declare(statement: &mut Value) {
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

/// `X-Progress` of a running job that is `percent` complete.
pub(crate) fn progress(job: &ExportJob, percent: u64) -> String {
    let all: u64 = job.files.iter().filter(|file| file.point == Point::FileOutput).map(|file| file.rows.len()).sum();
    format!("Search in progress - found {} of {all} resources", all * percent / 100)
}

/// The manifest, with a message if it lists nothing.
pub(crate) fn add_message(job: &ExportJob, mut manifest: Value) -> Value {
    let empty = manifest.get("output").and_then(Value::as_array).is_some_and(Vec::is_empty);
    if let (true, Some(fields)) = (empty, manifest.as_object_mut()) {
        fields.insert("message".to_owned(), Value::String(empty_message(&job.id)));
    }
    manifest
}

/// The refusal of the DELETE of an unknown job.
pub(crate) fn unknown_job() -> ServerReply {
    let text = "Endpoint artefact not found for the provided job ID.";
    ServerReply::fhir(Point::DeleteRefused, StatusCode::BAD_REQUEST, outcome("error", "invalid", text))
}

/// Reads a parameter that the directory reads in its own way; `None` if it is read as by all servers.
pub(crate) fn read_parameter(
    reader: &ParameterReader<'_>,
    export: &mut ExportRequest,
    parameter: &Parameter<'_>,
) -> Option<Accepted> {
    match parameter.name {
        "_type" => Some(types(reader, export, parameter.value, parameter.first)),
        "_typeFilter" if reader.does(Behavior::IgnoreTypeFilter) => Some(Ok(())),
        "_typeFilter" => Some(type_filter(reader, export, parameter.value)),
        _ => None,
    }
}

fn types(reader: &ParameterReader<'_>, export: &mut ExportRequest, value: &str, first: bool) -> Accepted {
    if !first && reader.does(Behavior::LastTypeWins) {
        export.selection.types = None;
    }
    for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        if !reader.population.types().contains(&name) && !reader.does(Behavior::AnyType) {
            let text = format!("the directory has no resources of the type {} in _type", excerpt(name));
            reader.unsupported(export, &text)?;
        }
        export.selection.types.get_or_insert_default().insert(name.to_owned());
    }
    Ok(())
}

/// Reads a filter of one type. The server refuses a filter that it understands only in part: otherwise it would export
/// more than the client requested. This includes `HealthcareService?type=`, which one page of the guide uses although
/// FHIR does not define it.
fn type_filter(reader: &ParameterReader<'_>, export: &mut ExportRequest, value: &str) -> Accepted {
    let Some(value) = misread(value, reader.behaviors) else { return Ok(()) };
    let query = Query::parse(&value).map_err(|error| bad_request("invalid", &format!("_typeFilter: {error}")))?;
    if let Some(unknown) = query.unknown.first() {
        return reader.unsupported(export, &format!("the criterion {unknown} in _typeFilter is not supported"));
    }
    if !reader.population.types().contains(&query.kind.as_str()) {
        let text = format!("the directory has no resources of the type {} in _typeFilter", query.kind);
        return reader.unsupported(export, &text);
    }
    export.searches.push(query);
    Ok(())
}
