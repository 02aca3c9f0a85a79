//! The CapabilityStatement.

use http::StatusCode;
use serde_json::{Value, json};

use crate::reference::cohorts::PROFILE;
use crate::reference::fault::behavior::Behavior;
use crate::reference::personality::hcpd;
use crate::reference::personality::spec::Personality;
use crate::reference::reply::{Point, ServerReply};
use crate::reference::state::ServerState;

const GUIDE: &str = "http://hl7.org/fhir/uv/bulkdata";

/// Responds to `GET metadata`.
pub(crate) fn metadata(server: &ServerState) -> ServerReply {
    // In STU 3 all three operations have the same name, in earlier editions different names.
    let name = |own: &'static str| match server.spec() {
        Personality::Stu1 | Personality::Stu2 => own,
        Personality::Stu3 | Personality::Smile | Personality::Lesson | Personality::Hcpd => "export",
    };
    let operation = |own: &'static str, kind: &str| json!({ "name": name(own), "definition": format!("{GUIDE}/OperationDefinition/{kind}") });
    // The server also declares a type of which it has no resources.
    let hides_empty = server.does(Behavior::UndeclaredType) || server.spec() == Personality::Hcpd;
    let empty = Some("VerificationResult").filter(|_| !hides_empty);
    let resources = server.population().types().into_iter().chain(empty).map(|kind| {
        let mut resource = json!({
            "type": kind,
            "interaction": [{ "code": "read" }, { "code": "search-type" }],
            "searchParam": [{ "name": "_id", "type": "token" }, { "name": "identifier", "type": "token" }]
        });
        if let (true, Some(codes)) =
            (server.options.writable, resource.get_mut("interaction").and_then(Value::as_array_mut))
        {
            codes.extend([json!({ "code": "update" }), json!({ "code": "delete" })]);
        }
        if let ("Patient", Some(params)) = (kind, resource.get_mut("searchParam").and_then(Value::as_array_mut)) {
            params.push(json!({ "name": "gender", "type": "token" }));
        }
        let own = match kind {
            "Patient" => Some(operation("patient-export", "patient-export")),
            "Group" => Some(operation("group-export", "group-export")),
            _ => None,
        };
        if let (Some(fields), Some(own)) = (resource.as_object_mut(), own) {
            fields.insert("operation".to_owned(), Value::Array(vec![own]));
        }
        if let ("Group", true, Some(fields)) = (kind, server.has_cohorts(), resource.as_object_mut()) {
            let mut codes = vec!["read", "search-type", "create", "update", "delete"];
            codes.retain(|code| *code != "update" || !server.does(Behavior::NoUpdates));
            let codes = codes.into_iter().map(|code| json!({ "code": code }));
            fields.insert("interaction".to_owned(), codes.collect());
            fields.insert("supportedProfile".to_owned(), json!([PROFILE]));
            if let Some(params) = fields.get_mut("searchParam").and_then(Value::as_array_mut) {
                params.push(json!({ "name": "name", "type": "string" }));
            }
        }
        resource
    });
    let mut rest = json!({
        "mode": "server",
        "resource": resources.collect::<Vec<_>>(),
        "operation": [operation("export", "export")]
    });
    if let (Some(fields), true) = (rest.as_object_mut(), server.has_smart()) {
        let service = json!({ "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/restful-security-service", "code": "SMART-on-FHIR" }] });
        let security = json!({
            "service": [service],
            "extension": [{
                "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
                "extension": [{ "url": "token", "valueUri": format!("{}/auth/token", server.base()) }]
            }]
        });
        fields.insert("security".to_owned(), security);
    }
    let mut statement = json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-01-01",
        "publisher": "Plimsoll",
        "kind": "instance",
        "instantiates": [format!("{GUIDE}/CapabilityStatement/bulk-data")],
        "software": { "name": "Plimsoll reference server", "version": env!("CARGO_PKG_VERSION") },
        "implementation": { "description": "A bulk data server with a fictional population", "url": server.base() },
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "implementationGuide": [format!("{GUIDE}/ImplementationGuide/hl7.fhir.uv.bulkdata|{}", server.spec().version())],
        "rest": [rest]
    });
    if let (Some(fields), true) = (statement.as_object_mut(), server.spec() == Personality::Smile) {
        // Smile CDR declares its operations, but no implementation guide.
        fields.shift_remove("instantiates");
        fields.shift_remove("implementationGuide");
    }
    if server.spec() == Personality::Hcpd {
        hcpd::declare(&mut statement);
    }
    ServerReply::fhir(Point::Metadata, StatusCode::OK, statement)
}
