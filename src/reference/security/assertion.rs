//! The checks of a client assertion. For each check there is a fault that switches it off.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Value, json};

use crate::reference::fault::behavior::Behavior;
use crate::reference::options::SmartClient;
use crate::reference::state::ServerState;

/// The tolerance for clock differences.
const SKEW: Duration = Duration::from_secs(60);
/// The maximum lifetime of an assertion.
const MAX_LIFETIME: Duration = Duration::from_secs(300);

/// An assertion before it is checked.
struct Assertion<'a> {
    header: Value,
    claims: Value,
    /// The signed text.
    text: &'a str,
    signature: &'a str,
}

impl<'a> Assertion<'a> {
    fn read(assertion: &'a str) -> Option<Self> {
        let (text, signature) = assertion.rsplit_once('.')?;
        let (header, claims) = text.split_once('.')?;
        let part = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        Some(Self { header: part(header)?, claims: part(claims)?, text, signature })
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.header.get(name).and_then(Value::as_str)
    }

    fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// A claim that is a time, in seconds since 1970.
    fn time(&self, name: &str) -> Option<SystemTime> {
        let seconds = Duration::try_from_secs_f64(self.claims.get(name)?.as_f64()?).ok()?;
        SystemTime::UNIX_EPOCH.checked_add(seconds)
    }
}

/// The client that an assertion authenticates.
///
/// # Errors
/// The reason of the first check that fails.
pub(crate) fn authenticate<'c>(
    server: &ServerState,
    clients: &'c [SmartClient],
    assertion: &str,
) -> Result<&'c SmartClient, &'static str> {
    let assertion = Assertion::read(assertion).ok_or("the assertion is not a JWT")?;
    let client = client_of(server, clients, &assertion)?;
    let registered = registered_keys(server, clients, client, assertion.header("kid"));
    check_signature(server, &registered, &assertion)?;
    if assertion.header.get("jku").is_some() && !server.does(Behavior::KeyUrlUnchecked) {
        return Err("the jku of the assertion is not registered");
    }
    check_audience(server, &assertion)?;
    check_times(server, &assertion)?;
    check_id(server, client, &assertion)?;
    Ok(client)
}

fn client_of<'c>(
    server: &ServerState,
    clients: &'c [SmartClient],
    assertion: &Assertion<'_>,
) -> Result<&'c SmartClient, &'static str> {
    let id = match (assertion.claim("iss"), assertion.claim("sub")) {
        (_, Some(subject)) if server.does(Behavior::IssuerUnchecked) => subject,
        (Some(issuer), _) if server.does(Behavior::SubjectUnchecked) => issuer,
        (Some(issuer), Some(subject)) if issuer == subject => issuer,
        _ => return Err("iss and sub of the assertion must both be the client id"),
    };
    let known = clients.iter().find(|client| client.client_id == id);
    match known.or_else(|| clients.first().filter(|_| server.does(Behavior::TrustAnyClient))) {
        Some(client) => Ok(client),
        None => Err("the client is not registered"),
    }
}

/// The keys of a client: its registered keys, or those of its key set. The server caches a key set as long as it may,
/// and reads it again for an unknown key.
fn registered_keys(server: &ServerState, clients: &[SmartClient], client: &SmartClient, kid: Option<&str>) -> String {
    let first = clients.first().is_some_and(|first| first.client_id == client.client_id);
    let Some(feed) = server.options.key_feed.as_ref().filter(|_| first) else { return client.public_key.clone() };
    let now = server.now();
    let mut notes = server.notes();
    if let Some((cached, until)) = &notes.key_set {
        let known = kid.is_none_or(|kid| cached.contains(&format!("\"{kid}\"")));
        let fresh = *until > now && known && !server.does(Behavior::KeysAlwaysRead);
        if fresh || server.does(Behavior::KeysNeverReread) {
            return cached.clone();
        }
    }
    let mut key_set = (feed.read)();
    if let (Some((cached, _)), true) = (&notes.key_set, server.does(Behavior::KeysOnlyAdded)) {
        key_set = merge(cached, &key_set);
    }
    notes.key_set = Some((key_set.clone(), now + feed.max_age));
    key_set
}

fn check_signature(server: &ServerState, registered: &str, assertion: &Assertion<'_>) -> Result<(), &'static str> {
    let algorithm = match assertion.header("alg") {
        Some("RS384") => Algorithm::RS384,
        Some("ES384") => Algorithm::ES384,
        Some("none") if server.does(Behavior::UnsignedTaken) => return Ok(()),
        Some("HS256") if server.does(Behavior::PublicKeyAsSecret) => return Ok(()),
        _ => return Err("the assertion must be signed with RS384 or ES384"),
    };
    let any_id = server.does(Behavior::KeyIdUnchecked);
    let mut keys = decoding_keys(registered, algorithm, assertion.header("kid"), any_id);
    // The kid must identify exactly one key.
    let (Some(key), None) = (keys.pop(), keys.pop()) else {
        return Err("the kid of the assertion is not the id of a registered key");
    };
    if server.does(Behavior::SignatureUnchecked) {
        return Ok(());
    }
    let valid = jsonwebtoken::crypto::verify(assertion.signature, assertion.text.as_bytes(), &key, algorithm);
    if valid.unwrap_or(false) { Ok(()) } else { Err("the signature of the assertion is invalid") }
}

fn check_audience(server: &ServerState, assertion: &Assertion<'_>) -> Result<(), &'static str> {
    let own = format!("{}/auth/token", server.base());
    let named = match assertion.claims.get("aud") {
        Some(Value::String(one)) => *one == own,
        Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(own.as_str())),
        _ => false,
    };
    match named || server.does(Behavior::AudienceUnchecked) {
        true => Ok(()),
        false => Err("the aud of the assertion is not this token endpoint"),
    }
}

fn check_times(server: &ServerState, assertion: &Assertion<'_>) -> Result<(), &'static str> {
    let now = server.now();
    if !server.does(Behavior::ExpiryUnchecked) {
        let ends = assertion.time("exp").ok_or("the assertion has no exp")?;
        if ends <= now {
            return Err("the assertion has expired");
        }
        if ends > now + MAX_LIFETIME + SKEW && !server.does(Behavior::LongAssertions) {
            return Err("the exp of the assertion is more than five minutes ahead");
        }
    }
    if assertion.time("nbf").is_some_and(|begins| begins > now + SKEW) && !server.does(Behavior::BeginUnchecked) {
        return Err("the nbf of the assertion is in the future");
    }
    Ok(())
}

/// Checks that the client did not use the id of the assertion before.
fn check_id(server: &ServerState, client: &SmartClient, assertion: &Assertion<'_>) -> Result<(), &'static str> {
    let Some(id) = assertion.claim("jti") else {
        return if server.does(Behavior::IdUnasked) { Ok(()) } else { Err("the assertion has no jti") };
    };
    let now = server.now();
    let ends = assertion.time("exp").unwrap_or(now + MAX_LIFETIME);
    let mut notes = server.notes();
    notes.assertions.retain(|_, ends| *ends > now);
    // Two clients may use the same id.
    let used = notes.assertions.insert(format!("{} {id}", client.client_id), ends).is_some();
    if used && !server.does(Behavior::ReplayTaken) { Err("the jti of the assertion was used before") } else { Ok(()) }
}

/// The keys of two key sets, each key once.
fn merge(one: &str, other: &str) -> String {
    let keys = |text: &str| -> Vec<Value> {
        let read: Option<Value> = serde_json::from_str(text).ok();
        read.and_then(|set| set.get("keys")?.as_array().cloned()).unwrap_or_default()
    };
    let mut all = keys(one);
    all.extend(keys(other).into_iter().filter(|key| !keys(one).contains(key)));
    json!({ "keys": all }).to_string()
}

/// The keys of a client with this algorithm and key id, or with any id.
fn decoding_keys(registered: &str, algorithm: Algorithm, kid: Option<&str>, any_id: bool) -> Vec<DecodingKey> {
    let text = registered.trim();
    if text.starts_with("-----") {
        if kid.is_some() && !any_id {
            return Vec::new();
        }
        let key = match algorithm {
            Algorithm::RS384 => DecodingKey::from_rsa_pem(text.as_bytes()),
            _ => DecodingKey::from_ec_pem(text.as_bytes()),
        };
        return key.into_iter().collect();
    }
    let set: Vec<Jwk> = match serde_json::from_str::<Value>(text) {
        Ok(value) if value.get("keys").is_some() => {
            serde_json::from_value::<JwkSet>(value).map(|set| set.keys).unwrap_or_default()
        }
        Ok(value) => serde_json::from_value::<Jwk>(value).into_iter().collect(),
        Err(_) => Vec::new(),
    };
    let fits = |key: &Jwk| any_id || kid.is_none() || key.common.key_id.as_deref() == kid;
    set.into_iter().filter(fits).filter_map(|key| DecodingKey::from_jwk(&key).ok()).collect()
}
