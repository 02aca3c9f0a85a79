//! The seam between the drive and the network. Real runs go over [`crate::transport::network`]; tests, `selftest` and runs without a
//! URL call a router in process.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use crate::recording::model::{Handshake, Trouble, TroubleKind};

/// One request, as it goes out: no redirects are followed, no header is added but what HTTP itself needs.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The method.
    pub method: Method,
    /// The URL.
    pub url: Url,
    /// All headers.
    pub headers: HeaderMap,
    /// The body, if any.
    pub body: Option<Bytes>,
    /// How long to wait for the response's headers.
    pub timeout: Duration,
}

/// A response whose body is still to be read.
pub struct Incoming {
    /// The status.
    pub status: StatusCode,
    /// The headers as they came.
    pub headers: HeaderMap,
    /// The body as it comes, not decoded.
    pub body: BodyStream,
}

/// A body as it comes.
pub type BodyStream = Pin<Box<dyn Stream<Item = Result<Bytes, Trouble>> + Send>>;

/// An answer to come.
pub type ResponseFuture<'a> = Pin<Box<dyn Future<Output = Result<Incoming, Trouble>> + Send + 'a>>;

/// The first message of a TLS handshake.
#[derive(Clone, Debug)]
pub struct TlsProbe {
    /// Whom it is for; host and port count.
    pub url: Url,
    /// The bytes.
    pub message: Vec<u8>,
    /// How long to wait for the answer.
    pub timeout: Duration,
}

/// What came of a handshake's first message, to come.
pub type HandshakeFuture<'a> = Pin<Box<dyn Future<Output = Result<Handshake, Trouble>> + Send + 'a>>;

/// Something that carries requests to a server.
pub trait Transport: Send + Sync {
    /// Sends one request and waits for the response's headers.
    fn send(&self, request: Outgoing) -> ResponseFuture<'_>;

    /// Sends the first message of a TLS handshake and reads the first word of the answer. What cannot be offered is
    /// trouble, never an answer.
    fn probe_tls(&self, _: TlsProbe) -> HandshakeFuture<'_> {
        let message = "no handshake of our own can be made on this way to the target".to_owned();
        Box::pin(async move { Err(Trouble { kind: TroubleKind::NotSent, message }) })
    }
}
