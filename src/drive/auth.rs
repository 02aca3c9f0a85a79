//! How requests are authorized: by a token that lasts, or by SMART Backend Services, whose tokens are had with a signed
//! assertion and renewed before they end.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::Value;
use tokio::sync::Mutex;
use url::{Host, Url};

use super::assertion::Key;
use super::decode;
use super::flight::{Hop, Landing};
use super::recorder::About;
use super::session::{Ask, Reply, Session, trouble};
use super::settings::{Credentials, Settings, Smart};
use crate::secret::Secret;
use crate::suite::model::Identity;
use crate::tape::model::{Role, Trouble, TroubleKind};

/// A token that says nothing of its end is taken to last this long, as SMART recommends at most.
const USUAL_LIFETIME: Duration = Duration::from_secs(300);
/// A token is renewed when this share of its life is over, or when so much is left, whichever is earlier.
const SHARE: f64 = 0.8;
const MARGIN: Duration = Duration::from_secs(30);
/// How long a failure is remembered: many flows ask at once, and the token endpoint need not hear them all.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most that is read of a token response.
const TOKEN_BODY: usize = 1 << 20;
/// A token that is longer is no token.
const LONGEST_TOKEN: usize = 64 << 10;

/// A client id that nobody registered.
const STRANGER: &str = "plimsoll-unknown-client";

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What is known of tokens.
pub(super) struct Auth {
    credentials: Credentials,
    /// Held while a token is fetched, so that one request serves all who wait.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    endpoint: Option<Url>,
    key: Option<Key>,
    held: Option<Held>,
    failed: Option<(Duration, Trouble)>,
}

struct Held {
    token: Secret,
    /// Since the run began.
    renew_at: Duration,
}

impl Auth {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { credentials: settings.credentials.clone(), state: Mutex::default() }
    }

    /// Whether requests carry a token at all.
    pub(super) fn at_play(&self) -> bool {
        !matches!(self.credentials, Credentials::None)
    }

    /// Whether a refused token can be had anew.
    pub(super) fn renewable(&self) -> bool {
        matches!(self.credentials, Credentials::Smart(_))
    }
}

impl Session {
    /// The token of the run's own client, another one than `refused`. Clean-up gets one though the run was interrupted.
    pub(super) async fn token(&self, refused: Option<&Secret>, cleanup: bool) -> Result<Option<Secret>, Trouble> {
        let auth = &self.shared.auth;
        let smart = match &auth.credentials {
            Credentials::None => return Ok(None),
            Credentials::Token(token) => return Ok(Some(token.clone())),
            Credentials::Smart(smart) => smart,
        };
        let mut state = auth.state.lock().await;
        let now = self.shared.clock.elapsed();
        if let Some(held) = &state.held
            && Some(&held.token) != refused
            && now < held.renew_at
        {
            return Ok(Some(held.token.clone()));
        }
        if let Some((since, trouble)) = &state.failed
            && now < *since + PATIENCE
        {
            return Err(trouble.clone());
        }
        match self.fetch(smart, &mut state, cleanup).await {
            Ok(held) => {
                let token = held.token.clone();
                (state.held, state.failed) = (Some(held), None);
                Ok(Some(token))
            }
            Err(trouble) => {
                if trouble.kind != TroubleKind::Interrupted {
                    state.failed = Some((self.shared.clock.elapsed(), trouble.clone()));
                }
                Err(trouble)
            }
        }
    }

    async fn fetch(&self, smart: &Smart, state: &mut State, cleanup: bool) -> Result<Held, Trouble> {
        let about = About { flow: None, role: Role::Token, probe: None, file: None };
        let (landing, sent) = self.ask_token(smart, &smart.client_id, about, state, cleanup).await?;
        self.granted(landing, sent).await
    }

    /// A token request as the probe `probe` of `flow`: the run's own, or one of a client that nobody registered. What
    /// comes of it is on the tape, and no request is sent with a token that it brings. Nothing is sent where the run has
    /// no SMART client.
    pub(super) async fn probe_token(&self, flow: &str, probe: &str, stranger: bool) {
        let auth = &self.shared.auth;
        let Credentials::Smart(smart) = &auth.credentials else { return };
        let client = if stranger { STRANGER } else { smart.client_id.as_str() };
        let about = About { flow: Some(flow.to_owned()), role: Role::Probe, probe: Some(probe.to_owned()), file: None };
        let mut state = auth.state.lock().await;
        if let Ok((landing, sent)) = self.ask_token(smart, client, about, &mut state, false).await {
            // A refusal is what some probes are sent for.
            let _ = self.granted(landing, sent).await;
        }
    }

    /// Sends a token request of `client`, signed with the run's key; gives the answer's head and when it was asked for.
    async fn ask_token(
        &self,
        smart: &Smart,
        client: &str,
        about: About,
        state: &mut State,
        cleanup: bool,
    ) -> Result<(Landing, Duration), Trouble> {
        let endpoint = match (&state.endpoint, &smart.token_url) {
            (Some(endpoint), _) => endpoint.clone(),
            (None, Some(endpoint)) => endpoint.clone(),
            (None, None) => self.discover().await?,
        };
        self.trusted(&endpoint)?;
        state.endpoint = Some(endpoint.clone());
        if state.key.is_none() {
            state.key = Some(Key::parse(&smart.key).map_err(unusable)?);
        }
        let Some(key) = &state.key else { return Err(unusable("the key is gone".to_owned())) };
        let now = self.shared.clock.now();
        let assertion = key.assertion(client, &endpoint, smart.key_id.as_deref(), now).map_err(unusable)?;
        self.shared.recorder.redactor().hide(assertion.reveal());
        let form = |assertion: &str| {
            url::form_urlencoded::Serializer::new(String::new())
                .append_pair("grant_type", "client_credentials")
                .append_pair("scope", &smart.scope)
                .append_pair("client_assertion_type", ASSERTION_TYPE)
                .append_pair("client_assertion", assertion)
                .finish()
        };
        let mut shown = form("");
        shown.push_str(super::redact::REDACTED);
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let hop = Hop {
            about,
            method: Method::POST,
            url: endpoint,
            headers,
            body: Some(Bytes::from(form(assertion.reveal()))),
            shown_body: Some(shown),
            own: true,
        };
        let sent = self.shared.clock.elapsed();
        // No redirects: the assertion is for this endpoint alone.
        let landing = self.hop(hop, cleanup).await.map_err(|reply| match reply.result {
            Err(found) => trouble(found.kind, format!("no token: {}", found.message)),
            Ok(_) => unusable("the token request failed".to_owned()),
        })?;
        Ok((landing, sent))
    }

    /// Reads a token response.
    async fn granted(&self, landing: Landing, sent: Duration) -> Result<Held, Trouble> {
        let Landing { pending, status, headers, body, .. } = landing;
        let (body, broken) = decode::read(&headers, body, TOKEN_BODY).await;
        let json: Option<Value> = serde_json::from_slice(&body).ok();
        let text = |name: &str| json.as_ref().and_then(|json| json.get(name)).and_then(Value::as_str);
        let redactor = self.shared.recorder.redactor();
        for name in ["access_token", "refresh_token", "id_token"] {
            if let Some(secret) = text(name) {
                redactor.hide(secret);
            }
        }
        let look = pending.look(status, &headers, &body);
        pending.body(look, broken.clone(), false);
        if let Some(broken) = broken {
            return Err(trouble(broken.kind, format!("no token: {}", broken.message)));
        }
        if status != StatusCode::OK {
            let mut message = format!("the token endpoint answered {}", status.as_u16());
            if let Some(error) = text("error") {
                message.push_str(&format!(" {error:?}"));
            }
            if let Some(more) = text("error_description") {
                message.push_str(&format!(": {:?}", more.chars().take(200).collect::<String>()));
            }
            return Err(unusable(redactor.text(&message)));
        }
        let token = text("access_token").filter(|token| !token.is_empty() && token.len() <= LONGEST_TOKEN);
        let token =
            token.ok_or_else(|| unusable("the token endpoint answered 200 without an access_token".to_owned()))?;
        if let Some(kind) = text("token_type").filter(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            return Err(unusable(format!(
                "the token is of the type {kind:?}, which cannot be used; only bearer tokens can"
            )));
        }
        let lasts = json.as_ref().and_then(|json| json.get("expires_in")).and_then(|value| match value {
            Value::Number(number) => number.as_f64(),
            // Not as the RFC has it, but common, and not what is judged here.
            Value::String(text) => text.parse().ok(),
            _ => None,
        });
        let lasts = lasts.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(USUAL_LIFETIME);
        let renew_at = sent.saturating_add(usable(lasts));
        Ok(Held { token: Secret::new(token), renew_at })
    }

    /// The token endpoint as the target's discovery document names it.
    async fn discover(&self) -> Result<Url, Trouble> {
        let base = &self.shared.settings.base;
        let url = format!("{}/.well-known/smart-configuration", base.as_str().trim_end_matches('/'));
        let url = Url::parse(&url).map_err(|error| unusable(format!("the base has no discovery document: {error}")))?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let ask = Ask {
            flow: None,
            role: Role::SmartConfiguration,
            probe: None,
            file: None,
            method: Method::GET,
            url: url.clone(),
            headers,
            body: None,
            identity: Identity::None,
            open: true,
        };
        let hint = "name the token endpoint in the configuration";
        let whole = self.boxed(ask).await.result.map_err(|found| {
            trouble(found.kind, format!("the token endpoint cannot be found: {}; {hint}", found.message))
        })?;
        if whole.status != StatusCode::OK {
            let status = whole.status.as_u16();
            return Err(unusable(format!(
                "the token endpoint cannot be found: .well-known/smart-configuration was answered {status}; {hint}"
            )));
        }
        let json: Option<Value> = serde_json::from_slice(&whole.body).ok();
        let endpoint = json.as_ref().and_then(|json| json.get("token_endpoint")).and_then(Value::as_str);
        let endpoint = endpoint.ok_or_else(|| {
            unusable(format!("the token endpoint cannot be found: .well-known/smart-configuration names none; {hint}"))
        })?;
        // Relative ones are not allowed, but there is only one way to read them.
        url.join(endpoint).map_err(|_| unusable(format!("the token_endpoint {endpoint:?} is no URL; {hint}")))
    }

    /// Sends with the type of the future forgotten: sending asks for tokens, and asking for tokens sends.
    fn boxed(&self, ask: Ask) -> Pin<Box<dyn Future<Output = Reply> + Send + '_>> {
        Box::pin(self.send(ask))
    }

    /// Refuses a token endpoint that the assertion would reach in the clear.
    fn trusted(&self, endpoint: &Url) -> Result<(), Trouble> {
        let local = match self.shared.settings.base.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        match endpoint.scheme() {
            "https" => Ok(()),
            "http" if local => Ok(()),
            _ => Err(unusable(format!(
                "the token endpoint {} is not https; the assertion is not sent to it",
                self.shared.recorder.redactor().own_url(endpoint)
            ))),
        }
    }
}

/// How long after it was asked for a token is used.
fn usable(lasts: Duration) -> Duration {
    let share = lasts.mul_f64(SHARE);
    // Of a token that is shorter than the margin, the margin would leave nothing.
    if lasts > MARGIN * 2 { share.min(lasts.saturating_sub(MARGIN)) } else { share }
}

fn unusable(message: String) -> Trouble {
    trouble(TroubleKind::NotSent, format!("no token: {message}"))
}
