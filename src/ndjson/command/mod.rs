//! The command `plimsoll ndjson`: validates NDJSON files on disk.

pub mod files;
pub(crate) mod find_files;
pub(crate) mod junit;
pub mod progress;
pub(crate) mod render;
pub mod report;
pub(crate) mod source;
