//! Checks of token requests, of the SMART configuration and of the client's key set.

use serde_json::Value;

use crate::check::auth::replies::{has_token, probe, response_or_outcome};
use crate::check::context::CheckContext;
use crate::check::exchange::response;
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::{run_settings, shape, show};
use crate::recording::model::{Exchange, Role};
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

/// `gives-tokens`: the flow's valid request (probe `token`) was granted, so a refusal of another request proves
/// something.
pub(crate) fn gives_tokens(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match probe(context, "token").map(response_or_outcome) {
        Some(Ok(response)) if has_token(response) => CheckOutcome::Holds,
        _ => CheckOutcome::NotApplicable("a valid request brought no token, so that refusals say nothing".to_owned()),
    }
}

/// `token-granted`: 200 with an `access_token`. A refusal violates it only if the same client got a token before:
/// otherwise its key, registration or scopes may be wrong.
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
            status => Violation::new(FindingPlace::Status, "200 OK", status.to_string()),
        }]);
    }
    let other = context
        .index
        .recording
        .exchanges
        .iter()
        .find(|e| e.id != exchange.id && e.role == Role::Token && response(e).is_some_and(has_token));
    if let Some(other) = probe(context, "with-client-id").filter(|e| response(e).is_some_and(has_token)) {
        let expected = format!("200 OK, as with a field client_id in exchange {}: a request has none", other.id);
        return CheckOutcome::Violated(vec![Violation::new(FindingPlace::Status, expected, own.status.to_string())]);
    }
    match other {
        Some(other) => {
            let expected = format!("200 OK, as in exchange {}", other.id);
            CheckOutcome::Violated(vec![Violation::new(FindingPlace::Status, expected, own.status.to_string())])
        }
        None => {
            let error = json.and_then(|json| json.get("error")).and_then(Value::as_str);
            let error = error.map(|error| format!(" {}", show::text(error))).unwrap_or_default();
            let why = format!(
                "the token request was answered {}{error}: the client's key, its registration or its scopes may be what is wrong",
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
            "something else",
        )]);
    };
    let mut broken = Vec::new();
    let media = response.media_type();
    if media.as_deref() != Some("application/json") {
        let found = media.map_or_else(|| "no Content-Type".into(), |media| show::text(&media));
        broken.push(Violation::new(FindingPlace::header("Content-Type"), "application/json", found));
    }
    let text = |name: &str| json.get(name).and_then(Value::as_str);
    let mut wrong = |name: &str, expected: &str| {
        let found = match json.get(name) {
            Some(Value::String(text)) => show::text(text),
            other => show::shape(other),
        };
        broken.push(Violation::new(FindingPlace::body(format!("/{name}")), expected, found));
    };
    if text("access_token").is_none_or(str::is_empty) {
        wrong("access_token", "a text");
    }
    if text("token_type").is_none_or(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        wrong("token_type", "bearer");
    }
    if json.get("expires_in").and_then(Value::as_f64).is_none_or(|seconds| seconds <= 0.0) {
        wrong("expires_in", "a JSON number of seconds, above 0");
    }
    if text("scope").is_none() {
        wrong("scope", "a text");
    }
    CheckOutcome::from_violations(broken)
}

/// `short-token`: `expires_in` is at most 300.
pub(crate) fn short_token(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let lasts = response(exchange).and_then(|response| response.body.json.as_ref()?.get("expires_in")?.as_f64());
    let Some(lasts) = lasts else {
        return CheckOutcome::NotApplicable("the response has no expires_in that is a number".to_owned());
    };
    CheckOutcome::or_violation(lasts <= 300.0, || {
        Violation::new(FindingPlace::body("/expires_in"), "300 at most", lasts.to_string())
    })
}

/// `no-store`: `Cache-Control` has the directive, in any case and among others.
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
        return CheckOutcome::NotApplicable("there is no SMART configuration".to_owned());
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

/// `smart-used`: the run's client is one of SMART Backend Services. Requirements that begin with "when SMART is used"
/// apply then.
pub(crate) fn smart_used(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    if run_settings::uses_smart(&context.index.recording.start) {
        CheckOutcome::Holds
    } else {
        CheckOutcome::NotApplicable("the run was given no client of SMART Backend Services".to_owned())
    }
}

/// `key-set-read`: the server read the key set that the run serves, so it can notice changes.
pub(crate) fn key_set_read(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let reads = context.flow.key_reads.values().copied().max().unwrap_or(0);
    if reads > 0 {
        return CheckOutcome::Holds;
    }
    CheckOutcome::NotApplicable(
        "the server did not read the key set that the run serves; the client is registered otherwise, it seems"
            .to_owned(),
    )
}

/// `key-set-kept`: of three token requests in a row, the second and the third did not each make the server read the key
/// set again, although it may be cached for longer.
pub(crate) fn key_set_kept(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let reads = |probe: &str| context.flow.key_reads.get(probe).copied();
    let (Some(first), Some(second), Some(third)) = (reads("token"), reads("again"), reads("third")) else {
        return CheckOutcome::NotApplicable("the requests were not all sent".to_owned());
    };
    CheckOutcome::or_violation(!(second > first && third > second), || {
        let found = format!("{} times in two token requests", third - first);
        Violation::new(FindingPlace::KeySet, "read once, and kept as Cache-Control allows", found)
    })
}
