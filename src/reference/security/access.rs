//! Access control: the requests that need a token, and the permissions of a token.

use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};

use crate::reference::fault::behavior::Behavior;
use crate::reference::options::ServerAuth;
use crate::reference::reply::{Point, ServerReply};
use crate::reference::request::ServerRequest;
use crate::reference::security::grant::{Grant, scope_types};
use crate::reference::state::ServerState;

/// The kinds of requests for which separate faults remove access control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RequestKind {
    Kickoff,
    Poll,
    File,
    Delete,
    Other,
}

impl RequestKind {
    fn of(request: &ServerRequest) -> Self {
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        match path.as_slice() {
            [.., "$export"] => RequestKind::Kickoff,
            ["bulk", "jobs", _] | ["$export-poll-status"] if request.method == Method::DELETE => RequestKind::Delete,
            ["bulk", "jobs", ..] | ["$export-poll-status"] => RequestKind::Poll,
            ["bulk", "files", ..] | ["Binary", _] => RequestKind::File,
            _ => RequestKind::Other,
        }
    }
}

/// Checks the token of a request and returns its permissions.
///
/// # Errors
/// The refusal of the request.
pub(crate) fn admit(server: &ServerState, request: &ServerRequest) -> Result<Grant, Box<ServerReply>> {
    if !server.is_protected() {
        return Ok(Grant::default());
    }
    let kind = RequestKind::of(request);
    let token = bearer(&request.headers);
    if kind == RequestKind::File && server.does(Behavior::SignedFiles) {
        return match token {
            None => Ok(Grant::default()),
            Some(_) => {
                let text = "the URL is signed; send no other credentials";
                Err(Box::new(ServerReply::refusal(Point::Unauthorized, StatusCode::BAD_REQUEST, "invalid", text)))
            }
        };
    }
    let Some(token) = token else {
        let open = needs_no_token(server, kind, &request.method) || server.does(Behavior::MissNoToken);
        return if open { Ok(Grant::default()) } else { Err(unauthorized("a bearer token is required", None)) };
    };
    if let Some(grant) = grant_of(server, token) {
        return Ok(grant);
    }
    if accepts_any_token(server, kind) {
        return Ok(Grant::default());
    }
    let text = "the bearer token is invalid or expired";
    let text = if server.does(Behavior::TokenEchoed) { format!("{text}: {token}") } else { text.to_owned() };
    Err(unauthorized(&text, Some("invalid_token")))
}

/// Whether a fault permits these requests without a token.
fn needs_no_token(server: &ServerState, kind: RequestKind, method: &Method) -> bool {
    match kind {
        RequestKind::Kickoff => {
            server.does(Behavior::OpenKickoff) || (method == Method::POST && server.does(Behavior::OpenPosts))
        }
        RequestKind::Poll => server.does(Behavior::OpenPolls),
        RequestKind::File => server.does(Behavior::OpenFiles),
        RequestKind::Delete => server.does(Behavior::OpenDelete),
        RequestKind::Other => false,
    }
}

/// Whether a fault permits these requests with any token.
fn accepts_any_token(server: &ServerState, kind: RequestKind) -> bool {
    match kind {
        RequestKind::Kickoff => server.does(Behavior::AnyTokenAtKickoff),
        RequestKind::Poll => server.does(Behavior::AnyTokenAtPolls),
        RequestKind::File => server.does(Behavior::AnyTokenAtFiles),
        RequestKind::Delete | RequestKind::Other => false,
    }
}

/// The permissions of a token; `None` if the token is invalid.
fn grant_of(server: &ServerState, sent: &str) -> Option<Grant> {
    match &server.options.auth {
        ServerAuth::None => Some(Grant::default()),
        ServerAuth::Token(secret) => {
            let secret = secret.reveal().as_bytes();
            aws_lc_rs::constant_time::verify_slices_are_equal(sent.as_bytes(), secret).ok()?;
            Some(Grant::default())
        }
        ServerAuth::Smart(_) => {
            let now = server.now();
            let notes = server.notes();
            let same_half = |token: &str| token.get(..token.len() / 2) == sent.get(..sent.len() / 2);
            let halves = server.does(Behavior::HalfTokens);
            let (token, issued) =
                notes.tokens.iter().find(|(token, _)| *token == sent || (halves && same_half(token)))?;
            let late = if server.does(Behavior::TokensEndLate) { 60 } else { 0 };
            let valid = now < issued.until + Duration::from_secs(late) || server.does(Behavior::TokensNeverEnd);
            valid.then(|| Grant {
                client: Some(issued.client.clone()),
                token: Some(token.clone()),
                types: if server.does(Behavior::ScopeIgnored) { None } else { scope_types(&issued.scope) },
            })
        }
    }
}

fn unauthorized(text: &str, error: Option<&str>) -> Box<ServerReply> {
    let refusal = ServerReply::refusal(Point::Unauthorized, StatusCode::UNAUTHORIZED, "login", text);
    let challenge = error.map_or_else(|| "Bearer".to_owned(), |error| format!("Bearer error=\"{error}\""));
    Box::new(refusal.with("www-authenticate", &challenge))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let line = headers.get("authorization")?.to_str().ok()?;
    let (scheme, token) = line.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
