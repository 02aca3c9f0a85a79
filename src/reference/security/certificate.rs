//! A certificate for the reference server, made when it starts and kept nowhere: ECDSA on P-256, signed by itself, for
//! this machine alone. The few fields that it needs are written in DER by hand.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::{self, SystemRandom};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::base::instant::rfc3339;

/// How long it is good for; no run takes as long.
const LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);
/// Clocks differ.
const SKEW: Duration = Duration::from_secs(24 * 3600);

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_ID: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;

/// 1.2.840.10045.4.3.2, ecdsa-with-SHA256.
const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// 2.5.4.3, commonName.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
/// 2.5.29.17, subjectAltName.
const ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

/// A certificate and its key.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    key: Vec<u8>,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Certificate")
    }
}

impl Certificate {
    /// One for `localhost`, 127.0.0.1 and ::1, good from a day before `now`.
    ///
    /// # Errors
    /// The system gives no random numbers, or the library refuses: a lower-case fragment.
    pub fn made(now: SystemTime) -> Result<Self, String> {
        let failed = |what: &str| format!("no certificate can be made: {what}");
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random)
            .map_err(|_| failed("the system gives no random numbers"))?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.as_ref())
            .map_err(|error| failed(&error.to_string()))?;
        let public: PublicKeyX509Der<'_> =
            pair.public_key().as_der().map_err(|_| failed("the public key has no DER form"))?;
        let mut serial = [0_u8; 16];
        rand::fill(&mut serial).map_err(|_| failed("the system gives no random numbers"))?;
        // A positive number of a known length.
        if let Some(first) = serial.first_mut() {
            *first = (*first & 0x7f) | 0x40;
        }
        let body = der(
            SEQUENCE,
            &[
                // Version 3.
                &der(0xa0, &[&der(INTEGER, &[&[2]])]),
                &der(INTEGER, &[&serial]),
                &algorithm(),
                &name(),
                &der(SEQUENCE, &[&time(now - SKEW), &time(now + LIFETIME)]),
                &name(),
                public.as_ref(),
                &der(0xa3, &[&der(SEQUENCE, &[&alt_names()])]),
            ],
        );
        let signature = pair.sign(&random, &body).map_err(|_| failed("it cannot be signed"))?;
        let whole = der(SEQUENCE, &[&body, &algorithm(), &der(BIT_STRING, &[&[0], signature.as_ref()])]);
        Ok(Self { der: whole, key: key.as_ref().to_vec() })
    }

    /// The certificate, which clients may take for an authority of its own.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The server's side of TLS 1.2 and 1.3 with it.
    ///
    /// # Errors
    /// What the library says, a fragment.
    pub(crate) fn config(&self) -> Result<Arc<ServerConfig>, String> {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.clone()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(self.der.clone())], key)
            .map_err(|error| error.to_string())?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// A value in DER: tag, length, content.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut out = vec![tag];
    match (u8::try_from(content.len()), u16::try_from(content.len())) {
        (Ok(short), _) if short < 0x80 => out.push(short),
        (_, Ok(long)) if long > 0xff => {
            out.push(0x82);
            out.extend(long.to_be_bytes());
        }
        (short, _) => out.extend([0x81, short.unwrap_or(u8::MAX)]),
    }
    out.extend(content);
    out
}

fn algorithm() -> Vec<u8> {
    der(SEQUENCE, &[&der(OBJECT_ID, &[ECDSA_WITH_SHA256])])
}

fn name() -> Vec<u8> {
    let attribute =
        der(SEQUENCE, &[&der(OBJECT_ID, &[COMMON_NAME]), &der(UTF8_STRING, &[b"plimsoll reference server"])]);
    der(SEQUENCE, &[&der(SET, &[&attribute])])
}

/// `YYMMDDHHMMSSZ`.
fn time(at: SystemTime) -> Vec<u8> {
    let digits: String = rfc3339(at).chars().filter(char::is_ascii_digit).collect();
    let text = format!("{}Z", digits.get(2..14).unwrap_or_default());
    der(UTC_TIME, &[text.as_bytes()])
}

fn alt_names() -> Vec<u8> {
    let loopback = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let names = der(SEQUENCE, &[&der(0x82, &[b"localhost"]), &der(0x87, &[&[127, 0, 0, 1]]), &der(0x87, &[&loopback])]);
    der(SEQUENCE, &[&der(OBJECT_ID, &[ALT_NAME]), &der(OCTET_STRING, &[&names])])
}
