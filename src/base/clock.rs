//! The one source of time. Under a paused tokio runtime the same clock is virtual: it jumps ahead whenever every task
//! waits, so that a matrix of hundreds of exports takes no real waiting.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// A wall clock that advances with tokio's time. Cheap to copy; all copies agree.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    wall_start: SystemTime,
    start: Instant,
}

impl Clock {
    /// A clock that shows the system's time now and goes on from there.
    pub fn system() -> Self {
        Self::starting_at(SystemTime::now())
    }

    /// A clock that shows `wall` now. With a paused runtime this makes a run reproducible to the millisecond.
    pub fn starting_at(wall: SystemTime) -> Self {
        Self { wall_start: wall, start: Instant::now() }
    }

    /// The wall time at which it was made.
    pub fn started(&self) -> SystemTime {
        self.wall_start
    }

    /// The wall time.
    pub fn now(&self) -> SystemTime {
        self.wall_start + self.start.elapsed()
    }

    /// Time since this clock was made.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Waits; under a paused runtime it costs no real time.
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
