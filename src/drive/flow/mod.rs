//! One export from kick-off to clean-up, with its probes.

pub(crate) mod cleanup;
pub(crate) mod cohort;
pub(crate) mod data_changes;
pub(crate) mod delete;
pub(crate) mod group;
pub(crate) mod hook_runs;
pub(crate) mod job;
pub(crate) mod kickoff;
pub(crate) mod measure_export;
pub(crate) mod members;
pub(crate) mod pages;
pub(crate) mod poll;
pub(crate) mod probe;
pub(crate) mod probe_attachment;
pub(crate) mod probe_kickoff;
pub(crate) mod probe_request;
pub(crate) mod probe_timing;
pub(crate) mod recheck_missing;
pub(crate) mod requests;
pub(crate) mod retry;
pub(crate) mod route;
pub(crate) mod run_flow;
pub(crate) mod send;
pub(crate) mod state;
