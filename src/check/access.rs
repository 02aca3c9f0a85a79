//! Checks of who may fetch files, against what the manifest says of it.

use serde_json::Value;

use crate::check::context::{Broken, Held, Scene, items, response};
use crate::recording::model::Exchange;

/// What the flow's manifest says: whether files need the token.
fn needs_token(scene: &Scene<'_>) -> Option<bool> {
    let (_, manifest) = scene.index.manifest(&scene.flow.name)?;
    manifest.get("requiresAccessToken").and_then(Value::as_bool)
}

/// Whether a request carried a token.
fn shows_token(exchange: &Exchange) -> bool {
    exchange.request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
}

/// `token-sent`: the manifest says that files need the token, and the request showed it.
pub fn token_sent(exchange: &Exchange, scene: &Scene<'_>) -> Held {
    match needs_token(scene) {
        Some(true) => {}
        Some(false) => return Held::Nothing("the manifest says that files need no token".to_owned()),
        None => return Held::Nothing("the manifest does not say whether files need a token".to_owned()),
    }
    if !shows_token(exchange) {
        return Held::Nothing("no token was sent: the run has none, or it may not go to where the file is".to_owned());
    }
    let status = |exchange: &Exchange| response(exchange).map(|answer| answer.status).unwrap_or_default();
    let later = scene.index.tape.exchanges.iter().filter(|e| e.id > exchange.id && shows_token(e));
    if status(exchange) == 401 && !later.into_iter().any(|e| (200..300).contains(&status(e))) {
        return Held::Unknown("the token may be over: nothing was had for it later".to_owned());
    }
    Held::Yes
}

/// `open-to-all`: the manifest says that files need no token.
pub fn open_to_all(scene: &Scene<'_>) -> Held {
    match needs_token(scene) {
        Some(false) => Held::Yes,
        Some(true) => Held::Nothing("the manifest says that files need a token".to_owned()),
        None => Held::Nothing("the manifest does not say whether files need a token".to_owned()),
    }
}

/// `capability-url`: the manifest says so, and neither it nor the item says, in an extension, how else to be let in.
pub fn capability_url(exchange: &Exchange, scene: &Scene<'_>) -> Held {
    match open_to_all(scene) {
        Held::Yes => {}
        other => return other,
    }
    let Some((_, manifest)) = scene.index.manifest(&scene.flow.name) else {
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
        false => Held::Yes,
        true => Held::Nothing("an extension may say how the file is to be had".to_owned()),
    }
}

/// `no-bearer-challenge`: the answer does not ask for a bearer token.
pub fn no_bearer_challenge(exchange: &Exchange) -> Held {
    let Some(answer) = response(exchange) else { return Held::Unknown("there is no answer".to_owned()) };
    let asks = |line: &str| line.to_ascii_lowercase().split([',', ' ']).any(|word| word == "bearer");
    let challenged = answer.status == 401 && answer.header_lines("www-authenticate").any(asks);
    Held::or_broken(!challenged, || {
        let expected = "no demand for a bearer token, for the manifest says that files need none";
        Broken::new("status", "status", expected, "401 with WWW-Authenticate: Bearer")
    })
}
