//! One request from its asking to the head of its last answer: credentials, redirects, and the exchanges on the recording.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use http::header::{AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use url::Url;

use crate::base::secret::Secret;
use crate::recording::model::{Request, Role, Trouble, TroubleKind};
use crate::redact::recorder::{About, Pending};
use crate::session::client::{Reply, RequestSpec, Session, interrupted, trouble, wait_for};
use crate::session::{decode, redirect};
use crate::suite::flow::Identity;
use crate::transport::message::{BodyStream, Incoming, Outgoing};

/// How we name ourselves.
const AGENT: &str = concat!("plimsoll/", env!("CARGO_PKG_VERSION"), " (+bulk data conformance)");

/// The most that is read of the body of an answer that is not the last one.
const PASSING_BODY: usize = 64 << 10;

/// The bytes a second, on average, that a body must bring once it has taken longer than a job is waited for: whatever is
/// slower could go on for ever, a byte at a time.
const SLOWEST: u64 = 10_000;

/// How long the answer to a kick-off that is under way is still waited for when the run is interrupted.
const GRACE: Duration = Duration::from_secs(5);

/// The head of a last answer; its body is still to be read.
pub(crate) struct ResponseHead {
    pub pending: Pending,
    pub url: Url,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: BodyStream,
}

/// One request, ready to go, and how it is shown.
pub(crate) struct Hop {
    pub about: About,
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Option<bytes::Bytes>,
    /// The body as the recording shows it.
    pub shown_body: Option<String>,
    /// Whether we made the URL ourselves.
    pub own: bool,
    /// Whether the end of its path is not shown.
    pub masked: bool,
}

impl Session {
    /// Sends what is asked for, with credentials, follows redirects and asks again with a fresh token where a renewable
    /// one was refused.
    pub(crate) async fn fly(&self, ask: &RequestSpec) -> Result<ResponseHead, Reply> {
        let redactor = self.shared.recorder.redactor();
        // A server may well give its jobs the address of the kick-off, with a parameter.
        let own = is_own(ask, &self.shared.settings.base) && !(ask.role == Role::Probe && redactor.knows(&ask.url));
        if own {
            redactor.ours(&ask.url);
            redactor.our_values(ask.body.as_deref().unwrap_or_default());
        }
        let mut trail: Vec<Url> = Vec::new();
        let mut url = ask.url.clone();
        let mut refused: Option<Secret> = None;
        loop {
            let mut hop = Hop {
                about: About { flow: ask.flow.clone(), role: ask.role, probe: ask.probe.clone(), file: ask.file },
                method: ask.method.clone(),
                url: url.clone(),
                headers: ask.headers.clone(),
                body: ask.body.clone(),
                shown_body: ask.body.as_ref().map(|body| redactor.text_of_ours(body)),
                own: own && trail.is_empty(),
                masked: ask.masked,
            };
            hop.headers.remove(AUTHORIZATION);
            if let Err(trouble) = redirect::allowed(&trail, &url) {
                return Err(self.not_sent(hop, trouble));
            }
            let token = match self.credentials(ask, &url, trail.is_empty(), refused.as_ref()).await {
                Ok(token) => token,
                Err(trouble) => return Err(self.not_sent(hop, trouble)),
            };
            if let Some(token) = &token {
                match bearer(token) {
                    Ok(value) => drop(hop.headers.insert(AUTHORIZATION, value)),
                    Err(trouble) => return Err(self.not_sent(hop, trouble)),
                }
            }
            let mut landing = self.hop(hop, ask.role == Role::Cleanup).await?;
            if landing.status == StatusCode::UNAUTHORIZED
                && refused.is_none()
                && let Some(token) = token.filter(|_| self.shared.auth.renewable(ask.identity))
            {
                refused = Some(token);
                self.pass(landing).await;
                continue;
            }
            match redirect::target(&ask.method, &landing.url, landing.status, &landing.headers) {
                Some(next) => {
                    trail.push(url);
                    url = next;
                    self.pass(landing).await;
                }
                None => {
                    // What the caller hears of is what was asked, not what HTTP made of it.
                    landing.url.set_fragment(None);
                    return Ok(landing);
                }
            }
        }
    }

    /// The token that goes with a request to `url`, if one does.
    async fn credentials(
        &self,
        ask: &RequestSpec,
        url: &Url,
        first: bool,
        refused: Option<&Secret>,
    ) -> Result<Option<Secret>, Trouble> {
        if ask.identity == Identity::None {
            return Ok(None);
        }
        // The discovery document is where tokens come from: it is read without one.
        let own = matches!(ask.identity, Identity::Client | Identity::Renewed);
        if ask.open || ask.role == Role::SmartConfiguration || (own && !self.shared.auth.at_play()) {
            return Ok(None);
        }
        let settings = &self.shared.settings;
        let origin = url.origin();
        if origin != settings.base.origin() && !settings.allow_origins.contains(&origin) {
            if !first {
                return Ok(None);
            }
            let origin = origin.ascii_serialization();
            let what = if ask.role == Role::File { "the file" } else { "the address" };
            let message = format!(
                "{what} lies on another origin ({origin}), to which the token is not sent; allow it with --allow-origin {origin}"
            );
            return Err(trouble(TroubleKind::NotSent, message));
        }
        self.token(ask.identity, refused, ask.role == Role::Cleanup).await
    }

    /// Sends one request and writes its head down. Trouble is on the recording when this returns.
    pub(crate) async fn hop(&self, mut hop: Hop, even_if_interrupted: bool) -> Result<ResponseHead, Reply> {
        let shared = &self.shared;
        if !hop.headers.contains_key(USER_AGENT) {
            hop.headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        }
        // Credentials in a URL would go on as a header of their own, past the rules for tokens.
        let mut url = hop.url.clone();
        url.set_fragment(None);
        if !url.username().is_empty() || url.password().is_some() {
            let _ = url.set_username("");
            let _ = url.set_password(None);
        }
        let outgoing = Outgoing {
            method: hop.method.clone(),
            url,
            headers: hop.headers.clone(),
            body: hop.body.clone(),
            patience: shared.settings.idle_timeout,
        };
        let (target, method) = (hop.url.clone(), hop.method.clone());
        let mut pending = self.write_down(hop);
        if self.is_interrupted() && !even_if_interrupted {
            return Err(fail(pending, interrupted()));
        }
        shared.requests.fetch_add(1, Ordering::Relaxed);
        let flag = shared.interrupt.subscribe();
        // What is under way may start a job or make a Group, and only its answer says how that is deleted.
        let leaves =
            target.path().ends_with("$export") || (method == Method::POST && target.path().ends_with("/Group"));
        let grace = if leaves { GRACE } else { Duration::ZERO };
        let sending = shared.transport.send(outgoing);
        let result = if even_if_interrupted {
            sending.await
        } else {
            tokio::pin!(sending);
            tokio::select! {
                biased;
                () = wait_for(flag) => {
                    tokio::time::timeout(grace, &mut sending).await.unwrap_or_else(|_| Err(interrupted()))
                }
                result = &mut sending => result,
            }
        };
        if !matches!(&result, Err(trouble) if trouble.kind != TroubleKind::Tls) {
            self.note_origin(&target);
        }
        match result {
            Ok(Incoming { status, headers, body }) => {
                pending.head(status, &headers);
                let body = self.watched(body, even_if_interrupted);
                Ok(ResponseHead { pending, url: target, status, headers, body })
            }
            Err(trouble) => Err(fail(pending, trouble)),
        }
    }

    /// Reads an answer that is not the last word and writes it down as superseded.
    async fn pass(&self, landing: ResponseHead) {
        let ResponseHead { pending, status, headers, body, .. } = landing;
        let (body, broken) = decode::read(&headers, body, PASSING_BODY).await;
        let look = pending.look(status, &headers, &body);
        pending.body(look, broken, true);
    }

    fn not_sent(&self, hop: Hop, trouble: Trouble) -> Reply {
        fail(self.write_down(hop), trouble)
    }

    fn write_down(&self, hop: Hop) -> Pending {
        let redactor = self.shared.recorder.redactor();
        let url = match (hop.masked, hop.own) {
            (true, _) => redactor.masked_url(&hop.url),
            (false, true) => redactor.own_url(&hop.url),
            (false, false) => redactor.url(&hop.url),
        };
        let request = Request {
            method: hop.method.as_str().to_owned(),
            url,
            headers: redactor.headers(&hop.headers),
            body: hop.shown_body,
        };
        self.shared.recorder.open(hop.about, request)
    }

    /// A body that is counted, that must neither pause for too long nor drip, and that ends when the run is interrupted.
    fn watched(&self, body: BodyStream, even_if_interrupted: bool) -> BodyStream {
        let (idle, longest) = (self.shared.settings.idle_timeout, self.shared.settings.max_wait);
        let (clock, began) = (self.shared.clock, self.shared.clock.elapsed());
        let bytes = self.shared.bytes.clone();
        let flag = (!even_if_interrupted).then(|| self.shared.interrupt.subscribe());
        let state = Some((body, flag, bytes, 0_u64));
        Box::pin(stream::unfold(state, move |state| async move {
            let (mut body, flag, bytes, mut came) = state?;
            let stopped = async {
                match flag.clone() {
                    Some(flag) => wait_for(flag).await,
                    None => std::future::pending().await,
                }
            };
            let next = tokio::select! {
                biased;
                () = stopped => Some(Err(interrupted())),
                next = tokio::time::timeout(idle, body.next()) => next.unwrap_or_else(|_| Some(Err(paused(idle)))),
            };
            match next? {
                Ok(chunk) => {
                    bytes.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                    came = came.saturating_add(chunk.len() as u64);
                    let took = clock.elapsed().saturating_sub(began);
                    if took > longest.saturating_add(Duration::from_secs(came / SLOWEST)) {
                        return Some((Err(dripped(came, took)), None));
                    }
                    Some((Ok(chunk), Some((body, flag, bytes, came))))
                }
                Err(trouble) => Some((Err(trouble), None)),
            }
        }))
    }
}

fn fail(pending: Pending, trouble: Trouble) -> Reply {
    let exchange = pending.id();
    pending.trouble(trouble.clone());
    Reply { exchange, result: Err(trouble) }
}

fn paused(idle: Duration) -> Trouble {
    trouble(TroubleKind::Timeout, format!("nothing more of the body came for {} s", idle.as_secs_f32()))
}

fn dripped(came: u64, took: Duration) -> Trouble {
    let seconds = took.as_secs();
    let message = format!("the body is too slow: {came} bytes came in {seconds} s; --max-wait says how long is waited");
    trouble(TroubleKind::Timeout, message)
}

fn bearer(token: &Secret) -> Result<HeaderValue, Trouble> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.reveal()))
        .map_err(|_| trouble(TroubleKind::NotSent, "the token holds characters that no header can carry"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Whether we made the URL of a request ourselves: what is asked of the base by a name that we know.
fn is_own(ask: &RequestSpec, base: &Url) -> bool {
    match ask.role {
        Role::Kickoff | Role::Metadata | Role::SmartConfiguration | Role::Token => true,
        Role::Poll | Role::Page | Role::File | Role::Delete | Role::Cleanup => false,
        Role::Probe => {
            let Some(rest) = ask.url.as_str().strip_prefix(base.as_str().trim_end_matches('/')) else { return false };
            let path = rest.split('?').next().unwrap_or_default().trim_matches('/');
            let parts: Vec<&str> = path.split('/').collect();
            matches!(
                parts.as_slice(),
                ["$export"]
                    | ["Group"]
                    | ["Patient", "$export"]
                    | ["Group", _, "$export"]
                    | ["metadata"]
                    | [".well-known", "smart-configuration"]
            )
        }
    }
}
