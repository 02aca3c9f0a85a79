//! PUT and DELETE of resources, if the server is writable.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::reference::data::changes::{change, delete};
use crate::reference::reply::{FHIR_JSON, Payload, Point, ServerReply, not_found, outcome};
use crate::reference::request::ServerRequest;
use crate::reference::state::ServerState;

/// Responds to PUT and DELETE of an existing resource.
pub(crate) fn write(server: &ServerState, request: &ServerRequest, kind: &str, id: &str) -> ServerReply {
    let population = server.population();
    let refuse = |status, code: &str, text: &str| ServerReply::refusal(Point::Other, status, code, text);
    if population.read(kind, id).is_none() || population.is_generated() {
        let status = if population.was_removed(kind, id) { StatusCode::GONE } else { StatusCode::NOT_FOUND };
        return refuse(status, "not-found", "only existing resources of the fixtures can be changed");
    }
    if request.method == Method::DELETE {
        return match delete(server, kind, id) {
            Some(_) => ServerReply::fhir(
                Point::Other,
                StatusCode::OK,
                outcome("information", "informational", "the resource is deleted"),
            ),
            None => not_found(),
        };
    }
    let sent: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let text = |key: &str| sent.get(key).and_then(Value::as_str);
    let is_resource = text("resourceType") == Some(kind) && text("id") == Some(id);
    let Some(new) = sent.as_object().filter(|_| is_resource) else {
        let text = format!("the body must be the resource {kind}/{id}");
        return refuse(StatusCode::BAD_REQUEST, "invalid", &text);
    };
    let version = |fields: &Map<String, Value>| fields.get("meta")?.get("versionId").cloned();
    let replaced = change(server, kind, id, &|fields| {
        let own = version(fields);
        fields.clone_from(new);
        let meta = fields.entry("meta").or_insert_with(|| json!({}));
        if !meta.is_object() {
            *meta = json!({});
        }
        if let (Some(meta), Some(own)) = (meta.as_object_mut(), own) {
            meta.insert("versionId".to_owned(), own);
        }
    });
    match replaced {
        Some(line) => ServerReply { payload: Payload::Raw(line), ..ServerReply::empty(Point::Other, StatusCode::OK) }
            .with("content-type", FHIR_JSON),
        None => not_found(),
    }
}
