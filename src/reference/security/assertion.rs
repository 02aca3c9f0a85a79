//! Assertions, checked: signed by a registered client, for this endpoint, not too long, not twice. A fault switches one
//! check off.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Value, json};

use crate::reference::fault::behavior::Behavior;
use crate::reference::options::SmartClient;
use crate::reference::server::Server;

/// What is given for clocks that differ.
const SKEW: Duration = Duration::from_secs(60);
/// The longest that an assertion may last.
const LONGEST: Duration = Duration::from_secs(300);

/// An assertion, read and not yet believed.
struct Assertion<'a> {
    header: Value,
    claims: Value,
    /// What is signed.
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

impl Server {
    /// Whose assertion this is.
    ///
    /// # Errors
    /// Why it is not believed.
    pub(crate) fn trust<'c>(
        &self,
        clients: &'c [SmartClient],
        assertion: &str,
    ) -> Result<&'c SmartClient, &'static str> {
        let assertion = Assertion::read(assertion).ok_or("the assertion is not a JWT")?;
        let client = self.client_of(clients, &assertion)?;
        let registered = self.keys_of(clients, client, assertion.header("kid"));
        self.signature(&registered, &assertion)?;
        if assertion.header.get("jku").is_some() && !self.does(Behavior::KeyUrlUnchecked) {
            return Err("the assertion's jku is not registered");
        }
        self.audience(&assertion)?;
        self.times(&assertion)?;
        self.once(client, &assertion)?;
        Ok(client)
    }

    fn client_of<'c>(
        &self,
        clients: &'c [SmartClient],
        found: &Assertion<'_>,
    ) -> Result<&'c SmartClient, &'static str> {
        let (issuer, subject) = (found.claim("iss"), found.claim("sub"));
        let id = match (issuer, subject) {
            (_, Some(subject)) if self.does(Behavior::IssuerUnchecked) => subject,
            (Some(issuer), _) if self.does(Behavior::SubjectUnchecked) => issuer,
            (Some(issuer), Some(subject)) if issuer == subject => issuer,
            _ => return Err("the assertion's iss and sub must both be the client id"),
        };
        let known = clients.iter().find(|client| client.client_id == id);
        match known.or_else(|| clients.first().filter(|_| self.does(Behavior::TrustAnyClient))) {
            Some(client) => Ok(client),
            None => Err("no such client is registered"),
        }
    }

    /// The keys of a client: those it is registered with, or what its key set says. That is kept for as long as it may be,
    /// and read anew for a key that it does not have.
    fn keys_of(&self, clients: &[SmartClient], client: &SmartClient, kid: Option<&str>) -> String {
        let first = clients.first().is_some_and(|first| first.client_id == client.client_id);
        let Some(feed) = self.options.key_feed.as_ref().filter(|_| first) else { return client.public_key.clone() };
        let now = self.options.clock.now();
        let mut notes = self.notes();
        if let Some((kept, until)) = &notes.key_set {
            let known = kid.is_none_or(|kid| kept.contains(&format!("\"{kid}\"")));
            let fresh = *until > now && known && !self.does(Behavior::KeysAlwaysRead);
            if fresh || self.does(Behavior::KeysNeverReread) {
                return kept.clone();
            }
        }
        let mut read = (feed.read)();
        if let (Some((kept, _)), true) = (&notes.key_set, self.does(Behavior::KeysOnlyAdded)) {
            read = together(kept, &read);
        }
        notes.key_set = Some((read.clone(), now + feed.max_age));
        read
    }

    fn signature(&self, registered: &str, assertion: &Assertion<'_>) -> Result<(), &'static str> {
        let algorithm = match assertion.header("alg") {
            Some("RS384") => Algorithm::RS384,
            Some("ES384") => Algorithm::ES384,
            Some("none") if self.does(Behavior::UnsignedTaken) => return Ok(()),
            Some("HS256") if self.does(Behavior::PublicKeyAsSecret) => return Ok(()),
            _ => return Err("the assertion must be signed with RS384 or ES384"),
        };
        let unchecked = self.does(Behavior::KeyIdUnchecked);
        let mut keys = keys(registered, algorithm, assertion.header("kid"), unchecked);
        // None or several is the same: it does not say which.
        let (Some(key), None) = (keys.pop(), keys.pop()) else {
            return Err("the assertion's kid names no registered key");
        };
        if self.does(Behavior::SignatureUnchecked) {
            return Ok(());
        }
        let good = jsonwebtoken::crypto::verify(assertion.signature, assertion.text.as_bytes(), &key, algorithm);
        if good.unwrap_or(false) { Ok(()) } else { Err("the assertion is not signed by the client") }
    }

    fn audience(&self, assertion: &Assertion<'_>) -> Result<(), &'static str> {
        let own = format!("{}/auth/token", self.base());
        let named = match assertion.claims.get("aud") {
            Some(Value::String(one)) => *one == own,
            Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(own.as_str())),
            _ => false,
        };
        if named || self.does(Behavior::AudienceUnchecked) {
            Ok(())
        } else {
            Err("the assertion is not for this token endpoint")
        }
    }

    fn times(&self, assertion: &Assertion<'_>) -> Result<(), &'static str> {
        let now = self.options.clock.now();
        if !self.does(Behavior::ExpiryUnchecked) {
            let ends = assertion.time("exp").ok_or("the assertion has no exp")?;
            if ends <= now {
                return Err("the assertion has expired");
            }
            if ends > now + LONGEST + SKEW && !self.does(Behavior::LongAssertions) {
                return Err("the assertion's exp is more than five minutes ahead");
            }
        }
        if assertion.time("nbf").is_some_and(|begins| begins > now + SKEW) && !self.does(Behavior::BeginUnchecked) {
            return Err("the assertion has not begun");
        }
        Ok(())
    }

    /// Whether the assertion's id is new.
    fn once(&self, client: &SmartClient, assertion: &Assertion<'_>) -> Result<(), &'static str> {
        let Some(id) = assertion.claim("jti") else {
            return if self.does(Behavior::IdUnasked) { Ok(()) } else { Err("the assertion has no jti") };
        };
        let now = self.options.clock.now();
        let ends = assertion.time("exp").unwrap_or(now + LONGEST);
        let mut notes = self.notes();
        notes.assertions.retain(|_, ends| *ends > now);
        // Two clients may hit on the same.
        let used = notes.assertions.insert(format!("{} {id}", client.client_id), ends).is_some();
        if used && !self.does(Behavior::ReplayTaken) { Err("the assertion's jti was used before") } else { Ok(()) }
    }
}

/// One key set of two, no key twice.
fn together(one: &str, other: &str) -> String {
    let keys = |text: &str| -> Vec<Value> {
        let read: Option<Value> = serde_json::from_str(text).ok();
        read.and_then(|set| set.get("keys")?.as_array().cloned()).unwrap_or_default()
    };
    let mut all = keys(one);
    all.extend(keys(other).into_iter().filter(|key| !keys(one).contains(key)));
    json!({ "keys": all }).to_string()
}

/// The keys of a client that fit an algorithm and a key id; any id where it is not looked at.
fn keys(registered: &str, algorithm: Algorithm, kid: Option<&str>, unchecked: bool) -> Vec<DecodingKey> {
    let text = registered.trim();
    if text.starts_with("-----") {
        if kid.is_some() && !unchecked {
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
    let fits = |key: &Jwk| unchecked || kid.is_none() || key.common.key_id.as_deref() == kid;
    set.into_iter().filter(fits).filter_map(|key| DecodingKey::from_jwk(&key).ok()).collect()
}
