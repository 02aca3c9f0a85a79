//! Who may ask, and for what: a fixed bearer token, or SMART Backend Services with scopes.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, Method, StatusCode};
use serde_json::json;

use crate::reference::fault::behavior::Behavior;
use crate::reference::options::{KEPT_SCOPE, ServerAuth};
use crate::reference::params;
use crate::reference::reply::{Point, ServerReply};
use crate::reference::server::{Server, ServerRequest};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An access token that was given.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    /// When it ends.
    pub until: SystemTime,
    /// Whose it is.
    pub client: String,
    /// The scopes that it covers.
    pub scope: String,
}

/// What a request was let in with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grant {
    /// Whose request it is; nobody's where no token was shown, or none was needed.
    pub client: Option<String>,
    /// The token that was shown.
    pub token: Option<String>,
    /// The resource types that may be read; none: all.
    pub types: Option<Vec<String>>,
}

impl Grant {
    /// Whether resources of this type may be read.
    pub(crate) fn covers(&self, kind: &str) -> bool {
        self.types.as_ref().is_none_or(|types| types.iter().any(|one| one == kind))
    }
}

/// The resource types of scopes such as `system/Patient.rs`; none: all types.
fn types_of(scope: &str) -> Option<Vec<String>> {
    let types: Vec<&str> = scope.split(' ').filter_map(resource_type).collect();
    (!types.contains(&"*")).then(|| types.into_iter().map(str::to_owned).collect())
}

/// The resource type of a system scope that lets read.
fn resource_type(scope: &str) -> Option<&str> {
    let (kind, may) = scope.strip_prefix("system/")?.split_once('.')?;
    let known = kind == "*" || crate::base::resource_types::is_known(kind);
    (known && matches!(may, "read" | "*" | "rs" | "r" | "cruds")).then_some(kind)
}

fn unauthorized(text: &str, error: Option<&str>) -> Box<ServerReply> {
    let refusal = ServerReply::refusal(Point::Unauthorized, StatusCode::UNAUTHORIZED, "login", text);
    let challenge = error.map_or_else(|| "Bearer".to_owned(), |error| format!("Bearer error=\"{error}\""));
    Box::new(refusal.with("www-authenticate", &challenge))
}

fn oauth_error(code: &str, text: &str) -> ServerReply {
    ServerReply::json(Point::TokenRefused, StatusCode::BAD_REQUEST, json!({ "error": code, "error_description": text }))
        .with("cache-control", "no-store")
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let line = headers.get("authorization")?.to_str().ok()?;
    let (scheme, token) = line.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The doors of the house, which faults leave open one by one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AccessDecision {
    Kickoff,
    Poll,
    File,
    Delete,
    Other,
}

impl AccessDecision {
    fn of(ask: &ServerRequest) -> Self {
        let path: Vec<&str> = ask.path.iter().map(String::as_str).collect();
        match path.as_slice() {
            [.., "$export"] => AccessDecision::Kickoff,
            ["bulk", "jobs", _] | ["$export-poll-status"] if ask.method == Method::DELETE => AccessDecision::Delete,
            ["bulk", "jobs", ..] | ["$export-poll-status"] => AccessDecision::Poll,
            ["bulk", "files", ..] | ["Binary", _] => AccessDecision::File,
            _ => AccessDecision::Other,
        }
    }
}

impl Server {
    pub(crate) fn offers_smart(&self) -> bool {
        matches!(self.options.auth, ServerAuth::Smart(_))
    }

    /// Lets a request pass that shows what it needs to.
    ///
    /// # Errors
    /// The refusal.
    pub(crate) fn admit(&self, ask: &ServerRequest) -> Result<Grant, Box<ServerReply>> {
        if !self.protected() {
            return Ok(Grant::default());
        }
        let door = AccessDecision::of(ask);
        let shown = bearer(&ask.headers);
        if door == AccessDecision::File && self.does(Behavior::SignedFiles) {
            return match shown {
                None => Ok(Grant::default()),
                Some(_) => {
                    let text = "the URL is signed; no other credentials are taken";
                    Err(Box::new(ServerReply::refusal(Point::Unauthorized, StatusCode::BAD_REQUEST, "invalid", text)))
                }
            };
        }
        let opened = match door {
            AccessDecision::Kickoff => {
                let posted = ask.method == Method::POST && self.does(Behavior::OpenPosts);
                posted || self.does(Behavior::OpenKickoff)
            }
            AccessDecision::Poll => self.does(Behavior::OpenPolls),
            AccessDecision::File => self.does(Behavior::OpenFiles),
            AccessDecision::Delete => self.does(Behavior::OpenDelete),
            AccessDecision::Other => false,
        };
        let Some(shown) = shown else {
            let missed = !(opened || self.does(Behavior::MissNoToken));
            return if missed { Err(unauthorized("a bearer token is needed", None)) } else { Ok(Grant::default()) };
        };
        if let Some(grant) = self.grant_of(shown) {
            return Ok(grant);
        }
        let any = match door {
            AccessDecision::Kickoff => self.does(Behavior::AnyTokenAtKickoff),
            AccessDecision::Poll => self.does(Behavior::AnyTokenAtPolls),
            AccessDecision::File => self.does(Behavior::AnyTokenAtFiles),
            AccessDecision::Delete | AccessDecision::Other => false,
        };
        if any {
            return Ok(Grant::default());
        }
        let text = "the bearer token is not valid, or no longer";
        let text = if self.does(Behavior::TokenEchoed) { format!("{text}: {shown}") } else { text.to_owned() };
        Err(unauthorized(&text, Some("invalid_token")))
    }

    /// What a token that was shown lets do.
    fn grant_of(&self, shown: &str) -> Option<Grant> {
        match &self.options.auth {
            ServerAuth::None => Some(Grant::default()),
            ServerAuth::Token(secret) => {
                let secret = secret.reveal().as_bytes();
                aws_lc_rs::constant_time::verify_slices_are_equal(shown.as_bytes(), secret).ok()?;
                Some(Grant::default())
            }
            ServerAuth::Smart(_) => {
                let now = self.options.clock.now();
                let notes = self.notes();
                let half = |token: &str| token.get(..token.len() / 2) == shown.get(..shown.len() / 2);
                let halves = self.does(Behavior::HalfTokens);
                let (token, given) =
                    notes.tokens.iter().find(|(token, _)| *token == shown || (halves && half(token)))?;
                let late = if self.does(Behavior::TokensEndLate) { 60 } else { 0 };
                let alive = now < given.until + Duration::from_secs(late) || self.does(Behavior::TokensNeverEnd);
                alive.then(|| Grant {
                    client: Some(given.client.clone()),
                    token: Some(token.clone()),
                    types: if self.does(Behavior::ScopeIgnored) { None } else { types_of(&given.scope) },
                })
            }
        }
    }

    /// Answers `GET .well-known/smart-configuration`.
    pub(crate) fn smart_configuration(&self) -> ServerReply {
        if !self.offers_smart() {
            let text = "this server does not use SMART";
            return ServerReply::refusal(Point::SmartConfiguration, StatusCode::NOT_FOUND, "not-found", text);
        }
        ServerReply::json(
            Point::SmartConfiguration,
            StatusCode::OK,
            json!({
                "token_endpoint": format!("{}/auth/token", self.base()),
                "grant_types_supported": ["client_credentials"],
                "token_endpoint_auth_methods_supported": ["private_key_jwt"],
                "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
                "scopes_supported": ["system/*.rs", "system/*.read"],
                "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"]
            }),
        )
    }

    /// Answers a token request.
    pub(crate) fn token(&self, ask: &ServerRequest) -> ServerReply {
        let ServerAuth::Smart(clients) = &self.options.auth else {
            return ServerReply::refusal(
                Point::Token,
                StatusCode::NOT_FOUND,
                "not-found",
                "this server does not use SMART",
            );
        };
        if ask.method != Method::POST {
            return oauth_error("invalid_request", "a token is asked for by POST").with("allow", "POST");
        }
        let form = params::of_query(&String::from_utf8_lossy(&ask.body));
        let field = |name: &str| form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        if field("grant_type") != "client_credentials" && !self.does(Behavior::GrantTypeUnchecked) {
            return oauth_error("unsupported_grant_type", "grant_type must be client_credentials");
        }
        if field("client_assertion_type") != ASSERTION_TYPE && !self.does(Behavior::AssertionTypeUnchecked) {
            return oauth_error("invalid_client", "client_assertion_type is not that of a JWT");
        }
        if field("client_id").is_empty() && self.does(Behavior::ClientIdDemanded) {
            return oauth_error("invalid_request", "client_id is missing");
        }
        let client = match self.trust(clients, field("client_assertion")) {
            Ok(client) => client.client_id.clone(),
            Err(text) => return oauth_error("invalid_client", text).at(Point::ClientRefused),
        };
        let mut scope: Vec<&str> = field("scope").split(' ').filter(|one| resource_type(one).is_some()).collect();
        if self.does(Behavior::ScopeWidened) || (field("scope").is_empty() && self.does(Behavior::UsualScope)) {
            scope = vec!["system/*.rs"];
        }
        let kept = resource_type(KEPT_SCOPE);
        if !self.does(Behavior::KeptScopeGranted) {
            scope.retain(|one| resource_type(one) != kept);
        }
        if scope.is_empty() {
            return oauth_error("invalid_scope", "scope must name system scopes, as system/*.rs");
        }
        let scope = scope.join(" ");
        let token = match self.secret() {
            Ok(token) => token,
            Err(refusal) => return *refusal,
        };
        let now = self.options.clock.now();
        let lasts = self.options.token_time;
        let mut notes = self.notes();
        if !self.does(Behavior::TokensNeverEnd) {
            notes.tokens.retain(|_, given| given.until + Duration::from_secs(60) > now);
        }
        notes.tokens.insert(token.clone(), Given { until: now + lasts, client, scope: scope.clone() });
        ServerReply::json(
            Point::Token,
            StatusCode::OK,
            json!({ "access_token": token, "token_type": "bearer", "expires_in": lasts.as_secs(), "scope": scope }),
        )
        .with("cache-control", "no-store")
        .with("pragma", "no-cache")
    }
}
