//! The CapabilityStatement of a run.

use serde_json::Value;

use crate::check::exchange::{items, response};
use crate::check::index::Index;
use crate::check::outcome::CheckOutcome;
use crate::recording::model::{Outcome, Role};

/// The CapabilityStatement and the id of its exchange; without one, the outcome of a check that needs it.
pub(crate) fn statement<'a>(index: &Index<'a>) -> Result<(u32, &'a Value), CheckOutcome> {
    let mut asked = index.recording.exchanges.iter().filter(|e| e.role == Role::Metadata && !e.superseded);
    let last = asked
        .next_back()
        .ok_or_else(|| CheckOutcome::Undecided("the CapabilityStatement was not asked for".to_owned()))?;
    let found = response(last).filter(|answer| answer.status == 200).and_then(|answer| answer.body.json.as_ref());
    let found = found.filter(|body| body.get("resourceType").and_then(Value::as_str) == Some("CapabilityStatement"));
    match (found, &last.outcome) {
        (Some(found), _) => Ok((last.id, found)),
        (None, Outcome::NoResponse(trouble)) => Err(CheckOutcome::Undecided(trouble.message.clone())),
        (None, Outcome::Handshake(_)) => {
            Err(CheckOutcome::NotApplicable("a handshake is no CapabilityStatement".to_owned()))
        }
        (None, Outcome::Response(answer)) => Err(CheckOutcome::NotApplicable(format!(
            "there is no CapabilityStatement: metadata was answered {}",
            answer.status
        ))),
    }
}

/// Whether the array `key` of `value` holds an extension with a URL that ends in `end`.
pub(crate) fn has_extension(value: &Value, key: &str, end: &str) -> bool {
    items(value, key)
        .iter()
        .any(|extension| extension.get("url").and_then(Value::as_str).is_some_and(|url| url.ends_with(end)))
}

/// The entries of `rest.resource` for one type.
pub(crate) fn entries<'a>(statement: &'a Value, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    let all = items(statement, "rest").iter().flat_map(|rest| items(rest, "resource").iter());
    all.filter(move |resource| resource.get("type").and_then(Value::as_str) == Some(kind))
}
