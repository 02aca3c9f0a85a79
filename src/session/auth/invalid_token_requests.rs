//! Token requests, right or wrong in exactly one way: whatever is not the one wrong thing is valid, fresh and signed with
//! the client's key, so that a server which gives a token has missed just that.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Map, Value, json};
use url::Url;

use crate::base::secret::Secret;
use crate::session::auth::assertion::SigningKey;
use crate::suite::flow::Wrong;

/// How long an assertion lasts; five minutes is the most that is allowed, and clocks differ.
const LIFETIME: Duration = Duration::from_secs(240);
/// Far beyond what clocks differ by.
const HOUR: u64 = 3600;

const GRANT_TYPE: &str = "client_credentials";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client id that nobody registered.
const STRANGER: &str = "plimsoll-unknown-client";
/// The token endpoint of another server; the name is reserved and belongs to nobody.
const ELSEWHERE: &str = "https://plimsoll-another-server.invalid/token";
/// The id of a key that nobody registered.
const NO_SUCH_KEY: &str = "plimsoll-unknown-key";
/// An address of keys that nobody registered, and that leads nowhere.
const NO_SUCH_KEYS: &str = "https://plimsoll-keys.invalid/jwks.json";
/// Words that no server knows. Of their own kind, so that they cannot be taken for one that the server has.
const NO_SUCH_GRANT: &str = "urn:plimsoll:no-such-grant-type";
const NO_SUCH_ASSERTION: &str = "urn:plimsoll:no-such-assertion-type";
const NO_SUCH_SCOPE: &str = "plimsoll-no-such-scope";

/// Who asks for a token, and how.
pub(crate) struct Applicant<'a> {
    /// The client id.
    pub client: &'a str,
    pub key: &'a SigningKey,
    /// The key's id, where the key does not name one.
    pub key_id: Option<&'a str>,
    /// The token endpoint, which is the audience.
    pub endpoint: &'a Url,
    /// The scopes asked for.
    pub scope: &'a str,
    /// Wall time.
    pub now: SystemTime,
}

/// A token request.
pub(crate) struct Application {
    fields: Vec<(&'static str, String)>,
    /// The assertion, which goes last.
    pub assertion: Secret,
}

impl Application {
    /// The form, with `assertion` in the assertion's place.
    pub(crate) fn form(&self, assertion: &str) -> String {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.fields {
            form.append_pair(name, value);
        }
        form.append_pair("client_assertion", assertion).finish()
    }
}

impl Applicant<'_> {
    /// A token request with this one thing wrong, or nothing.
    ///
    /// # Errors
    /// A fragment: there is no randomness, or the library refuses to sign.
    pub(crate) fn apply(&self, wrong: Option<Wrong>) -> Result<Application, String> {
        let grant = if wrong == Some(Wrong::GrantType) { NO_SUCH_GRANT } else { GRANT_TYPE };
        let kind = if wrong == Some(Wrong::AssertionType) { NO_SUCH_ASSERTION } else { ASSERTION_TYPE };
        let scope = if wrong == Some(Wrong::Scope) { NO_SUCH_SCOPE } else { self.scope };
        let mut fields = vec![("grant_type", grant.to_owned())];
        if wrong != Some(Wrong::NoScope) {
            fields.push(("scope", scope.to_owned()));
        }
        if wrong == Some(Wrong::ClientId) {
            fields.push(("client_id", self.client.to_owned()));
        }
        fields.push(("client_assertion_type", kind.to_owned()));
        Ok(Application { fields, assertion: self.assertion(wrong)? })
    }

    fn assertion(&self, wrong: Option<Wrong>) -> Result<Secret, String> {
        let header = self.header(wrong);
        let claims = self.claims(wrong)?;
        let signed = |claims: &Map<String, Value>| format!("{}.{}", encoded(&header), encoded(claims));
        let text = signed(&claims);
        let signature = match wrong {
            Some(Wrong::AlgNone) => String::new(),
            Some(Wrong::AlgHs256) => {
                let public = EncodingKey::from_secret(self.key.public_pem()?.as_bytes());
                jsonwebtoken::crypto::sign(text.as_bytes(), &public, Algorithm::HS256)
                    .map_err(|error| format!("the assertion cannot be signed by HS256: {error}"))?
            }
            Some(Wrong::OtherKey) => self.key.another()?.sign(&text)?,
            _ => self.key.sign(&text)?,
        };
        if wrong == Some(Wrong::Tampered) {
            let mut changed = claims;
            changed.insert("exp".to_owned(), json!(self.seconds() + LIFETIME.as_secs() + 1));
            return Ok(Secret::new(format!("{}.{signature}", signed(&changed))));
        }
        Ok(Secret::new(format!("{text}.{signature}")))
    }

    fn header(&self, wrong: Option<Wrong>) -> Map<String, Value> {
        let algorithm = match wrong {
            Some(Wrong::AlgNone) => "none",
            Some(Wrong::AlgHs256) => "HS256",
            _ if self.key.algorithm() == Algorithm::ES384 => "ES384",
            _ => "RS384",
        };
        let id = match wrong {
            Some(Wrong::Kid) => Some(NO_SUCH_KEY),
            _ => self.key.id().or(self.key_id),
        };
        let mut header = Map::new();
        header.insert("typ".to_owned(), json!("JWT"));
        header.insert("alg".to_owned(), json!(algorithm));
        if let Some(id) = id {
            header.insert("kid".to_owned(), json!(id));
        }
        if wrong == Some(Wrong::Jku) {
            header.insert("jku".to_owned(), json!(NO_SUCH_KEYS));
        }
        header
    }

    fn claims(&self, wrong: Option<Wrong>) -> Result<Map<String, Value>, String> {
        let mut unique = [0_u8; 16];
        rand::fill(&mut unique).map_err(|_| "the system gives no random bytes".to_owned())?;
        let jti: String = unique.iter().map(|byte| format!("{byte:02x}")).collect();
        let now = self.seconds();
        // When it was made: an assertion that is over was made before it was over.
        let made = if wrong == Some(Wrong::Expired) { now.saturating_sub(HOUR + LIFETIME.as_secs()) } else { now };
        let lasts = if wrong == Some(Wrong::FarExpiry) { HOUR } else { LIFETIME.as_secs() };
        let issuer = if matches!(wrong, Some(Wrong::Issuer | Wrong::Client)) { STRANGER } else { self.client };
        let subject = if matches!(wrong, Some(Wrong::Subject | Wrong::Client)) { STRANGER } else { self.client };
        let audience = if wrong == Some(Wrong::Audience) { ELSEWHERE } else { self.endpoint.as_str() };
        let mut claims = Map::new();
        claims.insert("iss".to_owned(), json!(issuer));
        claims.insert("sub".to_owned(), json!(subject));
        if wrong != Some(Wrong::NoAudience) {
            claims.insert("aud".to_owned(), json!(audience));
        }
        if wrong != Some(Wrong::NoExpiry) {
            claims.insert("exp".to_owned(), json!(made.saturating_add(lasts)));
        }
        claims.insert("iat".to_owned(), json!(made));
        if wrong == Some(Wrong::NotYet) {
            claims.insert("nbf".to_owned(), json!(now.saturating_add(HOUR)));
        }
        if wrong != Some(Wrong::NoJti) {
            claims.insert("jti".to_owned(), json!(jti));
        }
        Ok(claims)
    }

    fn seconds(&self) -> u64 {
        self.now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
    }
}

fn encoded(part: &Map<String, Value>) -> String {
    URL_SAFE_NO_PAD.encode(Value::Object(part.clone()).to_string())
}

/// A token with one character changed, in the middle of its last part: there it matters in every kind of token, whereas
/// the last characters of a signature may hold bits that nobody reads.
pub(crate) fn one_character_changed(token: &str) -> String {
    let start = token.rfind('.').map_or(0, |dot| dot + 1);
    let last: Vec<(usize, char)> = token.char_indices().filter(|(at, _)| *at >= start).collect();
    let Some((at, found)) = last.get(last.len() / 2).copied() else { return format!("{token}x") };
    let other = if found == 'A' { 'B' } else { 'A' };
    let mut changed = token.to_owned();
    changed.replace_range(at..at + found.len_utf8(), other.encode_utf8(&mut [0; 4]));
    changed
}

/// The resource type of a scope such as `system/Patient.rs`, and what it lets do; none for other scopes.
fn resource_scope(scope: &str) -> Option<(&str, &str)> {
    let (context, rest) = scope.split_once('/')?;
    if !matches!(context, "system" | "user" | "patient") {
        return None;
    }
    rest.split('?').next().unwrap_or(rest).split_once('.')
}

/// The scope for Patient resources alone that lies within `scope`, written as `scope` is; none where that covers no
/// Patients, or nothing else.
pub(crate) fn narrow_scope(scope: &str) -> Option<String> {
    let scopes: Vec<(&str, &str)> = scope.split_ascii_whitespace().filter_map(resource_scope).collect();
    if scopes.iter().all(|(kind, _)| *kind == "Patient") {
        return None;
    }
    let (_, may) = scopes.iter().find(|(kind, _)| matches!(*kind, "*" | "Patient"))?;
    let may = match *may {
        "*" | "read" => "read",
        more if more.contains('r') && more.contains('s') => "rs",
        more => more,
    };
    Some(format!("system/Patient.{may}"))
}

/// Whether a scope covers Patient resources and no others.
pub(crate) fn is_patient_alone(scope: &str) -> bool {
    let mut kinds = scope.split_ascii_whitespace().filter_map(resource_scope).map(|(kind, _)| kind).peekable();
    kinds.peek().is_some() && kinds.all(|kind| kind == "Patient")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
    use base64::engine::general_purpose::STANDARD;
    use jsonwebtoken::{DecodingKey, Validation};

    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn key() -> SigningKey {
        let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
        let der = pair.to_pkcs8v1().unwrap();
        let pem =
            format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()));
        SigningKey::parse(&Secret::new(pem)).unwrap()
    }

    /// Header, claims, and whether the signature is that of the key.
    fn read(key: &SigningKey, text: &str) -> (Value, Value, bool) {
        let parts: Vec<&str> = text.split('.').collect();
        assert_eq!(parts.len(), 3);
        let part = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        let public = DecodingKey::from_ec_pem(key.public_pem().unwrap().as_bytes()).unwrap();
        let mut rules = Validation::new(Algorithm::ES384);
        rules.validate_exp = false;
        rules.validate_aud = false;
        rules.required_spec_claims.clear();
        let good = jsonwebtoken::decode::<Value>(text, &public, &rules).is_ok();
        (part(parts[0]), part(parts[1]), good)
    }

    #[test]
    fn each_request_is_wrong_in_its_one_way_and_in_no_other() {
        let key = key();
        let endpoint: Url = "https://auth.example.org/token".parse().unwrap();
        let applicant = Applicant {
            client: "me",
            key: &key,
            key_id: Some("k1"),
            endpoint: &endpoint,
            scope: "system/*.rs",
            now: UNIX_EPOCH + Duration::from_secs(NOW),
        };
        let right = applicant.apply(None).unwrap();
        let (header, claims, good) = read(&key, right.assertion.reveal());
        assert!(good);
        assert_eq!(header, json!({"typ": "JWT", "alg": "ES384", "kid": "k1"}));
        assert_eq!(
            (&claims["iss"], &claims["sub"], &claims["aud"], &claims["exp"]),
            (&json!("me"), &json!("me"), &json!("https://auth.example.org/token"), &json!(NOW + 240))
        );
        type ClientNames = &'static [&'static str];
        // What differs from the right one, in header, claims and form; and whether the signature still holds.
        let cases: &[(Wrong, ClientNames, ClientNames, &[usize], bool)] = &[
            (Wrong::Client, &[], &["iss", "sub"], &[], true),
            (Wrong::OtherKey, &[], &[], &[], false),
            (Wrong::Tampered, &[], &["exp"], &[], false),
            (Wrong::AlgNone, &["alg"], &[], &[], false),
            (Wrong::AlgHs256, &["alg"], &[], &[], false),
            (Wrong::Issuer, &[], &["iss"], &[], true),
            (Wrong::Subject, &[], &["sub"], &[], true),
            (Wrong::Audience, &[], &["aud"], &[], true),
            (Wrong::NoAudience, &[], &["aud"], &[], true),
            (Wrong::Expired, &[], &["exp", "iat"], &[], true),
            (Wrong::NoExpiry, &[], &["exp"], &[], true),
            (Wrong::FarExpiry, &[], &["exp"], &[], true),
            (Wrong::NotYet, &[], &["nbf"], &[], true),
            (Wrong::NoJti, &[], &["jti"], &[], true),
            (Wrong::Replay, &[], &[], &[], true),
            (Wrong::Kid, &["kid"], &[], &[], true),
            (Wrong::Jku, &["jku"], &[], &[], true),
            (Wrong::GrantType, &[], &[], &[0], true),
            (Wrong::Scope, &[], &[], &[1], true),
            (Wrong::AssertionType, &[], &[], &[2], true),
        ];
        let differ = |a: &Value, b: &Value| -> Vec<String> {
            let (a, b) = (a.as_object().unwrap(), b.as_object().unwrap());
            let mut names: Vec<String> =
                a.keys().chain(b.keys()).filter(|name| a.get(*name) != b.get(*name)).cloned().collect();
            names.sort();
            names.dedup();
            names
        };
        for (wrong, in_header, in_claims, in_form, signed) in cases {
            let application = applicant.apply(Some(*wrong)).unwrap();
            let (other_header, mut other_claims, good) = read(&key, application.assertion.reveal());
            if *wrong != Wrong::NoJti {
                assert_ne!(other_claims["jti"], claims["jti"], "{wrong} is fresh");
                other_claims["jti"] = claims["jti"].clone();
            }
            assert_eq!(differ(&header, &other_header), *in_header, "{wrong}");
            assert_eq!(differ(&claims, &other_claims), *in_claims, "{wrong}");
            assert_eq!(good, *signed, "{wrong}");
            let fields: Vec<usize> = (0..3).filter(|at| application.fields[*at] != right.fields[*at]).collect();
            assert_eq!(fields, *in_form, "{wrong}");
        }
        let bare = applicant.apply(Some(Wrong::NoScope)).unwrap();
        assert!(!bare.form("x").contains("scope=") && bare.form("x").contains("client_assertion=x"));
        let (_, hour, _) = read(&key, applicant.apply(Some(Wrong::Expired)).unwrap().assertion.reveal());
        assert_eq!(hour["exp"], NOW - 3600);
    }

    #[test]
    fn the_public_key_as_a_secret_is_what_the_forgery_is_signed_with() {
        let key = key();
        let endpoint: Url = "https://auth.example.org/token".parse().unwrap();
        let now = UNIX_EPOCH + Duration::from_secs(NOW);
        let applicant = Applicant { client: "me", key: &key, key_id: None, endpoint: &endpoint, scope: "s", now };
        let forged = applicant.apply(Some(Wrong::AlgHs256)).unwrap();
        let secret = DecodingKey::from_secret(key.public_pem().unwrap().as_bytes());
        let mut rules = Validation::new(Algorithm::HS256);
        rules.validate_exp = false;
        rules.validate_aud = false;
        assert!(jsonwebtoken::decode::<Value>(forged.assertion.reveal(), &secret, &rules).is_ok());
    }

    #[test]
    fn scopes_are_narrowed_in_the_form_they_were_written_in() {
        for (scope, narrow) in [
            ("system/*.read", Some("system/Patient.read")),
            ("system/*.*", Some("system/Patient.read")),
            ("system/*.rs", Some("system/Patient.rs")),
            ("system/*.cruds", Some("system/Patient.rs")),
            ("system/Patient.rs system/Observation.rs", Some("system/Patient.rs")),
            ("system/Observation.read", None),
            ("system/Patient.read", None),
            ("openid fhirUser", None),
            ("", None),
        ] {
            assert_eq!(narrow_scope(scope).as_deref(), narrow, "{scope}");
        }
        for (scope, alone) in [
            ("system/Patient.rs", true),
            ("system/Patient.read openid", true),
            ("system/*.rs", false),
            ("system/Patient.rs system/Group.r", false),
            ("openid", false),
            ("", false),
        ] {
            assert_eq!(is_patient_alone(scope), alone, "{scope}");
        }
    }

    #[test]
    fn a_token_is_changed_where_it_matters() {
        assert_eq!(one_character_changed("aaa.bbb.cccc"), "aaa.bbb.ccAc");
        assert_eq!(one_character_changed("AAAA"), "AABA");
        assert_eq!(one_character_changed(""), "x");
    }
}
