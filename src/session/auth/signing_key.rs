//! The private key of a SMART Backend Services client (SMART App Launch, asymmetric client authentication).

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::base::secret::Secret;

const WEAK_RSA: &str = "the key cannot sign with RS384; use an RSA key of at least 2048 bits";

/// A private key that signs RS384 or ES384.
pub(crate) struct SigningKey {
    key: EncodingKey,
    algorithm: Algorithm,
    /// The id in the key itself.
    id: Option<String>,
}

impl SigningKey {
    /// Reads a key: PEM (PKCS #1 or #8), a JWK, or a JWK set with one private key; RSA, or EC on the curve P-384.
    ///
    /// # Errors
    /// A fragment that states what is wrong with the key, and never shows the key.
    pub fn parse(key: &Secret) -> Result<Self, String> {
        let text = key.reveal().trim();
        if text.starts_with('{') {
            return from_jwk(text);
        }
        if !text.contains("-----BEGIN") {
            return Err("the key is neither PEM nor a JWK; give a private key in one of these forms".to_owned());
        }
        if text.contains("BEGIN EC PRIVATE KEY") {
            return Err("the key is in SEC 1 form; convert it to PKCS #8 with openssl pkcs8 -topk8 -nocrypt".to_owned());
        }
        if text.contains("ENCRYPTED") {
            return Err("the key is encrypted; decrypt it with openssl pkcs8 -topk8 -nocrypt".to_owned());
        }
        if text.contains("PUBLIC KEY") {
            return Err("the key is a public key; give the private key".to_owned());
        }
        from_pem(text, None)
    }

    /// Signs once, so that a key that cannot sign is refused before any request is sent.
    fn checked(self) -> Result<Self, String> {
        match jsonwebtoken::encode(&Header::new(self.algorithm), &json!({}), &self.key) {
            Ok(_) => Ok(self),
            Err(_) if self.algorithm == Algorithm::ES384 => {
                Err("the key cannot sign with ES384; use an EC key on the curve P-384".to_owned())
            }
            Err(_) => Err(WEAK_RSA.to_owned()),
        }
    }

    /// The algorithm of its signatures: RS384 or ES384.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The id in the key itself.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Signs a text; returns the signature in base64url.
    ///
    /// # Errors
    /// A fragment: the library cannot sign.
    pub fn sign(&self, text: &str) -> Result<String, String> {
        jsonwebtoken::crypto::sign(text.as_bytes(), &self.key, self.algorithm)
            .map_err(|error| format!("cannot sign the assertion: {error}"))
    }

    /// The public key as PEM.
    ///
    /// # Errors
    /// A fragment: the library cannot read its own key.
    pub fn public_pem(&self) -> Result<String, String> {
        let der: Option<PublicKeyX509Der<'_>> = match self.algorithm {
            Algorithm::ES384 => EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, self.key.as_bytes())
                .ok()
                .and_then(|pair| pair.public_key().as_der().ok()),
            _ => rsa::KeyPair::from_der(self.key.as_bytes()).ok().and_then(|pair| pair.public_key().as_der().ok()),
        };
        der.map(|der| pem("PUBLIC KEY", der.as_ref())).ok_or_else(no_public_key)
    }

    /// The public key as a JWK with this id.
    ///
    /// # Errors
    /// A fragment: the library cannot read its own key.
    pub fn public_jwk(&self, id: &str) -> Result<Value, String> {
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).map_err(|_| no_public_key())?;
        jwk.common.key_id = Some(id.to_owned());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        serde_json::to_value(jwk).map_err(|_| no_public_key())
    }

    /// Generates another key of the same kind.
    ///
    /// # Errors
    /// A fragment: the system provides no random bytes.
    pub fn generate_another(&self) -> Result<Self, String> {
        let failed = |_| "cannot generate another key: the system provides no random bytes".to_owned();
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
        from_pem(&pem("PRIVATE KEY", &der), None)
    }
}

fn no_public_key() -> String {
    "cannot compute the public key of the private key".to_owned()
}

/// Encodes DER as PEM, in lines of 64 characters.
fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn from_pem(text: &str, id: Option<String>) -> Result<SigningKey, String> {
    let rsa = EncodingKey::from_rsa_pem(text.as_bytes()).map(|key| (key, Algorithm::RS384));
    let key = rsa.or_else(|_| EncodingKey::from_ec_pem(text.as_bytes()).map(|key| (key, Algorithm::ES384)));
    let (key, algorithm) = key.map_err(|_| {
        "the key is neither an RSA key nor an EC key on the curve P-384, in PKCS #1 or #8 form".to_owned()
    })?;
    SigningKey { key, algorithm, id }.checked()
}

fn from_jwk(text: &str) -> Result<SigningKey, String> {
    // The message of serde_json could quote the key.
    let value: Value = serde_json::from_str(text)
        .map_err(|error| format!("the key is not valid JSON at line {} column {}", error.line(), error.column()))?;
    let private = |jwk: &&Value| jwk.get("d").is_some();
    let jwk = match value.get("keys").and_then(Value::as_array) {
        Some(keys) => keys.iter().find(private).ok_or("the key set has no private key")?,
        None => &value,
    };
    let id = jwk.get("kid").and_then(Value::as_str).map(str::to_owned);
    if !private(&jwk) {
        return Err("the key is a public key; give the private key".to_owned());
    }
    let der = match jwk.get("kty").and_then(Value::as_str) {
        Some("RSA") => rsa_pkcs8(jwk)?,
        Some("EC") if jwk.get("crv").and_then(Value::as_str) == Some("P-384") => ec_pkcs8(jwk)?,
        Some("EC") => return Err("the key is not on the curve P-384, which ES384 requires".to_owned()),
        _ => return Err("the key type (kty) is neither RSA nor EC".to_owned()),
    };
    from_pem(&pem("PRIVATE KEY", &der), id)
}

/// The bytes of a member of a JWK.
fn member(jwk: &Value, name: &str) -> Result<Vec<u8>, String> {
    let text = jwk.get(name).and_then(Value::as_str).ok_or_else(|| format!("the key has no member {name:?}"))?;
    URL_SAFE_NO_PAD
        .decode(text.trim_end_matches('='))
        .map_err(|_| format!("the member {name:?} of the key is not base64url"))
}

fn rsa_pkcs8(jwk: &Value) -> Result<Vec<u8>, String> {
    // The library requires public numbers without leading zeros.
    let number = |name: &str| {
        let bytes = member(jwk, name)?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Ok::<Vec<u8>, String>(bytes.get(zeros..).unwrap_or_default().to_vec())
    };
    let components = rsa::KeyPairComponents {
        public_key: rsa::PublicKeyComponents { n: number("n")?, e: number("e")? },
        d: number("d")?,
        p: number("p")?,
        q: number("q")?,
        dP: number("dp")?,
        dQ: number("dq")?,
        qInv: number("qi")?,
    };
    let pair = rsa::KeyPair::from_components(&components).map_err(|_| WEAK_RSA.to_owned())?;
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| "cannot encode the key".to_owned())?;
    Ok(der.as_ref().to_vec())
}

fn ec_pkcs8(jwk: &Value) -> Result<Vec<u8>, String> {
    // An uncompressed point: the byte 4, then both coordinates.
    let mut public = vec![4_u8];
    public.extend(member(jwk, "x")?);
    public.extend(member(jwk, "y")?);
    let private = member(jwk, "d")?;
    let pair = EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P384_SHA384_FIXED_SIGNING, &private, &public)
        .map_err(|_| "the members d, x and y of the key do not belong to one key".to_owned())?;
    let der = pair.to_pkcs8v1().map_err(|_| "cannot encode the key".to_owned())?;
    Ok(der.as_ref().to_vec())
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

    use url::Url;

    use super::*;
    use crate::session::auth::invalid_token_requests::TokenRequestBuilder;

    fn pem(label: &str, der: &[u8]) -> Secret {
        Secret::new(super::pem(label, der))
    }

    /// Signs and verifies an assertion; returns its header and claims.
    fn signed(key: &SigningKey, algorithm: &'static dyn VerificationAlgorithm, public: &[u8]) -> (Value, Value) {
        let endpoint: Url = "https://auth.example.org/token".parse().unwrap();
        let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let builder =
            TokenRequestBuilder { client: "me", key, key_id: Some("configured"), endpoint: &endpoint, scope: "s", now };
        let text = builder.build(None).unwrap().assertion;
        let parts: Vec<&str> = text.reveal().split('.').collect();
        let message = format!("{}.{}", parts[0], parts[1]);
        let signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
        UnparsedPublicKey::new(algorithm, public).verify(message.as_bytes(), &signature).unwrap();
        let read = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        (read(parts[0]), read(parts[1]))
    }

    /// The content of the next DER value, and the bytes after it.
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
            let Err(message) = SigningKey::parse(&form) else { panic!("a P-256 key was accepted") };
            assert!(message.contains("P-384"), "{message}");
        }
    }

    #[test]
    fn anything_but_a_key_is_refused_without_showing_it() {
        for (text, expected) in [
            ("hunter2", "neither PEM nor a JWK"),
            ("{\"kty\":\"RSA\",\"d\":\"hunter2\"}", "no member \"n\""),
            ("{\"kty\":\"RSA\",\"d\":hunter2}", "not valid JSON at line 1"),
            ("{\"kty\":\"RSA\",\"n\":\"hunter2\"}", "a public key"),
            ("{\"kty\":\"oct\",\"d\":\"hunter2\"}", "neither RSA nor EC"),
            ("{\"keys\":[]}", "has no private key"),
            ("-----BEGIN PUBLIC KEY-----\nhunter2", "a public key"),
            ("-----BEGIN EC PRIVATE KEY-----\nhunter2", "SEC 1"),
            ("-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----", "neither an RSA key"),
        ] {
            let Err(message) = SigningKey::parse(&Secret::new(text)) else { panic!("{text} was accepted") };
            assert!(message.contains(expected), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn the_public_jwk_has_only_the_public_numbers() {
        let (jwk, _, _) = ec_jwk(&aws_lc_rs::signature::ECDSA_P384_SHA384_FIXED_SIGNING, "P-384");
        let private: Value = serde_json::from_str(jwk.reveal()).unwrap();
        let public = SigningKey::parse(&jwk).unwrap().public_jwk("one").unwrap();
        let expected = json!({"kty": "EC", "crv": "P-384", "alg": "ES384", "use": "sig", "kid": "one",
            "x": private["x"], "y": private["y"]});
        assert_eq!(public, expected);
    }
}
