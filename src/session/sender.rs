//! Sends and records one request to one URL. It adds no token and follows no redirect.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::header::USER_AGENT;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use url::Url;

use crate::base::clock::Clock;
use crate::recording::model::{Request, Role, Trouble, TroubleKind};
use crate::redact::recorder::{Pending, Purpose, Recorder};
use crate::session::body::{BodyLimits, limited};
use crate::session::decode;
use crate::session::exchange::{FullResponse, Reply, ResponseHead};
use crate::session::interrupt::{Interrupt, interrupted};
use crate::session::liveness::Liveness;
use crate::session::origins::Origins;
use crate::session::rate::{RateLimiter, RateRoute};
use crate::settings::run_settings::Settings;
use crate::transport::message::{Incoming, Outgoing, Transport};

/// The value of the header User-Agent.
const PRODUCT: &str = concat!("plimsoll/", env!("CARGO_PKG_VERSION"), " (+bulk data conformance)");

/// The maximum that is read of the body of a superseded response, in bytes.
const MAX_SUPERSEDED_BODY: usize = 64 << 10;

/// How long an interrupted run still waits for the response to a kick-off that it has sent.
const KICKOFF_GRACE: Duration = Duration::from_secs(5);

/// One request to one URL, and how the recording shows it.
pub(crate) struct SingleRequest {
    pub purpose: Purpose,
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Option<bytes::Bytes>,
    /// The body as the recording shows it.
    pub shown_body: Option<String>,
    /// Whether Plimsoll made the URL.
    pub own: bool,
    /// Whether the recording hides the end of the URL path.
    pub masked: bool,
}

/// Sends and records single requests.
pub(crate) struct RequestSender {
    pub settings: Arc<Settings>,
    pub transport: Arc<dyn Transport>,
    pub clock: Clock,
    pub recorder: Recorder,
    pub interrupt: Interrupt,
    pub origins: Origins,
    pub liveness: Liveness,
    rate: RateLimiter,
    requests: AtomicU64,
    bytes: Arc<AtomicU64>,
}

impl RequestSender {
    pub fn new(settings: Arc<Settings>, transport: Arc<dyn Transport>, clock: Clock, recorder: Recorder) -> Self {
        let rate = RateLimiter::new(settings.rate, clock);
        Self {
            rate,
            liveness: Liveness::new(),
            settings,
            transport,
            clock,
            recorder,
            interrupt: Interrupt::new(),
            origins: Origins::default(),
            requests: AtomicU64::new(0),
            bytes: Arc::default(),
        }
    }

    /// The number of requests that were sent.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// The number of body bytes that were received, before decoding.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Sends one request and records the head of the response. When this returns `Err`, the trouble is recorded.
    pub async fn send_once(
        &self,
        mut request: SingleRequest,
        even_if_interrupted: bool,
    ) -> Result<ResponseHead, Reply> {
        if !request.headers.contains_key(USER_AGENT) {
            request.headers.insert(USER_AGENT, HeaderValue::from_static(PRODUCT));
        }
        // The HTTP library would turn credentials in a URL into a header, which would bypass the rules for tokens.
        let mut url = request.url.clone();
        url.set_fragment(None);
        if !url.username().is_empty() || url.password().is_some() {
            let _ = url.set_username("");
            let _ = url.set_password(None);
        }
        let outgoing = Outgoing {
            method: request.method.clone(),
            url,
            headers: request.headers.clone(),
            body: request.body.clone(),
            timeout: self.settings.idle_timeout,
        };
        let (target, method) = (request.url.clone(), request.method.clone());
        let (purpose, own) = (&request.purpose, request.own);
        let route = RateRoute::of(&self.settings.base, purpose.role, purpose.file.is_some(), own, &target);
        if let Some(route) = route {
            tokio::select! {
                biased;
                () = self.interrupt.raised() => {}
                () = self.rate.admit(route) => {}
            }
        }
        let name = {
            let of = purpose.flow.as_ref().map(|flow| format!(" of flow {flow}")).unwrap_or_default();
            format!("the {}{of}", if purpose.role == Role::Probe { "probe" } else { purpose.role.as_str() })
        };
        let mut pending = self.record(request);
        if self.interrupt.is_raised() && !even_if_interrupted {
            return Err(close_with_trouble(pending, interrupted()));
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
        let raised = self.interrupt.raised();
        // A kick-off may start a job and a POST may create a Group; only the response has the URL to delete them.
        let creates =
            target.path().ends_with("$export") || (method == Method::POST && target.path().ends_with("/Group"));
        let grace = if creates { KICKOFF_GRACE } else { Duration::ZERO };
        let sending = self.transport.send(outgoing);
        let result = if even_if_interrupted {
            sending.await
        } else {
            tokio::pin!(sending);
            tokio::select! {
                biased;
                () = raised => {
                    tokio::time::timeout(grace, &mut sending).await.unwrap_or_else(|_| Err(interrupted()))
                }
                result = &mut sending => result,
            }
        };
        if !matches!(&result, Err(trouble) if trouble.kind != TroubleKind::Tls) {
            self.origins.add(&target);
        }
        if target.origin() == self.settings.base.origin() {
            let name = || format!("{name} (exchange {})", pending.id());
            self.liveness.note(self.clock, name, result.as_ref().err());
        }
        match result {
            Ok(Incoming { status, headers, body }) => {
                pending.head(status, &headers);
                if let Some(route) = route.filter(|_| status == StatusCode::TOO_MANY_REQUESTS) {
                    self.rate.throttled(route, &headers);
                }
                let limits = BodyLimits {
                    idle_timeout: self.settings.idle_timeout,
                    max_wait: self.settings.max_wait,
                    clock: self.clock,
                    received: self.bytes.clone(),
                };
                let raised = (!even_if_interrupted).then(|| self.interrupt.raised());
                let stop = async move {
                    match raised {
                        Some(raised) => raised.await,
                        None => std::future::pending().await,
                    }
                };
                Ok(ResponseHead { pending, url: target, status, headers, body: limited(body, limits, stop) })
            }
            Err(trouble) => Err(close_with_trouble(pending, trouble)),
        }
    }

    /// Records a request that is not sent, and the reason.
    pub fn not_sent(&self, request: SingleRequest, trouble: Trouble) -> Reply {
        close_with_trouble(self.record(request), trouble)
    }

    fn record(&self, request: SingleRequest) -> Pending {
        let redactor = self.recorder.redactor();
        let url = match (request.masked, request.own) {
            (true, _) => redactor.masked_url(&request.url),
            (false, true) => redactor.own_url(&request.url),
            (false, false) => redactor.url(&request.url),
        };
        let shown = Request {
            method: request.method.as_str().to_owned(),
            url,
            headers: crate::redact::headers::redact_headers(redactor, &request.headers),
            body: request.shown_body,
        };
        self.recorder.open(request.purpose, shown)
    }
}

/// Reads the body of a response, up to `limit` bytes, and closes the exchange.
pub(crate) async fn read(head: ResponseHead, limit: usize) -> Reply {
    let ResponseHead { pending, url, status, headers, body } = head;
    let (body, broken) = decode::read(&headers, body, limit).await;
    let exchange = pending.id();
    let described = pending.describe_body(status, &headers, &body);
    pending.body(described, broken.clone(), false);
    Reply { exchange, result: Ok(FullResponse { url, status, headers, body, broken }) }
}

/// Reads the body of a superseded response, and closes the exchange.
pub(crate) async fn read_superseded(head: ResponseHead) {
    let ResponseHead { pending, status, headers, body, .. } = head;
    let (body, broken) = decode::read(&headers, body, MAX_SUPERSEDED_BODY).await;
    let described = pending.describe_body(status, &headers, &body);
    pending.body(described, broken, true);
}

fn close_with_trouble(pending: Pending, trouble: Trouble) -> Reply {
    let exchange = pending.id();
    pending.trouble(trouble.clone());
    Reply { exchange, result: Err(trouble) }
}
