//! Converts errors of the libraries to [`Trouble`]: a kind and a sentence.

use std::error::Error;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::recording::model::{Trouble, TroubleKind};
use crate::transport::address_guard::RefusedAddress;

/// The reasons why the network cannot be used with these settings.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The file of certificate authorities is unusable.
    #[error("cannot use the certificate file {path}: {because}")]
    CaFile {
        /// The path.
        path: PathBuf,
        /// The reason.
        because: String,
    },
    /// The file of the client certificate is unusable.
    #[error("cannot use the client certificate {path}: {because}")]
    ClientCert {
        /// The path.
        path: PathBuf,
        /// The reason.
        because: String,
    },
    /// The TLS library failed.
    #[error("cannot set up TLS: {0}")]
    Tls(String),
    /// The HTTP library failed.
    #[error("cannot set up the HTTP client: {0}")]
    Client(String),
}

/// The stage of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransportStage {
    /// Before the connection is open.
    Connecting,
    /// Before the head of the response arrives.
    Waiting,
    /// While the body is read.
    Reading,
}

/// Converts an error with its chain of sources to a trouble.
pub(crate) fn explain(
    error: &(dyn Error + 'static),
    url: &Url,
    stage: TransportStage,
    connect_timeout: Duration,
) -> Trouble {
    let mut deepest = String::new();
    let mut kind: Option<TroubleKind> = None;
    let mut next = Some(error);
    while let Some(current) = next {
        if let Some(refused) = current.downcast_ref::<RefusedAddress>() {
            return Trouble::new(TroubleKind::NotSent, refused.to_string());
        }
        deepest = match current.downcast_ref::<rustls::Error>() {
            Some(error) => tls_reason(error),
            None => current.to_string(),
        };
        if let Some(found) = of_one(current, url, stage) {
            kind = Some(found);
        }
        next = current.source();
        // The chain of sources omits the error inside an I/O error.
        if let Some(inner) = current.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            if let Some(refused) = inner.downcast_ref::<RefusedAddress>() {
                return Trouble::new(TroubleKind::NotSent, refused.to_string());
            }
            if let Some(error) = inner.downcast_ref::<rustls::Error>() {
                return tls(url, &tls_reason(error));
            }
            next = Some(inner);
        }
    }
    let place = place(url);
    match (kind, stage) {
        (Some(TroubleKind::Tls), _) => tls(url, &deepest),
        (Some(TroubleKind::Timeout), TransportStage::Connecting) => Trouble::new(
            TroubleKind::Timeout,
            format!("no connection to {place} within {} s", connect_timeout.as_secs_f32()),
        ),
        (_, TransportStage::Connecting) => {
            Trouble::new(TroubleKind::Connect, format!("cannot connect to {place}: {deepest}"))
        }
        (Some(TroubleKind::Timeout), _) => {
            Trouble::new(TroubleKind::Timeout, format!("{place} sent nothing more: {deepest}"))
        }
        (Some(TroubleKind::Protocol), _) => {
            Trouble::new(TroubleKind::Protocol, format!("{place} sent invalid HTTP: {deepest}"))
        }
        (_, TransportStage::Waiting) => {
            Trouble::new(TroubleKind::Cut, format!("{place} closed the connection without a response: {deepest}"))
        }
        (_, TransportStage::Reading) => {
            Trouble::new(TroubleKind::Cut, format!("the connection ended within the body: {deepest}"))
        }
    }
}

/// The kind of one error in the chain.
fn of_one(error: &(dyn Error + 'static), url: &Url, stage: TransportStage) -> Option<TroubleKind> {
    if error.is::<rustls::Error>() {
        return Some(TroubleKind::Tls);
    }
    if error.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_timeout) {
        return Some(TroubleKind::Timeout);
    }
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        if error.is_timeout() {
            return Some(TroubleKind::Timeout);
        }
        if error.is_parse() || error.is_parse_too_large() {
            return Some(TroubleKind::Protocol);
        }
        return error.is_incomplete_message().then_some(TroubleKind::Cut);
    }
    match error.downcast_ref::<std::io::Error>()?.kind() {
        ErrorKind::TimedOut => Some(TroubleKind::Timeout),
        // A server that closes the connection during the handshake does not accept our TLS.
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::InvalidData
            if stage == TransportStage::Connecting && url.scheme() == "https" =>
        {
            Some(TroubleKind::Tls)
        }
        ErrorKind::InvalidData | ErrorKind::InvalidInput => Some(TroubleKind::Protocol),
        ErrorKind::UnexpectedEof
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe => Some(TroubleKind::Cut),
        _ => None,
    }
}

/// Returns the reason in words: the library shows some reasons in the form of its source code.
fn tls_reason(error: &rustls::Error) -> String {
    use rustls::CertificateError as Invalid;
    let rustls::Error::InvalidCertificate(invalid) = error else { return error.to_string() };
    let why = match invalid {
        Invalid::UnknownIssuer => "it is not signed by a trusted authority",
        Invalid::Expired | Invalid::ExpiredContext { .. } => "it has expired",
        Invalid::NotValidYet | Invalid::NotValidYetContext { .. } => "it is not valid yet",
        Invalid::NotValidForName | Invalid::NotValidForNameContext { .. } => "it is for another host",
        Invalid::Revoked => "it is revoked",
        Invalid::BadSignature => "its signature is wrong",
        Invalid::BadEncoding => "it cannot be read",
        _ if is_authority(error) => "it is marked as an authority, and such a certificate must be trusted by name",
        _ => "it does not meet the rules for certificates of servers",
    };
    let more = match invalid {
        Invalid::NotValidForNameContext { .. } => format!(": {invalid}"),
        _ => String::new(),
    };
    format!(
        "the certificate of the server is refused: {why}{more}. Give --ca-file with the certificate or its authority, or \
         --insecure to accept any certificate"
    )
}

/// Returns whether the only fault of a certificate is that it is marked as an authority. The library has no public type
/// for this.
pub(crate) fn is_authority(error: &rustls::Error) -> bool {
    let rustls::Error::InvalidCertificate(rustls::CertificateError::Other(other)) = error else { return false };
    other.to_string().contains("CaUsedAsEndEntity")
}

fn tls(url: &Url, because: &str) -> Trouble {
    Trouble::new(TroubleKind::Tls, format!("no TLS connection to {}: {because}", place(url)))
}

/// Host and port, which are not secret.
fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}
