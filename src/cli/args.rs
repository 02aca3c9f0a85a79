//! The command line, as clap reads it. Flags that are settings of a run are declared in [`crate::config::run_config`]
//! and [`crate::config::auth_config`], and are included here as groups.

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::cli::help;
use crate::cli::ndjson_args::NdjsonArgs;
use crate::cli::options::{CoverageFormat, FormatArg, TargetArgs};
use crate::config::default_spec::DEFAULT_SPEC;
use crate::config::run_config::{
    HookArg, LimitArgs, ProfileArgs, ReportArg, ScopeArgs, SpecArgs, StrictArg, SuitesArg,
};
use crate::config::values;
use crate::config::values::AuthKind;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "plimsoll",
    version,
    about = "Judges whether a FHIR server's Bulk Data $export meets its specification",
    long_about = help::LONG,
    after_help = help::SHORT_AFTER,
    after_long_help = help::AFTER,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub struct Cli {
    /// The command of the cli.
    #[command(subcommand)]
    pub command: Command,
}

/// Returns the command line for clap. Its help hides the environment variables, because it would show their values; one
/// sentence of the help states their names.
pub fn command() -> clap::Command {
    Cli::command().mut_subcommands(|command| command.mut_args(|arg| arg.hide_env(true)))
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Export from a server and judge it; without a URL, from the built-in reference server
    Run(Box<RunArgs>),
    /// Write a plimsoll.toml from what a server declares
    Init(Box<InitArgs>),
    /// Judge a recording again, without a network
    Replay(ReplayArgs),
    /// Run the reference server until Ctrl-C; prints its base URL
    Serve(ServeArgs),
    /// Validate NDJSON files against FHIR R4, line by line
    Ndjson(NdjsonArgs),
    /// Build the tables of FHIR definitions that NDJSON files are validated against
    Definitions(DefinitionsArgs),
    /// List the tests
    List(ListArgs),
    /// Explain a requirement or a test
    Explain(ExplainArgs),
    /// Show which tests verify each requirement, and why others have no test
    Coverage(CoverageArgs),
    /// Run every test against every fault of the reference server
    Selftest(SelftestArgs),
    /// Compare two runs
    Diff(DiffArgs),
}

/// `plimsoll run`
#[derive(Args, Debug)]
#[command(
    override_usage = "plimsoll run [BASE-URL] [FILTER]... [OPTIONS] [-- LIBTEST-ARGS...]",
    after_help = help::RUN_AFTER
)]
pub struct RunArgs {
    /// The FHIR base URL (first, with `://`), and parts of the names of tests to run [default: all tests]
    #[arg(value_name = "BASE-URL | FILTER")]
    pub words: Vec<String>,

    /// Specs
    #[command(flatten)]
    pub specs: SpecArgs,

    /// Report
    #[command(flatten)]
    pub report: ReportArg,

    /// Continue the jobs of a run that was killed, and repeat its other exports. RECORDING is its recording or its
    /// report folder. Give the other flags of that run again
    #[arg(long, value_name = "RECORDING")]
    pub resume: Option<PathBuf>,

    /// Failures
    #[command(flatten)]
    pub strict: StrictArg,

    /// Hooks
    #[command(flatten)]
    pub hooks: HookArg,

    /// List the tests and send nothing
    #[arg(long)]
    pub list: bool,

    /// Print the configuration in effect and the origin of each value, and send nothing
    #[arg(long)]
    pub print_config: bool,

    /// The format of --list and --print-config
    #[command(flatten)]
    pub format: FormatArg,

    /// Suites
    #[command(flatten)]
    pub suites: SuitesArg,

    /// Scope
    #[command(flatten)]
    pub scope: ScopeArgs,

    /// Profiles
    #[command(flatten)]
    pub profiles: ProfileArgs,

    /// Limits
    #[command(flatten)]
    pub limits: LimitArgs,

    /// Connection
    #[command(flatten)]
    pub target: TargetArgs,

    /// Pass these arguments, as `cargo test` does: --list, --exact, --skip NAME, --format terse, --test-threads N
    #[arg(last = true, value_name = "LIBTEST-ARGS", help_heading = "Arguments")]
    pub libtest: Vec<String>,
}

/// `plimsoll init`
#[derive(Args, Debug)]
pub struct InitArgs {
    /// The FHIR base URL
    #[arg(value_name = "BASE-URL")]
    pub base: String,

    /// Overwrite an existing plimsoll.toml
    #[arg(long)]
    pub force: bool,

    /// Connection
    #[command(flatten)]
    pub target: TargetArgs,
}

/// `plimsoll replay`
#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// The recording: its folder, its file, or the report folder that contains it
    #[arg(value_name = "RECORDING")]
    pub recording: PathBuf,

    /// Judge by this spec; may be repeated [default: the specs of the run]
    #[arg(long, env = "PLIMSOLL_SPEC", value_name = "ID", value_delimiter = ',')]
    pub spec: Vec<String>,

    /// Judge by this spec too, without effect on the exit code; may be repeated
    #[arg(long, env = "PLIMSOLL_INFORMATIONAL_SPEC", value_name = "ID", value_delimiter = ',')]
    pub informational_spec: Vec<String>,

    /// Write the reports to this folder [default: write none]
    #[arg(long, value_name = "DIR")]
    pub report: Option<PathBuf>,

    /// Failures
    #[command(flatten)]
    pub strict: StrictArg,

    /// Read the known deviations from this configuration file [default: plimsoll.toml in this folder, if it exists]
    #[arg(long, env = "PLIMSOLL_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Suites
    #[command(flatten)]
    pub suites: SuitesArg,

    /// Pass these arguments, as `cargo test` does
    #[arg(last = true, value_name = "LIBTEST-ARGS", help_heading = "Arguments")]
    pub libtest: Vec<String>,
}

/// `plimsoll serve`
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// Listen on this address; port 0 selects a free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8380")]
    pub addr: std::net::SocketAddr,

    /// Behave as this spec requires
    #[arg(long, value_name = "ID", default_value = DEFAULT_SPEC)]
    pub spec: String,

    /// Behave wrongly in this way; may be repeated. `plimsoll selftest --list` shows the faults
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub fault: Vec<String>,

    /// Generate this many patients instead of the small built-in population; not for a provider directory
    #[arg(long, value_name = "N")]
    pub patients: Option<u64>,

    /// Write at most this many lines to a file [default: 40; with --patients 50000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub lines_per_file: Option<u64>,

    /// Accept PUT and DELETE, so that clients can change and delete the sample resources
    #[arg(long, conflicts_with = "patients")]
    pub writable: bool,

    /// Require credentials; token: the one in PLIMSOLL_TOKEN
    #[arg(long, value_enum, value_name = "KIND", default_value = "none")]
    pub auth: AuthKind,

    /// SMART: read the client's public key from this file, PEM or JWK
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,

    /// SMART: accept this client id
    #[arg(long, value_name = "ID", default_value = "plimsoll")]
    pub client_id: String,
}

/// `plimsoll definitions`
#[derive(Args, Debug)]
pub struct DefinitionsArgs {
    /// The command
    #[command(subcommand)]
    pub command: DefinitionsCommand,
}

/// The commands of `plimsoll definitions`.
#[derive(Debug, Subcommand)]
pub enum DefinitionsCommand {
    /// Build a table file from the definitions in a FHIR package
    Build(DefinitionsBuildArgs),
}

/// `plimsoll definitions build`
#[derive(Args, Debug)]
pub struct DefinitionsBuildArgs {
    /// The package: a .tgz file as published, or a folder of JSON files
    #[arg(value_name = "PACKAGE")]
    pub package: PathBuf,

    /// Write the tables to this file
    #[arg(long, short, value_name = "FILE", default_value = "definitions.tables")]
    pub output: PathBuf,

    /// Begin links to the definitions with this URL
    #[arg(long, value_name = "URL", default_value = "http://hl7.org/fhir/R4/")]
    pub links: String,
}

/// `plimsoll coverage`
#[derive(Args, Debug)]
pub struct CoverageArgs {
    /// Show the requirements of this spec; may be repeated [default: all]
    #[arg(long, env = "PLIMSOLL_SPEC", value_name = "ID", value_delimiter = ',')]
    pub spec: Vec<String>,

    /// Print text for people, JSON for programs, or a Markdown page
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: CoverageFormat,

    /// Suites
    #[command(flatten)]
    pub suites: SuitesArg,
}

/// `plimsoll list`
#[derive(Args, Debug)]
pub struct ListArgs {
    /// List the tests of this spec; may be repeated [default: all]
    #[arg(long, env = "PLIMSOLL_SPEC", value_name = "ID", value_delimiter = ',')]
    pub spec: Vec<String>,

    /// The output format
    #[command(flatten)]
    pub format: FormatArg,

    /// Suites
    #[command(flatten)]
    pub suites: SuitesArg,
}

/// `plimsoll explain`
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// A requirement, such as kickoff-202, or a test, such as poll::in-progress-202
    #[arg(value_name = "ID")]
    pub id: String,

    /// The output format
    #[command(flatten)]
    pub format: FormatArg,

    /// Suites
    #[command(flatten)]
    pub suites: SuitesArg,
}

/// `plimsoll selftest`
#[derive(Args, Debug)]
pub struct SelftestArgs {
    /// Try the faults under this spec; may be repeated [default: all that the reference server supports]
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub spec: Vec<String>,

    /// Run only this fault or legal variant of the reference server; may repeat [default: all]
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub fault: Vec<String>,

    /// List the faults and legal variants, and run none
    #[arg(long)]
    pub list: bool,

    /// Write the matrix to this folder, as index.html and matrix.json [default: write none]
    #[arg(long, value_name = "DIR")]
    pub report: Option<PathBuf>,

    /// Use this many threads [default: one per core, at least 2]
    #[arg(long, value_name = "N", value_parser = values::jobs)]
    pub threads: Option<usize>,

    /// The output format
    #[command(flatten)]
    pub format: FormatArg,

    /// Suites
    #[command(flatten)]
    pub suites: SuitesArg,
}

/// `plimsoll diff`
#[derive(Args, Debug)]
pub struct DiffArgs {
    /// The earlier run: its run.json, or the folder that contains it
    #[arg(value_name = "OLD")]
    pub old: PathBuf,

    /// The later run: its run.json, or the folder that contains it
    #[arg(value_name = "NEW")]
    pub new: PathBuf,

    /// The output format
    #[command(flatten)]
    pub format: FormatArg,
}
