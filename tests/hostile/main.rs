//! Runs against hostile servers. Each run must end with a verdict and a reason, within limits for requests, received
//! bytes and peak memory. Time is virtual except in `wire`.
//!
//! `cargo test --test hostile -- --nocapture | grep '^| '` prints the cost of each run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use peak_alloc::PeakAlloc;

mod bodies;
mod redirects;
mod server;
mod texts;
mod trial;
mod waits;
mod wire;

/// Counts the allocated memory, so that a test can limit its peak.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;
