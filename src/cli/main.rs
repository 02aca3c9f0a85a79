//! The entry point: parses the command line, runs the command, and converts the result to an exit code.

use std::process::ExitCode;

use clap::FromArgMatches;

use crate::cli::args;
use crate::cli::args::{Cli, Command, DefinitionsArgs, DefinitionsCommand};
use crate::cli::clap_error::print_clap_error;
use crate::cli::command;
use crate::cli::output::say;
use crate::cli::panics::quiet_panics;
use crate::config::flag_sources::FlagSources;
use crate::verdicts::exit;

/// Runs the program with the arguments of the process and returns the exit code.
pub fn main() -> ExitCode {
    quiet_panics();
    // After a panic the result is undetermined.
    let code = std::panic::catch_unwind(|| dispatch(std::env::args_os().collect()));
    ExitCode::from(code.unwrap_or(exit::UNDETERMINED))
}

/// Runs the command of a command line and returns the exit code.
fn dispatch(mut line: Vec<std::ffi::OsString>) -> u8 {
    // People often type `plimsoll https://...` first.
    if line.get(1).and_then(|word| word.to_str()).is_some_and(|word| word.contains("://")) {
        line.insert(1, "run".into());
    }
    let mut clap = args::command();
    let parsed = clap
        .try_get_matches_from_mut(line)
        .and_then(|matches| Cli::from_arg_matches(&matches).map(|cli| (cli, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(e) => return print_clap_error(&e),
    };
    let Some((name, matches)) = matches.subcommand() else { return exit::USAGE };
    let Some(clap) = clap.find_subcommand(name) else { return exit::USAGE };
    let sources = FlagSources::new(clap, matches);
    let result = match cli.command {
        Command::Run(args) => command::run::run(&args, sources),
        Command::Init(args) => command::init::init(&args, sources),
        Command::Replay(args) => command::replay::replay(&args),
        Command::Serve(args) => command::serve::serve(&args),
        Command::Ndjson(args) => command::ndjson::check(&args),
        Command::Definitions(DefinitionsArgs { command: DefinitionsCommand::Build(args) }) => {
            command::definitions::make(&args)
        }
        Command::List(args) => command::show::list(&args),
        Command::Explain(args) => command::show::explain(&args),
        Command::Coverage(args) => command::show::coverage(&args),
        Command::Selftest(args) => command::selftest::selftest(&args),
        Command::Diff(args) => command::diff::diff(&args),
    };
    result.unwrap_or_else(|error| {
        say(&error.to_string());
        error.code
    })
}
