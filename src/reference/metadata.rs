//! The CapabilityStatement.

use http::StatusCode;
use serde_json::{Value, json};

use crate::reference::cohorts::PROFILE;
use crate::reference::fault::behavior::Behavior;
use crate::reference::options::Personality;
use crate::reference::reply::{Point, ServerReply};
use crate::reference::server::Server;

const GUIDE: &str = "http://hl7.org/fhir/uv/bulkdata";

impl Server {
    /// Answers `GET metadata`.
    pub(crate) fn metadata(&self) -> ServerReply {
        // STU 3 gives one name to all three operations; those before it give each its own.
        let name = |own: &'static str| match self.options.spec {
            Personality::Stu1 | Personality::Stu2 => own,
            Personality::Stu3 | Personality::Smile | Personality::Lesson | Personality::Hcpd => "export",
        };
        let operation = |own: &'static str, kind: &str| json!({ "name": name(own), "definition": format!("{GUIDE}/OperationDefinition/{kind}") });
        // Nothing of it is held, and it can be asked for all the same.
        let hides = self.does(Behavior::UndeclaredType) || self.is_hcpd();
        let empty = Some("VerificationResult").filter(|_| !hides);
        let resources = self.population().types().into_iter().chain(empty).map(|kind| {
            let mut resource = json!({
                "type": kind,
                "interaction": [{ "code": "read" }, { "code": "search-type" }],
                "searchParam": [{ "name": "_id", "type": "token" }, { "name": "identifier", "type": "token" }]
            });
            if let (true, Some(codes)) =
                (self.options.writable, resource.get_mut("interaction").and_then(Value::as_array_mut))
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
            if let ("Group", true, Some(fields)) = (kind, self.takes_cohorts(), resource.as_object_mut()) {
                let mut codes = vec!["read", "search-type", "create", "update", "delete"];
                codes.retain(|code| *code != "update" || !self.does(Behavior::NoUpdates));
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
        if let (Some(fields), true) = (rest.as_object_mut(), self.offers_smart()) {
            let service = json!({ "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/restful-security-service", "code": "SMART-on-FHIR" }] });
            let security = json!({
                "service": [service],
                "extension": [{
                    "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
                    "extension": [{ "url": "token", "valueUri": format!("{}/auth/token", self.base()) }]
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
            "implementation": { "description": "A bulk data server with a fictional population", "url": self.base() },
            "fhirVersion": "4.0.1",
            "format": ["json"],
            "implementationGuide": [format!("{GUIDE}/ImplementationGuide/hl7.fhir.uv.bulkdata|{}", self.options.spec.version())],
            "rest": [rest]
        });
        if let (Some(fields), true) = (statement.as_object_mut(), self.is_smile()) {
            // The product declares its operations, and no guide.
            fields.shift_remove("instantiates");
            fields.shift_remove("implementationGuide");
        }
        if self.is_hcpd() {
            Self::hcpd_declares(&mut statement);
        }
        ServerReply::fhir(Point::Metadata, StatusCode::OK, statement)
    }
}
