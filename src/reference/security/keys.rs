//! A client that is registered with the reference server for one run: its keys are made when they are needed, and are
//! nowhere kept.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::base::secret::Secret;
use crate::reference::options::SmartClient;

/// The id of every key made here.
pub const KEY_ID: &str = "plimsoll-1";

/// Bytes of a coordinate on the curve P-384.
const COORDINATE: usize = 48;

/// A client called `id` as the server knows it, by its public key [`KEY_ID`], and its private key (PKCS #8, PEM) for
/// ES384.
///
/// # Errors
/// The system gives no random numbers, or the library refuses: a lower-case fragment.
pub fn client(id: &str) -> Result<(SmartClient, Secret), String> {
    let failed = |_| "no key pair can be made: the system gives no random numbers".to_owned();
    let document =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &SystemRandom::new()).map_err(failed)?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, document.as_ref())
        .map_err(|error| format!("the key pair just made cannot be read: {error}"))?;
    // An uncompressed point: the byte 4, then both coordinates.
    let point = pair.public_key().as_ref().get(1..).filter(|point| point.len() == 2 * COORDINATE);
    let (x, y) = point.ok_or("the public key just made is no point of P-384")?.split_at(COORDINATE);
    let public_key = json!({
        "kty": "EC", "crv": "P-384", "alg": "ES384", "use": "sig", "kid": KEY_ID,
        "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
    });
    let private = STANDARD.encode(document.as_ref());
    let private = format!("-----BEGIN PRIVATE KEY-----\n{private}\n-----END PRIVATE KEY-----\n");
    Ok((SmartClient { client_id: id.to_owned(), public_key: public_key.to_string() }, Secret::new(private)))
}
