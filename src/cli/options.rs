//! Options that several commands share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::config::auth_config::AuthArgs;
use crate::config::run_config::ConnectionArgs;

/// How data is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// How the page of requirements is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CoverageFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
    /// For a page on the web.
    Markdown,
}

/// `--format`
#[derive(Args, Clone, Copy, Debug)]
pub struct FormatArg {
    /// Print for people or for programs
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Format,
}

/// How the target is reached.
#[derive(Args, Debug)]
#[command(next_help_heading = "Credentials and connection")]
pub struct TargetArgs {
    /// Credentials
    #[command(flatten)]
    pub auth: AuthArgs,

    /// Refused: arguments are seen by others.
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "")]
    pub token: Option<String>,

    /// Connection
    #[command(flatten)]
    pub connection: ConnectionArgs,

    /// The configuration file; left out: plimsoll.toml of this folder, where there is one
    #[arg(long, env = "PLIMSOLL_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}
