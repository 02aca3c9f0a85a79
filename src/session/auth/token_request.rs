//! Getting a token by SMART Backend Services: the token endpoint is found, a signed request is sent, its answer is read.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::Value;
use url::Url;

use crate::base::secret::Secret;
use crate::recording::model::{Role, Trouble, TroubleKind};
use crate::redact::recorder::About;
use crate::session::auth::assertion::SigningKey;
use crate::session::auth::credentials::{HeldToken, TokenState};
use crate::session::auth::invalid_token_requests;
use crate::session::auth::invalid_token_requests::{Applicant, Application};
use crate::session::client::{Reply, RequestSpec, Session, trouble};
use crate::session::decode;
use crate::session::send::{Hop, ResponseHead};
use crate::settings::key_set::NEXT_KEY_ID;
use crate::settings::run_settings::{Credentials, Smart};
use crate::suite::flow::{Identity, Probe, Wrong};
use crate::transport::address_guard::is_loopback;

/// A token that says nothing of its end is taken to last this long, as SMART recommends at most.
const USUAL_LIFETIME: Duration = Duration::from_secs(300);
/// A token is renewed when this share of its life is over, or when so much is left, whichever is earlier.
const SHARE: f64 = 0.8;
const MARGIN: Duration = Duration::from_secs(30);
/// The most that is read of a token response.
const TOKEN_BODY: usize = 1 << 20;
/// A token that is longer is no token.
const MAX_LEN_TOKEN: usize = 64 << 10;

impl Session {
    /// Fetches a token of a client for `scope`.
    pub(crate) async fn fetch(
        &self,
        smart: &Smart,
        scope: &str,
        state: &mut TokenState,
        cleanup: bool,
    ) -> Result<HeldToken, Trouble> {
        let about = About { flow: None, role: Role::Token, probe: None, file: None };
        let application = self.apply(smart, scope, None, state).await?;
        let (landing, sent) = self.ask_token(&application, about, state, cleanup).await?;
        self.granted(landing, sent).await.1
    }

    /// A token request as the probe `probe` of `flow`: one that is right, or wrong in one way. What comes of it is on the
    /// recording, and no request is sent with a token that it brings. Nothing is sent where the run has no SMART client.
    pub(crate) async fn probe_token(&self, flow: &str, probe: &Probe) {
        let Some(client) = self.shared.auth.client(Identity::Client) else { return };
        let Credentials::Smart(smart) = &client.credentials else { return };
        let about = About { flow: Some(flow.to_owned()), role: Role::Probe, probe: Some(probe.id.clone()), file: None };
        let kept = self.shared.settings.forbidden_scope.as_ref();
        let scope = match probe.identity {
            _ if probe.wrong == Some(Wrong::ForbiddenScope) => match kept {
                Some(scope) => scope.clone(),
                None => return,
            },
            Identity::Narrow => match invalid_token_requests::narrow_scope(&smart.scope) {
                Some(scope) => scope,
                None => return,
            },
            _ => smart.scope.clone(),
        };
        let mut state = client.state.lock().await;
        let Ok(application) = self.apply(smart, &scope, probe.wrong, &mut state).await else { return };
        let times = if probe.wrong == Some(Wrong::Replay) { 2 } else { 1 };
        for time in 1..=times {
            let Ok((landing, sent)) = self.ask_token(&application, about.clone(), &state, false).await else {
                return;
            };
            let (exchange, given) = self.granted(landing, sent).await;
            if time < times {
                // What is used a second time must have been good the first time.
                if given.is_err() {
                    return;
                }
                self.shared.recorder.supersede(exchange);
            }
        }
    }

    /// Makes a token request ready.
    async fn apply(
        &self,
        smart: &Smart,
        scope: &str,
        wrong: Option<Wrong>,
        state: &mut TokenState,
    ) -> Result<Application, Trouble> {
        let endpoint = match (&state.endpoint, &smart.token_url) {
            (Some(endpoint), _) => endpoint.clone(),
            (None, Some(endpoint)) => endpoint.clone(),
            (None, None) => self.discover().await?,
        };
        self.trusted(&endpoint)?;
        state.endpoint = Some(endpoint.clone());
        if state.key.is_none() {
            state.key = Some(SigningKey::parse(&smart.key).map_err(unusable)?);
        }
        self.publish(smart, state).map_err(unusable)?;
        let (key, key_id) = match &state.next {
            Some(next) if wrong == Some(Wrong::NewKey) => (Some(next), Some(NEXT_KEY_ID)),
            _ => (state.key.as_ref(), smart.key_id.as_deref()),
        };
        let Some(key) = key else { return Err(unusable("the key is gone".to_owned())) };
        let applicant = Applicant {
            client: &smart.client_id,
            key,
            key_id,
            endpoint: &endpoint,
            scope,
            now: self.shared.clock.now(),
        };
        let application = applicant.apply(wrong).map_err(unusable)?;
        self.shared.recorder.redactor().hide(application.assertion.reveal());
        Ok(application)
    }

    /// Sends a token request; gives the answer's head and when it was asked for.
    async fn ask_token(
        &self,
        application: &Application,
        about: About,
        state: &TokenState,
        cleanup: bool,
    ) -> Result<(ResponseHead, Duration), Trouble> {
        let Some(endpoint) = &state.endpoint else { return Err(unusable("no token endpoint is known".to_owned())) };
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let hop = Hop {
            about,
            method: Method::POST,
            url: endpoint.clone(),
            headers,
            body: Some(Bytes::from(application.form(application.assertion.reveal()))),
            shown_body: Some(application.form("") + crate::redact::redactor::REDACTED),
            own: true,
            masked: false,
        };
        let sent = self.shared.clock.elapsed();
        // No redirects: the assertion is for this endpoint alone.
        let landing = self.hop(hop, cleanup).await.map_err(|reply| match reply.result {
            Err(found) => trouble(found.kind, format!("no token: {}", found.message)),
            Ok(_) => unusable("the token request failed".to_owned()),
        })?;
        Ok((landing, sent))
    }

    /// Reads a token response; gives the number of its exchange, too.
    async fn granted(&self, landing: ResponseHead, sent: Duration) -> (u32, Result<HeldToken, Trouble>) {
        let exchange = landing.pending.id();
        (exchange, self.read_token(landing, sent).await)
    }

    async fn read_token(&self, landing: ResponseHead, sent: Duration) -> Result<HeldToken, Trouble> {
        let ResponseHead { pending, status, headers, body, .. } = landing;
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
                // What is cut off first is not found any more.
                let more: String = redactor.text(more).chars().take(200).collect();
                message.push_str(&format!(": {more:?}"));
            }
            return Err(unusable(redactor.text(&message)));
        }
        let token = text("access_token").filter(|token| !token.is_empty() && token.len() <= MAX_LEN_TOKEN);
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
        let lasts = lasts.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let renew_at = sent.saturating_add(usable(lasts.unwrap_or(USUAL_LIFETIME)));
        let scope = text("scope").map(|scope| redactor.text(scope));
        Ok(HeldToken { token: Secret::new(token), renew_at, lasts: lasts.map(|lasts| (lasts, sent)), scope })
    }

    /// The token endpoint as the target's discovery document names it.
    async fn discover(&self) -> Result<Url, Trouble> {
        let base = &self.shared.settings.base;
        let url = format!("{}/.well-known/smart-configuration", base.as_str().trim_end_matches('/'));
        let url = Url::parse(&url).map_err(|error| unusable(format!("the base has no discovery document: {error}")))?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let ask = RequestSpec {
            masked: false,
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
    fn boxed(&self, ask: RequestSpec) -> Pin<Box<dyn Future<Output = Reply> + Send + '_>> {
        Box::pin(self.send(ask))
    }

    /// Refuses a token endpoint that the assertion would reach in the clear.
    fn trusted(&self, endpoint: &Url) -> Result<(), Trouble> {
        let local = is_loopback(&self.shared.settings.base) && is_loopback(endpoint);
        let local = local || self.shared.settings.allow_http;
        self.note_origin(endpoint);
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
