//! Access to the parts of an exchange: its response, its manifest and the items of a list.

use serde_json::Value;
use url::{Origin, Url};

use crate::check::outcome::CheckOutcome;
use crate::recording::model::{Exchange, Outcome, Response};

/// Returns the body of an exchange if it is a manifest.
pub fn manifest_of(exchange: &Exchange) -> Option<&Value> {
    let json = response(exchange)?.body.json.as_ref()?;
    crate::recording::shape::is_manifest(json).then_some(json)
}

/// Returns scheme, host and port of a URL.
pub(crate) fn origin(url: &str) -> Option<Origin> {
    Some(Url::parse(url).ok()?.origin())
}

/// Returns the items of a list in a manifest; none if it is not an array.
pub(crate) fn items<'m>(manifest: &'m Value, list: &str) -> &'m [Value] {
    manifest.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Returns a sum that does not overflow: a recording may have any numbers.
pub(crate) fn saturating_sum(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.fold(0, u64::saturating_add)
}

/// Returns the outcome of a check of manifests on an exchange without one.
pub(crate) fn no_manifest() -> CheckOutcome {
    CheckOutcome::NotApplicable("the flow received no manifest".to_owned())
}

/// Returns the response of an exchange; none after a transport error or a handshake.
pub fn response(exchange: &Exchange) -> Option<&Response> {
    match &exchange.outcome {
        Outcome::Response(response) => Some(response),
        Outcome::NoResponse(_) | Outcome::Handshake(_) => None,
    }
}
