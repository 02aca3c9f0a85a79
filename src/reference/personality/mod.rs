//! The differences of the reference server for each spec.

pub(crate) mod hapi;
pub(crate) mod hapi_requests;
pub(crate) mod hcpd;
pub(crate) mod smile;
pub mod spec;
