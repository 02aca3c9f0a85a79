//! The interface between a session and the network. Runs with a URL use [`crate::transport::network`]; tests,
//! `selftest` and runs without a URL call a router in this process.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use crate::recording::handshake::Handshake;
use crate::recording::model::{Trouble, TroubleKind};

/// One request as it is sent: no redirect is followed, and no header is added except those that HTTP needs.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The method of the outgoing.
    pub method: Method,
    /// The URL of the outgoing.
    pub url: Url,
    /// All headers.
    pub headers: HeaderMap,
    /// The body, if any.
    pub body: Option<Bytes>,
    /// The maximum time to wait for the headers of the response.
    pub timeout: Duration,
}

/// A response; its body is not read yet.
pub struct Incoming {
    /// The status of the incoming.
    pub status: StatusCode,
    /// The headers as received.
    pub headers: HeaderMap,
    /// The body as received, before decoding.
    pub body: BodyStream,
}

/// A body as it arrives.
pub type BodyStream = Pin<Box<dyn Stream<Item = Result<Bytes, Trouble>> + Send>>;

/// A future with a response.
pub type ResponseFuture<'a> = Pin<Box<dyn Future<Output = Result<Incoming, Trouble>> + Send + 'a>>;

/// The first message of a TLS handshake.
#[derive(Clone, Debug)]
pub struct TlsProbe {
    /// The URL with the host and the port of the server.
    pub url: Url,
    /// The bytes of the tls probe.
    pub message: Vec<u8>,
    /// The maximum time to wait for the response.
    pub timeout: Duration,
}

/// A future with the response to a handshake.
pub type HandshakeFuture<'a> = Pin<Box<dyn Future<Output = Result<Handshake, Trouble>> + Send + 'a>>;

/// Sends requests to a server.
pub trait Transport: Send + Sync {
    /// Sends one request and waits for the headers of the response.
    fn send(&self, request: Outgoing) -> ResponseFuture<'_>;

    /// Sends the first message of a TLS handshake and reads the first response. It is trouble if the transport cannot
    /// send the message.
    fn probe_tls(&self, _: TlsProbe) -> HandshakeFuture<'_> {
        let message = "this transport cannot send a TLS handshake message".to_owned();
        Box::pin(async move { Err(Trouble { kind: TroubleKind::NotSent, message }) })
    }
}
