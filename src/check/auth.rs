//! Checks on tokens, on what SMART says of itself, and on who may see what.

use std::collections::BTreeSet;

use serde_json::Value;
use url::Url;

use crate::check::context::{CheckContext, CheckOutcome, Violation, items, manifest_of, response};
use crate::check::{shape, show};
use crate::recording::model::{Exchange, Outcome, Response, Role};
use crate::recording::settings::Authorization;
use crate::suite::model::FileList;

/// Error codes of OAuth 2.0 for token endpoints (RFC 6749, section 5.2).
const ERRORS: [&str; 6] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
];

/// Types that say nothing of a narrower scope: the one that it covers, and those that wrap others or report on them.
const OUT_OF_SCOPE: [&str; 5] = ["Patient", "OperationOutcome", "Bundle", "Binary", "Parameters"];

/// What stands on the recording in the place of a secret.
const REDACTED: &str = "[redacted]";

/// The answer, or what is said where there is none.
fn answer(exchange: &Exchange) -> Result<&Response, CheckOutcome> {
    match &exchange.outcome {
        Outcome::Response(response) => Ok(response),
        Outcome::NoResponse(trouble) => Err(CheckOutcome::Unknown(trouble.message.clone())),
        Outcome::Handshake(_) => Err(no_answer()),
    }
}

fn no_answer() -> CheckOutcome {
    CheckOutcome::Nothing("a handshake is no answer".to_owned())
}

/// Whether a token response holds a token.
pub(crate) fn grants(response: &Response) -> bool {
    let token = response.body.json.as_ref().and_then(|json| json.get("access_token")).and_then(Value::as_str);
    (200..300).contains(&response.status) && token.is_some_and(|token| !token.is_empty())
}

/// The answer to the probe `id` of the context's flow.
fn probe<'a>(context: &CheckContext<'a>, id: &str) -> Option<&'a Exchange> {
    let all = context.index.exchanges(&context.flow.name).iter().rev().copied();
    all.into_iter().find(|e| e.role == Role::Probe && e.probe.as_deref() == Some(id) && !e.superseded)
}

/// What a form that was sent says of a field.
pub(crate) fn field(exchange: &Exchange, name: &str) -> Option<String> {
    let body = exchange.request.body.as_deref()?;
    url::form_urlencoded::parse(body.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// `gives-tokens`: the flow's plain request (probe `token`) brought one, so that a refusal of another says something.
pub fn gives_tokens(context: &CheckContext<'_>) -> CheckOutcome {
    match probe(context, "token").map(answer) {
        Some(Ok(response)) if grants(response) => CheckOutcome::Yes,
        _ => CheckOutcome::Nothing("a valid request brought no token, so that refusals say nothing".to_owned()),
    }
}

/// `token-granted`: 200 with an `access_token`. A refusal breaks it only where the same client did get a token: else its
/// key, its registration or its scopes may be what is wrong.
pub fn token_granted(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let response = match answer(exchange) {
        Ok(response) => response,
        Err(unknown) => return unknown,
    };
    if grants(response) && response.status == 200 {
        return CheckOutcome::Yes;
    }
    let json = response.body.json.as_ref();
    if (200..300).contains(&response.status) {
        let found = show::shape(json.and_then(|json| json.get("access_token")));
        return CheckOutcome::No(vec![match response.status {
            200 => Violation::new("body", "body /access_token", "a token", found),
            status => Violation::new("status", "status", "200 OK", status.to_string()),
        }]);
    }
    let other = context.index.recording.exchanges.iter().find(|e| {
        e.id != exchange.id && e.role == Role::Token && crate::check::context::response(e).is_some_and(grants)
    });
    if let Some(other) =
        probe(context, "with-client-id").filter(|e| crate::check::context::response(e).is_some_and(grants))
    {
        let expected = format!("200 OK, as with a field client_id in exchange {}: a request has none", other.id);
        return CheckOutcome::No(vec![Violation::new("status", "status", expected, response.status.to_string())]);
    }
    match other {
        Some(other) => {
            let expected = format!("200 OK, as in exchange {}", other.id);
            CheckOutcome::No(vec![Violation::new("status", "status", expected, response.status.to_string())])
        }
        None => {
            let error = json.and_then(|json| json.get("error")).and_then(Value::as_str);
            let error = error.map(|error| format!(" {}", show::text(error))).unwrap_or_default();
            let why = format!(
                "the token request was answered {}{error}: the client's key, its registration or its scopes may be what is wrong",
                response.status
            );
            CheckOutcome::Unknown(why)
        }
    }
}

/// `token-response`: JSON with `access_token`, `token_type` bearer in any case, `expires_in` as a positive number and
/// `scope`.
pub fn token_response(exchange: &Exchange) -> CheckOutcome {
    let response = match answer(exchange) {
        Ok(response) => response,
        Err(unknown) => return unknown,
    };
    let Some(json) = response.body.json.as_ref().filter(|json| json.is_object()) else {
        return CheckOutcome::No(vec![Violation::new("body", "body", "a JSON object", "something else")]);
    };
    let mut broken = Vec::new();
    let media = response.media_type();
    if media.as_deref() != Some("application/json") {
        let found = media.map_or_else(|| "no Content-Type".to_owned(), |media| show::text(&media));
        broken.push(Violation::new("header", "header Content-Type", "application/json", found));
    }
    let text = |name: &str| json.get(name).and_then(Value::as_str);
    let mut wrong = |name: &str, expected: &str| {
        let found = match json.get(name) {
            Some(Value::String(text)) => show::text(text),
            other => show::shape(other),
        };
        broken.push(Violation::new("body", format!("body /{name}"), expected, found));
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

/// `short-token`: `expires_in` is 300 at most.
pub fn short_token(exchange: &Exchange) -> CheckOutcome {
    let lasts = response(exchange).and_then(|response| response.body.json.as_ref()?.get("expires_in")?.as_f64());
    let Some(lasts) = lasts else {
        return CheckOutcome::Nothing("the response has no expires_in that is a number".to_owned());
    };
    CheckOutcome::or_violation(lasts <= 300.0, || {
        Violation::new("body", "body /expires_in", "300 at most", lasts.to_string())
    })
}

/// `no-store`: `Cache-Control` has the directive, in any case and beside others.
pub fn no_store(exchange: &Exchange) -> CheckOutcome {
    let response = match answer(exchange) {
        Ok(response) => response,
        Err(unknown) => return unknown,
    };
    let lines: Vec<&str> = response.header_lines("cache-control").collect();
    let has = lines.iter().flat_map(|line| line.split(',')).any(|part| part.trim().eq_ignore_ascii_case("no-store"));
    CheckOutcome::or_violation(has, || {
        let found = if lines.is_empty() { "no Cache-Control".to_owned() } else { show::text(&lines.join(", ")) };
        Violation::new("header", "header Cache-Control", "no-store", found)
    })
}

/// `scope-not-broader`: what was granted lies within what was asked for. `.read` and `.rs` mean the same; scopes that
/// are not of resources are no concern here.
pub fn scope_not_broader(exchange: &Exchange) -> CheckOutcome {
    let granted = response(exchange).and_then(|response| response.body.json.as_ref()?.get("scope")?.as_str());
    let (Some(granted), Some(asked)) = (granted, field(exchange, "scope")) else {
        return CheckOutcome::Nothing("one of the two scopes is not known".to_owned());
    };
    let (granted, asked) = (permissions(granted), permissions(&asked));
    let covers = |one: &Permission| {
        asked.iter().any(|other| (other.kind == "*" || other.kind == one.kind) && one.may.is_subset(&other.may))
    };
    let more: Vec<&str> = granted.iter().filter(|one| !covers(one)).map(|one| one.text).collect();
    CheckOutcome::or_violation(more.is_empty(), || {
        let expected = asked.iter().map(|one| one.text).collect::<Vec<_>>().join(" ");
        Violation::new("body", "body /scope", format!("no more than {expected}"), show::text(&more.join(" ")))
    })
}

/// What one scope lets do with resources of one type.
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

/// `oauth-error`: a JSON object whose `error` is one that OAuth 2.0 knows.
pub fn oauth_error(exchange: &Exchange) -> CheckOutcome {
    let response = match answer(exchange) {
        Ok(response) => response,
        Err(unknown) => return unknown,
    };
    let error = response.body.json.as_ref().and_then(|json| json.get("error"));
    let known = error.and_then(Value::as_str).is_some_and(|error| ERRORS.contains(&error));
    CheckOutcome::or_violation(known, || {
        let found = match error {
            Some(Value::String(text)) => show::text(text),
            other => show::shape(other),
        };
        Violation::new("body", "body /error", format!("one of {}", ERRORS.join(", ")), found)
    })
}

/// `endpoints-absolute`: every `*_endpoint` and `jwks_uri` of the SMART configuration is an absolute URL.
pub fn endpoints_absolute(exchange: &Exchange) -> CheckOutcome {
    let Some(json) = response(exchange).and_then(|response| response.body.json.as_ref()?.as_object()) else {
        return CheckOutcome::Nothing("there is no SMART configuration".to_owned());
    };
    let named: Vec<(&String, &Value)> = json
        .iter()
        .filter(|(name, value)| (name.ends_with("_endpoint") || *name == "jwks_uri") && !value.is_null())
        .collect();
    if named.is_empty() {
        return CheckOutcome::Nothing("the SMART configuration names no endpoint".to_owned());
    }
    let wrong = named.into_iter().filter(|(_, value)| !value.as_str().is_some_and(shape::is_absolute_url));
    CheckOutcome::from_violations(
        wrong
            .map(|(name, value)| {
                let found = value.as_str().map_or_else(|| show::shape(Some(value)), show::text);
                Violation::new("body", format!("body /{}", show::text(name)), "an absolute http or https URL", found)
            })
            .collect(),
    )
}

/// `smart-used`: the run's client is one of SMART Backend Services. Duties that begin with "when SMART is used" hold then.
pub fn smart_used(context: &CheckContext<'_>) -> CheckOutcome {
    if context.index.recording.start.settings.authorization == Authorization::Smart {
        CheckOutcome::Yes
    } else {
        CheckOutcome::Nothing("the run was given no client of SMART Backend Services".to_owned())
    }
}

/// `anonymous-refused`: the flow's kick-off without a token (probe `no-token`) was refused. Where it was served, the target is
/// open to all, and what follows is no door either.
pub fn anonymous_refused(context: &CheckContext<'_>) -> CheckOutcome {
    match probe(context, "no-token").map(answer) {
        Some(Ok(response)) if (400..500).contains(&response.status) => CheckOutcome::Yes,
        _ => CheckOutcome::Nothing("a kick-off without a token was not refused".to_owned()),
    }
}

/// `files-need-token`: the flow's manifest says that its files need a token.
pub fn files_need_token(context: &CheckContext<'_>) -> CheckOutcome {
    let says = context.index.manifest(&context.flow.name).and_then(|(_, manifest)| manifest.get("requiresAccessToken"));
    match says.and_then(Value::as_bool) {
        Some(true) => CheckOutcome::Yes,
        _ => CheckOutcome::Nothing("the manifest does not say that files need a token".to_owned()),
    }
}

/// `token-stays-home`: where files need a token, none of them lies on an origin that may not see it.
pub fn token_stays_home(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return crate::check::context::no_manifest() };
    if manifest.get("requiresAccessToken").and_then(Value::as_bool) != Some(true) {
        return CheckOutcome::Nothing("the files need no token".to_owned());
    }
    let start = &context.index.recording.start;
    let Ok(base) = Url::parse(&start.base) else {
        return CheckOutcome::Unknown("the recording's base URL cannot be read".to_owned());
    };
    let mut allowed = start.settings.allow_origins.clone();
    allowed.push(base.origin().ascii_serialization());
    let (mut named, mut broken) = (0, Vec::new());
    for list in FileList::ALL {
        for (n, item) in items(manifest, list.as_str()).iter().enumerate() {
            let Some(url) = item.get("url").and_then(Value::as_str).and_then(|text| Url::parse(text).ok()) else {
                continue;
            };
            // What is no address of the web is judged elsewhere, and no token goes there.
            if !matches!(url.scheme(), "http" | "https") {
                continue;
            }
            named += 1;
            let origin = url.origin().ascii_serialization();
            if !allowed.contains(&origin) {
                let expected = format!("a URL at {}, whose token this is", allowed.join(" or "));
                broken.push(Violation::new("body", format!("body /{list}/{n}/url"), expected, show::text(&origin)));
            }
        }
    }
    if named == 0 {
        return CheckOutcome::Nothing("the manifest lists no file".to_owned());
    }
    CheckOutcome::from_violations(broken)
}

/// `no-token-echoed`: neither the headers nor the body repeat a secret that was sent.
pub fn no_token_echoed(exchange: &Exchange) -> CheckOutcome {
    fn within(value: &Value, path: &str, found: &mut Vec<String>) {
        match value {
            Value::String(text) if text.contains(REDACTED) => found.push(format!("body {path}")),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(n, item)| within(item, &format!("{path}/{n}"), found));
            }
            Value::Object(fields) => {
                fields.iter().for_each(|(name, field)| within(field, &format!("{path}/{name}"), found));
            }
            _ => {}
        }
    }
    let Some(response) = response(exchange) else { return CheckOutcome::Nothing("there is no answer".to_owned()) };
    let mut found: Vec<String> = response
        .headers
        .iter()
        // Cookies are hidden whatever they hold.
        .filter(|(name, value)| name != "set-cookie" && value.contains(REDACTED))
        .map(|(name, _)| format!("header {name}"))
        .collect();
    if let Some(json) = &response.body.json {
        within(json, "", &mut found);
    }
    if response.body.excerpt.as_deref().is_some_and(|text| text.contains(REDACTED)) {
        found.push("body".to_owned());
    }
    let kind = |place: &str| if place.starts_with("header") { "header" } else { "body" };
    let broken = found.into_iter().take(5);
    CheckOutcome::from_violations(
        broken
            .map(|place| Violation::new(kind(&place), place, "nothing of the token", "the token, or a part of it"))
            .collect(),
    )
}

/// `within-scope`: the flow, whose token is for Patient resources alone, exported no others. OperationOutcomes among the
/// errors and Bundles of deletions are no exported data.
pub fn within_scope(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(facts) = context.index.facts(exchange) else {
        return CheckOutcome::Unknown("the recording holds no facts of this file".to_owned());
    };
    let others: Vec<String> = facts
        .lines
        .types
        .iter()
        .filter(|(kind, count)| **count > 0 && !OUT_OF_SCOPE.contains(&kind.as_str()))
        .map(|(kind, count)| format!("{count} of type {}", show::text(kind)))
        .collect();
    CheckOutcome::or_violation(others.is_empty(), || {
        Violation::new("body", "body", "Patient resources alone, as the token's scope says", others.join(", "))
    })
}

/// `as-if-unknown`: the second client is answered as for a job that does not exist (probe `second-unknown`).
pub fn as_if_unknown(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(own) = response(exchange) else { return CheckOutcome::Nothing("there is no answer".to_owned()) };
    let Some((other, unknown)) = probe(context, "second-unknown").and_then(|e| Some((e, response(e)?))) else {
        return CheckOutcome::Nothing("there is no answer to a job that does not exist to compare it with".to_owned());
    };
    CheckOutcome::or_violation(own.status == unknown.status, || {
        let expected = format!("{}, as for a job that does not exist (exchange {})", unknown.status, other.id);
        Violation::new("status", "status", expected, own.status.to_string())
    })
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
