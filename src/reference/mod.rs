//! The reference server: a conformant bulk data server with faults and legal variants. Asynchronous.

pub(crate) mod cohorts;
pub mod data;
pub(crate) mod export;
pub mod fault;
pub(crate) mod files;
pub(crate) mod jobs;
pub(crate) mod metadata;
pub(crate) mod names;
pub mod options;
pub(crate) mod params;
pub mod personality;
pub(crate) mod polls;
pub(crate) mod reply;
pub(crate) mod rest;
pub mod security;
pub mod serve;
pub(crate) mod server;
