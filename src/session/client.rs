//! Sends the requests of a run to its target. Callers give a request with its raw URL and receive a raw response; the
//! recording gets a redacted exchange. Callers never see a token.

use std::sync::Arc;

use crate::base::clock::Clock;
use crate::recording::model::Trouble;
use crate::redact::recorder::Recorder;
use crate::session::auth::token_source::TokenSource;
use crate::session::exchange::{Reply, RequestSpec, Streaming};
use crate::session::send;
use crate::session::sender::{RequestSender, read};
use crate::session::tls_probes::TlsProber;
use crate::settings::run_settings::Settings;
use crate::suite::flow::Identity;
use crate::transport::message::Transport;

/// The maximum length of a body that [`Session::send`] reads, in bytes, before and after decoding.
pub const MAX_BODY: usize = 16 << 20;

/// A session with the target. Cheap to clone; all clones share counters, tokens and the interruption.
#[derive(Clone)]
pub struct Session {
    sender: Arc<RequestSender>,
    tokens: Arc<TokenSource>,
}

impl Session {
    /// A session with the target of `settings` that sends over `transport` and records with `recorder`.
    pub fn new(settings: Arc<Settings>, transport: Arc<dyn Transport>, clock: Clock, recorder: Recorder) -> Self {
        let sender = Arc::new(RequestSender::new(settings, transport, clock, recorder));
        let tokens = Arc::new(TokenSource::new(sender.clone()));
        Self { sender, tokens }
    }

    /// Sends a request, follows redirects, and reads the body of the response, up to [`MAX_BODY`]. A response of any
    /// status is `Ok`; `Err` means that there is no response. [`FullResponse::broken`] is the reason if a body ends
    /// early.
    ///
    /// [`FullResponse::broken`]: crate::session::exchange::FullResponse::broken
    pub async fn send(&self, spec: RequestSpec) -> Reply {
        self.send_within(spec, MAX_BODY).await
    }

    /// The same as [`Session::send`], with another limit for the body, in bytes.
    pub async fn send_within(&self, spec: RequestSpec, limit: usize) -> Reply {
        match send::send(&self.sender, &*self.tokens, &spec).await {
            Ok(head) => read(head, limit).await,
            Err(reply) => reply,
        }
    }

    /// Sends a request and follows redirects; the caller reads the body of a 2xx response. Any other response, and
    /// trouble, is returned as from [`Session::send`].
    pub async fn open(&self, spec: RequestSpec) -> Result<Streaming, Reply> {
        let head = send::send(&self.sender, &*self.tokens, &spec).await?;
        if !head.status.is_success() {
            return Err(read(head, MAX_BODY).await);
        }
        Ok(head.into_streaming())
    }

    /// Requests an access token before the first request that needs one, so that a run with wrong credentials ends
    /// immediately. Sends nothing if the run has no token endpoint.
    pub async fn authorize(&self) -> Result<(), Trouble> {
        self.tokens.token(Identity::Client, None, false).await.map(drop)
    }

    /// The tokens of the run.
    pub(crate) fn tokens(&self) -> &TokenSource {
        &self.tokens
    }

    /// Probes of the TLS versions that the target supports.
    pub(crate) fn tls(&self) -> TlsProber<'_> {
        TlsProber::new(&self.sender)
    }

    /// Stops all sending except clean-up: running requests and bodies end as [`TroubleKind::Interrupted`], and later
    /// requests of any role except [`Role::Cleanup`] are not sent.
    ///
    /// [`TroubleKind::Interrupted`]: crate::recording::model::TroubleKind::Interrupted
    /// [`Role::Cleanup`]: crate::recording::model::Role::Cleanup
    pub fn interrupt(&self) {
        self.sender.interrupt.raise();
    }

    /// Waits until [`Session::interrupt`] is called.
    pub async fn interrupted(&self) {
        self.sender.interrupt.raised().await;
    }

    /// Waits until the target no longer responds; returns what happened.
    pub async fn died(&self) -> String {
        self.sender.liveness.died().await
    }

    /// Returns what happened if the target no longer responds.
    pub fn why_dead(&self) -> Option<String> {
        self.sender.liveness.why_dead()
    }

    /// The number of requests that were sent, redirects and token requests included.
    pub fn requests(&self) -> u64 {
        self.sender.requests()
    }

    /// The number of body bytes that were received, before decoding.
    pub fn bytes(&self) -> u64 {
        self.sender.bytes()
    }

    /// The recorder of the run.
    pub fn recorder(&self) -> &Recorder {
        &self.sender.recorder
    }

    /// The clock of the run.
    pub fn clock(&self) -> Clock {
        self.sender.clock
    }
}
