//! Options that several commands share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::config::auth_config::AuthArgs;
use crate::config::run_config::ConnectionArgs;

/// The output formats of most commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// The output formats of `plimsoll coverage`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CoverageFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
    /// As a Markdown page.
    Markdown,
}

/// `--format`
#[derive(Args, Clone, Copy, Debug)]
pub struct FormatArg {
    /// Print text for people or JSON for programs
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Format,
}

/// The flags for credentials and connection.
#[derive(Args, Debug)]
#[command(next_help_heading = "Credentials and connection")]
pub struct TargetArgs {
    /// Credentials
    #[command(flatten)]
    pub auth: AuthArgs,

    /// Refused: other users can see the arguments of a process.
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "")]
    pub token: Option<String>,

    /// Connection
    #[command(flatten)]
    pub connection: ConnectionArgs,

    /// Read this configuration file [default: plimsoll.toml in this folder, if it exists]
    #[arg(long, env = "PLIMSOLL_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}
