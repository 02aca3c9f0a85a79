//! Probes that kick off an export.

use std::sync::atomic::Ordering;

use crate::base::vocabulary::ExportLevel;
use crate::drive::budget::Budget;
use crate::drive::context::FlowContext;
use crate::drive::flow::job::{Job, Route, polling_url};
use crate::drive::flow::poll::{PollStep, Polls};
use crate::drive::flow::{cleanup, kickoff, poll, route, send};
use crate::recording::model::{Role, Stop};
use crate::suite::flow::{Identity, Probe, Wrong};

/// The most polls of a job that an invalid kick-off started.
const MAX_POLLS_OF_INVALID: usize = 10;

/// Sends a kick-off as a probe. A job that it starts is deleted, after a few polls if the kick-off was invalid. Returns
/// the exchange, and whether the kick-off started a job.
pub(crate) async fn probe_kickoff(
    context: &FlowContext<'_>,
    probe: &Probe,
    route: &Route,
) -> Result<Option<(u32, bool)>, Stop> {
    if probe.wrong == Some(Wrong::Group) && route.level != ExportLevel::Group {
        return Ok(None);
    }
    let params = route::resolve(context, &probe.params, route.source.as_ref())?;
    let mut budget = Budget::new(context.run);
    let request = kickoff::kickoff_request(context, route, Some(probe), &params);
    let kickoff = request.url.clone();
    let reply = send::send_with_retry(context, &mut budget, request, true).await?;
    let exchange = reply.exchange;
    let Ok(whole) = &reply.result else { return Ok(None) };
    let Some(Ok(url)) = polling_url(whole) else {
        if probe.identity == Identity::None && whole.status.is_client_error() {
            context.refused_without_token.store(true, Ordering::Relaxed);
        }
        return Ok(Some((exchange, false)));
    };
    // If the server returns the job of the flow, the probe must not delete it.
    let shared = context.held().iter().any(|(job, _)| *job == url);
    context.hold(&url, &kickoff, probe.identity, None);
    let seen = match may_be_refused_late(probe) {
        true => {
            let job = Job {
                url: url.clone(),
                retry_after: context.retry_after(&whole.headers),
                budget: Budget::of_probes(context),
                partial: false,
                separate: false,
            };
            poll_invalid_job(context, probe, &job).await
        }
        false => Ok(()),
    };
    for (job, owner) in context.held().into_iter().filter(|(job, _)| *job == url && !shared) {
        cleanup::release_job(context, &job, owner).await;
    }
    seen.map(|()| Some((exchange, true)))
}

/// Returns whether the server may accept the kick-off and refuse its parameters when the job runs.
fn may_be_refused_late(probe: &Probe) -> bool {
    probe.wrong == Some(Wrong::Group) || (probe.identity == Identity::Client && !probe.params.is_empty())
}

/// Polls the job of an invalid kick-off a few times: the server may accept the kick-off and fail the job.
async fn poll_invalid_job(context: &FlowContext<'_>, probe: &Probe, job: &Job) -> Result<(), Stop> {
    let mut polls = Polls::default();
    while polls.count() < MAX_POLLS_OF_INVALID {
        let mut request = poll::poll_request(context, &job.url);
        request.role = Role::Probe;
        request.probe = Some(probe.id.clone());
        request.identity = probe.identity;
        match poll::poll(context, job, &mut polls, request).await? {
            PollStep::Done(_) => break,
            PollStep::Running => poll::check_jobs_finish(context, &polls)?,
            PollStep::Unsure => {}
        }
    }
    Ok(())
}
