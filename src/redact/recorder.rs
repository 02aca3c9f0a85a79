//! Writes redacted exchanges to the recording. Exchanges are numbered in the order in which they are sent. An exchange
//! is written after its body was read, and again when its phase or a retry becomes known. A later entry replaces an
//! earlier one with the same number.

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

/// Writes one recording. Cheap to clone; all clones write to the same recording.
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
    /// Boxed, as the files, because a large collection moves its items while it grows.
    exchanges: BTreeMap<u32, Box<Exchange>>,
    #[allow(clippy::vec_box, reason = "a growing vector has a second copy of its items for a moment")]
    files: Vec<Box<FileFacts>>,
    flows: Vec<FlowRecord>,
    end: Option<End>,
    /// Exchanges that a retry superseded before they were complete; `phases` has the phases of such exchanges.
    superseded: std::collections::BTreeSet<u32>,
    phases: BTreeMap<u32, Phase>,
    sink: Option<Writer>,
    sink_error: Option<String>,
}

impl RecorderState {
    /// Writes an entry to the sink. A full disk does not end the run: the recording continues in memory, and the run
    /// reports the error at its end.
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
    /// Returns a recorder that hides the secrets of `settings`, reads times from `clock` and passes each entry to
    /// `sink`.
    pub fn new(settings: &Settings, clock: Clock, sink: Option<Writer>) -> Self {
        let redactor = Redactor::new(&settings.base);
        let groups = settings.groups.iter().chain(&settings.empty_group).chain(&settings.forbidden_group);
        redactor.keep(groups.chain(settings.values.values()).cloned());
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

    /// Writes the start of the run. Call it again when the software of the target becomes known.
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

    /// Writes the record of a flow.
    pub fn flow(&self, flow: FlowRecord) {
        let mut state = self.state();
        state.write(&Entry::Flow(Box::new(flow.clone())));
        state.flows.push(flow);
    }

    /// Writes the end of the run.
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

    /// Writes an exchange of an earlier recording with the current time; returns its new number.
    pub(crate) fn copy_exchange(&self, exchange: &Exchange) -> u32 {
        let id = {
            let mut state = self.state();
            state.sent += 1;
            state.sent
        };
        self.close(Exchange { id, at: millis(self.shared.clock), ..exchange.clone() });
        id
    }

    /// Returns the exchange with this number, if it is complete.
    pub fn exchange(&self, number: u32) -> Option<Exchange> {
        self.state().exchanges.get(&number).map(|exchange| (**exchange).clone())
    }

    /// Returns the recording so far.
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

    /// Moves the recording out of the recorder, so that a large run is not in memory twice at its end.
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

    /// Returns whether any request has got a response.
    pub(crate) fn is_answered(&self) -> bool {
        self.state().exchanges.values().any(|exchange| matches!(exchange.outcome, Outcome::Response(_)))
    }

    /// Returns why the recording could not be written to its file, if so.
    pub fn sink_error(&self) -> Option<String> {
        self.state().sink_error.clone()
    }

    /// Returns a URL in redacted form.
    pub fn redact_url(&self, url: &Url) -> String {
        self.shared.redactor.url(url)
    }

    /// Returns a text with secrets and secret URLs replaced.
    pub fn redact_text(&self, text: &str) -> String {
        self.shared.redactor.text(text)
    }

    pub(crate) fn redactor(&self) -> &Redactor {
        &self.shared.redactor
    }

    /// Opens an exchange with the next number and the current time.
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

/// Returns the milliseconds since the run began.
fn millis(clock: Clock) -> u64 {
    u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The purpose of an exchange.
#[derive(Clone, Debug)]
pub(crate) struct Purpose {
    pub flow: Option<String>,
    pub role: Role,
    pub probe: Option<String>,
    pub file: Option<FileRef>,
}

/// An exchange that is not complete yet. If it is dropped, it is recorded as interrupted.
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
    /// Returns the number of the exchange.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// Keeps the redacted head of the response until the body is read.
    pub(crate) fn head(&mut self, status: http::StatusCode, headers: &http::HeaderMap) {
        self.head = Some((status.as_u16(), redact_headers(self.recorder.redactor(), headers)));
    }

    /// Returns what may be kept of a complete decoded body.
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

    /// Closes the exchange with the response to a handshake.
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
    Trouble::new(TroubleKind::Interrupted, "the exchange was abandoned before it was complete")
}
