//! Finds the token endpoint in the discovery document of the target.

use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::Value;
use url::Url;

use crate::recording::model::{Role, Trouble, TroubleKind};
use crate::session::exchange::RequestSpec;
use crate::session::send::{NoToken, send};
use crate::session::sender::{RequestSender, read};
use crate::suite::flow::Identity;

/// The maximum that is read of a discovery document, in bytes.
const MAX_DOCUMENT: usize = 16 << 20;

/// What a user can do if the discovery document names no token endpoint.
const HINT: &str = "give --token-url";

/// The token endpoint that the discovery document of the target names.
///
/// # Errors
/// There is no such document, or it names no token endpoint.
pub(crate) async fn token_endpoint(sender: &RequestSender) -> Result<Url, Trouble> {
    let url = format!("{}/.well-known/smart-configuration", sender.settings.base.as_str().trim_end_matches('/'));
    let url = Url::parse(&url).map_err(|error| no_token(format!("the base has no discovery document: {error}")))?;
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let spec = RequestSpec {
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
    let reply = match send(sender, &NoToken, &spec).await {
        Ok(head) => read(head, MAX_DOCUMENT).await,
        Err(reply) => reply,
    };
    let response = reply.result.map_err(|found| {
        Trouble::new(found.kind, format!("the token endpoint cannot be found: {}; {HINT}", found.message))
    })?;
    if response.status != StatusCode::OK {
        let status = response.status.as_u16();
        return Err(no_token(format!(
            "the token endpoint cannot be found: .well-known/smart-configuration returned {status}; {HINT}"
        )));
    }
    let json: Option<Value> = serde_json::from_slice(&response.body).ok();
    let endpoint = json.as_ref().and_then(|json| json.get("token_endpoint")).and_then(Value::as_str);
    let endpoint = endpoint.ok_or_else(|| {
        no_token(format!(
            "the token endpoint cannot be found: .well-known/smart-configuration has no token_endpoint; {HINT}"
        ))
    })?;
    // A relative URL is not allowed here, but it has only one meaning.
    url.join(endpoint).map_err(|_| no_token(format!("the token_endpoint {endpoint:?} is not a URL; {HINT}")))
}

/// The trouble that there is no token: no request was sent, or the response is unusable.
pub(crate) fn no_token(message: String) -> Trouble {
    Trouble::new(TroubleKind::NotSent, format!("no token: {message}"))
}
