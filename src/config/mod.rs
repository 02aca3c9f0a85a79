//! The sources of settings. Flags override `PLIMSOLL_*` variables, which override `plimsoll.toml`. Each value has its
//! origin.

#[macro_use]
mod declare;

pub mod auth_config;
pub mod default_spec;
pub mod file;
pub mod file_text;
pub(crate) mod file_values;
pub mod flag_sources;
pub mod guard;
pub mod hook_config;
pub mod known_deviation;
pub mod print;
pub(crate) mod refuse;
pub mod run_config;
pub mod setting;
pub mod values;
