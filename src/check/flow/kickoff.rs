//! Checks of kick-offs.

use std::collections::BTreeSet;

use serde_json::Value;
use url::Url;

use crate::check::context::CheckContext;
use crate::check::exchange::{manifest_of, response};
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::show;
use crate::check::show::Shown;
use crate::recording::model::{Exchange, Outcome, Phase};
use crate::recording::shape::urls_of_line;
use crate::suite::values::is_unrelated_refusal;
use crate::verdicts::finding_place::FindingPlace;

/// `one-location`: all Content-Location headers name the same URL.
pub(crate) fn one_location(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let Some(response) = response(exchange) else {
        return CheckOutcome::NotApplicable("there is no answer".to_owned());
    };
    let values: BTreeSet<&str> = response.header_lines("content-location").flat_map(urls_of_line).collect();
    CheckOutcome::or_violation(values.len() <= 1, || {
        let actual = Shown::join(values.iter().map(|value| show::text(value)), " and ");
        Violation::new(FindingPlace::header("Content-Location"), "one URL", actual)
    })
}

/// `as-well-received`: accepted, if the kick-off of the flow to compare with is. If that is the flow's own kick-off,
/// the exchange is a probe of the same flow.
pub(crate) fn as_well_received(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(compared) = context.compared else {
        return CheckOutcome::NotApplicable("no kick-off at the same level was made to compare it with".to_owned());
    };
    let Some(other) = context.index.kickoff(&compared.name) else {
        return CheckOutcome::NotApplicable(format!("the kick-off of flow {} was not made", compared.name));
    };
    let (own, other_status) = match (&exchange.outcome, response(other)) {
        (Outcome::NoResponse(trouble), _) => return CheckOutcome::Undecided(trouble.message.clone()),
        (Outcome::Handshake(_), _) => return CheckOutcome::NotApplicable("a handshake is no kick-off".to_owned()),
        (_, None) => {
            return CheckOutcome::NotApplicable(format!("the kick-off of flow {} got no answer", compared.name));
        }
        (Outcome::Response(own), Some(other)) => (own, other.status),
    };
    if !(200..300).contains(&other_status) {
        return CheckOutcome::NotApplicable(format!(
            "the kick-off of flow {} was answered {other_status}",
            compared.name
        ));
    }
    match own.status {
        200..=299 => CheckOutcome::Holds,
        status if is_unrelated_refusal(status) => CheckOutcome::Undecided(format!("it was answered {status}")),
        status => CheckOutcome::Violated(vec![Violation::new(
            FindingPlace::Status,
            format!("{other_status}, as in exchange {}", other.id),
            status.to_string(),
        )]),
    }
}

/// `kickoff-accepted`: the flow's own kick-off was answered 2xx. Otherwise the fate of another kick-off proves nothing.
pub(crate) fn kickoff_accepted(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match context.index.kickoff(&context.flow.name).and_then(response).map(|response| response.status) {
        Some(200..=299) => CheckOutcome::Holds,
        Some(status) => CheckOutcome::NotApplicable(format!("the plain kick-off was answered {status}")),
        None => CheckOutcome::NotApplicable("the plain kick-off got no answer".to_owned()),
    }
}

/// `kickoff-found`: the flow's kick-off was answered with another status than 404.
pub(crate) fn kickoff_found(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(kickoff) = context.index.kickoff(&context.flow.name) else {
        return CheckOutcome::NotApplicable("the kick-off was not made".to_owned());
    };
    match response(kickoff).map(|response| response.status) {
        None => CheckOutcome::Undecided("the kick-off got no answer".to_owned()),
        Some(404) => {
            let expected = "anything but 404, for the Group can be read";
            CheckOutcome::Violated(vec![Violation::new(FindingPlace::Status, expected, "404").shown_by(kickoff.id)])
        }
        Some(_) => CheckOutcome::Holds,
    }
}

/// `job-not-completed`: the probe's kick-off was refused with 4xx, or its job failed.
pub(crate) fn job_not_completed(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(kickoff) = response(exchange) else {
        return CheckOutcome::Undecided("the kick-off got no answer".to_owned());
    };
    match kickoff.status {
        400..=499 => return CheckOutcome::Holds,
        200..=299 => {}
        status => {
            return CheckOutcome::Violated(vec![Violation::new(
                FindingPlace::Status,
                "4xx, or a job that fails",
                status.to_string(),
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
        let broken = Violation::new(
            FindingPlace::whole_body(),
            "a refusal, or a job that fails",
            "the manifest of a finished job",
        );
        return CheckOutcome::Violated(vec![broken.shown_by(done.id)]);
    }
    match polls.last() {
        Some(last) if last.phase == Some(Phase::Failed) => CheckOutcome::Holds,
        _ => CheckOutcome::Undecided("the job was accepted, and how it ended was not seen".to_owned()),
    }
}

/// `other-job`: Content-Location of the probe's kick-off differs from that of the flow's own kick-off. The recording
/// keeps equal URLs equal.
pub(crate) fn other_job(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let location = |exchange: &Exchange| response(exchange)?.header("content-location").map(str::to_owned);
    let Some(first) = context.index.kickoff(&context.flow.name) else {
        return CheckOutcome::NotApplicable("the flow made no kick-off of its own".to_owned());
    };
    let (Some(own), Some(other)) = (location(exchange), location(first)) else {
        return CheckOutcome::NotApplicable("one of the two kick-offs named no job".to_owned());
    };
    CheckOutcome::or_violation(own != other, || {
        let expected = format!("another job than that of exchange {}", first.id);
        Violation::new(FindingPlace::header("Content-Location"), expected, show::text(&own))
    })
}

/// `own-origin`: the polling URL, or the URLs of the output files, have the scheme, host and port of the base URL.
pub(crate) fn own_origin(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(answer) = response(exchange) else { return CheckOutcome::NotApplicable("there is no answer".to_owned()) };
    let Ok(asked) = Url::parse(&context.index.recording.start.base) else {
        return CheckOutcome::Undecided("the recording's base URL cannot be read".to_owned());
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
    // Other tests judge texts that are not URLs.
    let named: Vec<_> = named
        .into_iter()
        .filter_map(|(place, text)| {
            Some((place, Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?))
        })
        .collect();
    if named.is_empty() {
        return CheckOutcome::NotApplicable("the answer names no absolute URL".to_owned());
    }
    let origin = asked.origin();
    CheckOutcome::from_violations(
        named
            .into_iter()
            .filter(|(_, url)| url.origin() != origin)
            .map(|(place, url)| {
                let expected =
                    format!("a URL at {}, as asked; a proxy may hide the server's own", origin.ascii_serialization());
                Violation::new(place, expected, show::text(&url.origin().ascii_serialization()))
            })
            .collect(),
    )
}
