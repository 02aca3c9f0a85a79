//! Servers that are out to do harm, or broken beyond any rule: each run against one ends with a verdict that says why,
//! within bounds that are counted: requests, bytes over the wire, and the most memory that was held at once. Time is
//! virtual wherever it matters; no test looks at a clock of the real world.
//!
//! `cargo test --test hostile -- --nocapture | grep '^| '` prints what each of them cost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use peak_alloc::PeakAlloc;

mod bodies;
mod redirects;
mod server;
mod texts;
mod trial;
mod waits;
mod wire;

/// Counts what is held, so that a test can say how much that was.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;
