//! What a run is told about its target and its own limits.

pub mod hooks;
pub mod key_set;
pub mod run_settings;
pub mod withheld_mark;
