//! Checks of kick-offs, of the status of jobs, of failures and of changed data.

pub(crate) mod data_changes;
pub(crate) mod export_status;
pub(crate) mod kickoff;
pub(crate) mod server_errors;
