//! Checks of who may fetch files, against what the manifest says of it.

use serde_json::Value;

use crate::check::context::{CheckContext, CheckOutcome, Violation, items, response};
use crate::recording::model::Exchange;

/// What the flow's manifest says: whether files need the token.
fn needs_token(context: &CheckContext<'_>) -> Option<bool> {
    let (_, manifest) = context.index.manifest(&context.flow.name)?;
    manifest.get("requiresAccessToken").and_then(Value::as_bool)
}

/// Whether a request carried a token.
fn shows_token(exchange: &Exchange) -> bool {
    exchange.request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
}

/// `token-sent`: the manifest says that files need the token, and the request showed it.
pub fn token_sent(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match needs_token(context) {
        Some(true) => {}
        Some(false) => return CheckOutcome::Nothing("the manifest says that files need no token".to_owned()),
        None => return CheckOutcome::Nothing("the manifest does not say whether files need a token".to_owned()),
    }
    if !shows_token(exchange) {
        return CheckOutcome::Nothing(
            "no token was sent: the run has none, or it may not go to where the file is".to_owned(),
        );
    }
    let status = |exchange: &Exchange| response(exchange).map(|answer| answer.status).unwrap_or_default();
    let later = context.index.recording.exchanges.iter().filter(|e| e.id > exchange.id && shows_token(e));
    if status(exchange) == 401 && !later.into_iter().any(|e| (200..300).contains(&status(e))) {
        return CheckOutcome::Unknown("the token may be over: nothing was had for it later".to_owned());
    }
    CheckOutcome::Yes
}

/// `open-to-all`: the manifest says that files need no token.
pub fn open_to_all(context: &CheckContext<'_>) -> CheckOutcome {
    match needs_token(context) {
        Some(false) => CheckOutcome::Yes,
        Some(true) => CheckOutcome::Nothing("the manifest says that files need a token".to_owned()),
        None => CheckOutcome::Nothing("the manifest does not say whether files need a token".to_owned()),
    }
}

/// `capability-url`: the manifest says so, and neither it nor the item says, in an extension, how else to be let in.
pub fn capability_url(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match open_to_all(context) {
        CheckOutcome::Yes => {}
        other => return other,
    }
    let Some((_, manifest)) = context.index.manifest(&context.flow.name) else {
        return crate::check::context::no_manifest();
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
        false => CheckOutcome::Yes,
        true => CheckOutcome::Nothing("an extension may say how the file is to be had".to_owned()),
    }
}

/// `no-bearer-challenge`: the answer does not ask for a bearer token.
pub fn no_bearer_challenge(exchange: &Exchange) -> CheckOutcome {
    let Some(answer) = response(exchange) else { return CheckOutcome::Unknown("there is no answer".to_owned()) };
    let asks = |line: &str| line.to_ascii_lowercase().split([',', ' ']).any(|word| word == "bearer");
    let challenged = answer.status == 401 && answer.header_lines("www-authenticate").any(asks);
    CheckOutcome::or_violation(!challenged, || {
        let expected = "no demand for a bearer token, for the manifest says that files need none";
        Violation::new("status", "status", expected, "401 with WWW-Authenticate: Bearer")
    })
}
