//! Token requests that are valid, or invalid in exactly one way. Everything else in them is valid, fresh and signed
//! with the client's key, so a server that issues a token did not check exactly that one thing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Map, Value, json};
use url::Url;

use crate::base::secret::Secret;
use crate::session::auth::signing_key::SigningKey;
use crate::suite::flow::Wrong;

/// The lifetime of an assertion. SMART allows five minutes at most, and clocks differ.
const LIFETIME: Duration = Duration::from_secs(240);
/// An hour in seconds, far more than the difference between clocks.
const HOUR: u64 = 3600;

const GRANT_TYPE: &str = "client_credentials";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client id that is not registered with any server.
const UNKNOWN_CLIENT: &str = "plimsoll-unknown-client";
/// The token endpoint of another server, with a reserved name that cannot exist.
const OTHER_ENDPOINT: &str = "https://plimsoll-another-server.invalid/token";
/// The id of a key that is not registered with any server.
const UNKNOWN_KEY: &str = "plimsoll-unknown-key";
/// The URL of a key set that is not registered and does not exist.
const UNKNOWN_KEY_SET: &str = "https://plimsoll-keys.invalid/jwks.json";
/// Values that no server knows.
const UNKNOWN_GRANT_TYPE: &str = "urn:plimsoll:no-such-grant-type";
const UNKNOWN_ASSERTION_TYPE: &str = "urn:plimsoll:no-such-assertion-type";
const UNKNOWN_SCOPE: &str = "plimsoll-no-such-scope";

/// Builds the token requests of one client.
pub(crate) struct TokenRequestBuilder<'a> {
    /// The client id.
    pub client: &'a str,
    pub key: &'a SigningKey,
    /// The id of the key, if the key itself has no id.
    pub key_id: Option<&'a str>,
    /// The token endpoint, the audience of the assertion.
    pub endpoint: &'a Url,
    /// The requested scopes.
    pub scope: &'a str,
    /// The current time.
    pub now: SystemTime,
}

/// A token request.
pub(crate) struct TokenRequest {
    fields: Vec<(&'static str, String)>,
    /// The assertion, the last field of the form.
    pub assertion: Secret,
}

impl TokenRequest {
    /// The form, with `assertion` as the assertion.
    pub(crate) fn form(&self, assertion: &str) -> String {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.fields {
            form.append_pair(name, value);
        }
        form.append_pair("client_assertion", assertion).finish()
    }
}

impl TokenRequestBuilder<'_> {
    /// A token request that is invalid in the way of `wrong`, or valid.
    ///
    /// # Errors
    /// A fragment: the system provides no random bytes, or the library cannot sign.
    pub(crate) fn build(&self, wrong: Option<Wrong>) -> Result<TokenRequest, String> {
        let grant = if wrong == Some(Wrong::GrantType) { UNKNOWN_GRANT_TYPE } else { GRANT_TYPE };
        let kind = if wrong == Some(Wrong::AssertionType) { UNKNOWN_ASSERTION_TYPE } else { ASSERTION_TYPE };
        let scope = if wrong == Some(Wrong::Scope) { UNKNOWN_SCOPE } else { self.scope };
        let mut fields = vec![("grant_type", grant.to_owned())];
        if wrong != Some(Wrong::NoScope) {
            fields.push(("scope", scope.to_owned()));
        }
        if wrong == Some(Wrong::ClientId) {
            fields.push(("client_id", self.client.to_owned()));
        }
        fields.push(("client_assertion_type", kind.to_owned()));
        Ok(TokenRequest { fields, assertion: self.assertion(wrong)? })
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
                    .map_err(|error| format!("cannot sign the assertion with HS256: {error}"))?
            }
            Some(Wrong::OtherKey) => self.key.generate_another()?.sign(&text)?,
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
            Some(Wrong::Kid) => Some(UNKNOWN_KEY),
            _ => self.key.id().or(self.key_id),
        };
        let mut header = Map::new();
        header.insert("typ".to_owned(), json!("JWT"));
        header.insert("alg".to_owned(), json!(algorithm));
        if let Some(id) = id {
            header.insert("kid".to_owned(), json!(id));
        }
        if wrong == Some(Wrong::Jku) {
            header.insert("jku".to_owned(), json!(UNKNOWN_KEY_SET));
        }
        header
    }

    fn claims(&self, wrong: Option<Wrong>) -> Result<Map<String, Value>, String> {
        let mut unique = [0_u8; 16];
        rand::fill(&mut unique).map_err(|_| "the system provides no random bytes".to_owned())?;
        let jti: String = unique.iter().map(|byte| format!("{byte:02x}")).collect();
        let now = self.seconds();
        // An expired assertion was issued before it expired.
        let issued = if wrong == Some(Wrong::Expired) { now.saturating_sub(HOUR + LIFETIME.as_secs()) } else { now };
        let lasts = if wrong == Some(Wrong::FarExpiry) { HOUR } else { LIFETIME.as_secs() };
        let issuer = if matches!(wrong, Some(Wrong::Issuer | Wrong::Client)) { UNKNOWN_CLIENT } else { self.client };
        let subject = if matches!(wrong, Some(Wrong::Subject | Wrong::Client)) { UNKNOWN_CLIENT } else { self.client };
        let audience = if wrong == Some(Wrong::Audience) { OTHER_ENDPOINT } else { self.endpoint.as_str() };
        let mut claims = Map::new();
        claims.insert("iss".to_owned(), json!(issuer));
        claims.insert("sub".to_owned(), json!(subject));
        if wrong != Some(Wrong::NoAudience) {
            claims.insert("aud".to_owned(), json!(audience));
        }
        if wrong != Some(Wrong::NoExpiry) {
            claims.insert("exp".to_owned(), json!(issued.saturating_add(lasts)));
        }
        claims.insert("iat".to_owned(), json!(issued));
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

/// A token with one changed character in the middle of its last part. A change there is significant in every kind of
/// token; the last character of a signature may have unused bits.
pub(crate) fn one_character_changed(token: &str) -> String {
    let start = token.rfind('.').map_or(0, |dot| dot + 1);
    let last: Vec<(usize, char)> = token.char_indices().filter(|(at, _)| *at >= start).collect();
    let Some((at, found)) = last.get(last.len() / 2).copied() else { return format!("{token}x") };
    let other = if found == 'A' { 'B' } else { 'A' };
    let mut changed = token.to_owned();
    changed.replace_range(at..at + found.len_utf8(), other.encode_utf8(&mut [0; 4]));
    changed
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

    /// Returns header, claims, and whether the signature is valid for the key.
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
    fn each_request_is_invalid_in_exactly_one_way() {
        let key = key();
        let endpoint: Url = "https://auth.example.org/token".parse().unwrap();
        let builder = TokenRequestBuilder {
            client: "me",
            key: &key,
            key_id: Some("k1"),
            endpoint: &endpoint,
            scope: "system/*.rs",
            now: UNIX_EPOCH + Duration::from_secs(NOW),
        };
        let valid = builder.build(None).unwrap();
        let (header, claims, good) = read(&key, valid.assertion.reveal());
        assert!(good);
        assert_eq!(header, json!({"typ": "JWT", "alg": "ES384", "kid": "k1"}));
        assert_eq!(
            (&claims["iss"], &claims["sub"], &claims["aud"], &claims["exp"]),
            (&json!("me"), &json!("me"), &json!("https://auth.example.org/token"), &json!(NOW + 240))
        );
        type Names = &'static [&'static str];
        // The differences from the valid request in header, claims and form; and whether the signature is valid.
        let cases: &[(Wrong, Names, Names, &[usize], bool)] = &[
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
            let request = builder.build(Some(*wrong)).unwrap();
            let (other_header, mut other_claims, good) = read(&key, request.assertion.reveal());
            if *wrong != Wrong::NoJti {
                assert_ne!(other_claims["jti"], claims["jti"], "{wrong} is fresh");
                other_claims["jti"] = claims["jti"].clone();
            }
            assert_eq!(differ(&header, &other_header), *in_header, "{wrong}");
            assert_eq!(differ(&claims, &other_claims), *in_claims, "{wrong}");
            assert_eq!(good, *signed, "{wrong}");
            let fields: Vec<usize> = (0..3).filter(|at| request.fields[*at] != valid.fields[*at]).collect();
            assert_eq!(fields, *in_form, "{wrong}");
        }
        let bare = builder.build(Some(Wrong::NoScope)).unwrap();
        assert!(!bare.form("x").contains("scope=") && bare.form("x").contains("client_assertion=x"));
        let (_, hour, _) = read(&key, builder.build(Some(Wrong::Expired)).unwrap().assertion.reveal());
        assert_eq!(hour["exp"], NOW - 3600);
    }

    #[test]
    fn an_hs256_assertion_is_signed_with_the_public_key_as_secret() {
        let key = key();
        let endpoint: Url = "https://auth.example.org/token".parse().unwrap();
        let now = UNIX_EPOCH + Duration::from_secs(NOW);
        let builder =
            TokenRequestBuilder { client: "me", key: &key, key_id: None, endpoint: &endpoint, scope: "s", now };
        let hs256 = builder.build(Some(Wrong::AlgHs256)).unwrap();
        let secret = DecodingKey::from_secret(key.public_pem().unwrap().as_bytes());
        let mut rules = Validation::new(Algorithm::HS256);
        rules.validate_exp = false;
        rules.validate_aud = false;
        assert!(jsonwebtoken::decode::<Value>(hs256.assertion.reveal(), &secret, &rules).is_ok());
    }

    #[test]
    fn a_token_changes_in_the_middle_of_its_last_part() {
        assert_eq!(one_character_changed("aaa.bbb.cccc"), "aaa.bbb.ccAc");
        assert_eq!(one_character_changed("AAAA"), "AABA");
        assert_eq!(one_character_changed(""), "x");
    }
}
