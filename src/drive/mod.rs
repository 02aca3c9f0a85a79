//! Driving a target: the only room, beside the reference server, that is asynchronous.

pub(crate) mod context;
pub mod export_levels;
pub mod files;
pub mod flow;
pub(crate) mod flow_order;
pub(crate) mod flow_results;
pub mod hooks;
pub mod progress;
pub mod resume_journal;
pub mod run;
