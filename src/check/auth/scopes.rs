//! Checks of the scopes of tokens.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::auth::replies::{form_field, has_token};
use crate::check::context::CheckContext;
use crate::check::exchange::response;
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::{reasons, show};
use crate::recording::model::Exchange;
use crate::verdicts::finding_place::FindingPlace;

/// Types that do not violate a scope of Patient resources: Patient, and types that wrap other resources or report on
/// them.
const OUT_OF_SCOPE: [&str; 5] = ["Patient", "OperationOutcome", "Bundle", "Binary", "Parameters"];

/// `scope-not-broader`: the granted scope is within the requested scope. `.read` and `.rs` mean the same; other scopes
/// than those of resources are ignored.
pub(crate) fn scope_not_broader(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let granted = response(exchange).and_then(|response| response.body.json.as_ref()?.get("scope")?.as_str());
    let (Some(granted), Some(requested)) = (granted, form_field(exchange, "scope")) else {
        return CheckOutcome::NotApplicable("the requested scope or the granted scope is missing".to_owned());
    };
    let (granted, requested) = (permissions(granted), permissions(&requested));
    let covers = |one: &Permission| {
        requested.iter().any(|other| (other.kind == "*" || other.kind == one.kind) && one.may.is_subset(&other.may))
    };
    let more: Vec<&str> = granted.iter().filter(|one| !covers(one)).map(|one| one.text).collect();
    CheckOutcome::or_violation(more.is_empty(), || {
        let expected = requested.iter().map(|one| one.text).collect::<Vec<_>>().join(" ");
        Violation::new(
            FindingPlace::body("/scope"),
            format!("at most the requested scope {expected}"),
            show::text(&more.join(" ")),
        )
    })
}

/// `scope-withheld`: the granted scope permits nothing of the requested scope. A token without a scope covers the
/// requested scope (RFC 6749, section 5.1).
pub(crate) fn scope_withheld(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let (Some(answer), Some(requested)) = (response(exchange), form_field(exchange, "scope")) else {
        return CheckOutcome::NotApplicable(reasons::NO_RESPONSE.to_owned());
    };
    if !has_token(answer) {
        return CheckOutcome::Holds;
    }
    let scope = answer.body.json.as_ref().and_then(|json| json.get("scope")).and_then(Value::as_str);
    let granted = scope.unwrap_or(&requested);
    let (requested, granted) = (permissions(&requested), permissions(granted));
    let touches = |one: &Permission<'_>| {
        requested.iter().any(|other| (one.kind == "*" || one.kind == other.kind) && !one.may.is_disjoint(&other.may))
    };
    let given: Vec<&str> = granted.iter().filter(|one| touches(one)).map(|one| one.text).collect();
    CheckOutcome::or_violation(given.is_empty(), || {
        let expected = requested.iter().map(|one| one.text).collect::<Vec<_>>().join(" ");
        Violation::new(
            FindingPlace::body("/scope"),
            format!("no part of the requested scope {expected}"),
            show::text(&given.join(" ")),
        )
    })
}

/// `within-scope`: with a token for Patient resources only, the flow exports no other resources. OperationOutcomes in
/// error files and Bundles of deletions are not exported data.
pub(crate) fn within_scope(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(facts) = context.index.facts(exchange) else {
        return CheckOutcome::Undecided(reasons::NO_FILE_FACTS.to_owned());
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
            "only Patient resources, as the scope of the token permits",
            others.join(", "),
        )
    })
}

/// What one scope permits on resources of one type.
pub(crate) struct Permission<'s> {
    /// The scope of the permission.
    pub text: &'s str,
    /// The resource type, or `*`.
    pub kind: &'s str,
    /// The permissions, as letters of `cruds`.
    pub may: BTreeSet<char>,
}

/// Returns the permissions of a list of scopes, without scopes that are not about resources.
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
    fn scopes_are_compared_by_their_permissions() {
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
