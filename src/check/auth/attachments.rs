//! Checks of attachments that resources refer to by URL.

use crate::check::auth::access::sent_token;
use crate::check::context::CheckContext;
use crate::check::exchange::{origin, response};
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::reasons;
use crate::recording::model::{Exchange, Outcome, Role};
use crate::suite::describe;
use crate::suite::model::FileList;
use crate::verdicts::finding_place::FindingPlace;

/// Returns the status of the response to a request for an attachment.
///
/// # Errors
/// The outcome, if the response does not show whether the server delivers the attachment.
fn attachment_status(exchange: &Exchange) -> Result<u16, CheckOutcome> {
    match &exchange.outcome {
        // Another client may reach a host that Plimsoll cannot reach.
        Outcome::NoResponse(trouble) => {
            Err(CheckOutcome::NotShown(format!("the attachment cannot be fetched: {}", trouble.message)))
        }
        Outcome::Response(answer) if matches!(answer.status, 429 | 502 | 503 | 504) => {
            Err(CheckOutcome::NotShown(reasons::last_attempt_returned(answer.status)))
        }
        Outcome::Response(answer) => Ok(answer.status),
        Outcome::Handshake(_) => Err(CheckOutcome::NotApplicable(reasons::HANDSHAKE.to_owned())),
    }
}

/// Returns whether an attachment is at another origin than the base URL and the flow's jobs and files.
fn is_elsewhere(exchange: &Exchange, context: &CheckContext<'_>) -> bool {
    let of_flow = |e: &&Exchange| matches!(e.role, Role::Poll | Role::File);
    let others = context.index.exchanges(&context.flow.name).iter().copied().filter(of_flow);
    let mut own = others.map(|e| e.request.url.as_str()).chain([context.index.recording.start.base.as_str()]);
    let place = origin(&exchange.request.url);
    place.is_some() && !own.any(|url| origin(url) == place)
}

/// `attachment-answers`: delivered, or refused because of credentials, which other tests judge. The exporting server is
/// not responsible for attachments on other servers.
pub(crate) fn attachment_answers(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match attachment_status(exchange) {
        Ok(200..=299) => CheckOutcome::Holds,
        Ok(401 | 403) => {
            CheckOutcome::NotApplicable("the server refused the request because of credentials".to_owned())
        }
        Ok(status) if is_elsewhere(exchange, context) => {
            CheckOutcome::NotShown(format!("the attachment is at another origin, which returned {status}"))
        }
        Ok(status) => CheckOutcome::Violated(vec![Violation::new(
            FindingPlace::Status,
            "200 OK with the attachment",
            describe::status(status),
        )]),
        Err(outcome) => outcome,
    }
}

/// `attachment-takes-token`: the server does not refuse a request with the run's token.
pub(crate) fn attachment_takes_token(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    if !sent_token(exchange) {
        return CheckOutcome::NotApplicable("the request had no token".to_owned());
    }
    match attachment_status(exchange) {
        Ok(status @ (401 | 403)) => {
            let expected = "the attachment, because the server accepts the token for files";
            CheckOutcome::Violated(vec![Violation::new(FindingPlace::Status, expected, describe::status(status))])
        }
        Ok(_) => CheckOutcome::Holds,
        Err(outcome) => outcome,
    }
}

/// `attachment-open`: the server does not refuse a request without a token if `requiresAccessToken` is false.
pub(crate) fn attachment_open(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let open = context
        .index
        .manifest(&context.flow.name)
        .is_some_and(|(_, m)| m.get("requiresAccessToken") == Some(&false.into()));
    if !open {
        return CheckOutcome::NotApplicable("requiresAccessToken is not false in the manifest".to_owned());
    }
    match attachment_status(exchange) {
        Ok(401 | 403) => {}
        Ok(_) => return CheckOutcome::Holds,
        Err(outcome) => return outcome,
    }
    let bearer = response(exchange).is_some_and(|answer| {
        answer.header_lines("www-authenticate").any(|line| line.trim_start().to_ascii_lowercase().starts_with("bearer"))
    });
    let files = context.index.files(&context.flow.name, FileList::Output);
    let delivered = files
        .iter()
        .any(|(file, _)| !sent_token(file) && response(file).is_some_and(|answer| (200..300).contains(&answer.status)));
    match bearer || delivered {
        true => {
            let status = response(exchange).map(|answer| describe::status(answer.status)).unwrap_or_default();
            CheckOutcome::Violated(vec![Violation::new(FindingPlace::Status, "the attachment without a token", status)])
        }
        false => CheckOutcome::NotShown(
            "the refusal has no Bearer challenge, so the attachment may need other credentials".to_owned(),
        ),
    }
}
