//! The command line.

pub mod args;
pub(crate) mod catalog;
pub(crate) mod clap_error;
pub(crate) mod cli_settings;
pub(crate) mod command;
pub(crate) mod error;
pub(crate) mod finish;
pub(crate) mod help;
pub(crate) mod interrupt;
pub(crate) mod interrupted_run;
pub(crate) mod jwks_server;
pub(crate) mod known_deviations;
pub mod main;
pub(crate) mod ndjson_args;
pub(crate) mod options;
pub(crate) mod output;
pub(crate) mod panics;
pub(crate) mod profiles;
pub(crate) mod report_folder;
pub(crate) mod run_driver;
pub(crate) mod runtime;
pub(crate) mod target;
