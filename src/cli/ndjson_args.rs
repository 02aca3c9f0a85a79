//! The flags of `plimsoll ndjson`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::config::run_config::ProfileArgs;
use crate::config::values;

/// `plimsoll ndjson`
#[derive(Args, Debug)]
pub struct NdjsonArgs {
    /// Files, folders, or - for standard input; plain, gzip or zstd
    #[arg(value_name = "FILE|DIR|-", required = true)]
    pub paths: Vec<PathBuf>,

    /// Require this resource type in every line
    #[arg(long = "type", value_name = "TYPE", value_parser = values::resource_type)]
    pub of_type: Option<String>,

    /// Report at most this many different findings of one file
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub max_findings: usize,

    /// Choose what makes the exit code 1; advice includes resources without a narrative
    #[arg(long, value_enum, default_value_t, value_name = "KIND")]
    pub fail_on: FailOnArg,

    /// Validate against these tables, made by `plimsoll definitions build`, instead of those of R4
    #[arg(long, value_name = "FILE")]
    pub definitions: Option<PathBuf>,

    /// Check only that each line is a JSON object with a resource type
    #[arg(long, conflicts_with_all = ["definitions", "packages"])]
    pub lines_only: bool,

    /// Profiles
    #[command(flatten)]
    pub profiles: ProfileArgs,

    /// Validate this many files at once [default: one per core]
    #[arg(long, value_name = "N", value_parser = values::jobs)]
    pub threads: Option<usize>,

    /// Print in this format
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: NdjsonFormat,
}

/// The output formats of `plimsoll ndjson`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum NdjsonFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
    /// For Jenkins, GitLab and GitHub.
    Junit,
}

/// What makes `plimsoll ndjson` exit with 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FailOnArg {
    /// Any error.
    #[default]
    Error,
    /// Also deviations from good practice.
    Advice,
    /// Only a file that cannot be read.
    Never,
}
