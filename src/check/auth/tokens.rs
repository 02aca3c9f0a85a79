//! Checks of token requests, of the SMART configuration and of the client's key set.

use serde_json::Value;

use crate::check::auth::replies::{has_token, probe, response_or_outcome};
use crate::check::context::CheckContext;
use crate::check::exchange::response;
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::{reasons, run_settings, shape, show};
use crate::recording::model::{Exchange, Role};
use crate::suite::describe;
use crate::verdicts::finding_place::FindingPlace;

/// Error codes of OAuth 2.0 for token endpoints (RFC 6749, section 5.2).
const ERRORS: [&str; 6] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
];

/// `gives-tokens`: the flow's valid request (probe `token`) got a token. Otherwise a refusal of another request proves
/// nothing.
pub(crate) fn gives_tokens(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match probe(context, "token").map(response_or_outcome) {
        Some(Ok(response)) if has_token(response) => CheckOutcome::Holds,
        _ => CheckOutcome::NotApplicable("a valid token request got no token, so a refusal proves nothing".to_owned()),
    }
}

/// `token-granted`: 200 with an `access_token`. A refusal is a violation only if another request of the same client got
/// a token. Otherwise the key, registration or scopes of the client may be wrong.
pub(crate) fn token_granted(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let own = match response_or_outcome(exchange) {
        Ok(own) => own,
        Err(outcome) => return outcome,
    };
    if has_token(own) && own.status == 200 {
        return CheckOutcome::Holds;
    }
    let json = own.body.json.as_ref();
    if (200..300).contains(&own.status) {
        let found = show::shape(json.and_then(|json| json.get("access_token")));
        return CheckOutcome::Violated(vec![match own.status {
            200 => Violation::new(FindingPlace::body("/access_token"), "a token", found),
            status => Violation::new(FindingPlace::Status, "200 OK", describe::status(status)),
        }]);
    }
    let other = context
        .index
        .recording
        .exchanges
        .iter()
        .find(|e| e.id != exchange.id && e.role == Role::Token && response(e).is_some_and(has_token));
    if let Some(other) = probe(context, "with-client-id").filter(|e| response(e).is_some_and(has_token)) {
        let expected = format!("200 OK without a client_id field, as with one in exchange {}", other.id);
        return CheckOutcome::Violated(vec![Violation::new(
            FindingPlace::Status,
            expected,
            describe::status(own.status),
        )]);
    }
    match other {
        Some(other) => {
            let expected = format!("200 OK, as in exchange {}", other.id);
            CheckOutcome::Violated(vec![Violation::new(FindingPlace::Status, expected, describe::status(own.status))])
        }
        None => {
            let error = json.and_then(|json| json.get("error")).and_then(Value::as_str);
            let error = error.map(|error| format!(" {}", show::text(error))).unwrap_or_default();
            let why = format!(
                "the token request returned {}{error}. Check the key, the registration and the scopes of the client",
                own.status
            );
            CheckOutcome::Undecided(why)
        }
    }
}

/// `token-response`: JSON with `access_token`, `token_type` bearer in any case, `expires_in` as a positive number, and
/// `scope`.
pub(crate) fn token_response(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let response = match response_or_outcome(exchange) {
        Ok(response) => response,
        Err(outcome) => return outcome,
    };
    let Some(json) = response.body.json.as_ref().filter(|json| json.is_object()) else {
        return CheckOutcome::Violated(vec![Violation::new(
            FindingPlace::whole_body(),
            "a JSON object",
            "other content",
        )]);
    };
    let mut violations = Vec::new();
    let media = response.media_type();
    if media.as_deref() != Some("application/json") {
        let found = media.map_or_else(|| "no Content-Type".into(), |media| show::text(&media));
        violations.push(Violation::new(FindingPlace::header("Content-Type"), "application/json", found));
    }
    let text = |name: &str| json.get(name).and_then(Value::as_str);
    let mut wrong = |name: &str, expected: &str| {
        let found = match json.get(name) {
            Some(Value::String(text)) => show::text(text),
            other => show::shape(other),
        };
        violations.push(Violation::new(FindingPlace::body(format!("/{name}")), expected, found));
    };
    if text("access_token").is_none_or(str::is_empty) {
        wrong("access_token", "a JSON string that is not empty");
    }
    if text("token_type").is_none_or(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        wrong("token_type", "bearer");
    }
    if json.get("expires_in").and_then(Value::as_f64).is_none_or(|seconds| seconds <= 0.0) {
        wrong("expires_in", "a JSON number of seconds greater than 0");
    }
    if text("scope").is_none() {
        wrong("scope", "a JSON string");
    }
    CheckOutcome::from_violations(violations)
}

/// `short-token`: `expires_in` is at most 300.
pub(crate) fn short_token(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let lasts = response(exchange).and_then(|response| response.body.json.as_ref()?.get("expires_in")?.as_f64());
    let Some(lasts) = lasts else {
        return CheckOutcome::NotApplicable("the response has no number in expires_in".to_owned());
    };
    CheckOutcome::or_violation(lasts <= 300.0, || {
        Violation::new(FindingPlace::body("/expires_in"), "at most 300", lasts.to_string())
    })
}

/// `no-store`: `Cache-Control` has the directive `no-store`, in any letter case.
pub(crate) fn no_store(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let response = match response_or_outcome(exchange) {
        Ok(response) => response,
        Err(outcome) => return outcome,
    };
    let lines: Vec<&str> = response.header_lines("cache-control").collect();
    let has = lines.iter().flat_map(|line| line.split(',')).any(|part| part.trim().eq_ignore_ascii_case("no-store"));
    CheckOutcome::or_violation(has, || {
        let found = if lines.is_empty() { "no Cache-Control".into() } else { show::text(&lines.join(", ")) };
        Violation::new(FindingPlace::header("Cache-Control"), "no-store", found)
    })
}

/// `oauth-error`: a JSON object with an `error` that OAuth 2.0 defines.
pub(crate) fn oauth_error(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let response = match response_or_outcome(exchange) {
        Ok(response) => response,
        Err(outcome) => return outcome,
    };
    let error = response.body.json.as_ref().and_then(|json| json.get("error"));
    let known = error.and_then(Value::as_str).is_some_and(|error| ERRORS.contains(&error));
    CheckOutcome::or_violation(known, || {
        let found = match error {
            Some(Value::String(text)) => show::text(text),
            other => show::shape(other),
        };
        Violation::new(FindingPlace::body("/error"), format!("one of {}", ERRORS.join(", ")), found)
    })
}

/// `endpoints-absolute`: every `*_endpoint` and `jwks_uri` of the SMART configuration is an absolute URL.
pub(crate) fn endpoints_absolute(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let Some(json) = response(exchange).and_then(|response| response.body.json.as_ref()?.as_object()) else {
        return CheckOutcome::NotApplicable("the server returned no SMART configuration".to_owned());
    };
    let named: Vec<(&String, &Value)> = json
        .iter()
        .filter(|(name, value)| (name.ends_with("_endpoint") || *name == "jwks_uri") && !value.is_null())
        .collect();
    if named.is_empty() {
        return CheckOutcome::NotApplicable("the SMART configuration names no endpoint".to_owned());
    }
    let wrong = named.into_iter().filter(|(_, value)| !value.as_str().is_some_and(shape::is_absolute_url));
    CheckOutcome::from_violations(
        wrong
            .map(|(name, value)| {
                let found = value.as_str().map_or_else(|| show::shape(Some(value)), show::text);
                Violation::new(
                    FindingPlace::body(format!("/{}", show::text(name))),
                    "an absolute http or https URL",
                    found,
                )
            })
            .collect(),
    )
}

/// `smart-used`: the run has a client of SMART Backend Services, so requirements that begin with "when SMART is used"
/// apply.
pub(crate) fn smart_used(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    if run_settings::uses_smart(&context.index.recording.start) {
        CheckOutcome::Holds
    } else {
        CheckOutcome::NotApplicable(reasons::NO_SMART_CLIENT.to_owned())
    }
}

/// `key-set-read`: the server read the key set that the run serves, so it can notice changes.
pub(crate) fn key_set_read(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let reads = context.flow.key_reads.values().copied().max().unwrap_or(0);
    if reads > 0 {
        return CheckOutcome::Holds;
    }
    CheckOutcome::NotApplicable(
        "the server did not read the key set that the run serves. Register its URL as the JWKS URL of the client"
            .to_owned(),
    )
}

/// `key-set-kept`: in three token requests in a row, the server did not read the key set again for both the second and
/// the third, because it may be cached for longer.
pub(crate) fn key_set_kept(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let reads = |probe: &str| context.flow.key_reads.get(probe).copied();
    let (Some(first), Some(second), Some(third)) = (reads("token"), reads("again"), reads("third")) else {
        return CheckOutcome::NotApplicable("not all three token requests were sent".to_owned());
    };
    CheckOutcome::or_violation(!(second > first && third > second), || {
        let found = format!("{} reads for two token requests", third - first);
        Violation::new(FindingPlace::KeySet, "a cached key set, as Cache-Control permits", found)
    })
}
