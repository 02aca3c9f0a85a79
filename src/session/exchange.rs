//! The input and output of a session: a request with its raw URL, a raw response.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use crate::recording::model::{Body, BodyKind, FileRef, Role, Trouble};
use crate::redact::recorder::Pending;
use crate::suite::flow::Identity;
use crate::transport::message::BodyStream;

/// A request to send.
#[derive(Clone, Debug)]
pub struct RequestSpec {
    /// The flow of the request.
    pub flow: Option<String>,
    /// The role of the request in its flow.
    pub role: Role,
    /// The probe that sends it.
    pub probe: Option<String>,
    /// The file that it downloads.
    pub file: Option<FileRef>,
    /// The method of the request spec.
    pub method: Method,
    /// The raw URL.
    pub url: Url,
    /// The headers, without credentials.
    pub headers: HeaderMap,
    /// The body of the request spec.
    pub body: Option<Bytes>,
    /// The request has the token of this identity.
    pub identity: Identity,
    /// Whether the manifest states that this file needs no token; then none is sent, whatever the identity.
    pub open: bool,
    /// Whether the end of the URL path is data of the target, which the recording does not show.
    pub masked: bool,
}

/// The outcome of a request: a raw response with a body that was read within limits, or the reason why there is none.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The number of the exchange in the recording; after redirects, the number of the last exchange.
    pub exchange: u32,
    /// The response, or the reason why there is none.
    pub result: Result<FullResponse, Trouble>,
}

/// A response with its complete body.
#[derive(Clone, Debug)]
pub struct FullResponse {
    /// The URL of the response, after redirects.
    pub url: Url,
    /// The status of the full response.
    pub status: StatusCode,
    /// The headers as received.
    pub headers: HeaderMap,
    /// The body, with its content coding removed.
    pub body: Bytes,
    /// The reason if the body ended early.
    pub broken: Option<Trouble>,
}

/// The head of a response; its body is not read yet.
pub(crate) struct ResponseHead {
    pub pending: Pending,
    pub url: Url,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: BodyStream,
}

impl ResponseHead {
    /// Converts it to a response with a body that the caller reads.
    pub fn into_streaming(self) -> Streaming {
        let ResponseHead { pending, url, status, headers, body } = self;
        Streaming { exchange: pending.id(), url, status, headers, body, pending }
    }
}

/// A raw response with a body that the caller reads. [`Streaming::finish`] writes the exchange to the recording. If
/// the caller drops it instead, the recording shows the exchange as abandoned.
pub struct Streaming {
    /// The number of the exchange in the recording.
    pub exchange: u32,
    /// The URL of the response, after redirects.
    pub url: Url,
    /// The status of the streaming.
    pub status: StatusCode,
    /// The headers as received.
    pub headers: HeaderMap,
    /// The body as received, before decoding.
    pub body: BodyStream,
    pending: Pending,
}

impl Streaming {
    /// Closes the exchange in the recording. `decoded` is the length of the decoded body, `kind` is what the body
    /// contains, `broken` is the reason if it could not be read to its end.
    pub fn finish(self, decoded: u64, kind: BodyKind, broken: Option<Trouble>) {
        self.pending.body(Body { bytes: decoded, kind, ..Body::default() }, broken, false);
    }

    /// Closes the exchange of a body that the caller read completely because it is not a file of lines. `decoded` is
    /// the decoded body; the recording stores it like any other body.
    pub fn finish_with(self, decoded: &[u8], broken: Option<Trouble>) {
        let body = self.pending.describe_body(self.status, &self.headers, decoded);
        self.pending.body(body, broken, false);
    }
}
