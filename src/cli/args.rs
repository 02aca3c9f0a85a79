//! The command line, as clap reads it. The flags that are settings of a run are declared in [`crate::config::run_config`]
//! and [`crate::config::auth_config`], and appear here as groups.

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
    about = "Judges whether a FHIR server's bulk data $export keeps its specification",
    long_about = help::LONG,
    after_help = help::SHORT_AFTER,
    after_long_help = help::AFTER,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The command line for clap, without the variables in its help: their values need not be on a screen, and one sentence
/// says how they are named.
pub fn command() -> clap::Command {
    Cli::command().mut_subcommands(|command| command.mut_args(|arg| arg.hide_env(true)))
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Export from a server and judge what it did; without a URL, from the reference server within
    Run(Box<RunArgs>),
    /// Write a plimsoll.toml from what a server says of itself
    Init(Box<InitArgs>),
    /// Judge a recording again, without a network
    Replay(ReplayArgs),
    /// Serve the reference server: prints its base URL and stays
    Serve(ServeArgs),
    /// Validate NDJSON files: every line a resource that FHIR R4 allows
    Ndjson(NdjsonArgs),
    /// Make the tables of FHIR's definitions that NDJSON is validated by
    Definitions(DefinitionsArgs),
    /// List what is judged
    List(ListArgs),
    /// Explain a requirement or a test
    Explain(ExplainArgs),
    /// Show which requirements are judged by what, and which are not and why
    Coverage(CoverageArgs),
    /// Try every fault of the reference server against every test
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
    /// The FHIR base URL (it contains `://` and comes first), and parts of the names of tests to run; none: all
    #[arg(value_name = "BASE-URL | FILTER")]
    pub words: Vec<String>,

    /// Specs
    #[command(flatten)]
    pub specs: SpecArgs,

    /// Report
    #[command(flatten)]
    pub report: ReportArg,

    /// Go on with the jobs of a run that was killed, and make its other exports anew; RECORDING is its recording, or its report
    /// folder. Other flags as then
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

    /// Show the configuration in effect, where each value comes from, and send nothing
    #[arg(long)]
    pub print_config: bool,

    /// How --list and --print-config print
    #[command(flatten)]
    pub format: FormatArg,

    /// Rules
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

    /// Arguments in the manner of `cargo test`: --list, --exact, --skip NAME, --format terse, --test-threads N
    #[arg(last = true, value_name = "LIBTEST-ARGS", help_heading = "Arguments")]
    pub libtest: Vec<String>,
}

/// `plimsoll init`
#[derive(Args, Debug)]
pub struct InitArgs {
    /// The FHIR base URL
    #[arg(value_name = "BASE-URL")]
    pub base: String,

    /// Overwrite a plimsoll.toml that is there
    #[arg(long)]
    pub force: bool,

    /// Connection
    #[command(flatten)]
    pub target: TargetArgs,
}

/// `plimsoll replay`
#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// The recording: its folder, its file, or the report folder that holds it
    #[arg(value_name = "RECORDING")]
    pub recording: PathBuf,

    /// A spec to judge by; may repeat. Left out: those of the run
    #[arg(long, env = "PLIMSOLL_SPEC", value_name = "ID", value_delimiter = ',')]
    pub spec: Vec<String>,

    /// A spec to judge by without counting it for the exit code; may repeat
    #[arg(long, env = "PLIMSOLL_INFORMATIONAL_SPEC", value_name = "ID", value_delimiter = ',')]
    pub informational_spec: Vec<String>,

    /// Where the reports go; left out: none are written
    #[arg(long, value_name = "DIR")]
    pub report: Option<PathBuf>,

    /// Failures
    #[command(flatten)]
    pub strict: StrictArg,

    /// The configuration file with known deviations; left out: plimsoll.toml of this folder, where there is one
    #[arg(long, env = "PLIMSOLL_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Rules
    #[command(flatten)]
    pub suites: SuitesArg,

    /// Arguments in the manner of `cargo test`
    #[arg(last = true, value_name = "LIBTEST-ARGS", help_heading = "Arguments")]
    pub libtest: Vec<String>,
}

/// `plimsoll serve`
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8380")]
    pub addr: std::net::SocketAddr,

    /// The spec that it speaks
    #[arg(long, value_name = "ID", default_value = DEFAULT_SPEC)]
    pub spec: String,

    /// A fault to make it wrong by; may repeat
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub fault: Vec<String>,

    /// Generate this many patients in place of the small built-in population; a provider directory has none
    #[arg(long, value_name = "N")]
    pub patients: Option<u64>,

    /// Lines in a file at most [default: 40; with --patients 50000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub lines_per_file: Option<u64>,

    /// Take PUT and DELETE of the small population's resources
    #[arg(long, conflicts_with = "patients")]
    pub writable: bool,

    /// Ask for credentials; token: the one in PLIMSOLL_TOKEN
    #[arg(long, value_enum, value_name = "KIND", default_value = "none")]
    pub auth: AuthKind,

    /// SMART: the file of the client's public key, PEM or JWK
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,

    /// SMART: the client id
    #[arg(long, value_name = "ID", default_value = "plimsoll")]
    pub client_id: String,
}

/// `plimsoll definitions`
#[derive(Args, Debug)]
pub struct DefinitionsArgs {
    /// What to do
    #[command(subcommand)]
    pub command: DefinitionsCommand,
}

/// The commands of `plimsoll definitions`.
#[derive(Debug, Subcommand)]
pub enum DefinitionsCommand {
    /// Make a table file from the definitions of a FHIR package
    Build(DefinitionsBuildArgs),
}

/// `plimsoll definitions build`
#[derive(Args, Debug)]
pub struct DefinitionsBuildArgs {
    /// The package: a .tgz as packages are published, or a folder of JSON files
    #[arg(value_name = "PACKAGE")]
    pub package: PathBuf,

    /// Where the tables go
    #[arg(long, short, value_name = "FILE", default_value = "definitions.tables")]
    pub output: PathBuf,

    /// What links to the definitions begin with
    #[arg(long, value_name = "URL", default_value = "http://hl7.org/fhir/R4/")]
    pub links: String,
}

/// `plimsoll coverage`
#[derive(Args, Debug)]
pub struct CoverageArgs {
    /// A spec; may repeat. Left out: all
    #[arg(long, env = "PLIMSOLL_SPEC", value_name = "ID", value_delimiter = ',')]
    pub spec: Vec<String>,

    /// Print for people, for programs, or as a page in Markdown
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: CoverageFormat,

    /// Rules
    #[command(flatten)]
    pub suites: SuitesArg,
}

/// `plimsoll list`
#[derive(Args, Debug)]
pub struct ListArgs {
    /// A spec; may repeat. Left out: all
    #[arg(long, env = "PLIMSOLL_SPEC", value_name = "ID", value_delimiter = ',')]
    pub spec: Vec<String>,

    /// How it is printed
    #[command(flatten)]
    pub format: FormatArg,

    /// Rules
    #[command(flatten)]
    pub suites: SuitesArg,
}

/// `plimsoll explain`
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// A requirement, such as kickoff-202, or a test, such as poll::in-progress-202
    #[arg(value_name = "ID")]
    pub id: String,

    /// How it is printed
    #[command(flatten)]
    pub format: FormatArg,

    /// Rules
    #[command(flatten)]
    pub suites: SuitesArg,
}

/// `plimsoll selftest`
#[derive(Args, Debug)]
pub struct SelftestArgs {
    /// A spec; may repeat. Left out: all that the reference server speaks
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub spec: Vec<String>,

    /// A fault; may repeat. Left out: all
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub fault: Vec<String>,

    /// List the faults and legal variants and try none
    #[arg(long)]
    pub list: bool,

    /// Where the matrix goes as a page and for programs, too: index.html and matrix.json; left out: nowhere
    #[arg(long, value_name = "DIR")]
    pub report: Option<PathBuf>,

    /// Threads to use; left out: as many as there are cores, at least 2
    #[arg(long, value_name = "N", value_parser = values::jobs)]
    pub threads: Option<usize>,

    /// How it is printed
    #[command(flatten)]
    pub format: FormatArg,

    /// Rules
    #[command(flatten)]
    pub suites: SuitesArg,
}

/// `plimsoll diff`
#[derive(Args, Debug)]
pub struct DiffArgs {
    /// The earlier run: its run.json, or the folder that holds it
    #[arg(value_name = "OLD")]
    pub old: PathBuf,

    /// The later run
    #[arg(value_name = "NEW")]
    pub new: PathBuf,

    /// How it is printed
    #[command(flatten)]
    pub format: FormatArg,
}
