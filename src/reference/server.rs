//! The server itself: what it remembers, and how a request finds its answer.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::base::percent::percent_decode;
use crate::reference::cohorts::Cohorts;
use crate::reference::data::population::{Population, Reach};
use crate::reference::fault::behavior::Behavior;
use crate::reference::fault::mutate;
use crate::reference::files;
use crate::reference::jobs::Jobs;
use crate::reference::options::{Personality, ServerAuth, ServerOptions};
use crate::reference::reply::{Payload, Point, ServerReply};
use crate::reference::security::auth::{Given, Grant};

/// The longest body that is read, in bytes.
const MAX_BODY: usize = 1 << 20;

/// A request, read.
#[derive(Clone, Debug)]
pub(crate) struct ServerRequest {
    /// Its method.
    pub method: Method,
    /// Its path and query, as sent.
    pub target: String,
    /// Its path below the base, in decoded parts.
    pub path: Vec<String>,
    /// Its query, as sent.
    pub query: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// What it was let in with.
    pub grant: Grant,
}

/// The server's state.
#[derive(Debug)]
pub(crate) struct Server {
    pub options: ServerOptions,
    state: RwLock<ServerState>,
    behaviors: BTreeSet<Behavior>,
    jobs: Mutex<Jobs>,
    notes: Mutex<RequestNotes>,
    cohorts: Mutex<Cohorts>,
}

/// What the server holds, and what it held before.
#[derive(Debug)]
struct ServerState {
    now: Arc<Population>,
    /// Earlier states, each with the time until which it was so.
    before: Vec<(SystemTime, Arc<Population>)>,
}

/// What is remembered beside jobs.
#[derive(Debug, Default)]
pub(crate) struct RequestNotes {
    /// Access tokens.
    pub tokens: HashMap<String, Given>,
    /// The first client's key set as it was read last, and how long it may be kept.
    pub key_set: Option<(String, SystemTime)>,
    /// Ids of assertions, and when those end.
    pub assertions: HashMap<String, SystemTime>,
    /// How often each step of a fault came to each job or file.
    pub counts: HashMap<(usize, usize, String), u32>,
    /// Jobs that were started.
    pub started: u32,
    /// When the last of them was.
    pub latest: Option<SystemTime>,
    /// What was changed while the server ran.
    pub written: Vec<(String, String)>,
    spent: BTreeSet<String>,
}

impl Server {
    pub(crate) fn new(mut options: ServerOptions) -> Self {
        let behaviors: BTreeSet<Behavior> = options.faults.iter().flat_map(|fault| fault.behaviors()).collect();
        if behaviors.contains(&Behavior::ShortLived) {
            options.keep = Duration::from_secs(120);
        }
        let population = match (options.patients, options.spec) {
            (Some(patients), _) => Population::generated(patients),
            (None, Personality::Hcpd) => {
                let suppressed = behaviors.contains(&Behavior::ExportSuppressed);
                Population::directory(options.base.as_str().trim_end_matches('/'), suppressed)
            }
            (None, _) => {
                let others = behaviors.contains(&Behavior::OtherTenantShown);
                Population::fixtures(options.base.as_str().trim_end_matches('/'), others)
            }
        };
        let state = RwLock::new(ServerState { now: Arc::new(population), before: Vec::new() });
        Self { options, state, behaviors, jobs: Mutex::default(), notes: Mutex::default(), cohorts: Mutex::default() }
    }

    /// What it holds now.
    pub(crate) fn population(&self) -> Arc<Population> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner).now)
    }

    /// What it held at `time`.
    pub(crate) fn population_at(&self, time: SystemTime) -> Arc<Population> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let then = state.before.iter().find(|(until, _)| *until > time).map(|(_, then)| then);
        Arc::clone(then.unwrap_or(&state.now))
    }

    /// Holds something else from `time` on.
    pub(crate) fn turn_to(&self, population: Population, time: SystemTime) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let former = std::mem::replace(&mut state.now, Arc::new(population));
        // Only a server that lags behind looks back.
        if self.does(Behavior::LagsBehind) {
            state.before.push((time, former));
        }
    }

    /// Whether a fault asks for this behavior.
    pub(crate) fn does(&self, behavior: Behavior) -> bool {
        self.behaviors.contains(&behavior)
    }

    /// The jobs, for the length of one answer.
    pub(crate) fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The notes, for the length of one answer.
    pub(crate) fn notes(&self) -> MutexGuard<'_, RequestNotes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The Groups that clients made, for the length of one answer.
    pub(crate) fn cohorts(&self) -> MutexGuard<'_, Cohorts> {
        self.cohorts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The base URL, without a closing slash.
    pub(crate) fn base(&self) -> &str {
        self.options.base.as_str().trim_end_matches('/')
    }

    /// The base URL's scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        self.options.base.origin().ascii_serialization()
    }

    /// Whether requests need a token.
    pub(crate) fn protected(&self) -> bool {
        !matches!(self.options.auth, ServerAuth::None)
    }

    pub(crate) fn lines_per_file(&self) -> u64 {
        let usual = if self.options.patients.is_some() { 50_000 } else { 40 };
        self.options.lines_per_file.unwrap_or(usual).max(1)
    }

    /// 128 random bits, as 22 characters that need no encoding in a URL.
    ///
    /// # Errors
    /// The answer to give where the system has no randomness left.
    pub(crate) fn secret(&self) -> Result<String, Box<ServerReply>> {
        Ok(URL_SAFE_NO_PAD.encode(self.random::<16>()?))
    }

    /// Random bytes.
    ///
    /// # Errors
    /// The answer to give where the system has no randomness left.
    pub(crate) fn random<const N: usize>(&self) -> Result<[u8; N], Box<ServerReply>> {
        let mut bits = [0_u8; N];
        aws_lc_rs::rand::fill(&mut bits).map_err(|_| {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            Box::new(ServerReply::refusal(Point::Other, status, "exception", "the system gives no random numbers"))
        })?;
        Ok(bits)
    }

    /// Whether this was said before; the first time says no.
    pub(crate) fn spent(&self, what: &str) -> bool {
        !self.notes().spent.insert(what.to_owned())
    }

    fn reply(&self, ask: &mut ServerRequest) -> ServerReply {
        let words = ask.path.clone();
        let path: Vec<&str> = words.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["metadata"] => return self.metadata(),
            [".well-known", "smart-configuration"] => return self.smart_configuration(),
            ["auth", "token"] => return self.token(ask),
            _ => {}
        }
        match self.admit(ask) {
            Ok(grant) => ask.grant = grant,
            Err(refusal) => return *refusal,
        }
        let ask: &ServerRequest = ask;
        if let (["bulk", "jobs", id, "2"], &Method::GET) = (path.as_slice(), &ask.method) {
            return self.page(id, &ask.grant);
        }
        if self.is_hapi()
            && let Some(reply) = self.hapi_answer(ask, &path)
        {
            return reply;
        }
        if let Some(reply) = self.cohort_answer(ask, &path) {
            return reply;
        }
        match path.as_slice() {
            ["$export"] => self.kick_off(ask, Reach::System),
            // The directory holds no patients, nor groups of them.
            [_, "$export"] | ["Group", _, "$export"] if self.is_hcpd() => not_found(),
            ["Patient", "$export"] => self.kick_off(ask, Reach::Patients),
            ["Group", id, "$export"] => self.kick_off(ask, Reach::Group((*id).to_owned())),
            ["bulk", "jobs", id] => match ask.method {
                Method::GET => self.poll(id, &ask.grant),
                Method::DELETE => self.cancel(id, &ask.grant),
                _ => not_allowed("GET, DELETE"),
            },
            [name, id] if self.options.writable && matches!(ask.method, Method::PUT | Method::DELETE) => {
                self.write(ask, name, id)
            }
            _ if ask.method != Method::GET => not_allowed("GET"),
            ["bulk", "files", shelf, name] => self.file(shelf, name, &ask.grant),
            ["Binary", id] => self.attachment(id),
            [name] => self.search(name, ask),
            [name, id] => self.read(name, id),
            _ => not_found(),
        }
    }

    /// The path below the base, in decoded parts; none: not below the base.
    fn below_base(&self, path: &str) -> Option<Vec<String>> {
        let own = self.options.base.path().trim_end_matches('/');
        let rest = path.strip_prefix(own)?.strip_prefix('/')?;
        Some(rest.split('/').map(|part| percent_decode(part).into_owned()).collect())
    }
}

pub(crate) fn not_found() -> ServerReply {
    ServerReply::refusal(Point::Other, StatusCode::NOT_FOUND, "not-found", "there is nothing at this path")
}

pub(crate) fn not_allowed(allow: &str) -> ServerReply {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    ServerReply::refusal(Point::Other, status, "not-supported", &format!("{allow} only")).with("allow", allow)
}

/// Answers any request.
pub(crate) async fn answer(State(server): State<Arc<Server>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let reply = match (server.below_base(parts.uri.path()), to_bytes(body, MAX_BODY).await) {
        (None, _) => {
            let text = "there is nothing outside the base";
            (None, ServerReply::refusal(Point::Other, StatusCode::NOT_FOUND, "not-found", text))
        }
        (_, Err(_)) => {
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            (None, ServerReply::refusal(Point::Other, status, "too-long", "the body is longer than a mebibyte"))
        }
        (Some(path), Ok(body)) => {
            let mut ask = ServerRequest {
                grant: Grant::default(),
                method: parts.method,
                target: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
                path,
                query: parts.uri.query().unwrap_or_default().to_owned(),
                headers: parts.headers,
                body,
            };
            let reply = server.reply(&mut ask);
            (Some(ask), reply)
        }
    };
    match reply {
        (Some(ask), reply) => {
            let reply = mutate::apply(&server, &ask, server.dated(reply));
            server.send(&ask.headers, reply)
        }
        (None, reply) => server.send(&HeaderMap::new(), server.dated(reply)),
    }
}

impl Server {
    /// The answer with its Date, which a fault may take out again.
    fn dated(&self, mut reply: ServerReply) -> ServerReply {
        let date = httpdate::fmt_http_date(self.options.clock.now());
        crate::reference::reply::set(&mut reply.headers, "date", &date);
        reply
    }

    /// Makes the bytes of an answer.
    fn send(&self, asked: &HeaderMap, reply: ServerReply) -> Response {
        let mut headers = reply.headers;
        let is_file = matches!(reply.point, Point::FileOutput | Point::FileError | Point::FileDeleted);
        let unlabelled = is_file && self.does(Behavior::SilentGzip);
        let wanted = files::takes_gzip(asked) || self.does(Behavior::AlwaysGzip);
        let labelled = is_file
            && !unlabelled
            && wanted
            && !self.does(Behavior::NeverGzip)
            && reply.status == StatusCode::OK
            && !headers.contains_key(CONTENT_ENCODING);
        if labelled {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        let gzip = labelled || unlabelled;
        let body = match reply.payload {
            Payload::Lines(rows) if is_file && self.does(Behavior::SlowFiles) => {
                let plain = bytes_of(Payload::Lines(rows));
                let whole = if gzip { Bytes::from(files::gzip(&plain)) } else { plain };
                files::slowly(whole, self.does(Behavior::CutAtExpiry))
            }
            Payload::Lines(rows) if !self.does(Behavior::OddChunks) => files::stream_lines(rows, gzip),
            payload => {
                let plain = bytes_of(payload);
                let whole = if gzip { Bytes::from(files::gzip(&plain)) } else { plain };
                if is_file && self.does(Behavior::OddChunks) { files::odd_chunks(whole) } else { Body::from(whole) }
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = reply.status;
        *response.headers_mut() = headers;
        response
    }
}

/// A body, whole.
pub(crate) fn bytes_of(payload: Payload) -> Bytes {
    match payload {
        Payload::Empty => Bytes::new(),
        Payload::Json(value) => Bytes::from(value.to_string()),
        Payload::Raw(bytes) => bytes,
        Payload::Lines(rows) => {
            let mut whole = Vec::new();
            for line in rows.iter() {
                whole.extend_from_slice(&line);
                whole.push(b'\n');
            }
            Bytes::from(whole)
        }
    }
}
