//! The way from a run to its target: a request goes in with its raw URL, a raw response comes out, and the recording
//! holds a redacted exchange. Callers never see a token.

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

/// The longest body that [`Session::send`] reads, in bytes, with and without its content coding.
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
    /// status is `Ok`; `Err` means that there is none. [`FullResponse::broken`] says why a body ends early.
    ///
    /// [`FullResponse::broken`]: crate::session::exchange::FullResponse::broken
    pub async fn send(&self, spec: RequestSpec) -> Reply {
        self.send_within(spec, MAX_BODY).await
    }

    /// As [`Session::send`], with another limit of the body in bytes.
    pub async fn send_within(&self, spec: RequestSpec, limit: usize) -> Reply {
        match send::send(&self.sender, &*self.tokens, &spec).await {
            Ok(head) => read(head, limit).await,
            Err(reply) => reply,
        }
    }

    /// Sends a request, follows redirects, and leaves the body of a 2xx response to the caller. Any other response, and
    /// trouble, comes back as from [`Session::send`].
    pub async fn open(&self, spec: RequestSpec) -> Result<Streaming, Reply> {
        let head = send::send(&self.sender, &*self.tokens, &spec).await?;
        if !head.status.is_success() {
            return Err(read(head, MAX_BODY).await);
        }
        Ok(head.into_streaming())
    }

    /// Requests an access token before the first request that needs one, so that a run with wrong credentials ends
    /// before it begins. Sends nothing if the run has no token endpoint.
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

    /// Ends all sending except clean-up: requests and bodies under way end as [`TroubleKind::Interrupted`], and later
    /// requests of any role but [`Role::Cleanup`] are not sent.
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

    /// How many requests were sent, redirects and token requests included.
    pub fn requests(&self) -> u64 {
        self.sender.requests()
    }

    /// How many bytes of bodies were received, content coding included.
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
