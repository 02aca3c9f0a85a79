//! What the flows of a run need to know about each other: the results of kick-offs, and how flows ended.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::base::vocabulary::ExportLevel;
use crate::measure::resource_store::ResourceStore;
use crate::measure::sample_values::Span;
use crate::recording::model::Stop;

/// How a flow ended, for later flows.
#[derive(Clone, Debug)]
pub struct FlowOutcome {
    /// Why it ended early, if it did.
    pub stop: Option<Stop>,
    /// The `transactionTime` of its manifest, if it is an instant.
    pub transaction_time: Option<String>,
    /// The dates of its output files.
    pub span: Span,
    /// The level of the export.
    pub level: ExportLevel,
    /// Its resources that are kept.
    pub resources: Arc<ResourceStore>,
}

#[derive(Debug, Default)]
struct FlowResult {
    kickoff: Option<Result<ExportLevel, Stop>>,
    outcome: Option<FlowOutcome>,
}

/// The results of all flows. A flow posts its own results and waits for those of other flows.
#[derive(Debug)]
pub struct FlowResults {
    entries: Mutex<BTreeMap<String, FlowResult>>,
    /// Wakes waiting flows in the order in which they started to wait, so that equal runs are alike.
    news: Notify,
    halted: AtomicBool,
}

impl FlowResults {
    /// Returns empty results for the flows of these names.
    pub fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let entries = names.map(|name| (name.to_owned(), FlowResult::default())).collect();
        Self { entries: Mutex::new(entries), news: Notify::new(), halted: AtomicBool::new(false) }
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, FlowResult>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Posts the result of the kick-off of a flow: the level of the accepted export, or why the flow stopped.
    pub fn kicked_off(&self, flow: &str, how: Result<ExportLevel, Stop>) {
        if let Some(entry) = self.entries().get_mut(flow) {
            entry.kickoff.get_or_insert(how);
        }
        self.news.notify_waiters();
    }

    /// Posts that a flow has ended.
    pub fn over(&self, flow: &str, outcome: FlowOutcome) {
        if let Some(entry) = self.entries().get_mut(flow) {
            // A flow that ends before its kick-off ends the wait for that kick-off too.
            let how = outcome.stop.clone().map_or(Ok(outcome.level), Err);
            entry.kickoff.get_or_insert(how);
            entry.outcome = Some(outcome);
        }
        self.news.notify_waiters();
    }

    /// Ends all waits for results: the run is being ended.
    pub fn halt(&self) {
        self.halted.store(true, Ordering::Relaxed);
        self.news.notify_waiters();
    }

    /// Waits for the result of the kick-off of `flow`. `None` if there is no such flow, or if the run is being ended
    /// before the result is known.
    pub async fn kickoff(&self, flow: &str) -> Option<Result<ExportLevel, Stop>> {
        self.wait_for(flow, |entry| entry.kickoff.clone()).await
    }

    /// Waits until `flow` has ended. `None` if there is no such flow, or if the run is being ended before `flow` has
    /// ended.
    pub async fn outcome(&self, flow: &str) -> Option<FlowOutcome> {
        self.wait_for(flow, |entry| entry.outcome.clone()).await
    }

    async fn wait_for<T>(&self, flow: &str, known: impl Fn(&FlowResult) -> Option<T>) -> Option<T> {
        loop {
            // Listen before the check, so that no post between the two is missed.
            let mut news = std::pin::pin!(self.news.notified());
            news.as_mut().enable();
            let found = self.entries().get(flow).map(&known)?;
            if found.is_some() || self.halted.load(Ordering::Relaxed) {
                return found;
            }
            news.await;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_flow_that_ends_early_ends_the_wait_for_its_kick_off() {
        let flow_results = FlowResults::new(["a"].into_iter());
        let stop = Stop { kind: crate::recording::model::StopKind::NotOffered, exchange: None, because: "no".into() };
        let (span, level, resources) = (Span::default(), ExportLevel::Any, Arc::default());
        let outcome = FlowOutcome { stop: Some(stop.clone()), span, transaction_time: None, level, resources };
        let (result, ()) = tokio::join!(flow_results.kickoff("a"), async { flow_results.over("a", outcome) });
        assert_eq!(result.unwrap().unwrap_err(), stop);
        assert!(flow_results.outcome("a").await.is_some() && flow_results.outcome("b").await.is_none());
    }

    #[tokio::test]
    async fn no_wait_outlasts_the_run() {
        let flow_results = FlowResults::new(["a"].into_iter());
        let (outcome, ()) = tokio::join!(flow_results.outcome("a"), async { flow_results.halt() });
        assert!(outcome.is_none());
        assert!(flow_results.kickoff("a").await.is_none(), "a later wait ends at once");
    }
}
