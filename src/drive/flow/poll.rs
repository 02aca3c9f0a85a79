//! Polling a job, politely, until it is done, failed, or out of time. What a poll says is decided in [`crate::measure::job_state`].

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::Method;
use http::header::{ACCEPT, RETRY_AFTER};
use serde_json::Value;

use crate::drive::context::{FlowContext, no_answer, stop};
use crate::drive::flow::kickoff::Job;
use crate::drive::flow::{requests, retry};
use crate::drive::progress::Event;
use crate::measure::job_state;
use crate::measure::job_state::{JobStanding, SeenPoll};
use crate::recording::model::{Phase, Role, Stop, StopKind, Trouble, TroubleKind};
use crate::recording::shape::{is_manifest, without_bom};
use crate::session::exchange::{FullResponse, Reply, RequestSpec};
use crate::suite::flow::Identity;

/// The longest answer to a poll that is read: a manifest of a hundred thousand files fits.
const MAX_LEN_ANSWER: usize = 64 << 20;

/// The polls of one job.
#[derive(Default)]
pub(crate) struct Polls {
    seen: Vec<SeenPoll>,
    exchanges: Vec<u32>,
    /// Phases that the recording knows already.
    told: Vec<Option<Phase>>,
    wait: Option<Duration>,
    manifest: Option<Value>,
}

/// What came of a poll.
#[derive(Debug)]
pub(crate) enum PollStep {
    /// The job runs.
    Running,
    /// This poll failed; the job may still run.
    Unsure,
    /// It is done.
    Done(Value),
}

impl Polls {
    /// The manifest that the last poll held.
    pub fn manifest(&self) -> Option<&Value> {
        self.manifest.as_ref()
    }

    /// The exchange of the last poll.
    pub fn last(&self) -> Option<u32> {
        self.exchanges.last().copied()
    }

    /// How often was asked.
    pub fn count(&self) -> usize {
        self.seen.len()
    }

    /// Takes in an answer and says where the job stands; tells the recording what became known.
    fn take_in(&mut self, flow: &FlowContext<'_>, reply: &Reply, job: &Job) -> JobStanding {
        let mut manifest = None;
        let seen = match &reply.result {
            Err(_) => SeenPoll { status: None, manifest: false, digest: 0, signs: false },
            // A 200 whose body was lost on the way says nothing of the job: it may be done.
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
        let recorder = flow.run.session.recorder();
        self.told.resize(self.seen.len(), None);
        let last = self.seen.len().saturating_sub(1);
        for (index, ((told, phase), exchange)) in
            self.told.iter_mut().zip(&reading.phases).zip(&self.exchanges).enumerate()
        {
            if *told != *phase
                && let Some(phase) = phase
            {
                recorder.phase(*exchange, *phase);
                *told = Some(*phase);
            }
            // A failed poll that was repeated is not the last word.
            if index + 1 == last && *phase == Some(Phase::Transient) {
                recorder.supersede(*exchange);
            }
        }
        reading.standing
    }

    /// Errors in a row at the end, for the growing wait.
    fn errors(&self) -> u32 {
        let errors = self.told.iter().rev().take_while(|phase| **phase == Some(Phase::Transient)).count();
        u32::try_from(errors.saturating_sub(1)).unwrap_or(u32::MAX)
    }
}

/// The status that a poll gives the job: where it was asked to come apart from that of the poll itself, what
/// `X-Export-Status` begins with.
fn job_status(whole: &FullResponse, separate: bool) -> u16 {
    let status = whole.status.as_u16();
    let text = whole.headers.get("x-export-status").filter(|_| separate && status == 200);
    text.and_then(|text| text.to_str().ok()?.trim().get(..3)?.parse().ok()).unwrap_or(status)
}

impl FlowContext<'_> {
    /// A poll of `job`.
    pub fn poll_ask(&self, url: &url::Url) -> RequestSpec {
        let headers = requests::usual(&[(ACCEPT, "application/json")]);
        let identity = self.planned.flow.identity;
        RequestSpec { identity, ..requests::plain(self.name(), Role::Poll, Method::GET, url.clone(), headers) }
    }

    /// Waits as long as the server asked, polls once, and says what came of it. The error says why the flow ends.
    pub async fn poll(&self, job: &Job, polls: &mut Polls, ask: RequestSpec) -> Result<PollStep, Stop> {
        match (polls.wait.take(), job.retry_after) {
            (Some(time), _) => self.wait(time, "until the next poll").await?,
            (None, Some(asked)) => {
                let time = retry::pause(Some(asked), 0, job.budget.left(self.run), self.run.settings.least_wait);
                self.wait(time, "until the first poll").await?;
            }
            (None, None) => self.check_halt()?,
        }
        let reply = self.run.session.send_within(ask, MAX_LEN_ANSWER).await;
        let exchange = reply.exchange;
        let asked = match &reply.result {
            Err(trouble) if trouble.kind == TroubleKind::Interrupted => {
                return Err(self.halt_stop(exchange, trouble));
            }
            Err(trouble) if trouble.kind == TroubleKind::NotSent => {
                return Err(no_answer("the poll", exchange, trouble));
            }
            Err(_) => None,
            // The next answer would be as long.
            Ok(FullResponse { broken: Some(trouble), .. }) if trouble.kind == TroubleKind::Limit => {
                return Err(stop(StopKind::Limit, Some(exchange), trouble.message.clone()));
            }
            Ok(whole) => {
                let progress = whole.headers.get("x-progress").and_then(|text| text.to_str().ok());
                self.show(Event::Polled { number: polls.count() + 1, progress });
                self.retry_after(&whole.headers)
            }
        };
        let standing = polls.take_in(self, &reply, job);
        let status = reply.result.as_ref().map_or(0, |whole| whole.status.as_u16());
        let ended = |because: String| stop(StopKind::Answer, Some(exchange), because);
        match standing {
            JobStanding::Complete => {
                self.run.any_ended.store(true, Ordering::Relaxed);
                *self.manifest_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(exchange);
                Ok(PollStep::Done(polls.manifest.take().unwrap_or_default()))
            }
            JobStanding::Running | JobStanding::Unsure => {
                let left = job.budget.left(self.run);
                if left.is_zero() {
                    self.run.waited_in_vain.store(true, Ordering::Relaxed);
                    polls.settle_as_running(self);
                    let seconds = self.run.settings.max_wait.as_secs();
                    return Err(stop(StopKind::Waited, Some(exchange), format!("still running after {seconds} s")));
                }
                let least = self.run.settings.least_wait;
                polls.wait = Some(match standing {
                    // A job that runs is asked for as often as the target likes.
                    JobStanding::Running => retry::pause(asked, polls.running_for(), left, least),
                    _ => retry::pause_again(asked, polls.errors(), left, least, retry::LONGEST),
                });
                Ok(if standing == JobStanding::Running { PollStep::Running } else { PollStep::Unsure })
            }
            JobStanding::NoManifest => {
                self.run.any_ended.store(true, Ordering::Relaxed);
                Err(ended(format!("polls were answered {status} with something that is no manifest, again and again")))
            }
            JobStanding::Failed => {
                self.run.any_ended.store(true, Ordering::Relaxed);
                if matches!(status, 404 | 410) {
                    self.run.gone(&job.url);
                    return Err(ended(format!("the target answered {status} for the job that it had started")));
                }
                Err(ended(format!("the job ended with {status}")))
            }
            // Whoever may not have all of it may be refused the whole, late as it is.
            JobStanding::Refused
                if self.planned.flow.identity == Identity::Narrow && self.planned.flow.optional.is_some() =>
            {
                let optional = self.planned.flow.optional.as_deref().unwrap_or_default();
                Err(stop(StopKind::Declined, Some(exchange), format!("{optional}: the poll was answered {status}")))
            }
            JobStanding::Refused => {
                Err(stop(StopKind::Credentials, Some(exchange), format!("the poll was answered {status}")))
            }
            JobStanding::Silent => match &reply.result {
                Err(trouble) => Err(no_answer("the poll", exchange, trouble)),
                Ok(whole) => match lost(whole) {
                    Some(trouble) => Err(no_answer("the poll", exchange, trouble)),
                    None => Err(ended("the poll brought no answer".to_owned())),
                },
            },
        }
    }

    /// Ends the flow if no job of this target ever ends: it has been seen running, and that must do.
    pub fn check_hope(&self, polls: &Polls) -> Result<(), Stop> {
        if self.run.is_hopeless() {
            let seconds = self.run.settings.max_wait.as_secs();
            let because = format!(
                "not waited for: another job of this run was still running after {seconds} s, and none has ended"
            );
            return Err(stop(StopKind::Waited, polls.last(), because));
        }
        Ok(())
    }
}

/// Why an answer's body did not come whole, if the way is to blame.
fn lost(whole: &FullResponse) -> Option<&Trouble> {
    whole.broken.as_ref().filter(|trouble| matches!(trouble.kind, TroubleKind::Cut | TroubleKind::Timeout))
}

impl Polls {
    /// Calls polls whose phase is still open in progress: that is how they were treated until time ran out.
    fn settle_as_running(&mut self, flow: &FlowContext<'_>) {
        for (told, exchange) in self.told.iter_mut().zip(&self.exchanges).filter(|(told, _)| told.is_none()) {
            flow.run.session.recorder().phase(*exchange, Phase::InProgress);
            *told = Some(Phase::InProgress);
        }
    }

    /// How often the job was seen running, for the growing wait.
    fn running_for(&self) -> u32 {
        let running = self.told.iter().filter(|phase| **phase != Some(Phase::Transient)).count();
        u32::try_from(running.saturating_sub(1)).unwrap_or(u32::MAX)
    }
}
