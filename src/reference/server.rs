//! Responds to requests: parses them, finds the handler, applies faults, and makes the response.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};

use crate::reference::data::selection::SelectedLevel;
use crate::reference::export::{cancel, files, kick_off, polls};
use crate::reference::fault::behavior::Behavior;
use crate::reference::fault::mutate;
use crate::reference::personality::hapi_requests;
use crate::reference::personality::spec::Personality;
use crate::reference::reply::{Point, ServerReply, not_allowed, not_found, set};
use crate::reference::request::{ServerRequest, segments_below};
use crate::reference::response::response;
use crate::reference::security::grant::Grant;
use crate::reference::security::{access, tokens};
use crate::reference::state::ServerState;
use crate::reference::{attachments, cohorts, metadata, rate, rest, writes};

/// The maximum length of a body, in bytes.
const MAX_BODY: usize = 1 << 20;

/// Responds to any request.
pub(crate) async fn answer(State(server): State<Arc<ServerState>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let headers = parts.headers.clone();
    let reply = match read(&server, parts, body).await {
        Ok(mut request) => {
            let reply = reply(&server, &mut request);
            mutate::apply(&server, &request, dated(&server, reply))
        }
        Err(refusal) => return response(&server, &HeaderMap::new(), dated(&server, *refusal)),
    };
    response(&server, &headers, reply)
}

/// Parses a request.
///
/// # Errors
/// The refusal of a path outside the base, or of a body that is too long.
async fn read(server: &ServerState, parts: Parts, body: Body) -> Result<ServerRequest, Box<ServerReply>> {
    let refuse = |status, code: &str, text: &str| Box::new(ServerReply::refusal(Point::Other, status, code, text));
    let base = server.options.base.path().trim_end_matches('/');
    let path = segments_below(base, parts.uri.path());
    // Always read the body: the client may wait until the server has read it.
    let body = to_bytes(body, MAX_BODY).await;
    let outside = || refuse(StatusCode::NOT_FOUND, "not-found", "the path is not below the base URL");
    let too_long = |_| refuse(StatusCode::PAYLOAD_TOO_LARGE, "too-long", "the body is longer than 1 MiB");
    Ok(ServerRequest {
        path: path.ok_or_else(outside)?,
        body: body.map_err(too_long)?,
        method: parts.method,
        target: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        grant: Grant::default(),
    })
}

/// The response of the conformant server, which behaviors can change.
fn reply(server: &ServerState, request: &mut ServerRequest) -> ServerReply {
    let segments = request.path.clone();
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["metadata"] => return metadata::metadata(server),
        [".well-known", "smart-configuration"] => return tokens::smart_configuration(server),
        ["auth", "token"] => return tokens::token(server, request),
        _ => {}
    }
    if server.does(Behavior::LimitsRate)
        && let Some(refusal) = rate::refuse(&mut server.notes().rates, server.now(), &path)
    {
        return refusal;
    }
    match access::admit(server, request) {
        Ok(grant) => request.grant = grant,
        Err(refusal) => return *refusal,
    }
    let request: &ServerRequest = request;
    if let (["bulk", "jobs", id, "2"], &Method::GET) = (path.as_slice(), &request.method) {
        return polls::second_page(server, id, &request.grant);
    }
    if server.spec().is_hapi()
        && let Some(reply) = hapi_requests::answer(server, request, &path)
    {
        return reply;
    }
    if let Some(reply) = cohorts::answer(server, request, &path) {
        return reply;
    }
    match path.as_slice() {
        ["$export"] => kick_off::kick_off(server, request, SelectedLevel::System),
        // The provider directory has no patients and no Groups.
        [_, "$export"] | ["Group", _, "$export"] if server.spec() == Personality::Hcpd => not_found(),
        ["Patient", "$export"] => kick_off::kick_off(server, request, SelectedLevel::Patients),
        ["Group", id, "$export"] => kick_off::kick_off(server, request, SelectedLevel::Group((*id).to_owned())),
        ["bulk", "jobs", id] => match request.method {
            Method::GET => polls::poll(server, id, &request.grant),
            Method::DELETE => cancel::cancel(server, id, &request.grant),
            _ => not_allowed("GET, DELETE"),
        },
        [kind, id] if server.options.writable && matches!(request.method, Method::PUT | Method::DELETE) => {
            writes::write(server, request, kind, id)
        }
        _ if request.method != Method::GET => not_allowed("GET"),
        ["bulk", "files", folder, name] => files::file(server, folder, name, &request.grant),
        ["Binary", id] => attachments::attachment(server, id),
        [kind] => rest::search(server, kind, request),
        [kind, id] => rest::read(server, kind, id),
        _ => not_found(),
    }
}

/// Adds the header Date, which a fault can remove.
fn dated(server: &ServerState, mut reply: ServerReply) -> ServerReply {
    set(&mut reply.headers, "date", &httpdate::fmt_http_date(server.now()));
    reply
}
