//! Token requests by SMART Backend Services: sends a signed form to the token endpoint and reads the token in the
//! response.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::Value;
use url::Url;

use crate::base::secret::Secret;
use crate::recording::model::{Role, Trouble};
use crate::redact::recorder::Purpose;
use crate::redact::secrets::REDACTED;
use crate::session::auth::discovery::{no_token, token_endpoint};
use crate::session::auth::invalid_token_requests::{TokenRequest, TokenRequestBuilder};
use crate::session::auth::key_rotation;
use crate::session::auth::signing_key::SigningKey;
use crate::session::auth::tokens::{HeldToken, TokenState};
use crate::session::decode;
use crate::session::exchange::ResponseHead;
use crate::session::sender::{RequestSender, SingleRequest};
use crate::settings::key_set::NEXT_KEY_ID;
use crate::settings::run_settings::Smart;
use crate::suite::flow::Wrong;
use crate::transport::address_guard::is_loopback;

/// The lifetime of a token if the response does not state it, the maximum that SMART recommends.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);
/// A token is renewed after this share of its lifetime, or when only `RENEWAL_MARGIN` is left, whichever is earlier.
const USED_SHARE: f64 = 0.8;
const RENEWAL_MARGIN: Duration = Duration::from_secs(30);
/// The maximum that is read of a token response, in bytes.
const MAX_TOKEN_BODY: usize = 1 << 20;
/// The maximum length of a token, in bytes.
const MAX_LEN_TOKEN: usize = 64 << 10;

/// The head of a token response, and when the request was sent.
pub(crate) struct TokenResponse {
    pub head: ResponseHead,
    sent: Duration,
}

/// Requests tokens.
pub(crate) struct TokenRequester<'s> {
    sender: &'s RequestSender,
}

impl<'s> TokenRequester<'s> {
    pub fn new(sender: &'s RequestSender) -> Self {
        Self { sender }
    }

    /// Requests a token of a client for `scope`.
    pub async fn request_token(
        &self,
        smart: &Smart,
        scope: &str,
        state: &mut TokenState,
        cleanup: bool,
    ) -> Result<HeldToken, Trouble> {
        let purpose = Purpose { flow: None, role: Role::Token, probe: None, file: None };
        let request = self.prepare(smart, scope, None, state).await?;
        let response = self.post(&request, purpose, state, cleanup).await?;
        self.read(response).await
    }

    /// Prepares a token request, which is invalid in the way of `wrong` if it is given.
    pub async fn prepare(
        &self,
        smart: &Smart,
        scope: &str,
        wrong: Option<Wrong>,
        state: &mut TokenState,
    ) -> Result<TokenRequest, Trouble> {
        let endpoint = match (&state.endpoint, &smart.token_url) {
            (Some(endpoint), _) => endpoint.clone(),
            (None, Some(endpoint)) => endpoint.clone(),
            (None, None) => token_endpoint(self.sender).await?,
        };
        self.require_https(&endpoint)?;
        state.endpoint = Some(endpoint.clone());
        if state.key.is_none() {
            state.key = Some(SigningKey::parse(&smart.key).map_err(no_token)?);
        }
        key_rotation::publish(&self.sender.settings, smart, state).map_err(no_token)?;
        let (key, key_id) = match &state.next {
            Some(next) if wrong == Some(Wrong::NewKey) => (Some(next), Some(NEXT_KEY_ID)),
            _ => (state.key.as_ref(), smart.key_id.as_deref()),
        };
        let Some(key) = key else { return Err(no_token("the key is missing".to_owned())) };
        let builder = TokenRequestBuilder {
            client: &smart.client_id,
            key,
            key_id,
            endpoint: &endpoint,
            scope,
            now: self.sender.clock.now(),
        };
        let request = builder.build(wrong).map_err(no_token)?;
        self.sender.recorder.redactor().hide(request.assertion.reveal());
        Ok(request)
    }

    /// Sends a token request; returns the head of the response.
    pub async fn post(
        &self,
        request: &TokenRequest,
        purpose: Purpose,
        state: &TokenState,
        cleanup: bool,
    ) -> Result<TokenResponse, Trouble> {
        let Some(endpoint) = &state.endpoint else { return Err(no_token("no token endpoint is known".to_owned())) };
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let single = SingleRequest {
            purpose,
            method: Method::POST,
            url: endpoint.clone(),
            headers,
            body: Some(Bytes::from(request.form(request.assertion.reveal()))),
            shown_body: Some(request.form("") + REDACTED),
            own: true,
            masked: false,
        };
        let sent = self.sender.clock.elapsed();
        // No redirect is followed: the assertion is for this endpoint only.
        let head = self.sender.send_once(single, cleanup).await.map_err(|reply| match reply.result {
            Err(found) => Trouble::new(found.kind, format!("no token: {}", found.message)),
            Ok(_) => no_token("the token request failed".to_owned()),
        })?;
        Ok(TokenResponse { head, sent })
    }

    /// Reads a token response and closes its exchange.
    pub async fn read(&self, response: TokenResponse) -> Result<HeldToken, Trouble> {
        let TokenResponse { head: ResponseHead { pending, status, headers, body, .. }, sent } = response;
        let (body, broken) = decode::read(&headers, body, MAX_TOKEN_BODY).await;
        let json: Option<Value> = serde_json::from_slice(&body).ok();
        let text = |name: &str| json.as_ref().and_then(|json| json.get(name)).and_then(Value::as_str);
        let redactor = self.sender.recorder.redactor();
        for name in ["access_token", "refresh_token", "id_token"] {
            if let Some(secret) = text(name) {
                redactor.hide(secret);
            }
        }
        let described = pending.describe_body(status, &headers, &body);
        pending.body(described, broken.clone(), false);
        if let Some(broken) = broken {
            return Err(Trouble::new(broken.kind, format!("no token: {}", broken.message)));
        }
        if status != StatusCode::OK {
            let mut message = format!("the token endpoint returned {}", status.as_u16());
            if let Some(error) = text("error") {
                message.push_str(&format!(" {error:?}"));
            }
            if let Some(description) = text("error_description") {
                // Redact before cutting: a part of a secret would not be recognized.
                let description: String = redactor.text(description).chars().take(200).collect();
                message.push_str(&format!(": {description:?}"));
            }
            return Err(no_token(redactor.text(&message)));
        }
        let token = text("access_token").filter(|token| !token.is_empty() && token.len() <= MAX_LEN_TOKEN);
        let token =
            token.ok_or_else(|| no_token("the token endpoint returned 200 without an access_token".to_owned()))?;
        if let Some(kind) = text("token_type").filter(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            return Err(no_token(format!("the token has the type {kind:?}; only bearer tokens are supported")));
        }
        let lasts = json.as_ref().and_then(|json| json.get("expires_in")).and_then(|value| match value {
            Value::Number(number) => number.as_f64(),
            // The RFC requires a number. A string is common, so it is accepted here.
            Value::String(text) => text.parse().ok(),
            _ => None,
        });
        let lasts = lasts.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let renew_at = sent.saturating_add(usable_time(lasts.unwrap_or(DEFAULT_LIFETIME)));
        let scope = text("scope").map(str::to_owned);
        Ok(HeldToken { token: Secret::new(token), renew_at, lasts: lasts.map(|lasts| (lasts, sent)), scope })
    }

    /// Refuses a token endpoint over plain HTTP, unless `--allow-http` permits it or both ends are on this machine.
    fn require_https(&self, endpoint: &Url) -> Result<(), Trouble> {
        let settings = &self.sender.settings;
        let may_be_plain = settings.allow_http || (is_loopback(&settings.base) && is_loopback(endpoint));
        self.sender.origins.add(endpoint);
        match endpoint.scheme() {
            "https" => Ok(()),
            "http" if may_be_plain => Ok(()),
            _ => Err(no_token(format!(
                "the token endpoint {} is not https, so no assertion is sent to it; give --allow-http to permit it",
                self.sender.recorder.redactor().own_url(endpoint)
            ))),
        }
    }
}

/// How long a token with the lifetime `lasts` is used.
fn usable_time(lasts: Duration) -> Duration {
    let share = lasts.mul_f64(USED_SHARE);
    // The margin would be longer than the lifetime of a shorter token.
    if lasts > RENEWAL_MARGIN * 2 { share.min(lasts.saturating_sub(RENEWAL_MARGIN)) } else { share }
}
