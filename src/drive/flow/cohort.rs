//! Groups that the run creates on the target with `--allow-writes` (hl7-3.0.0, group.html).

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use url::Url;

use crate::drive::budget::Budget;
use crate::drive::context::FlowContext;
use crate::drive::flow::job::polling_url;
use crate::drive::flow::probe_request::ProbeInputs;
use crate::drive::flow::{group, probe_request, requests, retry, send};
use crate::drive::stops::{no_answer, stop};
use crate::measure::group_response::{GroupResult, named, place};
use crate::recording::model::{Phase, Role, Stop, StopKind};
use crate::session::exchange::{FullResponse, RequestSpec};
use crate::suite::flow::{Needs, Probe};
use crate::suite::send::Send;

/// Returns why the flow may not create a Group; `None` if it may.
pub(crate) fn why_no_writes(context: &FlowContext<'_>) -> Option<&'static str> {
    let settings = &context.run.settings;
    match (settings.allow_writes, settings.cohorts || context.run.declared.cohorts) {
        (false, _) => {
            Some("a run does not write to the server by default. Give --allow-writes to let it create Groups")
        }
        (true, false) => Some(
            "the server's CapabilityStatement does not list the cohort profile. Give --cohorts if the server has the \
             Bulk Cohort API",
        ),
        (true, true) => None,
    }
}

/// Returns whether a probe reads the Group that the flow created.
pub(crate) fn reads_created_group(context: &FlowContext<'_>, probe: &Probe) -> bool {
    context.planned.flow.credentials == Some(Needs::Cohort) && probe.send == Send::Read
}

/// Creates the Group that the flow exports.
///
/// # Errors
/// The reason why no Group was created.
pub(crate) async fn create_group(context: &FlowContext<'_>) -> Result<(), Stop> {
    let Some(probe) = context.planned.flow.probes.iter().find(|probe| probe.makes_group()) else { return Ok(()) };
    let (exchange, result) = send_group(context, probe, None).await?;
    let at = Some(exchange);
    let because = match result {
        GroupResult::Made(id) => {
            context.cohort().made = Some(id);
            return Ok(());
        }
        GroupResult::Somewhere => "the server created a Group but did not return its location".to_owned(),
        GroupResult::Rejected(why) | GroupResult::Pending(why) => {
            format!("a server may decline to create a Group: {why}")
        }
        GroupResult::Refused(status) => {
            let because = format!("the POST of a Group returned {}", status.as_u16());
            return Err(match status.as_u16() {
                401 | 403 => stop(StopKind::Credentials, at, because),
                502..=504 => stop(StopKind::Unavailable, at, format!("{because} on every try")),
                _ => stop(StopKind::Answer, at, because),
            });
        }
    };
    Err(stop(StopKind::NoPick, at, because))
}

/// Sends a probe that writes a Group, reads the created one, or searches for it by name. An error ends the probe, not
/// the flow.
pub(crate) async fn probe_group(context: &FlowContext<'_>, probe: &Probe, inputs: ProbeInputs<'_>) {
    let Some(id) = context.group() else { return };
    match probe.send {
        Send::Create => {
            // One more Group.
            let _ = send_group(context, probe, None).await;
        }
        Send::Update if context.run.declared.group_updates => {
            let _ = send_group(context, probe, Some(&id)).await;
        }
        Send::Read => {
            let Some(request) = probe_request::probe_request(context, probe, inputs) else { return };
            send_until(context, request, |whole| whole.status == StatusCode::OK).await;
        }
        Send::SearchName => {
            let name = group::group_name(context, None);
            let mut request = group::search_request(context, &name, Role::Probe);
            probe_request::apply_probe(&mut request, probe);
            let found = |whole: &FullResponse| named(&whole.body, &name, &id);
            let seen = send_until(context, request, |whole| found(whole).0.found).await;
            context.record().named = seen.map(|whole| found(&whole).0);
        }
        Send::Erase => {
            let url = group::group_url(context, &id);
            let mut request =
                requests::plain(context.name(), Role::Probe, Method::DELETE, url.clone(), group::accept());
            probe_request::apply_probe(&mut request, probe);
            let mut budget = Budget::new(context.run);
            let Ok(reply) = send::send_with_retry(context, &mut budget, request, false).await else { return };
            if reply.result.is_ok_and(|whole| whole.status.is_success()) {
                context.cohort().groups.retain(|group| *group != url);
                context.run.gone(&url);
            }
        }
        _ => {}
    }
}

/// Sends a request for up to [`retry::SETTLE_TIME`] until its response is `good`: a Group that was just written may not
/// be visible yet. The last response counts.
async fn send_until(
    context: &FlowContext<'_>,
    request: RequestSpec,
    good: impl Fn(&FullResponse) -> bool,
) -> Option<FullResponse> {
    let budget = Budget::new(context.run).at_most(context.run, retry::SETTLE_TIME);
    loop {
        let mut one = Budget::new(context.run);
        let reply = send::send_with_retry(context, &mut one, request.clone(), false).await.ok()?;
        let left = budget.left(context.run);
        match reply.result {
            Ok(whole) if !good(&whole) && !left.is_zero() => {
                context.run.session.recorder().supersede(reply.exchange);
                context.wait(retry::RECHECK_INTERVAL.min(left), "until the Group is visible").await.ok()?;
            }
            result => return result.ok(),
        }
    }
}

/// Sends a Group, as a new one or as an update of `id`, and waits until the target has processed it. Returns the
/// exchange and the result.
async fn send_group(context: &FlowContext<'_>, probe: &Probe, id: Option<&str>) -> Result<(u32, GroupResult), Stop> {
    let name = group::group_name(context, Some(probe));
    let (method, url) = match id {
        Some(id) => (Method::PUT, group::group_url(context, id)),
        None => (Method::POST, requests::under(&context.run.settings.base, &["Group"])),
    };
    let mut request = requests::plain(context.name(), Role::Probe, method, url, group::accept());
    requests::overlay(
        &mut request.headers,
        [("Content-Type", "application/fhir+json"), ("Prefer", "respond-async")].into_iter(),
    );
    request.body = Some(Bytes::from(group::group_body(context, &name, id).to_string()));
    probe_request::apply_probe(&mut request, probe);
    if id.is_none() {
        context.cohort().unconfirmed.push(name.clone());
    }
    let mut budget = Budget::new(context.run);
    let reply = send::send_with_retry(context, &mut budget, request, false).await?;
    let exchange = reply.exchange;
    let whole = reply.result.as_ref().map_err(|trouble| no_answer("the Group", exchange, trouble))?;
    let mut result = match whole.status.as_u16() {
        202 => match polling_url(whole) {
            Some(Ok(job)) => poll_creation(context, probe, &job, context.retry_after(&whole.headers), budget).await?,
            Some(Err(because)) => return Err(stop(StopKind::Answer, Some(exchange), because)),
            None => {
                let because = "the POST of a Group returned 202 without the header Content-Location";
                return Err(stop(StopKind::Answer, Some(exchange), because));
            }
        },
        200..=299 => place(&whole.headers, &serde_json::from_slice(&whole.body).unwrap_or_default()),
        _ => GroupResult::Refused(whole.status),
    };
    if id.is_some() {
        return Ok((exchange, result));
    }
    if let GroupResult::Made(id) = &result
        && !group::is_ours(context, id, &name).await
    {
        result = GroupResult::Somewhere;
    }
    if matches!(result, GroupResult::Somewhere)
        && let Some(id) = group::find_by_name(context, &name, Role::Probe).await.into_iter().next()
    {
        result = GroupResult::Made(id);
    }
    match &result {
        GroupResult::Made(id) => {
            group::hold_group(context, id);
            group::confirm(context, &name);
        }
        // After a server error, the Group may exist.
        GroupResult::Refused(status) if !status.is_server_error() => group::confirm(context, &name),
        GroupResult::Rejected(_) => group::confirm(context, &name),
        GroupResult::Refused(_) | GroupResult::Pending(_) | GroupResult::Somewhere => {}
    }
    Ok((exchange, result))
}

/// Polls the job that creates a Group until it ends.
async fn poll_creation(
    context: &FlowContext<'_>,
    probe: &Probe,
    job: &Url,
    mut retry_after: Option<Duration>,
    budget: Budget,
) -> Result<GroupResult, Stop> {
    context.hold_other(job, probe.identity);
    let recorder = context.run.session.recorder();
    let mut attempt = 0;
    loop {
        let left = budget.left(context.run);
        if left.is_zero() {
            let seconds = context.run.settings.max_wait.as_secs();
            return Ok(GroupResult::Pending(format!(
                "the job that creates it was still running after {seconds} s (--max-wait), perhaps waiting for approval"
            )));
        }
        let time = retry::pause(retry_after, attempt, left, context.run.settings.least_wait);
        context.wait(time, "until the Group is created").await?;
        attempt += 1;
        let mut request = requests::plain(context.name(), Role::Probe, Method::GET, job.clone(), group::accept());
        probe_request::apply_probe(&mut request, probe);
        let mut one = budget;
        let reply = send::send_with_retry(context, &mut one, request, false).await?;
        let whole = reply.result.as_ref().map_err(|trouble| no_answer("the poll", reply.exchange, trouble))?;
        retry_after = context.retry_after(&whole.headers);
        let status = whole.status.as_u16();
        let result = match status {
            202 => {
                recorder.phase(reply.exchange, Phase::InProgress);
                continue;
            }
            200..=299 => place(&whole.headers, &serde_json::from_slice(&whole.body).unwrap_or_default()),
            401 | 403 => {
                recorder.phase(reply.exchange, Phase::Transient);
                let because = format!("the poll of the job that creates the Group returned {status}");
                return Err(stop(StopKind::Credentials, Some(reply.exchange), because));
            }
            _ => GroupResult::Rejected(format!("the job that creates it ended with {status}")),
        };
        let phase = if matches!(result, GroupResult::Rejected(_)) { Phase::Failed } else { Phase::Complete };
        recorder.phase(reply.exchange, phase);
        // The job has ended. Only the Group must be deleted.
        if context.forget(job) && context.run.jobs.release(job) {
            context.run.gone(job);
        }
        return Ok(result);
    }
}
