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

    /// The resource type that every line must have
    #[arg(long = "type", value_name = "TYPE", value_parser = values::resource_type)]
    pub of_type: Option<String>,

    /// How many different findings of one file are told apart
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub max_findings: usize,

    /// What makes the exit code 1: error is anything wrong, advice also a resource without a narrative
    #[arg(long, value_enum, default_value_t, value_name = "KIND")]
    pub fail_on: FailOnArg,

    /// Hold resources against these tables, made by `plimsoll definitions build`, in place of R4's
    #[arg(long, value_name = "FILE")]
    pub definitions: Option<PathBuf>,

    /// Check that lines are JSON objects of a type, and nothing else
    #[arg(long, conflicts_with_all = ["definitions", "packages"])]
    pub lines_only: bool,

    /// Hold resources to profiles, too
    #[command(flatten)]
    pub profiles: ProfileArgs,

    /// Files at once; left out: as many as there are cores
    #[arg(long, value_name = "N", value_parser = values::jobs)]
    pub threads: Option<usize>,

    /// How it is printed
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: NdjsonFormat,
}

/// How `plimsoll ndjson` prints.
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

/// What makes `plimsoll ndjson` end with 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FailOnArg {
    /// Anything wrong.
    #[default]
    Error,
    /// Also what is only good practice.
    Advice,
    /// Only a file that cannot be read.
    Never,
}
