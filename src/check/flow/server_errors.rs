//! Checks of errors that a target has by itself. The run causes none of them.

use crate::check::context::CheckContext;
use crate::check::exchange::{items, manifest_of, no_manifest, response};
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::show;
use crate::recording::model::{BodyKind, Exchange, Outcome, TroubleKind};
use crate::recording::shape::is_error_outcome;
use crate::suite::model::FileList;
use crate::verdicts::finding_place::FindingPlace;

/// The codes of `transient` and below it, in FHIR's IssueType.
const TRANSIENT: [&str; 7] = ["transient", "lock-error", "no-store", "exception", "timeout", "incomplete", "throttled"];

/// `partly-done`: the last response to a poll carries a manifest with output, and reports errors in its list or by its
/// status.
pub(crate) fn partly_done(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    if items(manifest, "output").is_empty() {
        return CheckOutcome::NotApplicable("nothing was exported".to_owned());
    }
    let failed = response(exchange).is_some_and(|answer| answer.status >= 400);
    match failed || !items(manifest, "error").is_empty() {
        true => CheckOutcome::Holds,
        false => CheckOutcome::NotApplicable("nothing says that a part failed".to_owned()),
    }
}

/// `error-status`: an error has status 4xx or 5xx. An error is an OperationOutcome of severity error without a job, or
/// a status outside HTTP (RFC 9110, section 15), which clients treat as a server error.
pub(crate) fn error_status(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let answer = match &exchange.outcome {
        Outcome::Response(answer) => answer,
        Outcome::NoResponse(trouble) => return CheckOutcome::Undecided(trouble.message.clone()),
        Outcome::Handshake(_) => return CheckOutcome::NotApplicable("a handshake is no answer".to_owned()),
    };
    let broken = || {
        let expected = "4xx or 5xx, for what tells an error";
        CheckOutcome::Violated(vec![Violation::new(FindingPlace::Status, expected, answer.status.to_string())])
    };
    match answer.status {
        400..=599 => return CheckOutcome::Holds,
        200..=399 => {}
        _ => return broken(),
    }
    // An OperationOutcome may come with a job that started anyway.
    if answer.header("content-location").is_some() {
        return CheckOutcome::Holds;
    }
    if let Some(trouble) = &answer.broken {
        return CheckOutcome::Undecided(trouble.message.clone());
    }
    match answer.body.json.as_ref().is_some_and(is_error_outcome) {
        true => broken(),
        false => CheckOutcome::Holds,
    }
}

/// `transient-code`: an issue of the OperationOutcome has the code `transient` or one below it.
pub(crate) fn transient_code(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let issues = response(exchange).and_then(|answer| answer.body.json.as_ref()?.get("issue")?.as_array());
    let Some(issues) = issues else { return CheckOutcome::NotApplicable("the answer has no issue".to_owned()) };
    let codes: Vec<&str> = issues.iter().filter_map(|issue| issue.get("code")?.as_str()).collect();
    CheckOutcome::or_violation(codes.iter().any(|code| TRANSIENT.contains(code)), || {
        let actual = if codes.is_empty() { "no code".into() } else { show::text(&codes.join(", ")) };
        Violation::new(FindingPlace::body("/issue/0/code"), format!("one of {}", TRANSIENT.join(", ")), actual)
    })
}

/// `error-in-place`: a response with a status of success holds an error instead of the file: an HTML page, or a single
/// OperationOutcome in the list of output.
pub(crate) fn error_in_place(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(answer) = response(exchange) else { return CheckOutcome::Undecided("there is no answer".to_owned()) };
    let yes = |actual: &str| {
        let expected = "an error in the place of the file";
        CheckOutcome::or_violation(true, || Violation::new(FindingPlace::whole_body(), expected, actual))
    };
    if !(200..300).contains(&answer.status) {
        return CheckOutcome::Violated(vec![Violation::new(
            FindingPlace::Status,
            "a status of success",
            answer.status.to_string(),
        )]);
    }
    if answer.body.kind == BodyKind::Html {
        return yes("a page");
    }
    let listed = exchange.file.filter(|place| place.list == FileList::Output);
    let lone = match context.index.facts(exchange) {
        Some(facts) => {
            let outcomes = facts.lines.types.get("OperationOutcome").copied().unwrap_or_default();
            facts.lines.resources == 1 && outcomes == 1
        }
        None => answer.body.resource_type.as_deref() == Some("OperationOutcome"),
    };
    // NDJSON with OperationOutcomes is data in the wrong list; another test judges it.
    let sent_as_lines = answer.media_type().is_some_and(|media| media.contains("ndjson"));
    match listed.is_some() && lone && !sent_as_lines {
        true => yes("an OperationOutcome"),
        false => CheckOutcome::Violated(vec![Violation::new(
            FindingPlace::whole_body(),
            "an error in the place of the file",
            "something else",
        )]),
    }
}

/// `outlasts-expires`: a download that is running when the manifest's `Expires` passes is completed.
pub(crate) fn outlasts_expires(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some((first, _)) = context.index.manifest(&context.flow.name) else { return no_manifest() };
    let date = |name: &str| {
        let text = response(first)?.header(name)?;
        httpdate::parse_http_date(text.trim()).ok()
    };
    let Some(answer) = response(exchange) else { return CheckOutcome::Undecided("there is no answer".to_owned()) };
    let (Some(expires), Some(now)) = (date("expires"), date("date")) else {
        return CheckOutcome::NotApplicable(
            "the manifest does not say, by Expires and Date, when its files go".to_owned(),
        );
    };
    // Both are on the server's clock; their difference counts from the response with the manifest.
    let Ok(left) = expires.duration_since(now) else {
        return CheckOutcome::NotApplicable("Expires had passed before the manifest came".to_owned());
    };
    let gone = first.at.saturating_add(first.took).saturating_add(u64::try_from(left.as_millis()).unwrap_or(u64::MAX));
    let (began, ended) = (exchange.at, exchange.at.saturating_add(exchange.took));
    if answer.status != 200 || began >= gone || ended <= gone {
        return CheckOutcome::NotApplicable("no file was still coming when Expires passed".to_owned());
    }
    match &answer.broken {
        None => CheckOutcome::Holds,
        Some(trouble) if trouble.kind == TroubleKind::Cut => {
            let expected = "the rest of a file that was being fetched when Expires passed";
            CheckOutcome::Violated(vec![Violation::new(FindingPlace::whole_body(), expected, trouble.message.clone())])
        }
        Some(trouble) => CheckOutcome::Undecided(trouble.message.clone()),
    }
}
