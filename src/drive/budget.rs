//! How long a flow waits for one thing.

use std::time::Duration;

use crate::drive::context::RunContext;

/// The time until which a flow waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    until: Duration,
}

impl Budget {
    /// `--max-wait` from now.
    pub fn new(run: &RunContext<'_>) -> Self {
        Self { until: run.clock.elapsed().saturating_add(run.settings.max_wait) }
    }

    /// At most `time` from now, and no longer than before.
    pub fn at_most(self, run: &RunContext<'_>, time: Duration) -> Self {
        Self { until: self.until.min(run.clock.elapsed().saturating_add(time)) }
    }

    /// The time that is left.
    pub fn left(&self, run: &RunContext<'_>) -> Duration {
        self.until.saturating_sub(run.clock.elapsed())
    }
}
