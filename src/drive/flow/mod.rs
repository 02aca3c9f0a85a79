//! One export from kick-off to clean-up, with its probes.

pub(crate) mod cleanup;
pub(crate) mod cohort;
pub(crate) mod data_changes;
pub(crate) mod kickoff;
pub(crate) mod measure_export;
pub(crate) mod members;
pub(crate) mod pages;
pub(crate) mod poll;
pub(crate) mod probe;
pub(crate) mod recheck_missing;
pub(crate) mod requests;
pub(crate) mod retry;
pub(crate) mod run_flow;
