//! Writes redacted exchanges to the recording. Exchanges are numbered in the order of sending. An exchange is written when
//! its body was read, and again when its phase or a retry becomes known: a later entry replaces an earlier one with the
//! same number.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use url::Url;

use crate::base::clock::Clock;
use crate::recording::facts::FileFacts;
use crate::recording::handshake::Handshake;
use crate::recording::model::{
    Body, BodyKind, End, Entry, Exchange, FileRef, FlowRecord, Outcome, Phase, Recording, Request, Response, Role,
    Start, Trouble, TroubleKind,
};
use crate::recording::store::Writer;
use crate::redact::body::describe_body;
use crate::redact::headers::redact_headers;
use crate::redact::redactor::Redactor;
use crate::settings::run_settings::{Credentials, Settings};

/// Writes one recording. Cheap to clone; all clones write the same one.
#[derive(Clone)]
pub struct Recorder {
    shared: Arc<RecorderShared>,
}

struct RecorderShared {
    state: Mutex<RecorderState>,
    redactor: Redactor,
    clock: Clock,
}

#[derive(Default)]
struct RecorderState {
    sent: u32,
    start: Start,
    /// Boxed, like the files: a large collection moves its items while it grows.
    exchanges: BTreeMap<u32, Box<Exchange>>,
    #[allow(clippy::vec_box, reason = "a vector that grows holds its items twice for a moment")]
    files: Vec<Box<FileFacts>>,
    flows: Vec<FlowRecord>,
    end: Option<End>,
    /// Exchanges that a retry superseded, or that have a known phase, before they were complete.
    superseded: std::collections::BTreeSet<u32>,
    phases: BTreeMap<u32, Phase>,
    sink: Option<Writer>,
    sink_error: Option<String>,
}

impl RecorderState {
    /// A full disk must not end the run: the recording continues in memory, and the run reports it at its end.
    fn write(&mut self, entry: &Entry) {
        if let Some(sink) = &mut self.sink
            && let Err(error) = sink.write(entry)
        {
            self.sink_error = Some(error.to_string());
            self.sink = None;
        }
    }

    /// Writes an exchange and keeps the only copy.
    fn keep(&mut self, exchange: Box<Exchange>) {
        let entry = Entry::Exchange(exchange);
        self.write(&entry);
        if let Entry::Exchange(exchange) = entry {
            self.exchanges.insert(exchange.id, exchange);
        }
    }
}

impl Recorder {
    /// A recorder that hides the secrets of `settings`, takes times from `clock` and passes every entry to `sink`.
    pub fn new(settings: &Settings, clock: Clock, sink: Option<Writer>) -> Self {
        let redactor = Redactor::new(&settings.base);
        for credentials in std::iter::once(&settings.credentials).chain(&settings.second) {
            if let Credentials::Token(token) = credentials {
                redactor.hide(token.reveal());
            }
        }
        Self {
            shared: Arc::new(RecorderShared {
                state: Mutex::new(RecorderState { sink, ..RecorderState::default() }),
                redactor,
                clock,
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, RecorderState> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes how the run began. Call it again when the software of the target becomes known.
    pub fn start(&self, start: Start) {
        let mut state = self.state();
        state.write(&Entry::Start(Box::new(start.clone())));
        state.start = start;
    }

    /// Writes the facts of a file.
    pub fn file(&self, facts: FileFacts) {
        let mut state = self.state();
        let entry = Entry::File(Box::new(facts));
        state.write(&entry);
        if let Entry::File(facts) = entry {
            state.files.push(facts);
        }
    }

    /// Writes how a flow went.
    pub fn flow(&self, flow: FlowRecord) {
        let mut state = self.state();
        state.write(&Entry::Flow(Box::new(flow.clone())));
        state.flows.push(flow);
    }

    /// Writes how the run ended.
    pub fn end(&self, end: End) {
        let mut state = self.state();
        state.write(&Entry::End(end.clone()));
        state.end = Some(end);
    }

    /// Sets the phase of the poll `exchange`.
    pub fn phase(&self, exchange: u32, phase: Phase) {
        let mut state = self.state();
        state.phases.insert(exchange, phase);
        self.amend(&mut state, exchange, |found| found.phase = Some(phase));
    }

    /// Marks `exchange` as superseded: it was retried.
    pub fn supersede(&self, exchange: u32) {
        let mut state = self.state();
        state.superseded.insert(exchange);
        self.amend(&mut state, exchange, |found| found.superseded = true);
    }

    fn amend(&self, state: &mut RecorderState, exchange: u32, change: impl FnOnce(&mut Exchange)) {
        if let Some(mut found) = state.exchanges.remove(&exchange) {
            change(&mut found);
            state.keep(found);
        }
    }

    /// Writes an exchange of an earlier recording as if it were made now; returns its new number.
    pub(crate) fn copy_exchange(&self, exchange: &Exchange) -> u32 {
        let id = {
            let mut state = self.state();
            state.sent += 1;
            state.sent
        };
        self.close(Exchange { id, at: millis(self.shared.clock), ..exchange.clone() });
        id
    }

    /// The exchange of this number, if it is complete.
    pub fn exchange(&self, number: u32) -> Option<Exchange> {
        self.state().exchanges.get(&number).map(|exchange| (**exchange).clone())
    }

    /// The recording so far.
    pub fn recording(&self) -> Recording {
        let state = self.state();
        Recording {
            start: state.start.clone(),
            exchanges: state.exchanges.values().map(|exchange| (**exchange).clone()).collect(),
            files: state.files.iter().map(|facts| (**facts).clone()).collect(),
            flows: state.flows.clone(),
            end: state.end.clone(),
        }
    }

    /// Takes the recording out of the recorder, so that a large run is not in memory twice at its end.
    pub(crate) fn take(&self) -> Recording {
        let mut state = self.state();
        let state = &mut *state;
        Recording {
            start: state.start.clone(),
            exchanges: std::mem::take(&mut state.exchanges).into_values().map(|exchange| *exchange).collect(),
            files: std::mem::take(&mut state.files).into_iter().map(|facts| *facts).collect(),
            flows: std::mem::take(&mut state.flows),
            end: state.end.clone(),
        }
    }

    /// Whether any request was answered so far.
    pub(crate) fn is_answered(&self) -> bool {
        self.state().exchanges.values().any(|exchange| matches!(exchange.outcome, Outcome::Response(_)))
    }

    /// Why the recording could not be written to its file.
    pub fn sink_error(&self) -> Option<String> {
        self.state().sink_error.clone()
    }

    /// A URL as the recording may show it.
    pub fn redact_url(&self, url: &Url) -> String {
        self.shared.redactor.url(url)
    }

    /// A text as the recording may show it: secrets and secret URLs are replaced.
    pub fn redact_text(&self, text: &str) -> String {
        self.shared.redactor.text(text)
    }

    pub(crate) fn redactor(&self) -> &Redactor {
        &self.shared.redactor
    }

    /// Opens an exchange: sets its number and its time.
    pub(crate) fn open(&self, purpose: Purpose, request: Request) -> Pending {
        let id = {
            let mut state = self.state();
            state.sent += 1;
            state.sent
        };
        let at = millis(self.shared.clock);
        Pending { recorder: self.clone(), id, purpose, at, request: Some(request), head: None, handshake: None }
    }

    fn close(&self, mut exchange: Exchange) {
        let mut state = self.state();
        exchange.superseded |= state.superseded.contains(&exchange.id);
        if let Some(phase) = state.phases.get(&exchange.id) {
            exchange.phase = Some(*phase);
        }
        state.keep(Box::new(exchange));
    }
}

/// Milliseconds since the run began.
fn millis(clock: Clock) -> u64 {
    u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// What an exchange is for.
#[derive(Clone, Debug)]
pub(crate) struct Purpose {
    pub flow: Option<String>,
    pub role: Role,
    pub probe: Option<String>,
    pub file: Option<FileRef>,
}

/// An exchange that is not complete yet. If it is dropped before its end, it is recorded as interrupted.
pub struct Pending {
    recorder: Recorder,
    id: u32,
    purpose: Purpose,
    at: u64,
    request: Option<Request>,
    head: Option<(u16, Vec<(String, String)>)>,
    handshake: Option<Handshake>,
}

impl Pending {
    /// The number of the exchange.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// Keeps the redacted head of the response until the body is read.
    pub(crate) fn head(&mut self, status: http::StatusCode, headers: &http::HeaderMap) {
        self.head = Some((status.as_u16(), redact_headers(self.recorder.redactor(), headers)));
    }

    /// What may be kept of a whole body without its content coding.
    pub(crate) fn describe_body(&self, status: http::StatusCode, headers: &http::HeaderMap, decoded: &[u8]) -> Body {
        let media = headers.get(http::header::CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let media = media.map(|text| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
        describe_body(self.recorder.redactor(), status.as_u16(), media.as_deref(), decoded)
    }

    /// Closes the exchange with a redacted body.
    pub(crate) fn body(mut self, body: Body, broken: Option<Trouble>, superseded: bool) {
        self.write(body, broken, superseded);
    }

    /// Closes the exchange without a response.
    pub(crate) fn trouble(mut self, trouble: Trouble) {
        self.head = None;
        self.write(Body::default(), Some(trouble), false);
    }

    /// Closes the exchange with the answer to a handshake.
    pub(crate) fn handshake(mut self, handshake: Handshake) {
        self.handshake = Some(handshake);
        self.write(Body::default(), None, false);
    }

    fn write(&mut self, body: Body, broken: Option<Trouble>, superseded: bool) {
        let Some(request) = self.request.take() else { return };
        let broken =
            broken.map(|trouble| Trouble { kind: trouble.kind, message: self.recorder.redact_text(&trouble.message) });
        let outcome = match (self.handshake.take(), self.head.take()) {
            (Some(handshake), _) => Outcome::Handshake(handshake),
            (None, Some((status, mut headers))) => {
                // The body may have revealed a secret that a header repeats.
                for (_, value) in &mut headers {
                    *value = self.recorder.redactor().secrets(value);
                }
                Outcome::Response(Response { status, headers, body, broken })
            }
            (None, None) => Outcome::NoResponse(broken.unwrap_or_else(abandoned)),
        };
        self.recorder.close(Exchange {
            id: self.id,
            flow: self.purpose.flow.take(),
            role: self.purpose.role,
            probe: self.purpose.probe.take(),
            file: self.purpose.file,
            phase: None,
            superseded,
            at: self.at,
            took: millis(self.recorder.shared.clock).saturating_sub(self.at),
            request,
            outcome,
        });
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.write(Body { kind: BodyKind::Streamed, ..Body::default() }, Some(abandoned()), false);
    }
}

fn abandoned() -> Trouble {
    Trouble::new(TroubleKind::Interrupted, "the exchange was given up before its end")
}
