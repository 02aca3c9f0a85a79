//! Checks of errors that the run does not cause: partial failures, transient errors and expired files.

use crate::check::context::CheckContext;
use crate::check::exchange::{items, manifest_of, no_manifest, response};
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::{reasons, show};
use crate::recording::model::{BodyKind, Exchange, Outcome, TroubleKind};
use crate::recording::shape::is_error_outcome;
use crate::suite::describe;
use crate::suite::model::FileList;
use crate::verdicts::finding_place::FindingPlace;

/// The code `transient` of FHIR's IssueType and the codes below it.
const TRANSIENT: [&str; 7] = ["transient", "lock-error", "no-store", "exception", "timeout", "incomplete", "throttled"];

/// `partly-done`: the last response to a poll has a manifest with output, and shows errors in the list or by the
/// status.
pub(crate) fn partly_done(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    if items(manifest, "output").is_empty() {
        return CheckOutcome::NotApplicable(reasons::NOTHING_EXPORTED.to_owned());
    }
    let failed = response(exchange).is_some_and(|answer| answer.status >= 400);
    match failed || !items(manifest, "error").is_empty() {
        true => CheckOutcome::Holds,
        false => CheckOutcome::NotApplicable("neither the status nor error shows a partial failure".to_owned()),
    }
}

/// `error-status`: an error has status 4xx or 5xx. An error is an OperationOutcome of severity error without a job, or
/// a status outside 100 to 599 (RFC 9110, section 15), which clients treat as a server error.
pub(crate) fn error_status(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let answer = match &exchange.outcome {
        Outcome::Response(answer) => answer,
        Outcome::NoResponse(trouble) => return CheckOutcome::Undecided(trouble.message.clone()),
        Outcome::Handshake(_) => return CheckOutcome::NotApplicable(reasons::HANDSHAKE.to_owned()),
    };
    let violated = || {
        let expected = "4xx or 5xx, because the response is an error";
        CheckOutcome::Violated(vec![Violation::new(FindingPlace::Status, expected, describe::status(answer.status))])
    };
    match answer.status {
        400..=599 => return CheckOutcome::Holds,
        200..=399 => {}
        _ => return violated(),
    }
    // An OperationOutcome may accompany a job that started.
    if answer.header("content-location").is_some() {
        return CheckOutcome::Holds;
    }
    if let Some(trouble) = &answer.broken {
        return CheckOutcome::Undecided(trouble.message.clone());
    }
    match answer.body.json.as_ref().is_some_and(is_error_outcome) {
        true => violated(),
        false => CheckOutcome::Holds,
    }
}

/// `transient-code`: an issue of the OperationOutcome has the code `transient` or one below it.
pub(crate) fn transient_code(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let issues = response(exchange).and_then(|answer| answer.body.json.as_ref()?.get("issue")?.as_array());
    let Some(issues) = issues else {
        return CheckOutcome::NotApplicable("the response has no OperationOutcome issue".to_owned());
    };
    let codes: Vec<&str> = issues.iter().filter_map(|issue| issue.get("code")?.as_str()).collect();
    CheckOutcome::or_violation(codes.iter().any(|code| TRANSIENT.contains(code)), || {
        let actual = if codes.is_empty() { "no code".into() } else { show::text(&codes.join(", ")) };
        Violation::new(FindingPlace::body("/issue/0/code"), format!("one of {}", TRANSIENT.join(", ")), actual)
    })
}

/// `error-in-place`: a 2xx response has an error instead of the file: an HTML page, or a single OperationOutcome in a
/// file of output.
pub(crate) fn error_in_place(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(answer) = response(exchange) else { return CheckOutcome::Undecided(reasons::NO_RESPONSE.to_owned()) };
    let yes = |actual: &str| {
        let expected = "an error instead of the file";
        CheckOutcome::or_violation(true, || Violation::new(FindingPlace::whole_body(), expected, actual))
    };
    if !(200..300).contains(&answer.status) {
        return CheckOutcome::Violated(vec![Violation::new(
            FindingPlace::Status,
            "a 2xx status",
            describe::status(answer.status),
        )]);
    }
    if answer.body.kind == BodyKind::Html {
        return yes("an HTML page");
    }
    let listed = exchange.file.filter(|place| place.list == FileList::Output);
    let single = match context.index.facts(exchange) {
        Some(facts) => {
            let outcomes = facts.lines.types.get("OperationOutcome").copied().unwrap_or_default();
            facts.lines.resources == 1 && outcomes == 1
        }
        None => answer.body.resource_type.as_deref() == Some("OperationOutcome"),
    };
    // NDJSON with OperationOutcomes is data in the wrong list; another test judges it.
    let sent_as_lines = answer.media_type().is_some_and(|media| media.contains("ndjson"));
    match listed.is_some() && single && !sent_as_lines {
        true => yes("an OperationOutcome"),
        false => CheckOutcome::Violated(vec![Violation::new(
            FindingPlace::whole_body(),
            "an error instead of the file",
            "other content",
        )]),
    }
}

/// `outlasts-expires`: the server completes a download that is running when the manifest's `Expires` passes.
pub(crate) fn outlasts_expires(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some((first, _)) = context.index.manifest(&context.flow.name) else { return no_manifest() };
    let date = |name: &str| {
        let text = response(first)?.header(name)?;
        httpdate::parse_http_date(text.trim()).ok()
    };
    let Some(answer) = response(exchange) else { return CheckOutcome::Undecided(reasons::NO_RESPONSE.to_owned()) };
    let (Some(expires), Some(now)) = (date("expires"), date("date")) else {
        return CheckOutcome::NotApplicable("the response with the manifest has no valid Expires and Date".to_owned());
    };
    // Both are times of the server's clock, so only their difference counts, from the response with the manifest.
    let Ok(left) = expires.duration_since(now) else {
        return CheckOutcome::NotApplicable("Expires is before the Date of the manifest".to_owned());
    };
    let gone = first.at.saturating_add(first.took).saturating_add(u64::try_from(left.as_millis()).unwrap_or(u64::MAX));
    let (began, ended) = (exchange.at, exchange.at.saturating_add(exchange.took));
    if answer.status != 200 || began >= gone || ended <= gone {
        return CheckOutcome::NotApplicable("no download was running when Expires passed".to_owned());
    }
    match &answer.broken {
        None => CheckOutcome::Holds,
        Some(trouble) if trouble.kind == TroubleKind::Cut => {
            let expected = "the complete file, because its download began before Expires";
            CheckOutcome::Violated(vec![Violation::new(FindingPlace::whole_body(), expected, trouble.message.clone())])
        }
        Some(trouble) => CheckOutcome::Undecided(trouble.message.clone()),
    }
}
