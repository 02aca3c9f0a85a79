//! The one way in which the drive talks to its target: a request goes in with its raw URL, a raw answer comes out, and a
//! redacted exchange lies on the recording. Credentials, redirects, limits and the guard against luring live here; the flows
//! never see a token.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use tokio::sync::watch;
use url::Url;

use crate::base::clock::Clock;
use crate::recording::model::{Body, BodyKind, FileRef, Role, Trouble, TroubleKind};
use crate::redact::recorder::{Pending, Recorder};
use crate::session::auth::credentials::Auth;
use crate::session::send::ResponseHead;
use crate::settings::run_settings::Settings;
use crate::suite::flow::Identity;
use crate::transport::message::{BodyStream, Transport};

/// The longest body that [`Session::send`] reads, in bytes, as it came and decoded alike.
pub const SMALL_BODY: usize = 16 << 20;

/// A request to be made.
#[derive(Clone, Debug)]
pub struct RequestSpec {
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
    /// The end of its URL is the target's data, and is not shown.
    pub masked: bool,
}

/// A raw answer whose body was read whole, within limits.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The number of the exchange on the recording; after redirects, the last one's.
    pub exchange: u32,
    /// What came, or why nothing did.
    pub result: Result<FullResponse, Trouble>,
}

/// A response, read whole.
#[derive(Clone, Debug)]
pub struct FullResponse {
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

/// A raw answer whose body is read by the caller. Its exchange reaches the recording when [`Streaming::finish`] is called.
pub struct Streaming {
    /// The number of the exchange on the recording.
    pub exchange: u32,
    /// The URL that answered, after redirects.
    pub url: Url,
    /// The status.
    pub status: StatusCode,
    /// The headers as they came.
    pub headers: HeaderMap,
    /// The body as it comes, content coding not undone.
    pub body: BodyStream,
    pub(crate) pending: Pending,
}

impl Streaming {
    /// Closes the exchange on the recording. `decoded` is the body's length with its content coding undone, `kind` what it
    /// turned out to be, `broken` why it could not be read to its end. The media type, the status and the bytes over
    /// the wire are known already. A `Streaming` that is dropped instead is written down as given up.
    pub fn finish(self, decoded: u64, kind: BodyKind, broken: Option<Trouble>) {
        self.pending.body(Body { bytes: decoded, kind, ..Body::default() }, broken, false);
    }

    /// Closes the exchange of a body that turned out to be no file of lines and was read whole by the caller, content
    /// coding undone: what it is and what may be kept of it are looked up as for [`Session::send`].
    pub fn finish_with(self, decoded: &[u8], broken: Option<Trouble>) {
        let body = self.pending.look(self.status, &self.headers, decoded);
        self.pending.body(body, broken, false);
    }
}

/// The way to the target. Cheap to clone; all clones share counters, credentials and the interruption.
#[derive(Clone)]
pub struct Session {
    pub(crate) shared: Arc<SessionState>,
}

pub(crate) struct SessionState {
    pub(crate) settings: Arc<Settings>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) clock: Clock,
    pub(crate) recorder: Recorder,
    pub(crate) auth: Auth,
    pub(crate) requests: AtomicU64,
    pub(crate) bytes: Arc<AtomicU64>,
    pub(crate) interrupt: watch::Sender<bool>,
    /// The origins that the run came to, each by a URL without a path.
    pub(crate) origins: Mutex<Vec<Url>>,
}

impl Session {
    /// A session with the target of `settings` that sends over `transport` and writes what it does with `recorder`.
    pub fn new(settings: Arc<Settings>, transport: Arc<dyn Transport>, clock: Clock, recorder: Recorder) -> Self {
        let auth = Auth::new(&settings);
        let (interrupt, _) = watch::channel(false);
        let shared = SessionState {
            settings,
            transport,
            clock,
            recorder,
            auth,
            requests: AtomicU64::new(0),
            bytes: Arc::default(),
            interrupt,
            origins: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Sends a request, follows redirects, and reads the answer's body within [`SMALL_BODY`]. An answer of any status
    /// is `Ok`; `Err` is for what brought none. A body that is longer, broken or wrongly coded is handed out as far as
    /// it goes, with the reason in [`FullResponse::broken`].
    pub async fn send(&self, ask: RequestSpec) -> Reply {
        self.send_within(ask, SMALL_BODY).await
    }

    /// The same, with a limit of its own in bytes.
    pub async fn send_within(&self, ask: RequestSpec, limit: usize) -> Reply {
        match self.fly(&ask).await {
            Ok(landing) => self.read(landing, limit).await,
            Err(reply) => reply,
        }
    }

    /// Sends a request, follows redirects, and leaves the body of a 2xx answer to the caller. Any other answer, and
    /// trouble, comes back as from [`Session::send`].
    pub async fn open(&self, ask: RequestSpec) -> Result<Streaming, Reply> {
        let landing = self.fly(&ask).await?;
        if !landing.status.is_success() {
            return Err(self.read(landing, SMALL_BODY).await);
        }
        let ResponseHead { pending, url, status, headers, body } = landing;
        Ok(Streaming { exchange: pending.id(), url, status, headers, body, pending })
    }

    async fn read(&self, landing: ResponseHead, limit: usize) -> Reply {
        let ResponseHead { pending, url, status, headers, body } = landing;
        let (body, broken) = crate::session::decode::read(&headers, body, limit).await;
        let exchange = pending.id();
        let look = pending.look(status, &headers, &body);
        pending.body(look, broken.clone(), false);
        Reply { exchange, result: Ok(FullResponse { url, status, headers, body, broken }) }
    }

    /// Asks for an access token ahead of the first request that needs one, so that a run whose credentials are wrong
    /// ends before it begins. Nothing is sent where no token endpoint is at play.
    pub async fn authorize(&self) -> Result<(), Trouble> {
        self.token(Identity::Client, None, false).await.map(drop)
    }

    /// Ends all sending but clean-up: requests under way and bodies being read come back as
    /// [`TroubleKind::Interrupted`], and so do later ones of any role but [`Role::Cleanup`].
    pub fn interrupt(&self) {
        self.shared.interrupt.send_replace(true);
    }

    /// Whether [`Session::interrupt`] was called.
    pub fn is_interrupted(&self) -> bool {
        *self.shared.interrupt.borrow()
    }

    /// Waits until [`Session::interrupt`] is called, for waits between requests.
    pub async fn interrupted(&self) {
        wait_for(self.shared.interrupt.subscribe()).await;
    }

    /// Requests sent, redirects and token requests included.
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// Bytes of bodies received, as they came over the wire.
    pub fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::Relaxed)
    }

    /// The recording in the making.
    pub fn recorder(&self) -> &Recorder {
        &self.shared.recorder
    }

    /// The run's time.
    pub fn clock(&self) -> Clock {
        self.shared.clock
    }
}

/// Waits until the flag is raised; for ever, if whoever could raise it is gone.
pub(crate) async fn wait_for(mut flag: watch::Receiver<bool>) {
    if flag.wait_for(|raised| *raised).await.is_err() {
        std::future::pending::<()>().await;
    }
}

pub(crate) fn interrupted() -> Trouble {
    trouble(TroubleKind::Interrupted, "the run was interrupted")
}

pub(crate) fn trouble(kind: TroubleKind, message: impl Into<String>) -> Trouble {
    Trouble { kind, message: message.into() }
}
