//! The settings of a run: from the command line, the environment and `plimsoll.toml`.

use std::path::Path;

use crate::cli::args::RunArgs;
use crate::cli::error::CliError;
use crate::cli::options::TargetArgs;
use crate::config::file::ConfigFile;
use crate::config::flag_sources::FlagSources;
use crate::config::run_config::RunConfig;
use crate::config::setting::{Origin, Setting};
use crate::config::values;

/// The variable that holds the base URL.
const BASE_VARIABLE: &str = "PLIMSOLL_BASE_URL";

/// The settings of a run.
#[derive(Debug)]
pub struct CliSettings {
    /// The configuration in effect.
    pub config: RunConfig,
    /// The configuration file, if any.
    pub file: Option<ConfigFile>,
    /// Parts of test names.
    pub filters: Vec<String>,
}

/// Combines the command line of `plimsoll run`, the environment and the configuration file.
pub fn run(args: &RunArgs, sources: FlagSources<'_>) -> Result<CliSettings, CliError> {
    let (base, filters) = split_words(&args.words)?;
    refuse_token(&args.target)?;
    let base = match base {
        Some(base) => Some(Setting::new(Some(read_base(base)?), Origin::Flag)),
        None => base_of_environment()?,
    };
    let file = ConfigFile::read(args.target.config.as_deref(), Path::new("")).map_err(CliError::usage)?;
    let config = ConfigFile::configure(file.as_ref(), |config| {
        if let Some(base) = base {
            config.target = base;
        }
        apply(args, sources, config);
    });
    Ok(CliSettings { config, file, filters })
}

/// Copies the values of the flags of `plimsoll run` into `config`.
fn apply(args: &RunArgs, sources: FlagSources<'_>, config: &mut RunConfig) {
    args.specs.apply(sources, config);
    args.report.apply(sources, config);
    args.strict.apply(sources, config);
    args.hooks.apply(sources, config);
    args.suites.apply(sources, config);
    args.scope.apply(sources, config);
    args.profiles.apply(sources, config);
    args.limits.apply(sources, config);
    apply_target(&args.target, sources, config);
}

/// Copies the values of the credential and connection flags into `config`.
fn apply_target(args: &TargetArgs, sources: FlagSources<'_>, config: &mut RunConfig) {
    config.auth.take_token_variable();
    args.auth.apply(sources, &mut config.auth);
    args.connection.apply(sources, config);
}

/// Returns the configuration of `plimsoll init` for the server at `base`. Reads a configuration file only if `--config`
/// names it.
pub fn init(base: &str, args: &TargetArgs, sources: FlagSources<'_>) -> Result<RunConfig, CliError> {
    refuse_token(args)?;
    let base = read_base(base)?;
    let file = match &args.config {
        Some(config) => ConfigFile::read(Some(config), Path::new("")).map_err(CliError::usage)?,
        None => None,
    };
    Ok(ConfigFile::configure(file.as_ref(), |config| {
        config.target = Setting::new(Some(base), Origin::Flag);
        apply_target(args, sources, config);
    }))
}

fn refuse_token(args: &TargetArgs) -> Result<(), CliError> {
    match args.token {
        None => Ok(()),
        Some(_) => Err(CliError::usage(
            "a token on the command line is visible in the process list and in the shell history; \
             set PLIMSOLL_TOKEN, or write it to a file and give --token-file FILE",
        )),
    }
}

fn read_base(text: &str) -> Result<url::Url, CliError> {
    values::base_url(text).map_err(CliError::usage)
}

fn base_of_environment() -> Result<Option<Setting<Option<url::Url>>>, CliError> {
    match std::env::var(BASE_VARIABLE) {
        Ok(text) if !text.is_empty() => match values::base_url(&text) {
            Ok(url) => Ok(Some(Setting::new(Some(url), Origin::Env(BASE_VARIABLE.to_owned())))),
            Err(e) => Err(CliError::usage(format!("{BASE_VARIABLE}: {e}"))),
        },
        _ => Ok(None),
    }
}

/// Splits the arguments into the base URL and the filters. The base URL contains `://` and comes first.
fn split_words(words: &[String]) -> Result<(Option<&str>, Vec<String>), CliError> {
    let (base, filters) = match words.split_first() {
        Some((first, rest)) if first.contains("://") => (Some(first.as_str()), rest),
        _ => (None, words),
    };
    if filters.iter().any(|word| word.contains("://")) {
        return Err(CliError::usage(
            "more than one URL, or a URL after a filter; give one base URL, first: plimsoll run BASE-URL FILTER...",
        ));
    }
    Ok((base, filters.to_vec()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use std::time::Duration;

    use clap::{CommandFactory, FromArgMatches};

    use super::*;
    use crate::cli::args::{Cli, Command};

    /// Returns the configuration of a command line and a file.
    fn config(line: &[&str], file: Option<&ConfigFile>) -> RunConfig {
        let mut command = Cli::command();
        let matches = command.try_get_matches_from_mut(line).unwrap();
        let Command::Run(args) = Cli::from_arg_matches(&matches).unwrap().command else {
            panic!("not the run command")
        };
        let (command, matches) = (command.find_subcommand("run").unwrap(), matches.subcommand_matches("run").unwrap());
        let sources = FlagSources::new(command, matches);
        ConfigFile::configure(file, |config| apply(&args, sources, config))
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn values_have_their_flag_as_origin() {
        let config =
            config(&["plimsoll", "run", "--insecure", "--key-id", "k1", "--group", "a,b", "--jobs", "2"], None);
        assert_eq!(config.insecure, Setting::new(true, Origin::Flag));
        assert_eq!(config.auth.key_id, Setting::new(Some("k1".to_owned()), Origin::Flag));
        assert_eq!(config.groups, Setting::new(vec!["a".to_owned(), "b".to_owned()], Origin::Flag));
        assert_eq!(config.jobs, Setting::new(2, Origin::Flag));
        assert_eq!(config.proxy, Setting::default());
        assert_eq!(config.auth.scope, Setting::new("system/*.read".to_owned(), Origin::Default));
    }

    #[test]
    fn each_environment_variable_is_named_after_its_flag() {
        let command = Cli::command();
        for flag in command.get_subcommands().flat_map(clap::Command::get_arguments) {
            if let (Some(name), Some(variable)) = (flag.get_long(), flag.get_env()) {
                assert_eq!(variable, format!("PLIMSOLL_{}", name.to_ascii_uppercase().replace('-', "_")).as_str());
            }
        }
    }

    #[test]
    fn flags_override_the_file_and_paths_in_the_file_are_relative_to_it() {
        let toml = "jobs = 2\nmax-wait = \"20m\"\nreport = \"out\"\nkeep-files = \"/kept\"\npackages = [\"p.tgz\"]\n";
        let file = ConfigFile::parse("ci/plimsoll.toml".into(), false, toml.to_owned()).unwrap();
        let config = config(&["plimsoll", "run", "--jobs", "3"], Some(&file));
        let line = |line| Origin::File("ci/plimsoll.toml".into(), line);
        assert_eq!(config.jobs, Setting::new(3, Origin::Flag));
        assert_eq!(config.max_wait, Setting::new(Duration::from_secs(1_200), line(2)));
        assert_eq!(config.report, Setting::new(Some("ci/out".into()), line(3)));
        assert_eq!(config.keep_files, Setting::new(Some("/kept".into()), line(4)));
        assert_eq!(config.packages, Setting::new(vec!["ci/p.tgz".into()], line(5)));
        let run = config.settings("https://a.example/fhir".parse().unwrap());
        assert_eq!((run.jobs, run.max_wait, run.keep_files), (3, Duration::from_secs(1_200), Some("/kept".into())));
    }

    #[test]
    fn the_base_url_comes_first() {
        let list = |line: &[&str]| line.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let line = list(&["https://a.example", "kickoff"]);
        let (base, filters) = split_words(&line).unwrap();
        assert_eq!((base, filters), (Some("https://a.example"), list(&["kickoff"])));
        assert!(split_words(&list(&["kickoff", "https://a.example"])).is_err());
        assert!(split_words(&list(&["https://a.example", "https://b.example"])).is_err());
        assert_eq!(split_words(&[]).unwrap(), (None, Vec::new()));
    }
}
