//! Redacts exchanges, and writes them to the recording.

pub(crate) mod body;
pub(crate) mod headers;
pub(crate) mod kept_members;
pub mod recorder;
pub(crate) mod redactor;
pub(crate) mod secrets;
pub(crate) mod urls;
