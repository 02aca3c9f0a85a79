//! The certificate of the reference server: generated when the server starts, self-signed, valid only for localhost.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// How long it is valid, longer than any run.
const LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);
/// The tolerance for clock differences.
const SKEW: Duration = Duration::from_secs(24 * 3600);

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
    /// Generates a certificate for `localhost`, 127.0.0.1 and ::1, valid from a day before `now`.
    ///
    /// # Errors
    /// A fragment: the system provides no random numbers, or the library fails.
    pub fn made(now: SystemTime) -> Result<Self, String> {
        let failed = |error: rcgen::Error| format!("cannot generate a certificate: {error}");
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed)?;
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let mut params = CertificateParams::new(names).map_err(failed)?;
        params.distinguished_name.push(DnType::CommonName, "plimsoll reference server");
        params.not_before = (now - SKEW).into();
        params.not_after = (now + LIFETIME).into();
        let certificate = params.self_signed(&key).map_err(failed)?;
        Ok(Self { der: certificate.der().to_vec(), key: key.serialize_der() })
    }

    /// The certificate in DER form. Clients may trust it as a certificate authority.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The configuration of a server with this certificate, for TLS 1.2 and 1.3.
    ///
    /// # Errors
    /// A fragment: the error of the library.
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
