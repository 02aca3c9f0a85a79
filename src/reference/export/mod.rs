//! One export: kick-off, polls, manifest, files and DELETE.

pub(crate) mod associated;
pub(crate) mod blocks;
pub(crate) mod cancel;
pub(crate) mod content;
pub(crate) mod elements;
pub(crate) mod files;
pub(crate) mod job;
pub(crate) mod job_names;
pub(crate) mod kick_off;
pub(crate) mod manifest;
pub(crate) mod parameter_reader;
pub(crate) mod parameters;
pub(crate) mod polls;
pub(crate) mod request;
pub(crate) mod snapshot;
