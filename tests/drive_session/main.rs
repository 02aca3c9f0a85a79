//! The session against routers in process: redirects, tokens, limits, interruption, and what reaches the recording.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod bodies;
mod common;
mod recording;
mod redirects;
mod tokens;
