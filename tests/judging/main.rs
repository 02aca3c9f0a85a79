//! Suites, judging and reports, without a network.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod any_recording;
mod judge;
mod pairs;
mod recordings;
mod reports;
mod rows;
mod runs;
mod sample;
mod shuffled;
mod suites;
