//! Evaluates one expectation on one exchange, and has the built-in checks. Pure: no I/O.

pub(crate) mod auth;
pub mod context;
pub(crate) mod dispatch;
pub(crate) mod exchange;
pub mod expect;
pub(crate) mod files;
pub(crate) mod flow;
pub(crate) mod flow_files;
pub(crate) mod header_faults;
pub(crate) mod index;
pub(crate) mod manifest;
pub(crate) mod metadata;
pub(crate) mod missing;
pub(crate) mod outcome;
pub(crate) mod params;
pub(crate) mod reasons;
pub(crate) mod run_settings;
pub mod shape;
pub(crate) mod show;
