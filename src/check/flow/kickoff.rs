//! Checks of kick-offs.

use std::collections::BTreeSet;

use serde_json::Value;
use url::Url;

use crate::check::context::CheckContext;
use crate::check::exchange::{manifest_of, response};
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::show::Shown;
use crate::check::{reasons, show};
use crate::recording::model::{Exchange, Outcome, Phase, Role};
use crate::recording::shape::{is_late_refusal, urls_of_line};
use crate::suite::describe;
use crate::suite::values::is_unrelated_refusal;
use crate::verdicts::finding_place::FindingPlace;

/// `one-location`: all Content-Location headers name the same URL.
pub(crate) fn one_location(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let Some(response) = response(exchange) else {
        return CheckOutcome::NotApplicable(reasons::NO_RESPONSE.to_owned());
    };
    let values: BTreeSet<&str> = response.header_lines("content-location").flat_map(urls_of_line).collect();
    CheckOutcome::or_violation(values.len() <= 1, || {
        let actual = Shown::join(values.iter().map(|value| show::text(value)), " and ");
        Violation::new(FindingPlace::header("Content-Location"), "one URL", actual)
    })
}

/// `as-well-received`: the kick-off is accepted if the kick-off of the flow to compare with is accepted. If that is the
/// kick-off of the same flow, the judged exchange is a probe.
pub(crate) fn as_well_received(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(compared) = context.compared else {
        return CheckOutcome::NotApplicable(reasons::NO_KICKOFF_TO_COMPARE.to_owned());
    };
    let Some(other) = context.index.kickoff(&compared.name) else {
        return CheckOutcome::NotApplicable(reasons::no_kickoff(&compared.name));
    };
    let (own, other_status) = match (&exchange.outcome, response(other)) {
        (Outcome::NoResponse(trouble), _) => return CheckOutcome::Undecided(trouble.message.clone()),
        (Outcome::Handshake(_), _) => return CheckOutcome::NotApplicable(reasons::HANDSHAKE.to_owned()),
        (_, None) => {
            return CheckOutcome::NotApplicable(format!("the kick-off of flow {} got no response", compared.name));
        }
        (Outcome::Response(own), Some(other)) => (own, other.status),
    };
    if !(200..300).contains(&other_status) {
        return CheckOutcome::NotApplicable(format!("the kick-off of flow {} returned {other_status}", compared.name));
    }
    if let Some((poll, status)) = refused_late(other, &compared.name, context) {
        let because = format!("the job of flow {} ended with {status} (exchange {})", compared.name, poll.id);
        return CheckOutcome::NotApplicable(because);
    }
    match own.status {
        200..=299 => match refused_late(exchange, &context.flow.name, context) {
            None => CheckOutcome::Holds,
            Some((poll, status)) => CheckOutcome::Violated(vec![
                Violation::new(
                    FindingPlace::Status,
                    format!("a job that completes, as that of exchange {}", other.id),
                    describe::status(status),
                )
                .shown_by(poll.id),
            ]),
        },
        status if is_unrelated_refusal(status) => CheckOutcome::Undecided(reasons::server_returned(status)),
        status => CheckOutcome::Violated(vec![Violation::new(
            FindingPlace::Status,
            format!("{}, as in exchange {}", describe::status(other_status), other.id),
            describe::status(status),
        )]),
    }
}

/// Returns the poll that refused the request of an accepted kick-off, and its status.
fn refused_late<'a>(kickoff: &Exchange, flow: &str, context: &CheckContext<'a>) -> Option<(&'a Exchange, u16)> {
    let polls = context.index.exchanges(flow).iter().copied();
    let mut polls = polls.filter(|poll| match kickoff.role {
        Role::Probe => poll.role == Role::Probe && poll.probe == kickoff.probe,
        _ => poll.role == Role::Poll && !poll.superseded,
    });
    let poll = polls.find(|poll| is_late_refusal(poll))?;
    Some((poll, response(poll)?.status))
}

/// `kickoff-refused`: the probe's kick-off was refused with 4xx or 501, or its job failed.
pub(crate) fn kickoff_refused(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(status) = response(exchange).map(|response| response.status) else {
        return CheckOutcome::Undecided(reasons::NO_KICKOFF_RESPONSE.to_owned());
    };
    if matches!(status, 400..=499 | 501) {
        return CheckOutcome::Holds;
    }
    let expected = "a 4xx status or 501 Not Implemented, or a job that fails";
    let mut polls = context.index.exchanges(&context.flow.name).iter().copied();
    let last = polls.rfind(|poll| poll.probe == exchange.probe && poll.phase.is_some());
    let ended = last.and_then(|poll| Some((poll, response(poll)?.status)));
    match ended {
        // The job is unknown, so it has not failed.
        Some((poll, 404 | 410)) if poll.phase == Some(Phase::Failed) => {}
        Some((poll, _)) if poll.phase == Some(Phase::Failed) => return CheckOutcome::Holds,
        Some((poll, _)) if poll.phase == Some(Phase::Complete) => {
            let found = Violation::new(FindingPlace::whole_body(), expected, "the manifest of a finished job");
            return CheckOutcome::Violated(vec![found.shown_by(poll.id)]);
        }
        Some(_) => {
            return CheckOutcome::Undecided(reasons::JOB_END_UNSEEN.to_owned());
        }
        None => {}
    }
    CheckOutcome::Violated(vec![Violation::new(FindingPlace::Status, expected, describe::status(status))])
}

/// `kickoff-accepted`: the flow's own kick-off returned 2xx. Otherwise the response to another kick-off proves nothing.
pub(crate) fn kickoff_accepted(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match context.index.kickoff(&context.flow.name).and_then(response).map(|response| response.status) {
        Some(200..=299) => CheckOutcome::Holds,
        Some(status) => CheckOutcome::NotApplicable(reasons::kickoff_returned(status)),
        None => CheckOutcome::NotApplicable(reasons::NO_KICKOFF_RESPONSE.to_owned()),
    }
}

/// `kickoff-found`: the flow's kick-off returned a status other than 404.
pub(crate) fn kickoff_found(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(kickoff) = context.index.kickoff(&context.flow.name) else {
        return CheckOutcome::NotApplicable(reasons::no_kickoff(&context.flow.name));
    };
    match response(kickoff).map(|response| response.status) {
        None => CheckOutcome::Undecided(reasons::NO_KICKOFF_RESPONSE.to_owned()),
        Some(404) => {
            let expected = "a status other than 404, because the Group can be read";
            let violation = Violation::new(FindingPlace::Status, expected, describe::status(404));
            CheckOutcome::Violated(vec![violation.shown_by(kickoff.id)])
        }
        Some(_) => CheckOutcome::Holds,
    }
}

/// `job-not-completed`: the probe's kick-off was refused with 4xx, or its job failed.
pub(crate) fn job_not_completed(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(kickoff) = response(exchange) else {
        return CheckOutcome::Undecided(reasons::NO_KICKOFF_RESPONSE.to_owned());
    };
    match kickoff.status {
        400..=499 => return CheckOutcome::Holds,
        200..=299 => {}
        status => {
            return CheckOutcome::Violated(vec![Violation::new(
                FindingPlace::Status,
                "a 4xx status or a job that fails",
                describe::status(status),
            )]);
        }
    }
    let polls: Vec<&Exchange> = context
        .index
        .exchanges(&context.flow.name)
        .iter()
        .copied()
        .filter(|e| e.probe == exchange.probe && e.phase.is_some())
        .collect();
    if let Some(done) = polls.iter().find(|e| e.phase == Some(Phase::Complete)) {
        let violation = Violation::new(
            FindingPlace::whole_body(),
            "a 4xx status or a job that fails",
            "the manifest of a finished job",
        );
        return CheckOutcome::Violated(vec![violation.shown_by(done.id)]);
    }
    match polls.last() {
        Some(last) if last.phase == Some(Phase::Failed) => CheckOutcome::Holds,
        _ => CheckOutcome::Undecided(reasons::JOB_END_UNSEEN.to_owned()),
    }
}

/// `other-job`: Content-Location of the probe's kick-off differs from that of the flow's own kick-off. Equal URLs are
/// still equal in the redacted recording.
pub(crate) fn other_job(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let location = |exchange: &Exchange| response(exchange)?.header("content-location").map(str::to_owned);
    let Some(first) = context.index.kickoff(&context.flow.name) else {
        return CheckOutcome::NotApplicable(reasons::no_kickoff(&context.flow.name));
    };
    let (Some(own), Some(other)) = (location(exchange), location(first)) else {
        return CheckOutcome::NotApplicable("one of the two kick-offs has no Content-Location".to_owned());
    };
    CheckOutcome::or_violation(own != other, || {
        let expected = format!("a URL other than in exchange {}", first.id);
        Violation::new(FindingPlace::header("Content-Location"), expected, show::text(&own))
    })
}

/// `own-origin`: the polling URL, or the URLs of the output files, have the scheme, host and port of the base URL.
pub(crate) fn own_origin(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(answer) = response(exchange) else {
        return CheckOutcome::NotApplicable(reasons::NO_RESPONSE.to_owned());
    };
    let Ok(base) = Url::parse(&context.index.recording.start.base) else {
        return CheckOutcome::Undecided(reasons::INVALID_BASE.to_owned());
    };
    let mut named: Vec<(FindingPlace, &str)> = Vec::new();
    if let Some(url) = answer.header("content-location") {
        named.push((FindingPlace::header("Content-Location").to_owned(), url));
    }
    let items = manifest_of(exchange).and_then(|manifest| manifest.get("output")).and_then(Value::as_array);
    for (n, item) in items.into_iter().flatten().enumerate() {
        if let Some(url) = item.get("url").and_then(Value::as_str) {
            named.push((FindingPlace::body(format!("/output/{n}/url")), url));
        }
    }
    // Other tests judge strings that are not URLs.
    let named: Vec<_> = named
        .into_iter()
        .filter_map(|(place, text)| {
            Some((place, Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?))
        })
        .collect();
    if named.is_empty() {
        return CheckOutcome::NotApplicable("the response has no absolute URL".to_owned());
    }
    let origin = base.origin();
    CheckOutcome::from_violations(
        named
            .into_iter()
            .filter(|(_, url)| url.origin() != origin)
            .map(|(place, url)| {
                let expected = format!("a URL at {}, the origin of the base URL", origin.ascii_serialization());
                Violation::new(place, expected, show::text(&url.origin().ascii_serialization()))
            })
            .collect(),
    )
}
