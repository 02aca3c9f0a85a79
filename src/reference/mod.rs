//! The reference server: a conformant bulk data server with faults and legal variants. Asynchronous.

pub(crate) mod attachments;
pub(crate) mod cohort_store;
pub(crate) mod cohorts;
pub mod data;
pub(crate) mod export;
pub mod fault;
pub(crate) mod metadata;
pub mod options;
pub mod personality;
pub(crate) mod rate;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod rest;
pub mod security;
pub mod serve;
pub(crate) mod server;
pub(crate) mod state;
pub mod urls;
pub(crate) mod writes;
