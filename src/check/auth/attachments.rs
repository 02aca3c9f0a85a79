//! Checks of attachments that resources refer to by URL.

use url::Url;

use crate::check::auth::access::sent_token;
use crate::check::context::CheckContext;
use crate::check::exchange::response;
use crate::check::outcome::{CheckOutcome, Violation};
use crate::recording::model::{Exchange, Outcome, Role};
use crate::suite::model::FileList;
use crate::verdicts::finding_place::FindingPlace;

/// The status of an attachment's response, if it is about the attachment.
fn answered(exchange: &Exchange) -> Result<u16, CheckOutcome> {
    match &exchange.outcome {
        // A host that cannot be reached from here may be reachable from elsewhere.
        Outcome::NoResponse(trouble) => {
            Err(CheckOutcome::NotShown(format!("the attachment's host: {}", trouble.message)))
        }
        Outcome::Response(answer) if matches!(answer.status, 429 | 502 | 503 | 504) => {
            Err(CheckOutcome::NotShown(format!("the attachment was answered {} to the last", answer.status)))
        }
        Outcome::Response(answer) => Ok(answer.status),
        Outcome::Handshake(_) => Err(CheckOutcome::NotApplicable("no attachment was asked for".to_owned())),
    }
}

/// Whether an attachment is at another origin than the target and the flow's jobs and files.
fn is_elsewhere(exchange: &Exchange, context: &CheckContext<'_>) -> bool {
    let origin = |text: &str| Url::parse(text).ok().map(|url| url.origin());
    let of_flow = |e: &&Exchange| matches!(e.role, Role::Poll | Role::File);
    let others = context.index.exchanges(&context.flow.name).iter().copied().filter(of_flow);
    let mut own = others.map(|e| e.request.url.as_str()).chain([context.index.recording.start.base.as_str()]);
    let place = origin(&exchange.request.url);
    place.is_some() && !own.any(|url| origin(url) == place)
}

/// `attachment-answers`: delivered, or refused because of credentials, which other tests judge. The exporting server is
/// not responsible for attachments on other servers.
pub(crate) fn attachment_answers(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match answered(exchange) {
        Ok(200..=299) => CheckOutcome::Holds,
        Ok(401 | 403) => CheckOutcome::NotApplicable("it was refused for want of credentials".to_owned()),
        Ok(status) if is_elsewhere(exchange, context) => {
            CheckOutcome::NotShown(format!("it lies with somebody else, who answered {status}"))
        }
        Ok(status) => CheckOutcome::Violated(vec![Violation::new(
            FindingPlace::Status,
            "200, with the attachment",
            status.to_string(),
        )]),
        Err(outcome) => outcome,
    }
}

/// `attachment-takes-token`: not refused with the run's token.
pub(crate) fn attachment_takes_token(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    if !sent_token(exchange) {
        return CheckOutcome::NotApplicable("no token was sent".to_owned());
    }
    match answered(exchange) {
        Ok(status @ (401 | 403)) => {
            let expected = "the attachment, as files with the same token";
            CheckOutcome::Violated(vec![Violation::new(FindingPlace::Status, expected, status.to_string())])
        }
        Ok(_) => CheckOutcome::Holds,
        Err(outcome) => outcome,
    }
}

/// `attachment-open`: not refused without a token if the manifest says that files need none.
pub(crate) fn attachment_open(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let open = context
        .index
        .manifest(&context.flow.name)
        .is_some_and(|(_, m)| m.get("requiresAccessToken") == Some(&false.into()));
    if !open {
        return CheckOutcome::NotApplicable("the manifest does not say that files need no token".to_owned());
    }
    match answered(exchange) {
        Ok(401 | 403) => {}
        Ok(_) => return CheckOutcome::Holds,
        Err(outcome) => return outcome,
    }
    let bearer = response(exchange).is_some_and(|answer| {
        answer.header_lines("www-authenticate").any(|line| line.trim_start().to_ascii_lowercase().starts_with("bearer"))
    });
    let files = context.index.files(&context.flow.name, FileList::Output);
    let free = files
        .iter()
        .any(|(file, _)| !sent_token(file) && response(file).is_some_and(|answer| (200..300).contains(&answer.status)));
    match bearer || free {
        true => {
            let status = response(exchange).map(|answer| answer.status.to_string()).unwrap_or_default();
            CheckOutcome::Violated(vec![Violation::new(
                FindingPlace::Status,
                "the attachment, without a token",
                status,
            )])
        }
        false => CheckOutcome::NotShown(
            "it was refused as the files are; credentials of another kind may be needed".to_owned(),
        ),
    }
}
