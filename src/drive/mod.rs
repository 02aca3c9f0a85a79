//! Runs the flows of a plan against a target and records the exchanges.

pub(crate) mod budget;
pub(crate) mod context;
pub mod export_levels;
pub mod files;
pub mod flow;
pub(crate) mod flow_order;
pub(crate) mod flow_results;
pub(crate) mod held_jobs;
pub mod hooks;
pub mod progress;
pub mod resume_journal;
pub mod run;
pub(crate) mod stops;
pub(crate) mod target_behavior;
