//! Checks of access: requests without a token, `requiresAccessToken`, and where the token is sent.

use serde_json::Value;
use url::Url;

use crate::check::auth::replies::{probe, response_or_outcome};
use crate::check::context::CheckContext;
use crate::check::exchange::{items, manifest_of, no_manifest, origin, response};
use crate::check::index::Index;
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::{reasons, run_settings, show};
use crate::recording::model::Exchange;
use crate::redact::secrets::REDACTED;
use crate::suite::describe;
use crate::suite::model::FileList;
use crate::verdicts::finding_place::FindingPlace;

/// `requiresAccessToken` is true.
const TOKEN_NEEDED: &str = "requiresAccessToken is true in the manifest";
/// `requiresAccessToken` is not true.
const TOKEN_NOT_NEEDED: &str = "requiresAccessToken is not true in the manifest";
/// `requiresAccessToken` is missing, or not a boolean.
const TOKEN_UNKNOWN: &str = "the manifest has no boolean requiresAccessToken";

/// `anonymous-refused`: the server refused the flow's kick-off without a token (probe `no-token`). If it accepted the
/// kick-off, it has no access control, and later responses show none.
pub(crate) fn anonymous_refused(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match probe(context, "no-token").map(response_or_outcome) {
        Some(Ok(response)) if (400..500).contains(&response.status) => CheckOutcome::Holds,
        _ => CheckOutcome::NotApplicable("the server did not refuse a kick-off without a token".to_owned()),
    }
}

/// `protection-known`: the user states that the target is protected, or it refused another request without a token. An
/// open server may ignore a token that the run found in its environment.
pub(crate) fn protection_known(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let start = &context.index.recording.start;
    let base = origin(&start.base);
    let refused = |other: &Exchange| {
        let status = response(other).map(|answer| answer.status);
        matches!(status, Some(401 | 403)) && !sent_token(other) && origin(&other.request.url) == base
    };
    let others = || context.index.recording.exchanges.iter().filter(|other| other.id != exchange.id);
    match !start.settings.unstated_protection || others().any(refused) {
        true => CheckOutcome::Holds,
        false => CheckOutcome::NotApplicable(
            "the server is open, and --auth does not state that it is protected. Give --auth token if it is".to_owned(),
        ),
    }
}

/// `files-need-token`: `requiresAccessToken` is true in the flow's manifest.
pub(crate) fn files_need_token(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let value =
        context.index.manifest(&context.flow.name).and_then(|(_, manifest)| manifest.get("requiresAccessToken"));
    match value.and_then(Value::as_bool) {
        Some(true) => CheckOutcome::Holds,
        _ => CheckOutcome::NotApplicable(TOKEN_NOT_NEEDED.to_owned()),
    }
}

/// Returns `requiresAccessToken` of the flow's manifest; none if it is not a boolean.
fn needs_token(context: &CheckContext<'_>) -> Option<bool> {
    let (_, manifest) = context.index.manifest(&context.flow.name)?;
    manifest.get("requiresAccessToken").and_then(Value::as_bool)
}

/// Returns whether a request had a token.
pub(crate) fn sent_token(exchange: &Exchange) -> bool {
    exchange.request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
}

/// `token-sent`: `requiresAccessToken` is true, and the request had the token.
pub(crate) fn token_sent(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match needs_token(context) {
        Some(true) => {}
        Some(false) => return CheckOutcome::NotApplicable(TOKEN_NOT_NEEDED.to_owned()),
        None => return CheckOutcome::NotApplicable(TOKEN_UNKNOWN.to_owned()),
    }
    if !sent_token(exchange) {
        return CheckOutcome::NotApplicable(
            "the request had no token: the run has none, or the file is at an origin that may not receive it. Give \
             --allow-origin"
                .to_owned(),
        );
    }
    let status = |exchange: &Exchange| response(exchange).map(|answer| answer.status).unwrap_or_default();
    let later = context.index.recording.exchanges.iter().filter(|e| e.id > exchange.id && sent_token(e));
    if status(exchange) == 401 && !later.into_iter().any(|e| (200..300).contains(&status(e))) {
        return CheckOutcome::Undecided("the token may have expired: no later request with it succeeded".to_owned());
    }
    CheckOutcome::Holds
}

/// `open-to-all`: `requiresAccessToken` is false.
pub(crate) fn open_to_all(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match needs_token(context) {
        Some(false) => CheckOutcome::Holds,
        Some(true) => CheckOutcome::NotApplicable(TOKEN_NEEDED.to_owned()),
        None => CheckOutcome::NotApplicable(TOKEN_UNKNOWN.to_owned()),
    }
}

/// `capability-url`: `requiresAccessToken` is false, and neither the manifest nor the item has an extension that could
/// define another way of access.
pub(crate) fn capability_url(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match open_to_all(exchange, context) {
        CheckOutcome::Holds => {}
        other => return other,
    }
    let Some((_, manifest)) = context.index.manifest(&context.flow.name) else {
        return no_manifest();
    };
    let item = exchange.file.and_then(|place| items(manifest, place.list.as_str()).get(place.index));
    let has = |value: Option<&Value>| {
        let extension = value.and_then(|value| value.get("extension"));
        extension.is_some_and(|extension| match extension {
            Value::Object(fields) => !fields.is_empty(),
            Value::Array(list) => !list.is_empty(),
            _ => false,
        })
    };
    match has(item) || has(Some(manifest)) {
        false => CheckOutcome::Holds,
        true => {
            CheckOutcome::NotApplicable("an extension in the manifest may define how to access the file".to_owned())
        }
    }
}

/// Returns the request for the same file with the token, if `exchange` is a 401 to a request without it.
pub(crate) fn repeated_with_token<'a>(exchange: &Exchange, index: &Index<'a>, flow: &str) -> Option<&'a Exchange> {
    if exchange.file.is_none() || response(exchange)?.status != 401 || sent_token(exchange) {
        return None;
    }
    let exchanges = index.exchanges(flow);
    let later = exchanges.get(exchanges.partition_point(|e| e.id <= exchange.id)..)?;
    let same = |e: &Exchange| (e.role, &e.probe, e.file) == (exchange.role, &exchange.probe, exchange.file);
    later.iter().copied().find(|e| same(e) && sent_token(e))
}

/// `no-bearer-challenge`: the response is not a 401 with a Bearer challenge, nor a 401 in place of a file that the
/// server returns for the token.
pub(crate) fn no_bearer_challenge(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    if let Some(other) = repeated_with_token(exchange, context.index, &context.flow.name)
        && response(other).is_some_and(|answer| (200..300).contains(&answer.status))
        && matches!(capability_url(exchange, context), CheckOutcome::Holds)
    {
        let found = Violation::new(
            FindingPlace::Status,
            "no need for the token, because requiresAccessToken is false",
            "401 Unauthorized without the token, and the file with it",
        );
        return CheckOutcome::Violated(vec![found.shown_by(other.id)]);
    }
    let Some(answer) = response(exchange) else {
        return CheckOutcome::Undecided(reasons::NO_RESPONSE.to_owned());
    };
    let is_bearer = |line: &str| line.to_ascii_lowercase().split([',', ' ']).any(|word| word == "bearer");
    let challenged = answer.status == 401 && answer.header_lines("www-authenticate").any(is_bearer);
    CheckOutcome::or_violation(!challenged, || {
        let expected = "no Bearer challenge, because requiresAccessToken is false";
        Violation::new(FindingPlace::Status, expected, "401 Unauthorized with WWW-Authenticate: Bearer")
    })
}

/// `token-stays-home`: if files need a token, all of them are at origins that may receive it.
pub(crate) fn token_stays_home(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    if manifest.get("requiresAccessToken").and_then(Value::as_bool) != Some(true) {
        return CheckOutcome::NotApplicable(TOKEN_NOT_NEEDED.to_owned());
    }
    let Some(allowed) = run_settings::token_origins(&context.index.recording.start) else {
        return CheckOutcome::Undecided(reasons::INVALID_BASE.to_owned());
    };
    let (mut named, mut violations) = (0, Vec::new());
    for list in FileList::ALL {
        for (n, item) in items(manifest, list.as_str()).iter().enumerate() {
            let Some(url) = item.get("url").and_then(Value::as_str).and_then(|text| Url::parse(text).ok()) else {
                continue;
            };
            // Other tests judge other URLs, and the run sends no token there.
            if !matches!(url.scheme(), "http" | "https") {
                continue;
            }
            named += 1;
            let origin = url.origin().ascii_serialization();
            if !allowed.contains(&origin) {
                let expected = format!("a URL at {}, where the token may be sent", allowed.join(" or "));
                violations.push(Violation::new(
                    FindingPlace::body(format!("/{list}/{n}/url")),
                    expected,
                    show::text(&origin),
                ));
            }
        }
    }
    if named == 0 {
        return CheckOutcome::NotApplicable("the manifest lists no file".to_owned());
    }
    CheckOutcome::from_violations(violations)
}

/// `no-token-echoed`: neither the headers nor the body repeat a secret that was sent.
pub(crate) fn no_token_echoed(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    fn within(value: &Value, path: &str, found: &mut Vec<FindingPlace>) {
        match value {
            Value::String(text) if text.contains(REDACTED) => found.push(FindingPlace::body(path)),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(n, item)| within(item, &format!("{path}/{n}"), found));
            }
            Value::Object(fields) => {
                fields.iter().for_each(|(name, field)| within(field, &format!("{path}/{name}"), found));
            }
            _ => {}
        }
    }
    let Some(response) = response(exchange) else {
        return CheckOutcome::NotApplicable(reasons::NO_RESPONSE.to_owned());
    };
    let mut found: Vec<FindingPlace> = response
        .headers
        .iter()
        // The recording redacts all cookies.
        .filter(|(name, value)| name != "set-cookie" && value.contains(REDACTED))
        .map(|(name, _)| FindingPlace::header(name))
        .collect();
    if let Some(json) = &response.body.json {
        within(json, "", &mut found);
    }
    if response.body.excerpt.as_deref().is_some_and(|text| text.contains(REDACTED)) {
        found.push(FindingPlace::whole_body());
    }
    let found = found.into_iter().take(5);
    CheckOutcome::from_violations(
        found.map(|place| Violation::new(place, "no part of the token", "the token or a part of it")).collect(),
    )
}

/// `as-if-unknown`: the second client gets the same status as for a job that does not exist (probe `second-unknown`).
pub(crate) fn as_if_unknown(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(own) = response(exchange) else {
        return CheckOutcome::NotApplicable(reasons::NO_RESPONSE.to_owned());
    };
    let Some((other, unknown)) = probe(context, "second-unknown").and_then(|e| Some((e, response(e)?))) else {
        return CheckOutcome::NotApplicable(
            "the request for a job that does not exist got no response to compare with".to_owned(),
        );
    };
    CheckOutcome::or_violation(own.status == unknown.status, || {
        let expected =
            format!("{}, as for a job that does not exist (exchange {})", describe::status(unknown.status), other.id);
        Violation::new(FindingPlace::Status, expected, describe::status(own.status))
    })
}
