//! DELETE requests of flows and of clean-up.

use std::time::Duration;

use http::Method;
use http::header::ACCEPT;
use url::Url;

use crate::drive::budget::Budget;
use crate::drive::context::{FlowContext, RunContext};
use crate::drive::flow::job::Job;
use crate::drive::flow::{requests, retry, send};
use crate::drive::resume_journal::JournalLine;
use crate::drive::stops::{no_answer, stop};
use crate::recording::model::{Role, Stop, StopKind, TroubleKind};
use crate::session::exchange::RequestSpec;
use crate::suite::flow::Identity;

/// The longest time for one DELETE with its retries.
const MAX_DELETE_TIME: Duration = Duration::from_secs(60);

/// The longest time for clean-up once the run is being ended.
const CLEANUP_GRACE: Duration = Duration::from_secs(10);

/// The result of a DELETE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CleanupResult {
    Gone,
    Kept,
    Unknown,
}

/// Returns what the status of a DELETE means. A job that the target does not know (404, 410) counts as deleted. Other
/// 4xx and 501 mean that the target does not delete it.
fn result_of(status: u16) -> CleanupResult {
    match status {
        200..=299 | 404 | 410 => CleanupResult::Gone,
        429 => CleanupResult::Unknown,
        400..=499 | 501 => CleanupResult::Kept,
        _ => CleanupResult::Unknown,
    }
}

/// Sends the DELETE of a flow. The error ends the flow, because nothing after it can be tested.
pub(crate) async fn delete(context: &FlowContext<'_>, job: &Job) -> Result<(), Stop> {
    wait_until_unshared(context, job).await?;
    let _guards = context.run.jobs.deleting(&job.url).await;
    context.run.journal.write(&JournalLine::Ending(job.url.clone()));
    let mut budget = Budget::new(context.run).at_most(context.run, MAX_DELETE_TIME);
    let request = delete_request(context, &job.url, Role::Delete, context.planned.flow.identity);
    let reply = send::send_with_retry(context, &mut budget, request, false).await?;
    let exchange = reply.exchange;
    let status = match &reply.result {
        Ok(whole) => whole.status.as_u16(),
        Err(trouble) if trouble.kind == TroubleKind::Interrupted => return Err(context.halt_stop(exchange, trouble)),
        Err(trouble) => return Err(no_answer("the DELETE", exchange, trouble)),
    };
    note_result(context.run, &job.url, result_of(status));
    match status {
        200..=299 => Ok(()),
        401 | 403 => Err(stop(StopKind::Credentials, Some(exchange), format!("the DELETE returned {status}"))),
        _ => Err(stop(StopKind::Answer, Some(exchange), format!("the DELETE returned {status}"))),
    }
}

/// Waits until no other flow holds the job: the server may return one job for equal kick-offs, and a DELETE would end
/// the other flow's export. The error is that the flow cannot test its DELETE.
async fn wait_until_unshared(context: &FlowContext<'_>, job: &Job) -> Result<(), Stop> {
    let budget = Budget::new(context.run).at_most(context.run, MAX_DELETE_TIME);
    while context.run.jobs.holders(&job.url) > 1 {
        if budget.left(context.run).is_zero() {
            let because = "another flow of this run uses the same job, so the flow sent no DELETE";
            return Err(stop(StopKind::NoPick, None, because));
        }
        context.wait(retry::RECHECK_INTERVAL, "until no other flow uses the job").await?;
    }
    Ok(())
}

fn note_result(run: &RunContext<'_>, job: &Url, result: CleanupResult) {
    match result {
        CleanupResult::Gone => run.gone(job),
        CleanupResult::Kept => run.jobs.kept(job),
        CleanupResult::Unknown => {}
    }
}

/// Sends the DELETE of clean-up.
pub(crate) async fn send_cleanup(context: &FlowContext<'_>, job: &Url, owner: Identity) {
    context.run.journal.write(&JournalLine::Ending(job.clone()));
    let mut budget = Budget::new(context.run).at_most(context.run, MAX_DELETE_TIME);
    let request = delete_request(context, job, Role::Cleanup, owner);
    let reply = match send::send_with_retry(context, &mut budget, request.clone(), false).await {
        Ok(reply) => reply,
        // The run is being ended, which ended the wait for the next try. Try once more.
        Err(stop) if stop.kind == StopKind::Limit => context.run.session.send(request).await,
        Err(_) => return,
    };
    if let Ok(whole) = &reply.result {
        note_result(context.run, job, result_of(whole.status.as_u16()));
    }
}

fn delete_request(context: &FlowContext<'_>, job: &Url, role: Role, identity: Identity) -> RequestSpec {
    let headers = requests::usual(&[(ACCEPT, "application/fhir+json")]);
    RequestSpec { identity, ..requests::plain(context.name(), role, Method::DELETE, job.clone(), headers) }
}

/// Deletes jobs of a killed run that no flow resumes. Jobs that cannot be deleted are listed with the leftovers.
pub(crate) async fn delete_abandoned(run: &RunContext<'_>, jobs: &[Url]) {
    for job in jobs {
        run.journal.write(&JournalLine::Held { flow: String::new(), job: job.clone(), own: None });
        run.jobs.hold(job, None);
        run.jobs.release(job);
    }
    if run.settings.no_delete {
        return;
    }
    let delete_all = async {
        for job in jobs {
            let headers = requests::usual(&[(ACCEPT, "application/fhir+json")]);
            let request = requests::plain("", Role::Cleanup, Method::DELETE, job.clone(), headers);
            if let Ok(whole) = &run.session.send(RequestSpec { flow: None, ..request }).await.result {
                note_result(run, job, result_of(whole.status.as_u16()));
            }
        }
    };
    within_grace(run, delete_all).await;
}

/// Runs `cleanup`. It continues while the run is being ended, but at most for [`CLEANUP_GRACE`]. `None` if it took
/// longer.
pub(crate) async fn within_grace<T>(run: &RunContext<'_>, cleanup: impl Future<Output = T>) -> Option<T> {
    let late = async {
        run.session.interrupted().await;
        run.clock.sleep(CLEANUP_GRACE).await;
    };
    tokio::select! {
        biased;
        done = cleanup => Some(done),
        () = late => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_the_target_does_not_know_counts_as_deleted() {
        assert_eq!([202, 204, 404, 410].map(result_of), [CleanupResult::Gone; 4]);
        assert_eq!([400, 405, 501].map(result_of), [CleanupResult::Kept; 3]);
        assert_eq!([429, 500, 503].map(result_of), [CleanupResult::Unknown; 3]);
    }
}
