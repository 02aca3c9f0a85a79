//! Whether the target may end a flow as it did: the recording says what happened, the flow's definition what is
//! optional.

use crate::check::exchange;
use crate::check::index::Index;
use crate::recording::model::{Exchange, FlowRecord, Phase, Role, Stop, StopKind};
use crate::recording::shape::{is_late_refusal, is_operation_outcome};
use crate::suite::catalog::Catalog;
use crate::suite::flow::{Flow, HookName, Identity, Needs};
use crate::suite::values::is_refusal;

/// The stop of a flow as its tests see it: declined if the target may refuse what it refused.
pub(crate) fn judged_stop(catalog: &Catalog, index: &Index<'_>, flow: &FlowRecord) -> Option<Stop> {
    let stop = flow.stop.clone()?;
    let Some(exchange) = stop.exchange.and_then(|id| index.exchange(id)).filter(|_| stop.kind != StopKind::Declined)
    else {
        return Some(stop);
    };
    // A client MAY send a DELETE, and the server may refuse it. The flow was then complete before.
    if stop.kind == StopKind::Answer && is_refused_delete(exchange) {
        return None;
    }
    // A flow that was not started, because another flow's kick-off was refused, ends as that one does.
    let Some(definition) = exchange.flow.as_deref().and_then(|name| catalog.flow(name)) else { return Some(stop) };
    if let Some(why) = why_declined(definition, exchange, stop.kind) {
        return Some(Stop { kind: StopKind::Declined, because: format!("{why}: {}", stop.because), ..stop });
    }
    // Only one test judges whether the created Group can be exported, so other tests are skipped.
    let own = exchange.flow.as_deref() == Some(flow.name.as_str());
    let made_group = definition.credentials == Some(Needs::Cohort) && exchange.role != Role::Probe;
    match stop.kind {
        StopKind::Answer if own && made_group => Some(Stop { kind: StopKind::NoPick, ..stop }),
        _ => Some(stop),
    }
}

/// Returns whether this is a DELETE that the server refused as the text permits: with an OperationOutcome.
pub(crate) fn is_refused_delete(exchange: &Exchange) -> bool {
    exchange.role == Role::Delete
        && exchange::response(exchange).is_some_and(|answer| {
            is_refusal(answer.status) && answer.body.json.as_ref().is_some_and(is_operation_outcome)
        })
}

/// Why the target may refuse what it refused in this exchange; `None` if it may not.
fn why_declined<'a>(definition: &'a Flow, exchange: &Exchange, kind: StopKind) -> Option<&'a str> {
    let optional = definition.optional.as_deref();
    // The server may refuse the export to a client with narrow scopes.
    let narrow = definition.identity == Identity::Narrow;
    let status = exchange::response(exchange).map_or(0, |response| response.status);
    let client_error = (400..=499).contains(&status);
    match exchange.role {
        Role::Kickoff => optional.filter(|_| match kind {
            StopKind::Answer | StopKind::Unavailable => status >= 400,
            StopKind::Credentials | StopKind::NotOffered => narrow && client_error,
            _ => false,
        }),
        // A server may refuse the export of a Group without members, so its job may fail.
        Role::Poll if definition.credentials == Some(Needs::EmptyGroup) && exchange.phase == Some(Phase::Failed) => {
            optional
        }
        Role::Poll if narrow && kind == StopKind::Credentials => optional,
        // A server may read the parameters only in the job.
        Role::Poll if kind == StopKind::Answer && is_late_refusal(exchange) => optional,
        // If a hook makes a part of the export fail, the whole export may fail.
        Role::Poll if kind == StopKind::Answer && definition.hooks.iter().any(|call| call.run == HookName::Fail) => {
            Some("a server may fail the whole export if a part of it fails")
        }
        // A server may refuse a filter that it does not support.
        Role::Probe if kind == StopKind::Answer && definition.credentials == Some(Needs::Cohort) => {
            let refused = client_error && !matches!(status, 404 | 405);
            refused.then_some("a server may refuse a member filter")
        }
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::recording::model::Recording;
    use crate::suite::named::Named;

    const FLOWS: &str = r#"
plain = { title = "plain", export = "system" }
post = { title = "post", export = "system", method = "post", optional = "POST is optional" }
narrow = { title = "narrow", export = "system", as = "narrow", optional = "it may be refused" }
empty = { title = "empty", export = "group", credentials = "empty-group", optional = "it may be refused" }
cohort = { title = "cohort", export = "group", credentials = "cohort" }
failing = { title = "failing", export = "system", hooks = [{ run = "fail", at = "start" }], last = true }
"#;

    /// A flow that ended with this exchange.
    fn recording(flow: &str, role: Role, status: u16, phase: Option<Phase>, kind: StopKind) -> Recording {
        let outcome = json!({"resourceType": "OperationOutcome"});
        let exchange = json!({
            "id": 7, "flow": flow, "role": role, "phase": phase, "at": 0, "took": 0,
            "request": {"method": "GET", "url": "http://h/", "headers": []},
            "outcome": {"response": {"status": status, "headers": [], "body": {"bytes": 0, "kind": "json", "json": outcome}}},
        });
        let record = json!({
            "name": flow, "title": flow, "export": "system", "params": [], "posted": false, "accepted": 0, "waits": [],
            "stop": {"kind": kind, "exchange": 7, "because": "it ended"},
        });
        let (exchanges, flows) =
            (vec![serde_json::from_value(exchange).unwrap()], vec![serde_json::from_value(record).unwrap()]);
        Recording { exchanges, flows, ..Recording::default() }
    }

    #[test]
    fn a_refusal_that_the_flow_allows_is_declined() {
        use StopKind::{Answer, Credentials, Declined, Limit, NoPick, NotOffered, Unavailable, Waited};
        let flows: std::collections::BTreeMap<String, Flow> = toml::from_str(FLOWS).unwrap();
        let mut named = Named::new();
        flows.into_iter().for_each(|(name, flow)| {
            named.insert(name, flow);
        });
        let catalog = Catalog {
            specs: Named::new(),
            requirements: Named::new(),
            flows: named,
            tests: Vec::new(),
            digest: String::new(),
        };
        let (running, failed) = (Some(Phase::InProgress), Some(Phase::Failed));
        for (flow, role, status, phase, kind, judged) in [
            ("plain", Role::Kickoff, 405, None, Answer, Answer),
            ("plain", Role::Kickoff, 503, None, Unavailable, Unavailable),
            ("post", Role::Kickoff, 405, None, Answer, Declined),
            ("post", Role::Kickoff, 503, None, Unavailable, Declined),
            ("post", Role::Kickoff, 429, None, Waited, Waited),
            ("post", Role::Kickoff, 401, None, Credentials, Credentials),
            ("post", Role::Kickoff, 404, None, NotOffered, NotOffered),
            ("post", Role::Kickoff, 202, None, Answer, Answer),
            ("post", Role::Poll, 500, failed, Answer, Answer),
            ("post", Role::Poll, 400, failed, Answer, Declined),
            ("post", Role::Poll, 501, failed, Answer, Declined),
            ("post", Role::Poll, 404, failed, Answer, Answer),
            ("post", Role::Poll, 400, running, Answer, Answer),
            ("plain", Role::Poll, 400, failed, Answer, Answer),
            ("narrow", Role::Kickoff, 403, None, Credentials, Declined),
            ("narrow", Role::Kickoff, 404, None, NotOffered, Declined),
            ("narrow", Role::Poll, 403, None, Credentials, Declined),
            ("empty", Role::Poll, 500, failed, Answer, Declined),
            ("empty", Role::Poll, 202, running, Waited, Waited),
            ("cohort", Role::Probe, 422, None, Answer, Declined),
            ("cohort", Role::Probe, 405, None, Answer, Answer),
            ("cohort", Role::Kickoff, 405, None, Answer, NoPick),
            ("cohort", Role::Kickoff, 202, None, Limit, Limit),
            ("failing", Role::Poll, 500, failed, Answer, Declined),
        ] {
            let recording = recording(flow, role, status, phase, kind);
            let index = Index::new(&recording);
            let stop = judged_stop(&catalog, &index, &recording.flows[0]).unwrap();
            assert_eq!(stop.kind, judged, "{flow} {role} {status} {kind}");
            assert_eq!(stop.because == "it ended", judged != Declined, "{}", stop.because);
            // A flow that was not started because of this one ends as it does.
            let other = FlowRecord { name: "other".to_owned(), ..recording.flows[0].clone() };
            let other = judged_stop(&catalog, &index, &other).unwrap();
            assert_eq!(other.kind, if judged == NoPick { Answer } else { judged }, "{flow} {role} {status} {kind}");
        }
    }
}
