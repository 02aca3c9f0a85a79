//! Checks of the scopes that a token covers.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::auth::replies::{form_field, has_token};
use crate::check::context::CheckContext;
use crate::check::exchange::response;
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::show;
use crate::recording::model::Exchange;
use crate::verdicts::finding_place::FindingPlace;

/// Types that do not show a narrower scope: the type that it covers, and types that wrap others or report on them.
const OUT_OF_SCOPE: [&str; 5] = ["Patient", "OperationOutcome", "Bundle", "Binary", "Parameters"];

/// `scope-not-broader`: the granted scope is within the requested scope. `.read` and `.rs` mean the same; other scopes
/// than those of resources are ignored.
pub(crate) fn scope_not_broader(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let granted = response(exchange).and_then(|response| response.body.json.as_ref()?.get("scope")?.as_str());
    let (Some(granted), Some(asked)) = (granted, form_field(exchange, "scope")) else {
        return CheckOutcome::NotApplicable("one of the two scopes is not known".to_owned());
    };
    let (granted, asked) = (permissions(granted), permissions(&asked));
    let covers = |one: &Permission| {
        asked.iter().any(|other| (other.kind == "*" || other.kind == one.kind) && one.may.is_subset(&other.may))
    };
    let more: Vec<&str> = granted.iter().filter(|one| !covers(one)).map(|one| one.text).collect();
    CheckOutcome::or_violation(more.is_empty(), || {
        let expected = asked.iter().map(|one| one.text).collect::<Vec<_>>().join(" ");
        Violation::new(FindingPlace::body("/scope"), format!("no more than {expected}"), show::text(&more.join(" ")))
    })
}

/// `scope-withheld`: the granted scope permits nothing of the requested scope. A token without a scope covers the
/// requested scope (RFC 6749, section 5.1).
pub(crate) fn scope_withheld(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let (Some(answer), Some(asked)) = (response(exchange), form_field(exchange, "scope")) else {
        return CheckOutcome::NotApplicable("there is no answer".to_owned());
    };
    if !has_token(answer) {
        return CheckOutcome::Holds;
    }
    let scope = answer.body.json.as_ref().and_then(|json| json.get("scope")).and_then(Value::as_str);
    let granted = scope.unwrap_or(&asked);
    let (asked, granted) = (permissions(&asked), permissions(granted));
    let touches = |one: &Permission<'_>| {
        asked.iter().any(|other| (one.kind == "*" || one.kind == other.kind) && !one.may.is_disjoint(&other.may))
    };
    let given: Vec<&str> = granted.iter().filter(|one| touches(one)).map(|one| one.text).collect();
    CheckOutcome::or_violation(given.is_empty(), || {
        let expected = asked.iter().map(|one| one.text).collect::<Vec<_>>().join(" ");
        Violation::new(FindingPlace::body("/scope"), format!("nothing of {expected}"), show::text(&given.join(" ")))
    })
}

/// `within-scope`: with a token for Patient resources only, the flow exports nothing else. OperationOutcomes among the
/// errors and Bundles of deletions are not exported data.
pub(crate) fn within_scope(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(facts) = context.index.facts(exchange) else {
        return CheckOutcome::Undecided("the recording holds no facts of this file".to_owned());
    };
    let others: Vec<String> = facts
        .lines
        .types
        .iter()
        .filter(|(kind, count)| **count > 0 && !OUT_OF_SCOPE.contains(&kind.as_str()))
        .map(|(kind, count)| format!("{count} of type {}", show::text(kind)))
        .collect();
    CheckOutcome::or_violation(others.is_empty(), || {
        Violation::new(
            FindingPlace::whole_body(),
            "Patient resources alone, as the token's scope says",
            others.join(", "),
        )
    })
}

/// What one scope permits on resources of one type.
pub(crate) struct Permission<'s> {
    pub text: &'s str,
    pub kind: &'s str,
    pub may: BTreeSet<char>,
}

pub(crate) fn permissions(scopes: &str) -> Vec<Permission<'_>> {
    let read = |text: &'_ str| -> Option<BTreeSet<char>> {
        Some(match text {
            "read" => "rs".chars().collect(),
            "write" => "cud".chars().collect(),
            "*" => "cruds".chars().collect(),
            letters if letters.chars().all(|c| "cruds".contains(c)) => letters.chars().collect(),
            _ => return None,
        })
    };
    scopes
        .split_ascii_whitespace()
        .filter_map(|text| {
            let (_, rest) = text.split_once('/')?;
            let (kind, may) = rest.split('?').next().unwrap_or(rest).split_once('.')?;
            Some(Permission { text, kind, may: read(may)? })
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_compared_by_what_they_let_do() {
        let within = |granted: &str, asked: &str| {
            let (granted, asked) = (permissions(granted), permissions(asked));
            granted.iter().all(|one| {
                asked.iter().any(|other| (other.kind == "*" || other.kind == one.kind) && one.may.is_subset(&other.may))
            })
        };
        assert!(within("system/Patient.rs", "system/Patient.read"));
        assert!(within("system/Patient.r openid", "system/*.read"));
        assert!(within("", "system/Patient.read"));
        assert!(!within("system/*.read", "system/Patient.read"));
        assert!(!within("system/Patient.cruds", "system/Patient.rs"));
        assert!(!within("system/Patient.rs system/Observation.rs", "system/Patient.rs"));
    }
}
