//! The settings of a run: its target and its limits.

pub mod hooks;
pub mod key_set;
pub mod recorded;
pub mod run_settings;
pub mod withheld_mark;
