//! The kick-off request, and what its response means for the flow.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use url::Url;

use crate::drive::budget::Budget;
use crate::drive::context::FlowContext;
use crate::drive::export_levels::Offer;
use crate::drive::flow::job::{Job, Route, polling_url};
use crate::drive::flow::requests::Kickoff;
use crate::drive::flow::{delete, requests, send};
use crate::drive::resume_journal::{OwnKickoff, Resumed};
use crate::drive::stops::{no_answer, stop};
use crate::drive::{export_levels, resume_journal};
use crate::recording::model::{Outcome, Role, Stop, StopKind};
use crate::recording::shape::{has_outcome_type, is_late_refusal, without_bom};
use crate::session::exchange::{FullResponse, RequestSpec};
use crate::suite::flow::{Method, Probe, Wrong};
use crate::suite::send::Send;

/// The preference for the status of the job in a header, separate from the status of the poll (hl7-3.0.0, headers).
const SEPARATE: &str = "separate-export-status";

/// Returns the kick-off request of the flow or of a probe, with `more` parameters.
pub(crate) fn kickoff_request(
    context: &FlowContext<'_>,
    route: &Route,
    probe: Option<&Probe>,
    more: &[(String, String)],
) -> RequestSpec {
    let settings = &context.run.settings;
    let flow = &context.planned.flow;
    let post = probe.map_or(flow.method == Method::Post, |probe| probe.send == Send::KickoffPost);
    let mut params = route.params.clone();
    let without = probe.map(|probe| probe.without.as_slice()).unwrap_or_default();
    params.retain(|(name, _)| !without.contains(name) && !more.iter().any(|(known, _)| known == name));
    params.extend_from_slice(more);
    params.retain(|(name, _)| !route.dropped_params.contains(name));
    let over = flow.headers.iter().chain(probe.iter().flat_map(|probe| &probe.headers));
    let group = context.group();
    let kickoff = Kickoff {
        base: &settings.base,
        level: route.level,
        group: match probe.and_then(|probe| probe.wrong) {
            Some(Wrong::ForbiddenGroup) => settings.forbidden_group.as_deref(),
            _ => group.as_deref(),
        },
        post,
        params: &params,
        headers: over.map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        omit: probe.map(|probe| probe.omit.as_slice()).unwrap_or_default(),
        wrong: probe.and_then(|probe| probe.wrong),
    };
    let (method, url, headers, body) = kickoff.parts();
    let role = if probe.is_some() { Role::Probe } else { Role::Kickoff };
    let mut request = requests::plain(context.name(), role, method, url, headers);
    request.body = body;
    request.identity = flow.identity;
    if let Some(probe) = probe {
        request.probe = Some(probe.id.clone());
        request.identity = probe.identity;
    }
    request
}

/// Returns the job that the kick-off for `route` started.
fn new_job(context: &FlowContext<'_>, route: &Route, url: Url, budget: Budget, retry_after: Option<Duration>) -> Job {
    let requests_partial = |(name, value): &(String, String)| name == "allowPartialManifests" && value == "true";
    let partial = route.params.iter().any(requests_partial);
    let separate = context.planned.flow.headers.values().any(|value| value.contains(SEPARATE));
    Job { url, retry_after, budget, partial, separate }
}

/// Sends the kick-off of the flow. The error is why there is no job.
pub(crate) async fn kick_off(context: &FlowContext<'_>, route: &Route) -> Result<Job, Stop> {
    let mut budget = Budget::new(context.run);
    let request = kickoff_request(context, route, None, &[]);
    let kickoff = request.url.clone();
    let reply = send::send_with_retry(context, &mut budget, request, true).await?;
    let whole = match &reply.result {
        Ok(whole) => whole,
        Err(trouble) => return Err(no_answer("the kick-off", reply.exchange, trouble)),
    };
    match polling_url(whole) {
        Some(Ok(url)) => {
            let own = own_kickoff(context, route, &url, reply.exchange);
            context.hold(&url, &kickoff, context.planned.flow.identity, Some(own));
            Ok(new_job(context, route, url, budget, context.retry_after(&whole.headers)))
        }
        Some(Err(why)) => Err(stop(StopKind::Answer, Some(reply.exchange), why)),
        None => Err(refusal(context, route, whole, reply.exchange)),
    }
}

/// Returns the kick-off that started a job, for a run that resumes this one.
fn own_kickoff(context: &FlowContext<'_>, route: &Route, url: &Url, exchange: u32) -> OwnKickoff {
    let shown = context.run.session.recorder().redact_url(url);
    OwnKickoff { exchange, shown, level: route.level, params: route.params.clone() }
}

/// Resumes the job that this flow started in a killed run, if the request is the same: the old kick-off is recorded
/// again, and polling continues. A job of another request is deleted.
pub(crate) async fn resume(context: &FlowContext<'_>, route: &Route) -> Option<Job> {
    let Resumed { job: url, own, kickoff } = context.run.resumed(context.name())?;
    if own.level != route.level || own.params != route.params {
        delete::delete_abandoned(context.run, &[url]).await;
        return None;
    }
    let recorder = context.run.session.recorder();
    // The manifest may repeat our own request, which needs no redaction.
    let request = kickoff_request(context, route, None, &[]);
    recorder.redactor().keep_parts_of(&request.url);
    recorder.redactor().keep_values_of(request.body.as_deref().unwrap_or_default());
    let exchange =
        recorder.copy_exchange(&resume_journal::with_current_url(&kickoff, &own.shown, &recorder.redact_url(&url)));
    let own = own_kickoff(context, route, &url, exchange);
    context.hold(&url, &request.url, context.planned.flow.identity, Some(own));
    Some(new_job(context, route, url, Budget::new(context.run), None))
}

/// Returns why the kick-off started no job.
fn refusal(context: &FlowContext<'_>, route: &Route, whole: &FullResponse, exchange: u32) -> Stop {
    let status = whole.status.as_u16();
    let at = Some(exchange);
    if whole.status.is_success() {
        let because = format!("the kick-off returned {status} without the header Content-Location");
        return stop(StopKind::Answer, at, because);
    }
    let undeclared = export_levels::offer(route.level, &context.run.declared, &context.run.settings) == Offer::Perhaps;
    match status {
        401 | 403 => stop(StopKind::Credentials, at, format!("the kick-off returned {status}")),
        // A response that is not FHIR does not show that the server offers the level.
        _ if undeclared && (is_unsupported(whole) || !(is_outcome(&whole.body) || is_gateway(whole.status))) => stop(
            StopKind::NotOffered,
            at,
            format!(
                "the server does not declare an export at {} level, and the kick-off returned {status}",
                route.level
            ),
        ),
        502..=504 => stop(StopKind::Unavailable, at, format!("the kick-off returned {status} on every try")),
        _ => stop(StopKind::Answer, at, format!("the kick-off returned {status}")),
    }
}

/// Returns the exchange of a kick-off that returned an error status, if that ended the flow and is not about
/// credentials or the level.
pub(crate) fn refused_by_status(context: &FlowContext<'_>, stop: &Stop) -> Option<u32> {
    let id = stop.exchange.filter(|_| matches!(stop.kind, StopKind::Answer | StopKind::Unavailable))?;
    match context.run.session.recorder().exchange(id)?.outcome {
        Outcome::Response(answer) if answer.status >= 400 => Some(id),
        _ => None,
    }
}

/// Returns whether the flow ended because its job failed like a refused kick-off.
pub(crate) fn is_refused_late(context: &FlowContext<'_>, stop: &Stop) -> bool {
    let poll = stop.exchange.and_then(|id| context.run.session.recorder().exchange(id));
    stop.kind == StopKind::Answer && poll.is_some_and(|poll| is_late_refusal(&poll))
}

/// Returns whether a refusal says that the operation is not supported.
fn is_unsupported(whole: &FullResponse) -> bool {
    match whole.status {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => true,
        status if status.is_client_error() => outcome_says_unsupported(&whole.body),
        _ => false,
    }
}

/// Returns whether a status may be from a gateway in front of the server.
fn is_gateway(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502..=504)
}

/// Returns whether a body is an OperationOutcome.
fn is_outcome(body: &Bytes) -> bool {
    serde_json::from_slice::<Value>(without_bom(body)).is_ok_and(|body| has_outcome_type(&body))
}

/// Returns whether a body is an OperationOutcome with an issue that says, by code or text, that the operation is not
/// supported.
fn outcome_says_unsupported(body: &Bytes) -> bool {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return false };
    if !has_outcome_type(&body) {
        return false;
    }
    let issues = body.get("issue").and_then(Value::as_array).into_iter().flatten();
    issues.into_iter().any(|issue| {
        let code = issue.get("code").and_then(Value::as_str).unwrap_or_default();
        let texts = [issue.get("diagnostics"), issue.pointer("/details/text")];
        let says_unsupported = |text: &str| {
            let text = text.to_ascii_lowercase();
            ["not supported", "unsupported", "not implemented", "unknown operation", "does not support"]
                .iter()
                .any(|phrase| text.contains(phrase))
        };
        matches!(code, "not-supported" | "not-found")
            || texts.into_iter().flatten().filter_map(Value::as_str).any(says_unsupported)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> FullResponse {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        FullResponse {
            url: "http://h/fhir/$export".parse().unwrap(),
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: Bytes::copy_from_slice(body.as_bytes()),
            broken: None,
        }
    }

    #[test]
    fn refusals_of_an_unsupported_operation_are_recognized() {
        let outcome = |code: &str, text: &str| {
            format!(r#"{{"resourceType":"OperationOutcome","issue":[{{"code":"{code}","diagnostics":"{text}"}}]}}"#)
        };
        assert!(is_unsupported(&answer(404, &[], "")));
        assert!(is_unsupported(&answer(400, &[], &outcome("not-supported", ""))));
        assert!(is_unsupported(&answer(400, &[], &outcome("processing", "Unknown operation $export"))));
        assert!(!is_unsupported(&answer(400, &[], &outcome("invalid", "no group"))));
        assert!(!is_unsupported(&answer(400, &[], "<html>not supported</html>")));
        assert!(!is_unsupported(&answer(500, &[], &outcome("not-supported", ""))));
    }
}
