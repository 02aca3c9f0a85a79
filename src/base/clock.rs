//! The only source of time. Under a paused tokio runtime the clock is virtual: it jumps ahead whenever all tasks wait,
//! so hundreds of exports need no real waiting.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// A wall clock that advances with tokio's time. Cheap to copy; all copies agree.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    wall_start: SystemTime,
    start: Instant,
}

impl Clock {
    /// Returns a clock that starts at the system's time.
    pub fn system() -> Self {
        Self::starting_at(SystemTime::now())
    }

    /// Returns a clock that starts at `wall`. Under a paused runtime, runs are then reproducible to the millisecond.
    pub fn starting_at(wall: SystemTime) -> Self {
        Self { wall_start: wall, start: Instant::now() }
    }

    /// The wall time at which the clock was created.
    pub fn started(&self) -> SystemTime {
        self.wall_start
    }

    /// The current wall time.
    pub fn now(&self) -> SystemTime {
        self.wall_start + self.start.elapsed()
    }

    /// The time since the clock was created.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Waits for `duration`. Under a paused runtime this takes no real time.
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
