//! One expectation on one exchange, and the built-in checks. Pure.

pub(crate) mod access;
pub(crate) mod auth;
pub(crate) mod capability;
pub(crate) mod cohort;
pub mod context;
pub(crate) mod declared;
pub(crate) mod directory;
pub mod expect;
pub(crate) mod files;
pub(crate) mod grants;
pub(crate) mod hooks;
pub(crate) mod kickoff;
pub(crate) mod manifest;
pub(crate) mod organized_files;
pub(crate) mod ownership;
pub(crate) mod parts;
pub(crate) mod profiles;
pub(crate) mod secrecy;
pub(crate) mod served;
pub(crate) mod server_errors;
pub mod shape;
pub(crate) mod show;
pub(crate) mod tls;
pub(crate) mod type_filters;
pub(crate) mod types;
