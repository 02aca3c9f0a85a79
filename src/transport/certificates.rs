//! The verification of certificates: with the authorities of the system and of a file, or not at all with `--insecure`.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_platform_verifier::Verifier;

use crate::settings::run_settings::Settings;
use crate::transport::error::{NetworkError, is_authority};

/// The TLS configuration of a client, for HTTP/1.1 only.
pub(crate) fn config(settings: &Settings) -> Result<ClientConfig, NetworkError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = if settings.insecure {
        Arc::new(AcceptAny { provider: provider.clone() })
    } else {
        let mut extra: Vec<CertificateDer<'_>> =
            settings.authorities.iter().map(|der| CertificateDer::from(der.clone())).collect();
        if let Some(path) = &settings.ca_file {
            let text = std::fs::read(path)
                .map_err(|source| NetworkError::CaFile { path: path.clone(), because: source.to_string() })?;
            for certificate in CertificateDer::pem_slice_iter(&text) {
                extra.push(
                    certificate
                        .map_err(|error| NetworkError::CaFile { path: path.clone(), because: error.to_string() })?,
                );
            }
            if extra.len() == settings.authorities.len() {
                return Err(NetworkError::CaFile {
                    path: path.clone(),
                    because: "it has no certificate in PEM form".to_owned(),
                });
            }
        }
        let trusted = extra.iter().map(|one| one.clone().into_owned()).collect();
        let verifier = if extra.is_empty() {
            Verifier::new(provider.clone())
        } else {
            Verifier::new_with_extra_roots(extra, provider.clone())
        };
        let inner = verifier.map_err(|error| NetworkError::Tls(error.to_string()))?;
        Arc::new(WithTrusted { inner, trusted })
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| NetworkError::Tls(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match &settings.client_cert {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let refuse = |because: String| NetworkError::ClientCert { path: path.clone(), because };
            let (chain, key) = client_certificate(path)?;
            builder.with_client_auth_cert(chain, key).map_err(|error| refuse(error.to_string()))?
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The certificates and the private key in a PEM file. Error messages never show the key.
fn client_certificate(path: &Path) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), NetworkError> {
    let refuse = |because: &str| NetworkError::ClientCert { path: path.to_owned(), because: because.to_owned() };
    let text = std::fs::read(path).map_err(|error| refuse(&error.to_string()))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let chain = chain.map_err(|_| refuse("a certificate in it is not valid PEM"))?;
    if chain.is_empty() {
        return Err(refuse("it has no certificate in PEM form"));
    }
    let key = PrivateKeyDer::from_pem_slice(&text).map_err(|_| refuse("it has no private key in PEM form"))?;
    Ok((chain, key))
}

/// Verifies as the system does, and also accepts a certificate of `--ca-file` that the server itself presents: a
/// self-signed certificate is often marked as an authority, which may not be the certificate of a server.
#[derive(Debug)]
struct WithTrusted {
    inner: Verifier,
    trusted: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for WithTrusted {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The dates were verified before the purpose.
            Err(error) if is_authority(&error) && self.trusted.contains(end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Accepts every certificate, but still verifies that the server has the key of the certificate.
#[derive(Debug)]
struct AcceptAny {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
