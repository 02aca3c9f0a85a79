//! The seam between the drive and the network. Real runs go over [`super::wire`]; tests, `selftest` and runs without a
//! URL call a router in process.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use crate::tape::model::Trouble;

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
    pub patience: Duration,
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
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Incoming, Trouble>> + Send + 'a>>;

/// Something that carries requests to a server.
pub trait Transport: Send + Sync {
    /// Sends one request and waits for the response's headers.
    fn send(&self, request: Outgoing) -> Answer<'_>;
}
