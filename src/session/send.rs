//! Sends one request from its first URL to the head of its last response: tokens, redirects, and one repetition with a
//! fresh token.

use http::header::AUTHORIZATION;
use http::{HeaderValue, StatusCode};
use url::Url;

use crate::base::secret::Secret;
use crate::recording::model::{Role, Trouble, TroubleKind};
use crate::redact::recorder::Purpose;
use crate::session::exchange::{Reply, RequestSpec, ResponseHead};
use crate::session::redirect;
use crate::session::sender::{RequestSender, SingleRequest, read_superseded};
use crate::suite::flow::Identity;

/// Finds the token of each request in a chain of redirects.
pub(crate) trait Authorizer: Sync {
    /// The token for a request to `url`, if it needs one. `first` is true if no redirect led to this URL; `refused` is
    /// a token that the target refused.
    fn token_for(
        &self,
        spec: &RequestSpec,
        url: &Url,
        first: bool,
        refused: Option<&Secret>,
    ) -> impl Future<Output = Result<Option<Secret>, Trouble>> + Send;

    /// Whether a fresh token can replace a refused one of this identity.
    fn is_renewable(&self, identity: Identity) -> bool;
}

/// The authorizer of requests that need no token.
pub(crate) struct NoToken;

impl Authorizer for NoToken {
    async fn token_for(
        &self,
        _: &RequestSpec,
        _: &Url,
        _: bool,
        _: Option<&Secret>,
    ) -> Result<Option<Secret>, Trouble> {
        Ok(None)
    }

    fn is_renewable(&self, _: Identity) -> bool {
        false
    }
}

/// Sends `spec` with its token, follows redirects, and repeats the request once with a fresh token if the target
/// refuses a renewable one.
pub(crate) async fn send(
    sender: &RequestSender,
    authorizer: &impl Authorizer,
    spec: &RequestSpec,
) -> Result<ResponseHead, Reply> {
    let redactor = sender.recorder.redactor();
    // The URL of a job can be the URL of the kick-off with a parameter.
    let own = is_own(spec, &sender.settings.base) && !(spec.role == Role::Probe && redactor.knows(&spec.url));
    if own {
        redactor.keep_parts_of(&spec.url);
        redactor.keep_values_of(spec.body.as_deref().unwrap_or_default());
    }
    let mut trail: Vec<Url> = Vec::new();
    let mut url = spec.url.clone();
    let mut refused: Option<Secret> = None;
    loop {
        let mut request = SingleRequest {
            purpose: Purpose { flow: spec.flow.clone(), role: spec.role, probe: spec.probe.clone(), file: spec.file },
            method: spec.method.clone(),
            url: url.clone(),
            headers: spec.headers.clone(),
            body: spec.body.clone(),
            shown_body: spec.body.as_ref().map(|body| redactor.own_body(body)),
            own: own && trail.is_empty(),
            masked: spec.masked,
        };
        request.headers.remove(AUTHORIZATION);
        if let Err(trouble) = redirect::allowed(&trail, &url) {
            return Err(sender.not_sent(request, trouble));
        }
        let token = match authorizer.token_for(spec, &url, trail.is_empty(), refused.as_ref()).await {
            Ok(token) => token,
            Err(trouble) => return Err(sender.not_sent(request, trouble)),
        };
        if let Some(token) = &token {
            match bearer(token) {
                Ok(value) => drop(request.headers.insert(AUTHORIZATION, value)),
                Err(trouble) => return Err(sender.not_sent(request, trouble)),
            }
        }
        let mut head = sender.send_once(request, spec.role == Role::Cleanup).await?;
        if head.status == StatusCode::UNAUTHORIZED
            && refused.is_none()
            && let Some(token) = token.filter(|_| authorizer.is_renewable(spec.identity))
        {
            refused = Some(token);
            read_superseded(head).await;
            continue;
        }
        match redirect::target(&spec.method, &head.url, head.status, &head.headers) {
            Some(next) => {
                trail.push(url);
                url = next;
                read_superseded(head).await;
            }
            None => {
                // A fragment belongs to the redirect, not to the URL of the response.
                head.url.set_fragment(None);
                return Ok(head);
            }
        }
    }
}

fn bearer(token: &Secret) -> Result<HeaderValue, Trouble> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.reveal()))
        .map_err(|_| Trouble::new(TroubleKind::NotSent, "the token has characters that HTTP headers do not allow"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Whether Plimsoll made the URL of a request: its path below the base is a known one.
fn is_own(spec: &RequestSpec, base: &Url) -> bool {
    match spec.role {
        Role::Kickoff | Role::Metadata | Role::SmartConfiguration | Role::Token => true,
        Role::Poll | Role::Page | Role::File | Role::Delete | Role::Cleanup => false,
        Role::Probe => {
            let Some(rest) = spec.url.as_str().strip_prefix(base.as_str().trim_end_matches('/')) else { return false };
            let path = rest.split('?').next().unwrap_or_default().trim_matches('/');
            let parts: Vec<&str> = path.split('/').collect();
            matches!(
                parts.as_slice(),
                ["$export"]
                    | ["Group"]
                    | ["Group", _]
                    | ["Patient", "$export"]
                    | ["Group", _, "$export"]
                    | ["metadata"]
                    | [".well-known", "smart-configuration"]
            )
        }
    }
}
