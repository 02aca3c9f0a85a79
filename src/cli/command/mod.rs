//! The commands, one file each.

pub(crate) mod definitions;
pub(crate) mod diff;
pub(crate) mod init;
pub(crate) mod ndjson;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod selftest;
pub(crate) mod serve;
pub(crate) mod show;
