//! Turns errors of the libraries into [`Trouble`]: a kind and a sentence.

use std::error::Error;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::recording::model::{Trouble, TroubleKind};
use crate::transport::address_guard::RefusedAddress;

/// Why the network cannot be used with these settings.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The file of certificate authorities is unusable.
    #[error("the certificate file {path} cannot be used: {because}")]
    CaFile {
        /// The path.
        path: PathBuf,
        /// The reason.
        because: String,
    },
    /// The file of the client certificate is unusable.
    #[error("the client certificate {path} cannot be used: {because}")]
    ClientCert {
        /// The path.
        path: PathBuf,
        /// The reason.
        because: String,
    },
    /// The TLS library refused.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    /// The HTTP library refused.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
}

/// How far a request came.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransportStage {
    /// Before the connection was made.
    Connecting,
    /// Before the head of the response arrived.
    Waiting,
    /// While the body was read.
    Reading,
}

/// Explains an error by its chain of sources.
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
        deepest = current.to_string();
        if let Some(found) = of_one(current, url, stage) {
            kind = Some(found);
        }
        next = current.source();
        // The chain of sources leaves out the error inside an I/O error.
        if let Some(inner) = current.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            if let Some(refused) = inner.downcast_ref::<RefusedAddress>() {
                return Trouble::new(TroubleKind::NotSent, refused.to_string());
            }
            if inner.is::<rustls::Error>() {
                return tls(url, &inner.to_string());
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
            Trouble::new(TroubleKind::Timeout, format!("{place} fell silent: {deepest}"))
        }
        (Some(TroubleKind::Protocol), _) => {
            Trouble::new(TroubleKind::Protocol, format!("what {place} sent is not HTTP: {deepest}"))
        }
        (_, TransportStage::Waiting) => {
            Trouble::new(TroubleKind::Cut, format!("{place} closed the connection without an answer: {deepest}"))
        }
        (_, TransportStage::Reading) => {
            Trouble::new(TroubleKind::Cut, format!("the connection broke off within the body: {deepest}"))
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

fn tls(url: &Url, because: &str) -> Trouble {
    Trouble::new(TroubleKind::Tls, format!("no TLS connection to {}: {because}", place(url)))
}

/// Host and port, which are no secret.
fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}
