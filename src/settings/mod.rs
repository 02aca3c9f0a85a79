//! What a run is told about its target and its own limits.

pub mod key_set;
pub mod recorded;
pub mod run_settings;
