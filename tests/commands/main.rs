//! Runs the built program as a user does, and checks its output, exit codes and files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod commands;
mod crash;
mod hooks;
mod readme;
mod refusals;
mod secrets;
mod serve;
mod support;
