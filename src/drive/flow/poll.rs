//! Polls a job until it completes or fails, or until `--max-wait` expires. [`crate::measure::job_state`] decides what a
//! poll means.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use http::Method;
use http::header::{ACCEPT, RETRY_AFTER};
use serde_json::Value;
use url::Url;

use crate::drive::context::FlowContext;
use crate::drive::flow::job::Job;
use crate::drive::flow::state::ManifestTimes;
use crate::drive::flow::{requests, retry};
use crate::drive::progress::Event;
use crate::drive::stops::{no_answer, stop};
use crate::measure::job_state;
use crate::measure::job_state::{JobStanding, SeenPoll};
use crate::recording::model::{Phase, Role, Stop, StopKind, Trouble, TroubleKind};
use crate::recording::shape::{is_manifest, without_bom};
use crate::session::exchange::{FullResponse, Reply, RequestSpec};
use crate::settings::run_settings::Credentials;
use crate::suite::flow::Identity;

/// The most bytes of a response that are read: a manifest of a hundred thousand files fits.
const MAX_RESPONSE: usize = 64 << 20;

/// The polls of one job.
#[derive(Default)]
pub(crate) struct Polls {
    seen: Vec<SeenPoll>,
    exchanges: Vec<u32>,
    /// The phase of each poll in the recording.
    recorded: Vec<Option<Phase>>,
    wait: Option<Duration>,
    manifest: Option<Value>,
}

/// The result of a poll.
#[derive(Debug)]
pub(crate) enum PollStep {
    /// The job is running.
    Running,
    /// The poll failed; the job may still be running.
    Unsure,
    /// The job is complete; holds the manifest.
    Done(Value),
}

impl Polls {
    /// Returns the manifest in the response to the last poll, if there is one.
    pub fn manifest(&self) -> Option<&Value> {
        self.manifest.as_ref()
    }

    /// Returns the exchange of the last poll.
    pub fn last(&self) -> Option<u32> {
        self.exchanges.last().copied()
    }

    /// Returns the number of polls.
    pub fn count(&self) -> usize {
        self.seen.len()
    }

    /// Adds a response; returns the state of the job and records the phases that are now known.
    fn add(&mut self, context: &FlowContext<'_>, reply: &Reply, job: &Job) -> JobStanding {
        let mut manifest = None;
        let seen = match &reply.result {
            Err(_) => SeenPoll { status: None, manifest: false, digest: 0, signs: false },
            // A 200 with an incomplete body does not show whether the job is complete.
            Ok(whole) if whole.status.as_u16() == 200 && lost(whole).is_some() => {
                SeenPoll { status: None, manifest: false, digest: 0, signs: false }
            }
            Ok(whole) => {
                let body =
                    serde_json::from_slice::<Value>(without_bom(&whole.body)).ok().filter(|_| whole.broken.is_none());
                manifest = body.filter(is_manifest);
                let mut hasher = DefaultHasher::new();
                whole.body.hash(&mut hasher);
                whole.headers.get("x-progress").hash(&mut hasher);
                SeenPoll {
                    status: Some(job_status(whole, job.separate)),
                    manifest: manifest.is_some(),
                    digest: hasher.finish(),
                    signs: whole.headers.contains_key(RETRY_AFTER) || whole.headers.contains_key("x-progress"),
                }
            }
        };
        self.seen.push(seen);
        self.exchanges.push(reply.exchange);
        self.manifest = manifest;
        let reading = job_state::read(&self.seen, job.partial);
        let recorder = context.run.session.recorder();
        self.recorded.resize(self.seen.len(), None);
        let last = self.seen.len().saturating_sub(1);
        for (index, ((recorded, phase), exchange)) in
            self.recorded.iter_mut().zip(&reading.phases).zip(&self.exchanges).enumerate()
        {
            if *recorded != *phase
                && let Some(phase) = phase
            {
                recorder.phase(*exchange, *phase);
                *recorded = Some(*phase);
            }
            // A failed poll does not count if a later poll repeated it.
            if index + 1 == last && *phase == Some(Phase::Transient) {
                recorder.supersede(*exchange);
            }
        }
        reading.standing
    }

    /// Returns the number of failed polls at the end, less one, for the growing wait.
    fn errors(&self) -> u32 {
        let errors = self.recorded.iter().rev().take_while(|phase| **phase == Some(Phase::Transient)).count();
        u32::try_from(errors.saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// Records polls without a known phase as in progress, because the flow treated them so until `--max-wait` expired.
    fn record_as_running(&mut self, context: &FlowContext<'_>) {
        for (recorded, exchange) in self.recorded.iter_mut().zip(&self.exchanges).filter(|(phase, _)| phase.is_none()) {
            context.run.session.recorder().phase(*exchange, Phase::InProgress);
            *recorded = Some(Phase::InProgress);
        }
    }

    /// Returns the number of polls that did not fail, less one, for the growing wait.
    fn running_for(&self) -> u32 {
        let running = self.recorded.iter().filter(|phase| **phase != Some(Phase::Transient)).count();
        u32::try_from(running.saturating_sub(1)).unwrap_or(u32::MAX)
    }
}

/// Returns the status of the job: the first digits of `X-Export-Status` if the kick-off requested that header, or else
/// the status of the poll.
fn job_status(whole: &FullResponse, separate: bool) -> u16 {
    let status = whole.status.as_u16();
    let text = whole.headers.get("x-export-status").filter(|_| separate && status == 200);
    text.and_then(|text| text.to_str().ok()?.trim().get(..3)?.parse().ok()).unwrap_or(status)
}

/// Returns the request for a poll.
pub(crate) fn poll_request(context: &FlowContext<'_>, url: &Url) -> RequestSpec {
    let headers = requests::usual(&[(ACCEPT, "application/json")]);
    let identity = context.planned.flow.identity;
    RequestSpec { identity, ..requests::plain(context.name(), Role::Poll, Method::GET, url.clone(), headers) }
}

/// Waits as long as `Retry-After` says, then polls once. The error is why the flow ends.
pub(crate) async fn poll(
    context: &FlowContext<'_>,
    job: &Job,
    polls: &mut Polls,
    request: RequestSpec,
) -> Result<PollStep, Stop> {
    match (polls.wait.take(), job.retry_after) {
        (Some(time), _) => context.wait(time, "until the next poll").await?,
        (None, Some(retry_after)) => {
            let time =
                retry::pause(Some(retry_after), 0, job.budget.left(context.run), context.run.settings.least_wait);
            context.wait(time, "until the first poll").await?;
        }
        (None, None) => context.check_halt()?,
    }
    let own = request.role == Role::Poll && request.identity == Identity::Client;
    let reply = context.run.session.send_within(request, MAX_RESPONSE).await;
    let exchange = reply.exchange;
    let retry_after = match &reply.result {
        Err(trouble) if trouble.kind == TroubleKind::Interrupted => {
            return Err(context.halt_stop(exchange, trouble));
        }
        Err(trouble) if trouble.kind == TroubleKind::NotSent => {
            return Err(no_answer("the poll", exchange, trouble));
        }
        Err(_) => None,
        // The next response would be too long as well.
        Ok(FullResponse { broken: Some(trouble), .. }) if trouble.kind == TroubleKind::Limit => {
            return Err(stop(StopKind::Limit, Some(exchange), trouble.message.clone()));
        }
        Ok(whole) => {
            let progress = whole.headers.get("x-progress").and_then(|text| text.to_str().ok());
            context.show(Event::Polled { number: polls.count() + 1, progress });
            context.run.note_if_throttled(whole.status);
            context.retry_after(&whole.headers)
        }
    };
    let standing = polls.add(context, &reply, job);
    if matches!(standing, JobStanding::Complete | JobStanding::Running | JobStanding::Failed) {
        context.run.target.poll_accepted();
    }
    let status = reply.result.as_ref().map_or(0, |whole| whole.status.as_u16());
    let ended = |because: String| stop(StopKind::Answer, Some(exchange), because);
    match standing {
        JobStanding::Complete => {
            context.run.target.job_ended();
            if let Ok(whole) = &reply.result {
                context.set_manifest_times(ManifestTimes::new(context.run.clock.elapsed(), &whole.headers));
            }
            Ok(PollStep::Done(polls.manifest.take().unwrap_or_default()))
        }
        JobStanding::Running | JobStanding::Unsure => {
            let left = job.budget.left(context.run);
            if left.is_zero() {
                context.run.target.wait_for_job_ran_out();
                polls.record_as_running(context);
                let seconds = context.run.settings.max_wait.as_secs();
                return Err(stop(
                    StopKind::Waited,
                    Some(exchange),
                    format!("the job was still running after {seconds} s (--max-wait)"),
                ));
            }
            let least = context.run.settings.least_wait;
            polls.wait = Some(match standing {
                // The target decides how often a running job is polled.
                JobStanding::Running => {
                    let age = context.run.settings.max_wait.saturating_sub(left);
                    let spaced = context.run.settings.rate.map_or(Duration::ZERO, |_| retry::spacing(age));
                    retry::pause(retry_after, polls.running_for(), left, least).max(spaced).min(left)
                }
                _ => retry::pause_again(retry_after, polls.errors(), left, least, retry::MAX_WAIT),
            });
            Ok(if standing == JobStanding::Running { PollStep::Running } else { PollStep::Unsure })
        }
        JobStanding::NoManifest => {
            context.run.target.job_ended();
            Err(ended(format!("several polls in a row returned {status} with a body that is not a manifest")))
        }
        JobStanding::Failed => {
            context.run.target.job_ended();
            if matches!(status, 404 | 410) {
                context.run.gone(&job.url);
                return Err(ended(format!(
                    "several polls in a row returned {status} for a job that the server had started"
                )));
            }
            Err(ended(format!("the job ended with {status}")))
        }
        JobStanding::Refused => {
            if own {
                context.run.target.poll_refused(exchange, status);
            }
            let because = match context.run.settings.credentials {
                Credentials::None if own => {
                    format!("the server accepted the kick-off without credentials, but its poll returned {status}")
                }
                _ => format!("the poll returned {status}"),
            };
            Err(stop(StopKind::Credentials, Some(exchange), because))
        }
        JobStanding::Silent => match &reply.result {
            Err(trouble) => Err(no_answer("the poll", exchange, trouble)),
            Ok(whole) => match lost(whole) {
                Some(trouble) => Err(no_answer("the poll", exchange, trouble)),
                None => Err(ended("the poll got no response".to_owned())),
            },
        },
    }
}

/// Ends the flow if the target finishes no job: the flow has seen its job running and does not wait longer.
pub(crate) fn check_jobs_finish(context: &FlowContext<'_>, polls: &Polls) -> Result<(), Stop> {
    if context.run.target.finishes_no_job() {
        let seconds = context.run.settings.max_wait.as_secs();
        let because = format!(
            "the flow did not wait for its job, since another job still ran after {seconds} s and none has ended"
        );
        return Err(stop(StopKind::Waited, polls.last(), because));
    }
    Ok(())
}

/// Returns why the body of a response is incomplete, if the connection is the cause.
fn lost(whole: &FullResponse) -> Option<&Trouble> {
    whole.broken.as_ref().filter(|trouble| matches!(trouble.kind, TroubleKind::Cut | TroubleKind::Timeout))
}
