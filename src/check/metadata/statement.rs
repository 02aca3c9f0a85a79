//! Access to the CapabilityStatement of a run.

use serde_json::Value;

use crate::check::exchange::{items, response};
use crate::check::index::Index;
use crate::check::outcome::CheckOutcome;
use crate::check::reasons;
use crate::recording::model::{Outcome, Role};

/// Returns the CapabilityStatement and the id of its exchange.
///
/// # Errors
/// The outcome of a check that needs it, if the run has none.
pub(crate) fn statement<'a>(index: &Index<'a>) -> Result<(u32, &'a Value), CheckOutcome> {
    let mut requests = index.recording.exchanges.iter().filter(|e| e.role == Role::Metadata && !e.superseded);
    let last = requests
        .next_back()
        .ok_or_else(|| CheckOutcome::Undecided("the run did not request the CapabilityStatement".to_owned()))?;
    let found = response(last).filter(|answer| answer.status == 200).and_then(|answer| answer.body.json.as_ref());
    let found = found.filter(|body| body.get("resourceType").and_then(Value::as_str) == Some("CapabilityStatement"));
    match (found, &last.outcome) {
        (Some(found), _) => Ok((last.id, found)),
        (None, Outcome::NoResponse(trouble)) => Err(CheckOutcome::Undecided(trouble.message.clone())),
        (None, Outcome::Handshake(_)) => Err(CheckOutcome::NotApplicable(reasons::HANDSHAKE.to_owned())),
        (None, Outcome::Response(answer)) => Err(CheckOutcome::NotApplicable(format!(
            "the run got no CapabilityStatement: metadata returned {}",
            answer.status
        ))),
    }
}

/// Returns whether the array `key` of `value` has an extension with a URL that ends in `end`.
pub(crate) fn has_extension(value: &Value, key: &str, end: &str) -> bool {
    items(value, key)
        .iter()
        .any(|extension| extension.get("url").and_then(Value::as_str).is_some_and(|url| url.ends_with(end)))
}

/// Returns the entries of `rest.resource` for one type.
pub(crate) fn entries<'a>(statement: &'a Value, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    let all = items(statement, "rest").iter().flat_map(|rest| items(rest, "resource").iter());
    all.filter(move |resource| resource.get("type").and_then(Value::as_str) == Some(kind))
}
