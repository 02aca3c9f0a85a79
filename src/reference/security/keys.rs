//! A client that is registered with the reference server for one run. Its keys are generated for the run and are never
//! stored.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey};

use crate::base::secret::Secret;
use crate::reference::options::SmartClient;

/// The id of every key that this file generates.
pub const KEY_ID: &str = "plimsoll-1";

/// A client with this id and the public key [`KEY_ID`], as the server registers it, and its private key for ES384
/// (PKCS #8, PEM).
///
/// # Errors
/// A fragment: the system provides no random numbers, or the library fails.
pub fn client(id: &str) -> Result<(SmartClient, Secret), String> {
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &SystemRandom::new())
        .map_err(|_| "cannot generate a key pair: the system provides no random numbers".to_owned())?;
    let private = STANDARD.encode(document.as_ref());
    let private = format!("-----BEGIN PRIVATE KEY-----\n{private}\n-----END PRIVATE KEY-----\n");
    let public_key = public_key(&private).map_err(|error| format!("cannot read the generated key pair: {error}"))?;
    Ok((SmartClient { client_id: id.to_owned(), public_key }, Secret::new(private)))
}

/// The JWK of a private key for ES384.
fn public_key(private: &str) -> Result<String, Box<dyn std::error::Error>> {
    let mut key = Jwk::from_encoding_key(&EncodingKey::from_ec_pem(private.as_bytes())?, Algorithm::ES384)?;
    key.common.key_id = Some(KEY_ID.to_owned());
    key.common.public_key_use = Some(PublicKeyUse::Signature);
    Ok(serde_json::to_string(&key)?)
}
