//! Checks on kick-offs.

use std::collections::BTreeSet;

use serde_json::Value;
use url::Url;

use crate::check::context::{CheckContext, CheckOutcome, Violation, manifest_of, response};
use crate::check::show;
use crate::recording::model::{Exchange, Outcome, Phase};
use crate::recording::shape::urls_of_line;
use crate::suite::values::is_unrelated_refusal;

/// `one-location`: however often the header comes, it names one URL.
pub fn one_location(exchange: &Exchange) -> CheckOutcome {
    let Some(response) = response(exchange) else { return CheckOutcome::Nothing("there is no answer".to_owned()) };
    let values: BTreeSet<&str> = response.header_lines("content-location").flat_map(urls_of_line).collect();
    CheckOutcome::or_violation(values.len() <= 1, || {
        let actual = values.iter().map(|value| show::text(value)).collect::<Vec<_>>().join(" and ");
        Violation::new("header", "header Content-Location", "one URL", actual)
    })
}

/// `as-well-received`: accepted, wherever the kick-off of the flow beside it is. Where that one is the flow's own
/// kick-off, the exchange is a probe of the same flow.
pub fn as_well_received(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(compared) = context.compared else {
        return CheckOutcome::Nothing("no kick-off at the same level was made to compare it with".to_owned());
    };
    let Some(other) = context.index.kickoff(&compared.name) else {
        return CheckOutcome::Nothing(format!("the kick-off of flow {} was not made", compared.name));
    };
    let (own, other_status) = match (&exchange.outcome, response(other)) {
        (Outcome::NoResponse(trouble), _) => return CheckOutcome::Unknown(trouble.message.clone()),
        (Outcome::Handshake(_), _) => return CheckOutcome::Nothing("a handshake is no kick-off".to_owned()),
        (_, None) => return CheckOutcome::Nothing(format!("the kick-off of flow {} got no answer", compared.name)),
        (Outcome::Response(own), Some(other)) => (own, other.status),
    };
    if !(200..300).contains(&other_status) {
        return CheckOutcome::Nothing(format!("the kick-off of flow {} was answered {other_status}", compared.name));
    }
    match own.status {
        200..=299 => CheckOutcome::Yes,
        status if is_unrelated_refusal(status) => CheckOutcome::Unknown(format!("it was answered {status}")),
        status => CheckOutcome::No(vec![Violation::new(
            "status",
            "status",
            format!("{other_status}, as in exchange {}", other.id),
            status.to_string(),
        )]),
    }
}

/// `kickoff-accepted`: the flow's own kick-off was answered 2xx. Where not, what becomes of another proves nothing.
pub fn kickoff_accepted(context: &CheckContext<'_>) -> CheckOutcome {
    match context.index.kickoff(&context.flow.name).and_then(response).map(|response| response.status) {
        Some(200..=299) => CheckOutcome::Yes,
        Some(status) => CheckOutcome::Nothing(format!("the plain kick-off was answered {status}")),
        None => CheckOutcome::Nothing("the plain kick-off got no answer".to_owned()),
    }
}

/// `kickoff-found`: the flow's kick-off was answered, and not with 404.
pub fn kickoff_found(context: &CheckContext<'_>) -> CheckOutcome {
    let Some(kickoff) = context.index.kickoff(&context.flow.name) else {
        return CheckOutcome::Nothing("the kick-off was not made".to_owned());
    };
    match response(kickoff).map(|response| response.status) {
        None => CheckOutcome::Unknown("the kick-off got no answer".to_owned()),
        Some(404) => {
            let expected = "anything but 404, for the Group can be read";
            CheckOutcome::No(vec![Violation::new("status", "status", expected, "404").shown_by(kickoff.id)])
        }
        Some(_) => CheckOutcome::Yes,
    }
}

/// `job-not-completed`: the probe's kick-off was refused with 4xx, or its job failed.
pub fn job_not_completed(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(kickoff) = response(exchange) else {
        return CheckOutcome::Unknown("the kick-off got no answer".to_owned());
    };
    match kickoff.status {
        400..=499 => return CheckOutcome::Yes,
        200..=299 => {}
        status => {
            return CheckOutcome::No(vec![Violation::new(
                "status",
                "status",
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
        let broken = Violation::new("body", "body", "a refusal, or a job that fails", "the manifest of a finished job");
        return CheckOutcome::No(vec![broken.shown_by(done.id)]);
    }
    match polls.last() {
        Some(last) if last.phase == Some(Phase::Failed) => CheckOutcome::Yes,
        _ => CheckOutcome::Unknown("the job was accepted, and how it ended was not seen".to_owned()),
    }
}

/// `other-job`: the Content-Location of the probe's kick-off is not that of the flow's own. Both are compared as the recording
/// shows them: equal where equal.
pub fn other_job(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let location = |exchange: &Exchange| response(exchange)?.header("content-location").map(str::to_owned);
    let Some(first) = context.index.kickoff(&context.flow.name) else {
        return CheckOutcome::Nothing("the flow made no kick-off of its own".to_owned());
    };
    let (Some(own), Some(other)) = (location(exchange), location(first)) else {
        return CheckOutcome::Nothing("one of the two kick-offs named no job".to_owned());
    };
    CheckOutcome::or_violation(own != other, || {
        let expected = format!("another job than that of exchange {}", first.id);
        Violation::new("header", "header Content-Location", expected, show::text(&own))
    })
}

/// `own-origin`: the polling URL, or the URLs of the output files, have the scheme, host and port of the base URL.
pub fn own_origin(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(answer) = response(exchange) else { return CheckOutcome::Nothing("there is no answer".to_owned()) };
    let Ok(asked) = Url::parse(&context.index.recording.start.base) else {
        return CheckOutcome::Unknown("the recording's base URL cannot be read".to_owned());
    };
    let mut named: Vec<(&str, String, &str)> = Vec::new();
    if let Some(url) = answer.header("content-location") {
        named.push(("header", "header Content-Location".to_owned(), url));
    }
    let items = manifest_of(exchange).and_then(|manifest| manifest.get("output")).and_then(Value::as_array);
    for (n, item) in items.into_iter().flatten().enumerate() {
        if let Some(url) = item.get("url").and_then(Value::as_str) {
            named.push(("body", format!("body /output/{n}/url"), url));
        }
    }
    // What is no URL at all is judged elsewhere.
    let named: Vec<_> = named
        .into_iter()
        .filter_map(|(k, place, text)| {
            Some((k, place, Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?))
        })
        .collect();
    if named.is_empty() {
        return CheckOutcome::Nothing("the answer names no absolute URL".to_owned());
    }
    let origin = asked.origin();
    CheckOutcome::from_violations(
        named
            .into_iter()
            .filter(|(_, _, url)| url.origin() != origin)
            .map(|(kind, place, url)| {
                let expected =
                    format!("a URL at {}, as asked; a proxy may hide the server's own", origin.ascii_serialization());
                Violation::new(kind, place, expected, show::text(&url.origin().ascii_serialization()))
            })
            .collect(),
    )
}
