//! What an exchange holds: its response, its manifest and the items of a list.

use serde_json::Value;

use crate::check::outcome::CheckOutcome;
use crate::recording::model::{Exchange, Outcome, Response};

/// The manifest in an exchange's body, if it is one.
pub fn manifest_of(exchange: &Exchange) -> Option<&Value> {
    let json = response(exchange)?.body.json.as_ref()?;
    crate::recording::shape::is_manifest(json).then_some(json)
}

/// The items of one list of a manifest; none where it is no array.
pub(crate) fn items<'m>(manifest: &'m Value, list: &str) -> &'m [Value] {
    manifest.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// A sum that does not overflow: a recording may hold any numbers.
pub(crate) fn saturating_sum(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.fold(0, u64::saturating_add)
}

/// The outcome of a check of manifests on an exchange without one.
pub(crate) fn no_manifest() -> CheckOutcome {
    CheckOutcome::NotApplicable("there is no manifest".to_owned())
}

/// The response of an exchange, if there is one.
pub fn response(exchange: &Exchange) -> Option<&Response> {
    match &exchange.outcome {
        Outcome::Response(response) => Some(response),
        Outcome::NoResponse(_) | Outcome::Handshake(_) => None,
    }
}
