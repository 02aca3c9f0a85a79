//! Checks on kick-offs.

use std::collections::BTreeSet;

use super::{Broken, Held, Scene, response, show};
use crate::tape::model::{Exchange, Outcome, Phase};
use crate::tape::shape::urls_of_line;

/// `one-location`: however often the header comes, it names one URL.
pub fn one_location(exchange: &Exchange) -> Held {
    let Some(response) = response(exchange) else { return Held::Nothing("there is no answer".to_owned()) };
    let values: BTreeSet<&str> = response.header_lines("content-location").flat_map(urls_of_line).collect();
    Held::or_broken(values.len() <= 1, || {
        let actual = values.iter().map(|value| show::text(value)).collect::<Vec<_>>().join(" and ");
        Broken::new("header", "header Content-Location", "one URL", actual)
    })
}

/// `as-well-received`: accepted, wherever the kick-off of the flow beside it is. Where that one is the flow's own
/// kick-off, the exchange is a probe of the same flow.
pub fn as_well_received(exchange: &Exchange, scene: &Scene<'_>) -> Held {
    let Some(beside) = scene.beside else {
        return Held::Nothing("no kick-off at the same level was made to compare it with".to_owned());
    };
    let Some(other) = scene.index.kickoff(&beside.name) else {
        return Held::Nothing(format!("the kick-off of flow {} was not made", beside.name));
    };
    let (own, other_status) = match (&exchange.outcome, response(other)) {
        (Outcome::NoResponse(trouble), _) => return Held::Unknown(trouble.message.clone()),
        (_, None) => return Held::Nothing(format!("the kick-off of flow {} got no answer", beside.name)),
        (Outcome::Response(own), Some(other)) => (own, other.status),
    };
    if !(200..300).contains(&other_status) {
        return Held::Nothing(format!("the kick-off of flow {} was answered {other_status}", beside.name));
    }
    match own.status {
        200..=299 => Held::Yes,
        // Credentials, rates, sizes and gateways say nothing about what was asked.
        401 | 403 | 413 | 414 | 429 | 502 | 503 | 504 => Held::Unknown(format!("it was answered {}", own.status)),
        status => Held::No(vec![Broken::new(
            "status",
            "status",
            format!("{other_status}, as in exchange {}", other.id),
            status.to_string(),
        )]),
    }
}

/// `job-not-completed`: the probe's kick-off was refused with 4xx, or its job failed.
pub fn job_not_completed(exchange: &Exchange, scene: &Scene<'_>) -> Held {
    let Some(kickoff) = response(exchange) else {
        return Held::Unknown("the kick-off got no answer".to_owned());
    };
    match kickoff.status {
        400..=499 => return Held::Yes,
        200..=299 => {}
        status => {
            return Held::No(vec![Broken::new("status", "status", "4xx, or a job that fails", status.to_string())]);
        }
    }
    let polls: Vec<&Exchange> = scene
        .index
        .exchanges(&scene.flow.name)
        .iter()
        .copied()
        .filter(|e| e.probe == exchange.probe && e.phase.is_some())
        .collect();
    if let Some(done) = polls.iter().find(|e| e.phase == Some(Phase::Complete)) {
        let broken = Broken::new("body", "body", "a refusal, or a job that fails", "the manifest of a finished job");
        return Held::No(vec![broken.shown_by(done.id)]);
    }
    match polls.last() {
        Some(last) if last.phase == Some(Phase::Failed) => Held::Yes,
        _ => Held::Unknown("the job was accepted, and how it ended was not seen".to_owned()),
    }
}
