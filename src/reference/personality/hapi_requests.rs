//! Requests that only servers built on HAPI FHIR support: `$export-poll-status`, and files that are Binary resources.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method, StatusCode};
use serde_json::json;

use crate::reference::export::cancel::cancel;
use crate::reference::export::files::file;
use crate::reference::export::parameter_reader::excerpt;
use crate::reference::export::polls::poll;
use crate::reference::personality::hapi::{COUNTER, FOLDER};
use crate::reference::personality::spec::Personality;
use crate::reference::reply::{FHIR_NDJSON, Payload, Point, ServerReply, not_allowed, not_found};
use crate::reference::request::{ServerRequest, body_parameters, query_parameters};
use crate::reference::state::ServerState;

/// Responds to requests that only these servers support; `None` if the response is the same as from all servers.
pub(crate) fn answer(server: &ServerState, request: &ServerRequest, path: &[&str]) -> Option<ServerReply> {
    let is_directory = server.spec() == Personality::Hcpd;
    match path {
        ["$export-poll-status"] => Some(poll_status(server, request)),
        ["Binary", id] if request.method == Method::GET => Some(binary(server, request, id)),
        // FHIR does not define this POST. The guide of the provider directory requires it.
        ["Binary", id] if request.method == Method::POST && is_directory => Some(binary(server, request, id)),
        ["Binary", _] if is_directory => Some(not_allowed("GET, POST")),
        ["Binary", id] => {
            let text = format!("HAPI-0365: Can not create resource with ID[{}] by POST", excerpt(id));
            Some(ServerReply::refusal(Point::Other, StatusCode::BAD_REQUEST, "processing", &text))
        }
        ["bulk", ..] => Some(not_found()),
        _ => None,
    }
}

/// Responds to `$export-poll-status` by GET and DELETE. Smile CDR supports a POST of Parameters too.
fn poll_status(server: &ServerState, request: &ServerRequest) -> ServerReply {
    let is_smile = server.spec() == Personality::Smile;
    let mut parameters = query_parameters(&request.query);
    if request.method == Method::POST && is_smile {
        match body_parameters(&request.body) {
            Ok(more) => parameters.extend(more),
            Err(refusal) => return *refusal,
        }
    }
    let id = parameters.into_iter().find(|(name, _)| name == "_jobId").map(|(_, value)| value);
    match (id, &request.method) {
        (None, _) => ServerReply::refusal(Point::PollGone, StatusCode::BAD_REQUEST, "processing", "_jobId is missing"),
        (Some(id), &Method::GET) => poll(server, &id, &request.grant),
        (Some(id), &Method::POST) if is_smile => poll(server, &id, &request.grant),
        (Some(id), &Method::DELETE) => cancel(server, &id, &request.grant),
        _ if is_smile => not_allowed("GET, POST, DELETE"),
        _ => not_allowed("GET, DELETE"),
    }
}

/// Responds to a read of a Binary with its bytes. Smile CDR sends the resource if the client requests a FHIR type.
fn binary(server: &ServerState, request: &ServerRequest, id: &str) -> ServerReply {
    let (folder, number) = id.split_at_checked(FOLDER).unwrap_or((id, ""));
    let number = Some(number).filter(|number| number.len() == COUNTER && number.bytes().all(|b| b.is_ascii_digit()));
    let name = number.and_then(|number| number.parse::<usize>().ok()).and_then(|at| {
        let jobs = server.jobs();
        jobs.by_folder(folder).and_then(|job| job.files.get(at)).map(|file| file.name.clone())
    });
    let reply = file(server, folder, name.as_deref().unwrap_or_default(), &request.grant);
    if reply.status != StatusCode::OK {
        return reply;
    }
    let reply =
        reply.with("content-location", &format!("{}/Binary/{id}/_history/1", server.base())).with("etag", "W/\"1\"");
    if server.spec() == Personality::Hcpd || !wants_resource(&request.headers, &request.query) {
        return reply.with("content-disposition", "Attachment;");
    }
    let data = STANDARD.encode(reply.payload.clone().into_bytes());
    let binary = json!({
        "resourceType": "Binary",
        "id": id,
        "meta": { "versionId": "1" },
        "contentType": FHIR_NDJSON,
        "data": data
    });
    ServerReply { payload: Payload::Json(binary), point: Point::Read, ..reply }
        .with("content-type", "application/fhir+json;charset=UTF-8")
}

/// Whether a request is for the Binary as a resource: by Accept, by its own Content-Type, or by `_format`.
fn wants_resource(headers: &HeaderMap, query: &str) -> bool {
    let is_fhir = |text: &str| {
        let essence = text.split(';').next().unwrap_or_default().trim().replace(' ', "+");
        matches!(essence.as_str(), "application/fhir+json" | "application/json+fhir" | "application/json" | "json")
    };
    let lines = ["accept", "content-type"].into_iter().flat_map(|name| headers.get_all(name));
    let by_header = lines.filter_map(|line| line.to_str().ok()).any(|line| line.split(',').any(is_fhir));
    by_header || query_parameters(query).iter().any(|(name, value)| name == "_format" && is_fhir(value))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn resource(accept: &str, query: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert("accept", accept.parse().unwrap());
        wants_resource(&headers, query)
    }

    #[test]
    fn a_binary_is_a_resource_only_if_the_client_requests_a_fhir_type() {
        assert!(!resource("application/fhir+ndjson", ""));
        assert!(!resource("*/*", ""));
        assert!(!wants_resource(&HeaderMap::new(), ""));
        assert!(resource("application/fhir+json", ""));
        assert!(resource("text/html, application/fhir+json;q=0.9", ""));
        assert!(resource("*/*", "_format=application/fhir%2Bjson"));
    }
}
