//! How long a flow waits for one response or job.

use std::time::Duration;

use crate::drive::context::{FlowContext, RunContext};

/// The point in time at which a flow stops waiting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    until: Duration,
}

impl Budget {
    /// Returns a budget that ends `--max-wait` from now.
    pub fn new(run: &RunContext<'_>) -> Self {
        Self { until: run.clock.elapsed().saturating_add(run.settings.max_wait) }
    }

    /// Returns the budget that the jobs of all probes of a flow share.
    pub fn of_probes(context: &FlowContext<'_>) -> Self {
        Self { until: context.probes_end() }
    }

    /// Returns a budget that ends `time` from now, or earlier if this one does.
    pub fn at_most(self, run: &RunContext<'_>, time: Duration) -> Self {
        Self { until: self.until.min(run.clock.elapsed().saturating_add(time)) }
    }

    /// Returns the remaining time.
    pub fn left(&self, run: &RunContext<'_>) -> Duration {
        self.until.saturating_sub(run.clock.elapsed())
    }
}
