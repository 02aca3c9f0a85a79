//! The one way in which the drive talks to its target: a request goes in with its raw URL, a raw answer comes out, and a
//! redacted exchange lies on the tape. Credentials, redirects, limits and the guard against luring live here; the flows
//! never see a token.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use super::transport::BodyStream;
use crate::suite::model::Identity;
use crate::tape::model::{FileRef, Phase, Role, Trouble};

/// A request to be made.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The flow that it belongs to.
    pub flow: Option<String>,
    /// Its part there.
    pub role: Role,
    /// The probe that sends it.
    pub probe: Option<String>,
    /// The file that it fetches.
    pub file: Option<FileRef>,
    /// The method.
    pub method: Method,
    /// The raw URL.
    pub url: Url,
    /// The headers, without credentials.
    pub headers: HeaderMap,
    /// The body.
    pub body: Option<Bytes>,
    /// As whom.
    pub identity: Identity,
    /// The manifest said that this file needs no token: none is sent, whoever asks.
    pub open: bool,
}

/// A raw answer whose body was read whole, within limits.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The number of the exchange on the tape; after redirects, the last one's.
    pub exchange: u32,
    /// What came, or why nothing did.
    pub result: Result<Whole, Trouble>,
}

/// A response, read whole.
#[derive(Clone, Debug)]
pub struct Whole {
    /// The URL that answered, after redirects.
    pub url: Url,
    /// The status.
    pub status: StatusCode,
    /// The headers as they came.
    pub headers: HeaderMap,
    /// The body, content coding undone.
    pub body: Bytes,
    /// Why the body broke off.
    pub broken: Option<Trouble>,
}

/// A raw answer whose body is read by the caller. Its exchange reaches the tape when [`Streaming::finish`] is called.
pub struct Streaming {
    /// The number of the exchange on the tape.
    pub exchange: u32,
    /// The URL that answered, after redirects.
    pub url: Url,
    /// The status.
    pub status: StatusCode,
    /// The headers as they came.
    pub headers: HeaderMap,
    /// The body as it comes, content coding not undone.
    pub body: BodyStream,
    pub(super) pending: super::recorder::Pending,
}

/// What [`super::recorder`] is told when a poll's phase becomes known, sometimes only after later polls.
#[derive(Clone, Copy, Debug)]
pub struct PhaseKnown {
    /// The exchange.
    pub exchange: u32,
    /// Its phase.
    pub phase: Phase,
}
