//! What the flows of a run know of each other: how kick-offs were received, what went through, which jobs lie on the
//! target and who still needs them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use url::Url;

use crate::base::vocabulary::ExportLevel;
use crate::measure::resource_store::ResourceStore;
use crate::measure::sample_values::Span;
use crate::recording::model::Stop;

/// How a flow came out, for those that come after it.
#[derive(Clone, Debug)]
pub struct FlowOutcome {
    /// Why it ended early, if so.
    pub stop: Option<Stop>,
    /// The `transactionTime` of its manifest, where that is an instant.
    pub transaction_time: Option<String>,
    /// The dates of its output files.
    pub span: Span,
    /// The level at which it ran.
    pub level: ExportLevel,
    /// The resources that are held of it.
    pub shelf: Arc<ResourceStore>,
}

#[derive(Debug, Default)]
struct FlowResult {
    kickoff: Option<Result<ExportLevel, Stop>>,
    outcome: Option<FlowOutcome>,
}

/// Where flows post how they went and others wait for it.
#[derive(Debug)]
pub struct FlowResults {
    entries: Mutex<BTreeMap<String, FlowResult>>,
    /// Wakes those that wait in the order in which they came, so that the same run takes the same course.
    news: Notify,
}

impl FlowResults {
    /// A flow_results for the flows of these names.
    pub fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let entries = names.map(|name| (name.to_owned(), FlowResult::default())).collect();
        Self { entries: Mutex::new(entries), news: Notify::new() }
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, FlowResult>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Posts how a flow's kick-off was received: at which level it was accepted, or why the flow stopped.
    pub fn kicked_off(&self, flow: &str, how: Result<ExportLevel, Stop>) {
        if let Some(entry) = self.entries().get_mut(flow) {
            entry.kickoff.get_or_insert(how);
        }
        self.news.notify_waiters();
    }

    /// Posts that a flow is over.
    pub fn over(&self, flow: &str, outcome: FlowOutcome) {
        if let Some(entry) = self.entries().get_mut(flow) {
            // A flow that stops before its kick-off has stopped for those that wait for the kick-off, too.
            let how = outcome.stop.clone().map_or(Ok(outcome.level), Err);
            entry.kickoff.get_or_insert(how);
            entry.outcome = Some(outcome);
        }
        self.news.notify_waiters();
    }

    /// How the kick-off of `flow` was received, once it is known; none if there is no such flow.
    pub async fn kickoff(&self, flow: &str) -> Option<Result<ExportLevel, Stop>> {
        self.once(flow, |entry| entry.kickoff.clone()).await
    }

    /// How `flow` came out, once it is over; none if there is no such flow.
    pub async fn outcome(&self, flow: &str) -> Option<FlowOutcome> {
        self.once(flow, |entry| entry.outcome.clone()).await
    }

    async fn once<T>(&self, flow: &str, known: impl Fn(&FlowResult) -> Option<T>) -> Option<T> {
        loop {
            // Listening begins before looking, so that nothing posted in between is missed.
            let mut news = std::pin::pin!(self.news.notified());
            news.as_mut().enable();
            let found = self.entries().get(flow).map(&known)?;
            if found.is_some() {
                return found;
            }
            news.await;
        }
    }
}

/// What is known of a job on the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FlowState {
    /// It lies there.
    There,
    /// It is deleted, or the target knows it no more.
    Gone,
    /// The target does not delete it.
    Kept,
}

#[derive(Debug)]
struct HeldJob {
    holders: usize,
    state: FlowState,
}

/// The jobs that were started. Servers may answer equal requests with one job, so a job is deleted when the last flow
/// that holds it lets go.
#[derive(Debug, Default)]
pub struct HeldJobs {
    jobs: Mutex<BTreeMap<Url, HeldJob>>,
}

impl HeldJobs {
    fn jobs(&self) -> MutexGuard<'_, BTreeMap<Url, HeldJob>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A kick-off led to the job at `url`.
    pub fn hold(&self, url: &Url) {
        let mut jobs = self.jobs();
        let job = jobs.entry(url.clone()).or_insert(HeldJob { holders: 0, state: FlowState::There });
        job.holders += 1;
        // A server that gives a deleted job's URL again has started it anew.
        job.state = FlowState::There;
    }

    /// One holder lets go. Whether the job must be deleted now.
    pub fn let_go(&self, url: &Url) -> bool {
        let mut jobs = self.jobs();
        let Some(job) = jobs.get_mut(url) else { return false };
        job.holders = job.holders.saturating_sub(1);
        job.holders == 0 && job.state == FlowState::There
    }

    /// The job is deleted or unknown to the target.
    pub fn gone(&self, url: &Url) {
        self.set(url, FlowState::Gone);
    }

    /// The target refused to delete the job.
    pub fn kept(&self, url: &Url) {
        self.set(url, FlowState::Kept);
    }

    fn set(&self, url: &Url, state: FlowState) {
        if let Some(job) = self.jobs().get_mut(url) {
            job.state = state;
        }
    }

    /// The jobs that still lie on the target.
    pub fn left(&self) -> Vec<Url> {
        self.jobs().iter().filter(|(_, job)| job.state != FlowState::Gone).map(|(url, _)| url.clone()).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_job_is_deleted_by_the_last_holder_only() {
        let (jobs, url) = (HeldJobs::default(), "http://h/1".parse().unwrap());
        jobs.hold(&url);
        jobs.hold(&url);
        assert!(!jobs.let_go(&url));
        assert!(jobs.let_go(&url));
        jobs.gone(&url);
        assert_eq!(jobs.left(), []);
        jobs.hold(&url);
        assert_eq!(jobs.left(), std::slice::from_ref(&url), "started anew");
        jobs.kept(&url);
        assert!(!jobs.let_go(&url), "a refused DELETE is not repeated");
        assert_eq!(jobs.left(), [url]);
    }

    #[tokio::test]
    async fn a_flow_that_ends_early_answers_those_that_wait_for_its_kick_off() {
        let flow_results = FlowResults::new(["a"].into_iter());
        let stop = Stop { kind: crate::recording::model::StopKind::NotOffered, exchange: None, because: "no".into() };
        let (span, level, shelf) = (Span::default(), ExportLevel::Any, Arc::default());
        let outcome = FlowOutcome { stop: Some(stop.clone()), span, transaction_time: None, level, shelf };
        let (heard, ()) = tokio::join!(flow_results.kickoff("a"), async { flow_results.over("a", outcome) });
        assert_eq!(heard.unwrap().unwrap_err(), stop);
        assert!(flow_results.outcome("a").await.is_some() && flow_results.outcome("b").await.is_none());
    }
}
