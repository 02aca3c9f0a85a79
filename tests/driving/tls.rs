//! Certificates: accepted if the user named their authority or turned off the check, refused otherwise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;

use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, Method};
use plimsoll::base::clock::Clock;
use plimsoll::recording::model::{Role, Trouble, TroubleKind};
use plimsoll::redact::recorder::Recorder;
use plimsoll::session::client::Session;
use plimsoll::session::exchange::RequestSpec;
use plimsoll::settings::run_settings::Settings;
use plimsoll::suite::flow::Identity;
use plimsoll::transport::network::Network;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::UnixTime;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, ServerConfig, ServerConnection, SignatureScheme, StreamOwned};
use url::Url;

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/tls").join(name)
}

/// Starts a server on 127.0.0.1 that accepts `connections`. Its certificate names that address and `localhost`.
fn serve(connections: usize) -> u16 {
    serve_clients(connections, None)
}

/// The same, with a verifier of client certificates.
fn serve_clients(connections: usize, verifier: Option<Arc<dyn ClientCertVerifier>>) -> u16 {
    let certificate = CertificateDer::from_pem_file(fixture("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(fixture("server.key")).unwrap();
    serve_with(connections, verifier, certificate, key)
}

fn serve_with(
    connections: usize,
    verifier: Option<Arc<dyn ClientCertVerifier>>,
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
) -> u16 {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let builder = match verifier {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let config = builder.with_single_cert(vec![certificate], key).unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for _ in 0..connections {
            let (stream, _) = listener.accept().unwrap();
            let mut stream = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
            let mut buffer = [0_u8; 4096];
            // A client that refuses the certificate closes the connection here.
            if matches!(stream.read(&mut buffer), Ok(read) if read > 0) {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsafe");
                stream.conn.send_close_notify();
                let _ = stream.flush();
                while matches!(stream.read(&mut buffer), Ok(read) if read > 0) {}
            }
        }
    });
    port
}

/// Sends one request with `Accept` and one without, because these use different code.
fn responses(change: impl Fn(&mut Settings)) -> Vec<Result<String, Trouble>> {
    responses_of(serve(2), change)
}

fn responses_of(port: u16, change: impl Fn(&mut Settings)) -> Vec<Result<String, Trouble>> {
    let url = Url::parse(&format!("https://127.0.0.1:{port}/")).unwrap();
    let mut settings = Settings::new(url.clone());
    change(&mut settings);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let clock = Clock::system();
        let wire = Network::new(&settings).unwrap();
        let recorder = Recorder::new(&settings, clock, None);
        let session = Session::new(Arc::new(settings), Arc::new(wire), clock, recorder);
        let mut results = Vec::new();
        for accept in [true, false] {
            let mut headers = HeaderMap::new();
            if accept {
                headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
            }
            let request = RequestSpec {
                masked: false,
                flow: None,
                role: Role::Metadata,
                probe: None,
                file: None,
                method: Method::GET,
                url: url.clone(),
                headers,
                body: None,
                identity: Identity::Client,
                open: false,
            };
            let result = session.send(request).await.result;
            results.push(result.map(|whole| String::from_utf8_lossy(&whole.body).into_owned()));
        }
        results
    })
}

#[test]
fn an_authority_that_the_user_named_is_trusted() {
    let results = responses(|settings| settings.ca_file = Some(fixture("ca.pem")));
    assert_eq!(results, [Ok("safe".to_owned()), Ok("safe".to_owned())]);
}

/// Returns the responses of a server with a self-signed certificate for `host` that is marked as an authority.
fn responses_of_self_signed(host: &str, trusted: bool) -> Vec<Result<String, Trouble>> {
    let mut params = rcgen::CertificateParams::new(vec![host.to_owned()]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.pem");
    let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, certificate.der());
    std::fs::write(&file, format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")).unwrap();
    let port = serve_with(2, None, certificate.der().clone(), PrivateKeyDer::try_from(key.serialize_der()).unwrap());
    responses_of(port, |settings| settings.ca_file = trusted.then(|| file.clone()))
}

#[test]
fn a_self_signed_certificate_that_is_marked_as_an_authority_is_trusted_by_name() {
    assert_eq!(responses_of_self_signed("127.0.0.1", true), [Ok("safe".to_owned()), Ok("safe".to_owned())]);
    for (host, trusted) in [("127.0.0.1", false), ("other.example", true)] {
        for result in responses_of_self_signed(host, trusted) {
            let message = result.unwrap_err().message;
            assert!(message.contains("--ca-file") && message.contains("--insecure"), "{message}");
            assert!(!message.contains("Error") && !message.contains("CaUsed"), "{message}");
        }
    }
}

#[test]
fn any_certificate_is_accepted_only_with_insecure() {
    let results = responses(|settings| settings.insecure = true);
    assert_eq!(results, [Ok("safe".to_owned()), Ok("safe".to_owned())]);
    for result in responses(|_| ()) {
        let trouble = result.unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::Tls, "{}", trouble.message);
        assert!(trouble.message.contains("certificate"), "{}", trouble.message);
    }
}

#[test]
fn a_file_without_certificates_is_refused() {
    let base = Url::parse("https://127.0.0.1/").unwrap();
    for (name, expected) in [("server.key", "has no certificate"), ("missing.pem", "missing.pem: ")] {
        let mut settings = Settings::new(base.clone());
        settings.ca_file = Some(fixture(name));
        let Err(error) = Network::new(&settings) else { panic!("{name} was accepted") };
        assert!(error.to_string().contains(expected), "{error}");
    }
}

/// Accepts one client certificate.
#[derive(Debug)]
struct OneClient(CertificateDer<'static>);

impl ClientCertVerifier for OneClient {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let known = *shown == self.0;
        known
            .then(ClientCertVerified::assertion)
            .ok_or_else(|| rustls::Error::General("unknown certificate".to_owned()))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let algorithms = provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let algorithms = provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

#[test]
fn a_client_certificate_is_presented() {
    let certificate = CertificateDer::from_pem_file(fixture("server.pem")).unwrap();
    let port = || serve_clients(2, Some(Arc::new(OneClient(certificate.clone()))));
    let folder = tempfile::tempdir().unwrap();
    let pem = folder.path().join("client.pem");
    let read = |name: &str| std::fs::read_to_string(fixture(name)).unwrap();
    std::fs::write(&pem, read("server.pem") + &read("server.key")).unwrap();
    let trusting = |settings: &mut Settings| settings.ca_file = Some(fixture("ca.pem"));
    let results = responses_of(port(), |settings| {
        trusting(settings);
        settings.client_cert = Some(pem.clone());
    });
    assert_eq!(results, [Ok("safe".to_owned()), Ok("safe".to_owned())]);
    for result in responses_of(port(), trusting) {
        let trouble = result.unwrap_err();
        assert!(matches!(trouble.kind, TroubleKind::Tls | TroubleKind::Cut), "{trouble:?}");
    }
}

#[test]
fn a_client_certificate_without_its_key_is_refused_before_anything_is_sent() {
    for (name, expected) in [("server.pem", "no private key"), ("server.key", "no certificate"), ("none", "none: ")] {
        let mut settings = Settings::new(Url::parse("https://127.0.0.1/").unwrap());
        settings.client_cert = Some(fixture(name));
        let Err(error) = Network::new(&settings) else { panic!("{name} was accepted") };
        assert!(error.to_string().contains(expected), "{error}");
    }
}
