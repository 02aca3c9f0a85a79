//! Whole flows against servers in process, in paused time: what is sent, when, and what is on the recording.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod halts;
mod levels;
mod patience;
mod probes;
mod reference;
mod server;
mod trouble;
