//! Who may ask: a fixed bearer token, or SMART Backend Services with signed assertions.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, Method, StatusCode};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::behaviour::Behaviour;
use super::options::{Auth, SmartClient};
use super::params;
use super::reply::{Point, Reply};
use super::server::{Ask, Server};

/// Seconds that an access token lasts.
const LIFETIME: u64 = 300;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    exp: u64,
    jti: String,
}

fn unauthorized(text: &str) -> Box<Reply> {
    let refusal = Reply::refusal(Point::Unauthorized, StatusCode::UNAUTHORIZED, "login", text);
    Box::new(refusal.with("www-authenticate", "Bearer"))
}

fn oauth_error(code: &str, text: &str) -> Reply {
    Reply::json(Point::Token, StatusCode::BAD_REQUEST, json!({ "error": code, "error_description": text }))
        .with("cache-control", "no-store")
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let line = headers.get("authorization")?.to_str().ok()?;
    let (scheme, token) = line.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl Server {
    pub(super) fn offers_smart(&self) -> bool {
        matches!(self.options.auth, Auth::Smart(_))
    }

    /// Lets a request pass that shows what it needs to.
    ///
    /// # Errors
    /// The refusal.
    pub(super) fn admit(&self, ask: &Ask) -> Result<(), Box<Reply>> {
        if !self.protected() {
            return Ok(());
        }
        let shown = match bearer(&ask.headers) {
            Some(shown) => shown,
            None if self.does(Behaviour::MissNoToken) => return Ok(()),
            None => return Err(unauthorized("a bearer token is needed")),
        };
        let good = match &self.options.auth {
            Auth::None => true,
            Auth::Token(secret) => {
                aws_lc_rs::constant_time::verify_slices_are_equal(shown.as_bytes(), secret.reveal().as_bytes()).is_ok()
            }
            Auth::Smart(_) => {
                let now = self.options.clock.now();
                self.notes().tokens.get(shown).is_some_and(|until| now < *until)
            }
        };
        if good { Ok(()) } else { Err(unauthorized("the bearer token is not valid, or no longer")) }
    }

    /// Answers `GET .well-known/smart-configuration`.
    pub(super) fn smart_configuration(&self) -> Reply {
        if !self.offers_smart() {
            let text = "this server does not use SMART";
            return Reply::refusal(Point::SmartConfiguration, StatusCode::NOT_FOUND, "not-found", text);
        }
        Reply::json(
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
    pub(super) fn token(&self, ask: &Ask) -> Reply {
        let Auth::Smart(clients) = &self.options.auth else {
            return Reply::refusal(Point::Token, StatusCode::NOT_FOUND, "not-found", "this server does not use SMART");
        };
        if ask.method != Method::POST {
            return oauth_error("invalid_request", "a token is asked for by POST").with("allow", "POST");
        }
        let form = params::of_query(&String::from_utf8_lossy(&ask.body));
        let field = |name: &str| form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        if field("grant_type") != "client_credentials" {
            return oauth_error("unsupported_grant_type", "grant_type must be client_credentials");
        }
        let scope = field("scope").to_owned();
        if scope.is_empty() || !scope.split(' ').all(|one| one.starts_with("system/")) {
            return oauth_error("invalid_scope", "scope must name system scopes, as system/*.rs");
        }
        if field("client_assertion_type") != ASSERTION_TYPE {
            return oauth_error("invalid_client", "client_assertion_type is not that of a JWT");
        }
        if !self.does(Behaviour::TrustAnyClient)
            && let Err(text) = self.trust(clients, field("client_assertion"))
        {
            return oauth_error("invalid_client", text);
        }
        let token = match self.secret() {
            Ok(token) => token,
            Err(refusal) => return *refusal,
        };
        let now = self.options.clock.now();
        let mut notes = self.notes();
        notes.tokens.retain(|_, until| *until > now);
        notes.tokens.insert(token.clone(), now + Duration::from_secs(LIFETIME));
        Reply::json(
            Point::Token,
            StatusCode::OK,
            json!({ "access_token": token, "token_type": "bearer", "expires_in": LIFETIME, "scope": scope }),
        )
        .with("cache-control", "no-store")
        .with("pragma", "no-cache")
    }

    /// Checks an assertion: signed by a registered client, for this endpoint, not too long, not twice.
    fn trust(&self, clients: &[SmartClient], assertion: &str) -> Result<(), &'static str> {
        let header = decode_header(assertion).map_err(|_| "the assertion is not a JWT")?;
        if !matches!(header.alg, Algorithm::RS384 | Algorithm::ES384) {
            return Err("the assertion must be signed with RS384 or ES384");
        }
        let mut rules = Validation::new(header.alg);
        rules.set_audience(&[format!("{}/auth/token", self.base())]);
        rules.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
        // The server's own clock decides, which may be virtual.
        rules.validate_exp = false;
        rules.validate_nbf = false;
        let claims = clients
            .iter()
            .flat_map(|client| keys(client, header.alg, header.kid.as_deref()).map(move |key| (client, key)))
            .filter_map(|(client, key)| Some((client, decode::<Claims>(assertion, &key, &rules).ok()?.claims)))
            .find(|(client, claims)| claims.iss == client.client_id && claims.sub == client.client_id)
            .map(|(_, claims)| claims)
            .ok_or("the assertion is not signed by a registered client for this endpoint")?;
        let now = self.options.clock.now();
        let ends = SystemTime::UNIX_EPOCH
            .checked_add(Duration::from_secs(claims.exp))
            .ok_or("the assertion's exp is out of range")?;
        if ends <= now {
            return Err("the assertion has expired");
        }
        // A minute is given for clocks that differ.
        if ends > now + Duration::from_secs(360) {
            return Err("the assertion's exp is more than five minutes ahead");
        }
        let mut notes = self.notes();
        notes.assertions.retain(|_, ends| *ends > now);
        if claims.jti.is_empty() || notes.assertions.insert(claims.jti, ends).is_some() {
            return Err("the assertion's jti is missing or was used before");
        }
        Ok(())
    }
}

/// The keys of a client that fit an algorithm and a key id.
fn keys<'a>(
    client: &'a SmartClient,
    alg: Algorithm,
    kid: Option<&'a str>,
) -> Box<dyn Iterator<Item = DecodingKey> + 'a> {
    let text = client.public_key.trim();
    if text.starts_with("-----") {
        let key = match alg {
            Algorithm::RS384 => DecodingKey::from_rsa_pem(text.as_bytes()),
            _ => DecodingKey::from_ec_pem(text.as_bytes()),
        };
        return Box::new(key.into_iter());
    }
    let set: Vec<Jwk> = match serde_json::from_str::<Value>(text) {
        Ok(value) if value.get("keys").is_some() => {
            serde_json::from_value::<JwkSet>(value).map(|set| set.keys).unwrap_or_default()
        }
        Ok(value) => serde_json::from_value::<Jwk>(value).into_iter().collect(),
        Err(_) => Vec::new(),
    };
    let fits = move |key: &Jwk| kid.is_none() || key.common.key_id.is_none() || key.common.key_id.as_deref() == kid;
    Box::new(set.into_iter().filter(fits).filter_map(|key| DecodingKey::from_jwk(&key).ok()))
}
