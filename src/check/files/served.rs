//! Checks of the headers of files and of their access.

use serde_json::Value;
use url::Url;

use crate::check::context::CheckContext;
use crate::check::exchange::{no_manifest, origin, response};
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::show::Shown;
use crate::check::{reasons, show};
use crate::recording::model::Exchange;
use crate::verdicts::finding_place::FindingPlace;

/// Returns whether the URL of `exchange` is at the origin of the base URL.
fn is_own(exchange: &Exchange, context: &CheckContext<'_>) -> bool {
    origin(&exchange.request.url).is_some_and(|asked| Some(asked) == origin(&context.index.recording.start.base))
}

/// `token-required`: `requiresAccessToken` is true in the flow's manifest. The target does not protect files at another
/// origin, such as signed URLs.
pub(crate) fn token_required(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    if !is_own(exchange, context) {
        return CheckOutcome::NotApplicable(reasons::OTHER_ORIGIN.to_owned());
    }
    let Some((_, manifest)) = context.index.manifest(&context.flow.name) else {
        return no_manifest();
    };
    let value = manifest.get("requiresAccessToken");
    CheckOutcome::or_violation(value.and_then(Value::as_bool) == Some(true), || {
        Violation::new(FindingPlace::body("/requiresAccessToken"), "the JSON value true", show::shape(value))
    })
}

/// `stored-version`: the path of `Content-Location`, resolved against the request URL, begins with the path of that
/// URL. Files at another origin are not judged.
pub(crate) fn stored_version(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(answer) = response(exchange) else {
        return CheckOutcome::NotApplicable(reasons::NO_RESPONSE.to_owned());
    };
    if !is_own(exchange, context) {
        return CheckOutcome::NotApplicable(reasons::OTHER_ORIGIN.to_owned());
    }
    let violated = |actual: Shown| {
        let expected = "the URL of the file, or of a version below it";
        CheckOutcome::Violated(vec![Violation::new(FindingPlace::header("Content-Location"), expected, actual)])
    };
    let Some(text) = answer.header("content-location") else { return violated("no Content-Location".into()) };
    let Ok(asked) = Url::parse(&exchange.request.url) else {
        return CheckOutcome::Undecided("the URL of the file is not valid".to_owned());
    };
    let path = |url: &Url| url.path().trim_end_matches('/').to_owned();
    match asked.join(text).map(|named| path(&named)) {
        Ok(named) if named == path(&asked) || named.starts_with(&format!("{}/", path(&asked))) => CheckOutcome::Holds,
        _ => violated(show::text(text)),
    }
}

/// `announced-length`: the file has as many bytes as `Content-Length` says. Another test judges interrupted transfers.
pub(crate) fn announced_length(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let announced = response(exchange).and_then(|answer| answer.header("content-length")?.trim().parse::<u64>().ok());
    let Some(announced) = announced else {
        return CheckOutcome::NotApplicable("the response has no Content-Length".to_owned());
    };
    match context.index.facts(exchange).filter(|facts| facts.whole) {
        None => CheckOutcome::NotApplicable(reasons::FILE_INCOMPLETE.to_owned()),
        Some(facts) => CheckOutcome::or_violation(facts.lines.bytes == announced, || {
            let expected = format!("{}, the number of received bytes", facts.lines.bytes);
            Violation::new(FindingPlace::header("Content-Length"), expected, announced.to_string())
        }),
    }
}

/// `not-public`: Cache-Control does not permit shared caches to store data about patients.
pub(crate) fn not_public(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let Some(answer) = response(exchange) else {
        return CheckOutcome::Undecided(reasons::NO_RESPONSE.to_owned());
    };
    let directives = answer.header_lines("cache-control").flat_map(|line| line.split(','));
    let mut names = directives.map(|one| one.split('=').next().unwrap_or_default().trim().to_ascii_lowercase());
    let shared = names.find(|name| matches!(name.as_str(), "public" | "s-maxage"));
    CheckOutcome::or_violation(shared.is_none(), || {
        let actual = show::text(&shared.clone().unwrap_or_default());
        Violation::new(
            FindingPlace::header("Cache-Control"),
            "no directive that permits shared caches to store the file",
            actual,
        )
    })
}
