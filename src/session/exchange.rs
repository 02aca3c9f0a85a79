//! What goes into a session and what comes out: a request with its raw URL, a raw response.

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
    /// The method.
    pub method: Method,
    /// The raw URL.
    pub url: Url,
    /// The headers, without credentials.
    pub headers: HeaderMap,
    /// The body.
    pub body: Option<Bytes>,
    /// The identity whose token goes with the request.
    pub identity: Identity,
    /// The manifest says that this file needs no token: send none, whatever the identity.
    pub open: bool,
    /// The end of the URL path is data of the target; the recording does not show it.
    pub masked: bool,
}

/// The outcome of a request: a raw response whose body was read within limits, or why there is none.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The number of the exchange on the recording; after redirects, the number of the last one.
    pub exchange: u32,
    /// The response, or why there is none.
    pub result: Result<FullResponse, Trouble>,
}

/// A response with its whole body.
#[derive(Clone, Debug)]
pub struct FullResponse {
    /// The URL that answered, after redirects.
    pub url: Url,
    /// The status.
    pub status: StatusCode,
    /// The headers as received.
    pub headers: HeaderMap,
    /// The body, with its content coding removed.
    pub body: Bytes,
    /// Why the body ended early.
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
    /// Leaves the body to the caller.
    pub fn into_streaming(self) -> Streaming {
        let ResponseHead { pending, url, status, headers, body } = self;
        Streaming { exchange: pending.id(), url, status, headers, body, pending }
    }
}

/// A raw response whose body the caller reads. [`Streaming::finish`] writes the exchange to the recording. If the
/// caller drops it instead, the recording says that the exchange was given up.
pub struct Streaming {
    /// The number of the exchange on the recording.
    pub exchange: u32,
    /// The URL that answered, after redirects.
    pub url: Url,
    /// The status.
    pub status: StatusCode,
    /// The headers as received.
    pub headers: HeaderMap,
    /// The body as received, content coding included.
    pub body: BodyStream,
    pending: Pending,
}

impl Streaming {
    /// Closes the exchange on the recording. `decoded` is the length of the body without its content coding, `kind` what
    /// the body turned out to be, `broken` why it could not be read to its end.
    pub fn finish(self, decoded: u64, kind: BodyKind, broken: Option<Trouble>) {
        self.pending.body(Body { bytes: decoded, kind, ..Body::default() }, broken, false);
    }

    /// Closes the exchange of a body that the caller read whole because it is not a file of lines. `decoded` has no
    /// content coding; the recording keeps of it what it keeps of any other body.
    pub fn finish_with(self, decoded: &[u8], broken: Option<Trouble>) {
        let body = self.pending.describe_body(self.status, &self.headers, decoded);
        self.pending.body(body, broken, false);
    }
}
