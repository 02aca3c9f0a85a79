//! Sends a request, and again while the target asks to wait.

use crate::drive::budget::Budget;
use crate::drive::context::FlowContext;
use crate::drive::flow::retry;
use crate::drive::stops::stop;
use crate::recording::model::{Stop, StopKind, TroubleKind};
use crate::session::exchange::{FullResponse, Reply, RequestSpec};

/// Sends a request, and again while the target returns 429 or another response that asks to wait. The last response
/// supersedes the earlier ones. The error is that `budget` expired, or that the run is being ended.
///
/// With `queueing`, a 429, or a refusal that may mean the same, renews the budget while other jobs of this run are
/// running, because some servers run one export at a time.
pub(crate) async fn send_with_retry(
    context: &FlowContext<'_>,
    budget: &mut Budget,
    request: RequestSpec,
    queueing: bool,
) -> Result<Reply, Stop> {
    let mut attempt = 0;
    loop {
        let kicking_off = match request.url.path().ends_with("$export") {
            true => Some(context.run.jobs.kicking_off(&request.url).await),
            false => None,
        };
        let reply = context.run.session.send(request.clone()).await;
        drop(kicking_off);
        if let Ok(whole) = &reply.result {
            context.run.note_if_throttled(whole.status);
        }
        let mut longest = retry::MAX_WAIT;
        let mut throttled = false;
        let (retry_after, what) = match &reply.result {
            Err(trouble) if trouble.kind == TroubleKind::Interrupted => {
                return Err(context.halt_stop(reply.exchange, trouble));
            }
            Err(trouble) if trouble.kind == TroubleKind::Connect && attempt < 2 => {
                (None, "until the retry after a failed connection".to_owned())
            }
            Ok(whole) if retry::asks_to_wait(whole.status, attempt) => {
                throttled = queueing && whole.status.as_u16() == 429;
                if throttled && context.run.target.runs_our_jobs() {
                    *budget = Budget::new(context.run);
                    longest = retry::MAX_QUEUE_WAIT;
                }
                (context.retry_after(&whole.headers), format!("until the retry after {}", whole.status.as_u16()))
            }
            // Some servers limit the number of concurrent exports and refuse the next one without giving that reason.
            Ok(whole) if may_wait_for_own_jobs(context, &request, whole, queueing, attempt) => {
                if queueing {
                    *budget = Budget::new(context.run);
                }
                longest = retry::MAX_QUEUE_WAIT;
                (
                    context.retry_after(&whole.headers),
                    format!("until other exports end, after {}", whole.status.as_u16()),
                )
            }
            _ => return Ok(reply),
        };
        let left = budget.left(context.run);
        let seconds = context.run.settings.max_wait.as_secs();
        if left.is_zero() {
            if throttled {
                context.run.target.throttled_until_time_ran_out();
            }
            let because = format!("the server still asked the client to wait after {seconds} s (--max-wait)");
            return Err(stop(StopKind::Waited, Some(reply.exchange), because));
        }
        if throttled && context.run.target.accepts_no_kickoff() {
            let because = format!(
                "the flow did not retry, since another kick-off of this run was still throttled after {seconds} s and \
                 none was accepted"
            );
            return Err(stop(StopKind::Waited, Some(reply.exchange), because));
        }
        context.run.session.recorder().supersede(reply.exchange);
        let time = retry::pause_again(retry_after, attempt, left, context.run.settings.least_wait, longest);
        context.wait(time, &what).await?;
        attempt += 1;
    }
}

/// Returns whether the target may have refused a kick-off because other exports of this run are running. The kick-off
/// is sent again until they end.
fn may_wait_for_own_jobs(
    context: &FlowContext<'_>,
    request: &RequestSpec,
    whole: &FullResponse,
    queueing: bool,
    attempt: u32,
) -> bool {
    context.run.target.runs_our_jobs()
        && (queueing || attempt < retry::MAX_PROBE_TRIES)
        && request.url.path().ends_with("$export")
        && retry::may_be_busy(whole.status, &whole.body, queueing)
}
