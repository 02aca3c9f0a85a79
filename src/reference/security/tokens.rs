//! The token endpoint of SMART Backend Services, and the SMART configuration.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::json;

use crate::reference::fault::behavior::Behavior;
use crate::reference::options::{KEPT_SCOPE, ServerAuth};
use crate::reference::reply::{Point, ServerReply};
use crate::reference::request::{ServerRequest, query_parameters};
use crate::reference::security::assertion;
use crate::reference::security::grant::{IssuedToken, scope_type};
use crate::reference::state::ServerState;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Responds to `GET .well-known/smart-configuration`.
pub(crate) fn smart_configuration(server: &ServerState) -> ServerReply {
    if !server.has_smart() {
        return no_smart(Point::SmartConfiguration);
    }
    let configuration = json!({
        "token_endpoint": format!("{}/auth/token", server.base()),
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
        "scopes_supported": ["system/*.rs", "system/*.read"],
        "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"]
    });
    ServerReply::json(Point::SmartConfiguration, StatusCode::OK, configuration)
}

/// Responds to a token request.
pub(crate) fn token(server: &ServerState, request: &ServerRequest) -> ServerReply {
    let ServerAuth::Smart(clients) = &server.options.auth else { return no_smart(Point::Token) };
    if request.method != Method::POST {
        return oauth_error("invalid_request", "the method of a token request must be POST").with("allow", "POST");
    }
    let form = query_parameters(&String::from_utf8_lossy(&request.body));
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    if field("grant_type") != "client_credentials" && !server.does(Behavior::GrantTypeUnchecked) {
        return oauth_error("unsupported_grant_type", "grant_type must be client_credentials");
    }
    if field("client_assertion_type") != ASSERTION_TYPE && !server.does(Behavior::AssertionTypeUnchecked) {
        return oauth_error("invalid_client", "client_assertion_type must be that of a JWT");
    }
    if field("client_id").is_empty() && server.does(Behavior::ClientIdDemanded) {
        return oauth_error("invalid_request", "client_id is missing");
    }
    let client = match assertion::authenticate(server, clients, field("client_assertion")) {
        Ok(client) => client.client_id.clone(),
        Err(text) => return oauth_error("invalid_client", text).at(Point::ClientRefused),
    };
    let Some(scope) = granted_scope(server, field("scope")) else {
        return oauth_error("invalid_scope", "scope must have system scopes, such as system/*.rs");
    };
    let token = match server.secret() {
        Ok(token) => token,
        Err(refusal) => return *refusal,
    };
    let (now, lifetime) = (server.now(), server.options.token_time);
    let mut notes = server.notes();
    if !server.does(Behavior::TokensNeverEnd) {
        notes.tokens.retain(|_, issued| issued.until + Duration::from_secs(60) > now);
    }
    notes.tokens.insert(token.clone(), IssuedToken { until: now + lifetime, client, scope: scope.clone() });
    let response =
        json!({ "access_token": token, "token_type": "bearer", "expires_in": lifetime.as_secs(), "scope": scope });
    ServerReply::json(Point::Token, StatusCode::OK, response)
        .with("cache-control", "no-store")
        .with("pragma", "no-cache")
}

/// The scope that the server grants; `None` if it grants nothing of the requested scope.
fn granted_scope(server: &ServerState, requested: &str) -> Option<String> {
    let mut scopes: Vec<&str> = requested.split(' ').filter(|scope| scope_type(scope).is_some()).collect();
    if server.does(Behavior::ScopeWidened) || (requested.is_empty() && server.does(Behavior::UsualScope)) {
        scopes = vec!["system/*.rs"];
    }
    if !server.does(Behavior::KeptScopeGranted) {
        scopes.retain(|scope| scope_type(scope) != scope_type(KEPT_SCOPE));
    }
    (!scopes.is_empty()).then(|| scopes.join(" "))
}

fn no_smart(point: Point) -> ServerReply {
    ServerReply::refusal(point, StatusCode::NOT_FOUND, "not-found", "this server does not support SMART")
}

fn oauth_error(code: &str, text: &str) -> ServerReply {
    ServerReply::json(Point::TokenRefused, StatusCode::BAD_REQUEST, json!({ "error": code, "error_description": text }))
        .with("cache-control", "no-store")
}
