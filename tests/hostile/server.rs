//! A hostile server: a transport that calls the reference server in this process and replaces or changes responses.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::{HeaderMap, StatusCode};
use plimsoll::recording::model::Trouble;
use plimsoll::transport::in_process::InProcess;
use plimsoll::transport::message::{BodyStream, Incoming, Outgoing, ResponseFuture, Transport};

/// The moments of an export at which a response can be replaced or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Metadata,
    Kickoff,
    Poll,
    File,
    Delete,
    Other,
}

/// All moments that every run has.
pub const MOMENTS: [Moment; 5] = [Moment::Metadata, Moment::Kickoff, Moment::Poll, Moment::File, Moment::Delete];

/// The moment that a request to the reference server belongs to.
pub fn moment(method: &str, path: &str) -> Moment {
    match (method, path) {
        ("DELETE", _) => Moment::Delete,
        (_, path) if path.ends_with("/metadata") => Moment::Metadata,
        (_, path) if path.ends_with("$export") => Moment::Kickoff,
        (_, path) if path.contains("/bulk/jobs/") => Moment::Poll,
        (_, path) if path.contains("/bulk/files/") => Moment::File,
        _ => Moment::Other,
    }
}

pub type Replacement = Result<Incoming, Trouble>;
/// A function that returns another response to a request; `None` if the reference server responds.
pub type Before = Arc<dyn Fn(&Outgoing, Moment) -> Option<Replacement> + Send + Sync>;
/// A function that changes a response of the reference server.
pub type After = Arc<dyn Fn(&Outgoing, Moment, Incoming) -> Incoming + Send + Sync>;
/// A function that changes a response of the reference server with its complete body; `None` if it stays unchanged.
pub type ChangeBody = Arc<dyn Fn(Moment, HeaderMap, StatusCode, Bytes) -> Option<Incoming> + Send + Sync>;

/// A server that replaces or changes responses of the reference server.
#[derive(Clone)]
pub struct HostileServer {
    inner: Option<InProcess>,
    before: Before,
    after: After,
    change_body: ChangeBody,
}

impl HostileServer {
    /// A server that changes nothing.
    pub fn unchanged() -> Self {
        Self {
            inner: None,
            before: Arc::new(|_, _| None),
            after: Arc::new(|_, _, incoming| incoming),
            change_body: Arc::new(|_, _, _, _| None),
        }
    }

    /// Sets the function that replaces responses.
    pub fn before(mut self, before: impl Fn(&Outgoing, Moment) -> Option<Replacement> + Send + Sync + 'static) -> Self {
        self.before = Arc::new(before);
        self
    }

    /// Sets the function that changes responses without their bodies.
    pub fn after(mut self, after: impl Fn(&Outgoing, Moment, Incoming) -> Incoming + Send + Sync + 'static) -> Self {
        self.after = Arc::new(after);
        self
    }

    /// Sets the function that changes responses with their bodies.
    pub fn change_body(
        mut self,
        change_body: impl Fn(Moment, HeaderMap, StatusCode, Bytes) -> Option<Incoming> + Send + Sync + 'static,
    ) -> Self {
        self.change_body = Arc::new(change_body);
        self
    }

    pub fn over(mut self, inner: InProcess) -> Self {
        self.inner = Some(inner);
        self
    }
}

impl Transport for HostileServer {
    fn send(&self, request: Outgoing) -> ResponseFuture<'_> {
        let at = moment(request.method.as_str(), request.url.path());
        Box::pin(async move {
            if let Some(given) = (self.before)(&request, at) {
                return given;
            }
            let incoming = self.inner.as_ref().unwrap().send(request.clone()).await?;
            let incoming = (self.after)(&request, at, incoming);
            let Incoming { status, headers, body } = incoming;
            // `change_body` needs the complete body.
            let chunks: Vec<Bytes> = body.map(|chunk| chunk.unwrap()).take_while(|_| async { true }).collect().await;
            let whole = Bytes::from(chunks.concat());
            let changed = (self.change_body)(at, headers.clone(), status, whole.clone());
            Ok(changed.unwrap_or_else(|| Incoming { status, headers, body: once(whole) }))
        })
    }
}

/// A response with these parts.
pub fn response(status: u16, headers: &[(&'static str, &str)], body: BodyStream) -> Replacement {
    let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    Ok(Incoming { status: StatusCode::from_u16(status).unwrap(), headers, body })
}

/// A body in one piece.
pub fn once(bytes: impl Into<Bytes>) -> BodyStream {
    let bytes = bytes.into();
    Box::pin(stream::iter((!bytes.is_empty()).then_some(Ok(bytes))))
}

/// A body that never ends: `first`, then `again` endlessly, as fast as it is read.
pub fn endless(first: &str, again: impl Into<Bytes>) -> BodyStream {
    let first = Bytes::copy_from_slice(first.as_bytes());
    Box::pin(stream::iter([Ok(first)]).chain(stream::repeat(again.into()).map(Ok)))
}

/// A body of `first`, then `again` repeated `times` times, then `last`.
pub fn repeated(first: &str, again: impl Into<Bytes>, times: usize, last: &str) -> BodyStream {
    let (first, last) = (Bytes::copy_from_slice(first.as_bytes()), Bytes::copy_from_slice(last.as_bytes()));
    let middle = stream::repeat(again.into()).take(times).map(Ok);
    Box::pin(stream::iter([Ok(first)]).chain(middle).chain(stream::iter([Ok(last)])))
}

/// A body that never ends and sends one byte after each pause.
pub fn drip(pause: Duration, what: &'static [u8]) -> BodyStream {
    Box::pin(drops(pause, what))
}

fn drops(pause: Duration, what: &'static [u8]) -> impl Stream<Item = Result<Bytes, Trouble>> + Send {
    stream::unfold(0_usize, move |at| async move {
        tokio::time::sleep(pause).await;
        let byte = what[at % what.len()];
        Some((Ok(Bytes::copy_from_slice(&[byte])), at + 1))
    })
}
