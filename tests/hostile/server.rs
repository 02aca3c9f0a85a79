//! The reference server with somebody in between who does as he likes: a transport in process.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::{HeaderMap, StatusCode};
use plimsoll::recording::model::Trouble;
use plimsoll::transport::in_process::InProcess;
use plimsoll::transport::message::{BodyStream, Incoming, Outgoing, ResponseFuture, Transport};

/// The moments of an export at which somebody can interfere.
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

pub type Given = Result<Incoming, Trouble>;
/// What somebody in between makes of a request: an answer of his own, or none, and the honest one goes through.
pub type Before = Arc<dyn Fn(&Outgoing, Moment) -> Option<Given> + Send + Sync>;
/// What he makes of an honest answer.
pub type After = Arc<dyn Fn(&Outgoing, Moment, Incoming) -> Incoming + Send + Sync>;
/// What he makes of the bytes of an honest answer.
pub type Bend = Arc<dyn Fn(Moment, HeaderMap, StatusCode, Bytes) -> Option<Incoming> + Send + Sync>;

/// The server in process.
#[derive(Clone)]
pub struct Lair {
    inner: Option<InProcess>,
    before: Before,
    after: After,
    bend: Bend,
}

impl Lair {
    /// Honest in everything, until told otherwise.
    pub fn honest() -> Self {
        Self {
            inner: None,
            before: Arc::new(|_, _| None),
            after: Arc::new(|_, _, incoming| incoming),
            bend: Arc::new(|_, _, _, _| None),
        }
    }

    /// Answers in place of the honest server.
    pub fn before(mut self, before: impl Fn(&Outgoing, Moment) -> Option<Given> + Send + Sync + 'static) -> Self {
        self.before = Arc::new(before);
        self
    }

    /// Changes an honest answer whose body is left alone.
    pub fn after(mut self, after: impl Fn(&Outgoing, Moment, Incoming) -> Incoming + Send + Sync + 'static) -> Self {
        self.after = Arc::new(after);
        self
    }

    /// Changes an honest answer by its bytes.
    pub fn bend(
        mut self,
        bend: impl Fn(Moment, HeaderMap, StatusCode, Bytes) -> Option<Incoming> + Send + Sync + 'static,
    ) -> Self {
        self.bend = Arc::new(bend);
        self
    }

    pub fn over(mut self, inner: InProcess) -> Self {
        self.inner = Some(inner);
        self
    }
}

impl Transport for Lair {
    fn send(&self, request: Outgoing) -> ResponseFuture<'_> {
        let at = moment(request.method.as_str(), request.url.path());
        Box::pin(async move {
            if let Some(given) = (self.before)(&request, at) {
                return given;
            }
            let incoming = self.inner.as_ref().unwrap().send(request.clone()).await?;
            let incoming = (self.after)(&request, at, incoming);
            let Incoming { status, headers, body } = incoming;
            // A body is only collected where somebody wants to bend it.
            let chunks: Vec<Bytes> = body.map(|chunk| chunk.unwrap()).take_while(|_| async { true }).collect().await;
            let whole = Bytes::from(chunks.concat());
            let bent = (self.bend)(at, headers.clone(), status, whole.clone());
            Ok(bent.unwrap_or_else(|| Incoming { status, headers, body: once(whole) }))
        })
    }
}

/// An answer of one's own.
pub fn answer(status: u16, headers: &[(&'static str, &str)], body: BodyStream) -> Given {
    let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    Ok(Incoming { status: StatusCode::from_u16(status).unwrap(), headers, body })
}

/// A body in one piece.
pub fn once(bytes: impl Into<Bytes>) -> BodyStream {
    let bytes = bytes.into();
    Box::pin(stream::iter((!bytes.is_empty()).then_some(Ok(bytes))))
}

/// A body that never ends: `first`, then `again` for ever, as fast as it is read.
pub fn endless(first: &str, again: impl Into<Bytes>) -> BodyStream {
    let first = Bytes::copy_from_slice(first.as_bytes());
    Box::pin(stream::iter([Ok(first)]).chain(stream::repeat(again.into()).map(Ok)))
}

/// `first`, then `again` as often as said.
pub fn repeated(first: &str, again: impl Into<Bytes>, times: usize, last: &str) -> BodyStream {
    let (first, last) = (Bytes::copy_from_slice(first.as_bytes()), Bytes::copy_from_slice(last.as_bytes()));
    let middle = stream::repeat(again.into()).take(times).map(Ok);
    Box::pin(stream::iter([Ok(first)]).chain(middle).chain(stream::iter([Ok(last)])))
}

/// A body that comes byte by byte, each after a pause, for ever.
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
