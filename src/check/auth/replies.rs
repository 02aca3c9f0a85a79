//! Access to responses to token requests and probes.

use serde_json::Value;

use crate::check::context::CheckContext;
use crate::check::outcome::CheckOutcome;
use crate::check::reasons;
use crate::recording::model::{Exchange, Outcome, Response, Role};

/// Returns the response of an exchange.
///
/// # Errors
/// The outcome of a check, if there is no response.
pub(crate) fn response_or_outcome(exchange: &Exchange) -> Result<&Response, CheckOutcome> {
    match &exchange.outcome {
        Outcome::Response(response) => Ok(response),
        Outcome::NoResponse(trouble) => Err(CheckOutcome::Undecided(trouble.message.clone())),
        Outcome::Handshake(_) => Err(CheckOutcome::NotApplicable(reasons::HANDSHAKE.to_owned())),
    }
}

/// Returns whether a token response has a token.
pub(crate) fn has_token(response: &Response) -> bool {
    let token = response.body.json.as_ref().and_then(|json| json.get("access_token")).and_then(Value::as_str);
    (200..300).contains(&response.status) && token.is_some_and(|token| !token.is_empty())
}

/// Returns the exchange of the probe `id` in the flow of the context.
pub(crate) fn probe<'a>(context: &CheckContext<'a>, id: &str) -> Option<&'a Exchange> {
    let all = context.index.exchanges(&context.flow.name).iter().rev().copied();
    all.into_iter().find(|e| e.role == Role::Probe && e.probe.as_deref() == Some(id) && !e.superseded)
}

/// Returns the value of a field in the form that the request sent.
pub(crate) fn form_field(exchange: &Exchange, name: &str) -> Option<String> {
    let body = exchange.request.body.as_deref()?;
    url::form_urlencoded::parse(body.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
