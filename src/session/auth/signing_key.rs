//! The signed assertion by which a SMART Backend Services client says who it is (SMART App Launch, asymmetric client
//! authentication).

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::base::secret::Secret;

/// A client's private key.
pub(crate) struct SigningKey {
    key: EncodingKey,
    algorithm: Algorithm,
    /// The id that the key itself names.
    id: Option<String>,
}

impl SigningKey {
    /// Reads a key: PEM (PKCS #1 or #8) or a JWK, or a set with one private key; RSA, or EC on the curve P-384.
    ///
    /// # Errors
    /// A fragment that says what is wrong with it, and never shows it.
    pub(crate) fn parse(key: &Secret) -> Result<Self, String> {
        let text = key.reveal().trim();
        if text.starts_with('{') {
            return from_jwk(text);
        }
        if !text.contains("-----BEGIN") {
            return Err("the key is neither PEM nor a JWK".to_owned());
        }
        if text.contains("BEGIN EC PRIVATE KEY") {
            return Err("the key is in SEC 1 form; convert it with openssl pkcs8 -topk8 -nocrypt".to_owned());
        }
        if text.contains("ENCRYPTED") {
            return Err("the key is encrypted; decrypt it with openssl pkcs8 -topk8 -nocrypt".to_owned());
        }
        if text.contains("PUBLIC KEY") {
            return Err("the key is a public one; the private one is needed".to_owned());
        }
        let rsa = EncodingKey::from_rsa_pem(text.as_bytes()).map(|key| SigningKey {
            key,
            algorithm: Algorithm::RS384,
            id: None,
        });
        let key = rsa.or_else(|_| {
            EncodingKey::from_ec_pem(text.as_bytes()).map(|key| SigningKey {
                key,
                algorithm: Algorithm::ES384,
                id: None,
            })
        });
        let key =
            key.map_err(|_| "the key is no RSA key, nor one of the curve P-384, in PKCS #1 or #8 form".to_owned())?;
        key.tried()
    }

    /// A key that cannot sign is better known of before anything is sent.
    fn tried(self) -> Result<Self, String> {
        let sign = jsonwebtoken::encode(&Header::new(self.algorithm), &serde_json::json!({}), &self.key);
        match sign {
            Ok(_) => Ok(self),
            Err(_) if self.algorithm == Algorithm::ES384 => {
                Err("the key cannot sign ES384; an EC key must be of the curve P-384".to_owned())
            }
            Err(_) => Err("the key cannot sign RS384; an RSA key must have 2048 bits or more".to_owned()),
        }
    }

    /// What it signs by: RS384 or ES384.
    pub(crate) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The id that the key itself names.
    pub(crate) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Signs a text: the signature, base64url.
    ///
    /// # Errors
    /// A fragment, where the library refuses.
    pub(crate) fn sign(&self, text: &str) -> Result<String, String> {
        jsonwebtoken::crypto::sign(text.as_bytes(), &self.key, self.algorithm)
            .map_err(|error| format!("the assertion cannot be signed: {error}"))
    }

    /// The public half of it, as a PEM file has it.
    ///
    /// # Errors
    /// A fragment, where the library cannot read its own key.
    pub(crate) fn public_pem(&self) -> Result<String, String> {
        let failed = || "the public half of the key cannot be had".to_owned();
        let bytes = self.key.as_bytes();
        let der = match self.algorithm {
            Algorithm::ES384 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, bytes).map_err(|_| failed())?;
                let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| failed())?;
                public.as_ref().to_vec()
            }
            _ => {
                let pair = rsa::KeyPair::from_der(bytes).or_else(|_| rsa::KeyPair::from_pkcs8(bytes));
                let pair = pair.map_err(|_| failed())?;
                let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| failed())?;
                public.as_ref().to_vec()
            }
        };
        Ok(pem("PUBLIC KEY", &der))
    }

    /// The public half of it as a JWK with this id.
    ///
    /// # Errors
    /// A fragment, where the library cannot read its own key.
    pub(crate) fn public_jwk(&self, id: &str) -> Result<Value, String> {
        let failed = || "the public half of the key cannot be had".to_owned();
        let bytes = self.key.as_bytes();
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        if self.algorithm == Algorithm::ES384 {
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, bytes).map_err(|_| failed())?;
            // An uncompressed point: the byte 4, then both coordinates.
            let point = pair.public_key().as_ref().get(1..).and_then(|point| point.split_at_checked(48));
            let (x, y) = point.ok_or_else(failed)?;
            let (x, y) = (text(x), text(y));
            return Ok(json!({"kty": "EC", "crv": "P-384", "alg": "ES384", "use": "sig", "kid": id, "x": x, "y": y}));
        }
        let pair = rsa::KeyPair::from_der(bytes).or_else(|_| rsa::KeyPair::from_pkcs8(bytes)).map_err(|_| failed())?;
        let (n, e) = modulus_and_exponent(pair.public_key().as_ref()).ok_or_else(failed)?;
        Ok(json!({"kty": "RSA", "alg": "RS384", "use": "sig", "kid": id, "n": text(n), "e": text(e)}))
    }

    /// Another key of the same kind, made up here and now.
    ///
    /// # Errors
    /// A fragment, where there is no randomness.
    pub(crate) fn generate_another(&self) -> Result<Self, String> {
        let failed = |_| "no other key can be made: the system gives no random bytes".to_owned();
        let der = match self.algorithm {
            Algorithm::ES384 => {
                let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &SystemRandom::new());
                made.map_err(failed)?.as_ref().to_vec()
            }
            _ => {
                let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).map_err(failed)?;
                let made: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
                made.as_ref().to_vec()
            }
        };
        SigningKey::parse(&Secret::new(pem("PRIVATE KEY", &der)))
    }
}

/// The two integers of an `RSAPublicKey` (RFC 8017, A.1.1), without leading zeros.
fn modulus_and_exponent(der: &[u8]) -> Option<(&[u8], &[u8])> {
    fn value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
        let (found, rest) = der.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            length if *length < 0x80 => (usize::from(*length), rest),
            0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
            0x82 => (usize::from(u16::from_be_bytes(*rest.first_chunk()?)), rest.get(2..)?),
            _ => return None,
        };
        (*found == tag).then_some(())?;
        rest.split_at_checked(length)
    }
    fn number(der: &[u8]) -> Option<(&[u8], &[u8])> {
        let (number, rest) = value(der, 0x02)?;
        Some((number.strip_prefix(&[0]).unwrap_or(number), rest))
    }
    let (inner, _) = value(der, 0x30)?;
    let (n, rest) = number(inner)?;
    Some((n, number(rest)?.0))
}

/// PEM of DER, in lines of 64 characters.
fn pem(what: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN {what}-----\n{}\n-----END {what}-----\n", lines.join("\n"))
}

fn from_jwk(text: &str) -> Result<SigningKey, String> {
    // serde_json's message could quote the key.
    let value: Value = serde_json::from_str(text)
        .map_err(|error| format!("the key is no JSON, line {} column {}", error.line(), error.column()))?;
    let private = |jwk: &&Value| jwk.get("d").is_some();
    let jwk = match value.get("keys").and_then(Value::as_array) {
        Some(keys) => keys.iter().find(private).ok_or("the key set holds no private key")?,
        None => &value,
    };
    let member = |name: &str| -> Result<Vec<u8>, String> {
        let text = jwk.get(name).and_then(Value::as_str).ok_or_else(|| format!("the key has no member {name:?}"))?;
        URL_SAFE_NO_PAD
            .decode(text.trim_end_matches('='))
            .map_err(|_| format!("the key's member {name:?} is no base64url"))
    };
    let id = jwk.get("kid").and_then(Value::as_str).map(str::to_owned);
    if !private(&jwk) {
        return Err("the key is a public one; the private one is needed".to_owned());
    }
    match jwk.get("kty").and_then(Value::as_str) {
        Some("RSA") => {
            let parts: Result<Vec<Vec<u8>>, String> =
                ["n", "e", "d", "p", "q", "dp", "dq", "qi"].into_iter().map(member).collect();
            SigningKey { key: EncodingKey::from_rsa_der(&rsa_der(&parts?)), algorithm: Algorithm::RS384, id }.tried()
        }
        Some("EC") if jwk.get("crv").and_then(Value::as_str) == Some("P-384") => {
            let mut public = vec![4_u8];
            public.extend(member("x")?);
            public.extend(member("y")?);
            let pair =
                EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P384_SHA384_FIXED_SIGNING, &member("d")?, &public)
                    .map_err(|_| "the key's members d, x and y do not belong together".to_owned())?;
            let der = pair.to_pkcs8v1().map_err(|_| "the key cannot be encoded".to_owned())?;
            SigningKey { key: EncodingKey::from_ec_der(der.as_ref()), algorithm: Algorithm::ES384, id }.tried()
        }
        Some("EC") => Err("the key is not of the curve P-384, which ES384 needs".to_owned()),
        _ => Err("the key's type is neither RSA nor EC".to_owned()),
    }
}

/// An `RSAPrivateKey` (RFC 8017, A.1.2) of n, e, d, p, q, dp, dq and qi.
fn rsa_der(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut inner = integer(&[0]);
    for part in parts {
        inner.extend(integer(part));
    }
    tagged(0x30, &inner)
}

fn integer(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut content = bytes.get(zeros..).unwrap_or_default().to_vec();
    // Without a leading zero it would be a negative number.
    if content.first().is_none_or(|first| *first >= 0x80) {
        content.insert(0, 0);
    }
    tagged(0x02, &content)
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len().to_be_bytes();
    let zeros = length.iter().take_while(|byte| **byte == 0).count();
    let significant = length.get(zeros..).unwrap_or_default();
    match significant {
        [] => out.push(0),
        [one] if *one < 0x80 => out.push(*one),
        more => {
            out.push(0x80 | u8::try_from(more.len()).unwrap_or(8));
            out.extend(more);
        }
    }
    out.extend(content);
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED, EcdsaSigningAlgorithm, RSA_PKCS1_2048_8192_SHA384,
        UnparsedPublicKey, VerificationAlgorithm,
    };
    use std::time::{Duration, UNIX_EPOCH};

    use serde_json::json;
    use url::Url;

    use super::*;
    use crate::session::auth::invalid_token_requests::Applicant;

    fn pem(label: &str, der: &[u8]) -> Secret {
        Secret::new(super::pem(label, der))
    }

    /// Signs, verifies, and gives back header and claims.
    fn signed(key: &SigningKey, algorithm: &'static dyn VerificationAlgorithm, public: &[u8]) -> (Value, Value) {
        let endpoint: Url = "https://auth.example.org/token".parse().unwrap();
        let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let applicant =
            Applicant { client: "me", key, key_id: Some("configured"), endpoint: &endpoint, scope: "s", now };
        let text = applicant.apply(None).unwrap().assertion;
        let parts: Vec<&str> = text.reveal().split('.').collect();
        let message = format!("{}.{}", parts[0], parts[1]);
        let signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
        UnparsedPublicKey::new(algorithm, public).verify(message.as_bytes(), &signature).unwrap();
        let read = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        (read(parts[0]), read(parts[1]))
    }

    /// The next DER value: its content, and what follows.
    fn der(bytes: &[u8]) -> (&[u8], &[u8]) {
        let (start, length) = match bytes[1] {
            short @ 0..0x80 => (2, usize::from(short)),
            long => {
                let digits = usize::from(long & 0x7f);
                (2 + digits, bytes[2..2 + digits].iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)))
            }
        };
        bytes[start..].split_at(length)
    }

    #[test]
    fn an_rsa_key_signs_rs384_in_every_form() {
        let pair = rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
        let public = pair.public_key().as_ref().to_vec();
        let pkcs8 = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
        // PrivateKeyInfo: version, algorithm, and the PKCS #1 key in an octet string.
        let (info, _) = der(pkcs8.as_ref());
        let (_, rest) = der(info);
        let (_, rest) = der(rest);
        let (pkcs1, _) = der(rest);
        let (mut numbers, _) = der(pkcs1);
        let mut jwk = json!({"kty": "RSA", "kid": "named"});
        for name in ["", "n", "e", "d", "p", "q", "dp", "dq", "qi"] {
            let (number, rest) = der(numbers);
            numbers = rest;
            if !name.is_empty() {
                let zeros = number.iter().take_while(|byte| **byte == 0).count();
                jwk[name] = json!(URL_SAFE_NO_PAD.encode(&number[zeros..]));
            }
        }
        let set = json!({"keys": [{"kty": "RSA", "n": jwk["n"], "e": "AQAB"}, jwk]});
        let forms = [
            (pem("PRIVATE KEY", pkcs8.as_ref()), "configured"),
            (pem("RSA PRIVATE KEY", pkcs1), "configured"),
            (Secret::new(jwk.to_string()), "named"),
            (Secret::new(set.to_string()), "named"),
        ];
        for (form, kid) in forms {
            let key = SigningKey::parse(&form).unwrap();
            let (header, claims) = signed(&key, &RSA_PKCS1_2048_8192_SHA384, &public);
            assert_eq!(header, json!({"typ": "JWT", "alg": "RS384", "kid": kid}));
            assert_eq!(claims["iss"], "me");
            assert_eq!(claims["sub"], "me");
            assert_eq!(claims["aud"], "https://auth.example.org/token");
            assert_eq!(claims["exp"], 1_700_000_240_u64);
            let (_, again) = signed(&key, &RSA_PKCS1_2048_8192_SHA384, &public);
            assert_ne!(claims["jti"], again["jti"]);
        }
    }

    fn ec_jwk(algorithm: &'static EcdsaSigningAlgorithm, curve: &str) -> (Secret, Secret, Vec<u8>) {
        let pair = EcdsaKeyPair::generate(algorithm).unwrap();
        let public = pair.public_key().as_ref().to_vec();
        let half = (public.len() - 1) / 2;
        let d = aws_lc_rs::encoding::AsBigEndian::<aws_lc_rs::encoding::EcPrivateKeyBin<'_>>::as_be_bytes(
            &pair.private_key(),
        )
        .unwrap();
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let jwk = json!({"kty": "EC", "crv": curve, "d": encode(d.as_ref()), "x": encode(&public[1..=half]), "y": encode(&public[half + 1..])});
        (Secret::new(jwk.to_string()), pem("PRIVATE KEY", pair.to_pkcs8v1().unwrap().as_ref()), public)
    }

    #[test]
    fn a_p384_key_signs_es384_and_other_curves_are_refused() {
        let (jwk, pem, public) = ec_jwk(&aws_lc_rs::signature::ECDSA_P384_SHA384_FIXED_SIGNING, "P-384");
        for form in [jwk, pem] {
            let key = SigningKey::parse(&form).unwrap();
            let (header, _) = signed(&key, &ECDSA_P384_SHA384_FIXED, &public);
            assert_eq!(header["alg"], "ES384");
        }
        let (jwk, pem, _) = ec_jwk(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256");
        for form in [jwk, pem] {
            let Err(message) = SigningKey::parse(&form) else { panic!("a P-256 key was taken") };
            assert!(message.contains("P-384"), "{message}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused_without_showing_it() {
        for (text, expected) in [
            ("hunter2", "neither PEM nor a JWK"),
            ("{\"kty\":\"RSA\",\"d\":\"hunter2\"}", "no member \"n\""),
            ("{\"kty\":\"RSA\",\"d\":hunter2}", "no JSON, line 1"),
            ("{\"kty\":\"RSA\",\"n\":\"hunter2\"}", "a public one"),
            ("{\"kty\":\"oct\",\"d\":\"hunter2\"}", "neither RSA nor EC"),
            ("{\"keys\":[]}", "holds no private key"),
            ("-----BEGIN PUBLIC KEY-----\nhunter2", "a public one"),
            ("-----BEGIN EC PRIVATE KEY-----\nhunter2", "SEC 1"),
            ("-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----", "no RSA key"),
        ] {
            let Err(message) = SigningKey::parse(&Secret::new(text)) else { panic!("{text} was taken") };
            assert!(message.contains(expected), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
    }
}
