//! Checks on what a client is granted: scopes kept from it, and keys that change while the server looks.

use serde_json::Value;

use crate::check::auth::{field, grants, permissions};
use crate::check::context::{CheckContext, CheckOutcome, Violation, response};
use crate::check::show;
use crate::recording::model::Exchange;

/// `scope-withheld`: what was granted lets do nothing of what was asked for. A token without a scope beside it covers what
/// was asked for (RFC 6749, section 5.1).
pub fn scope_withheld(exchange: &Exchange) -> CheckOutcome {
    let (Some(answer), Some(asked)) = (response(exchange), field(exchange, "scope")) else {
        return CheckOutcome::Nothing("there is no answer".to_owned());
    };
    if !grants(answer) {
        return CheckOutcome::Yes;
    }
    let scope = answer.body.json.as_ref().and_then(|json| json.get("scope")).and_then(Value::as_str);
    let granted = scope.unwrap_or(&asked);
    let (asked, granted) = (permissions(&asked), permissions(granted));
    let touches = |one: &crate::check::auth::Permission<'_>| {
        asked.iter().any(|other| (one.kind == "*" || one.kind == other.kind) && !one.may.is_disjoint(&other.may))
    };
    let given: Vec<&str> = granted.iter().filter(|one| touches(one)).map(|one| one.text).collect();
    CheckOutcome::or_violation(given.is_empty(), || {
        let expected = asked.iter().map(|one| one.text).collect::<Vec<_>>().join(" ");
        Violation::new("body", "body /scope", format!("nothing of {expected}"), show::text(&given.join(" ")))
    })
}

/// `key-set-read`: the key set that the run serves was read, so that its changes can be seen.
pub fn key_set_read(context: &CheckContext<'_>) -> CheckOutcome {
    let reads = context.flow.key_reads.values().copied().max().unwrap_or(0);
    if reads > 0 {
        return CheckOutcome::Yes;
    }
    CheckOutcome::Nothing(
        "the server did not read the key set that the run serves; the client is registered otherwise, it seems"
            .to_owned(),
    )
}

/// `key-set-kept`: of three token requests in a row the second and the third did not each bring the key set to be read
/// anew, though it may be kept for longer than they took.
pub fn key_set_kept(context: &CheckContext<'_>) -> CheckOutcome {
    let reads = |probe: &str| context.flow.key_reads.get(probe).copied();
    let (Some(first), Some(second), Some(third)) = (reads("token"), reads("again"), reads("third")) else {
        return CheckOutcome::Nothing("the requests were not all sent".to_owned());
    };
    CheckOutcome::or_violation(!(second > first && third > second), || {
        let found = format!("{} times in two token requests", third - first);
        Violation::new("none", "key set", "read once, and kept as Cache-Control allows", found)
    })
}
