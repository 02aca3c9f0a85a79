//! From what clap read to what [`crate::config::default_spec`] knows: each value with the place it comes from.

use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::cli::args::RunArgs;
use crate::cli::main::CliError;
use crate::cli::options::TargetArgs;
use crate::config::effective::{Effective, Given, Origin, Setting};
use crate::config::file::File;
use crate::config::values;

/// What a run was told.
#[derive(Debug)]
pub struct CliSettings {
    /// The configuration in effect.
    pub config: Effective,
    /// The configuration file, if any.
    pub file: Option<File>,
    /// Parts of test names.
    pub filters: Vec<String>,
}

/// Puts the command line of `plimsoll run`, the environment and the configuration file together.
pub fn run(args: &RunArgs, matches: &ArgMatches) -> Result<CliSettings, CliError> {
    let (base, filters) = words(&args.words)?;
    let mut given = target(&args.target, matches)?;
    given.target = match base {
        Some(base) => Some(Setting::new(read_base(base)?, Origin::Flag)),
        None => base_of_environment()?,
    };
    let from = Sources(matches);
    given.specs = from.many("spec", &args.spec);
    given.informational_specs = from.many("informational_spec", &args.informational_spec);
    given.report = from.one("report", args.report.as_ref());
    given.strict = from.flag("strict", args.strict);
    given.suites = from.one("suites", args.suites.suites.as_ref());
    given.groups = from.many("group", &args.scope.group);
    given.empty_group = from.one("empty_group", args.scope.empty_group.as_ref());
    given.cohorts = from.flag("cohorts", args.scope.cohorts);
    given.allow_writes = from.flag("allow_writes", args.scope.allow_writes);
    given.levels = from.many("levels", &args.scope.levels);
    given.types = from.many("types", &args.scope.types);
    given.jobs = from.one("jobs", args.limits.jobs.as_ref());
    given.max_wait = from.one("max_wait", args.limits.max_wait.as_ref());
    given.deadline = from.one("deadline", args.limits.deadline.as_ref());
    given.max_bytes = from.one("max_bytes", args.limits.max_bytes.as_ref());
    given.no_delete = from.flag("no_delete", args.limits.no_delete);
    given.wait_for_expiry = from.flag("wait_for_expiry", args.limits.wait_for_expiry);
    given.keep_files = from.one("keep_files", args.limits.keep_files.as_ref());
    given.allow_hooks = args.allow_hooks;
    given.packages = from.many("package", &args.profiles.package);
    given.profiles = from.many("profile", &args.profiles.profile);
    let file = File::read(args.target.config.as_deref(), std::path::Path::new("")).map_err(CliError::usage)?;
    Ok(CliSettings { config: Effective::new(given, file.as_ref()), file, filters })
}

/// What the command line says of how to reach a target.
pub fn target(args: &TargetArgs, matches: &ArgMatches) -> Result<Given, CliError> {
    if args.token.is_some() {
        return Err(CliError::usage(
            "a token on the command line is seen by everyone who lists processes, and stays in the shell's history; \
             set PLIMSOLL_TOKEN, or write it to a file and give --token-file FILE",
        ));
    }
    let from = Sources(matches);
    Ok(Given {
        auth: from.one("auth", args.auth.as_ref()),
        token_in_env: std::env::var_os("PLIMSOLL_TOKEN").is_some_and(|token| !token.is_empty()),
        token_file: from.one("token_file", args.token_file.as_ref()),
        client_id: from.one("client_id", args.client_id.as_ref()),
        key_file: from.one("key_file", args.key_file.as_ref()),
        key_id: from.one("key_id", args.key_id.as_ref()),
        token_url: from.one("token_url", args.token_url.as_ref()),
        scope: from.one("scope", args.scope.as_ref()),
        allow_origins: from.many("allow_origin", &args.allow_origin),
        insecure: from.flag("insecure", args.insecure),
        allow_http: from.flag("allow_http", args.allow_http),
        ca_file: from.one("ca_file", args.ca_file.as_ref()),
        client_cert: from.one("client_cert", args.client_cert.as_ref()),
        second_client_id: from.one("second_client_id", args.second_client_id.as_ref()),
        second_key_file: from.one("second_key_file", args.second_key_file.as_ref()),
        second_key_id: from.one("second_key_id", args.second_key_id.as_ref()),
        second_token_file: from.one("second_token_file", args.second_token_file.as_ref()),
        jwks_addr: from.one("jwks_addr", args.jwks_addr.as_ref()),
        forbidden_scope: from.one("forbidden_scope", args.forbidden_scope.as_ref()),
        forbidden_group: from.one("forbidden_group", args.forbidden_group.as_ref()),
        forbidden_resources: from.many("forbidden_resource", &args.forbidden_resource),
        proxy: from.flag("proxy", args.proxy),
        ..Given::default()
    })
}

/// Reads a base URL of the command line.
pub fn read_base(text: &str) -> Result<url::Url, CliError> {
    values::base_url(text).map_err(CliError::usage)
}

fn base_of_environment() -> Result<Option<Setting<url::Url>>, CliError> {
    let name = "PLIMSOLL_BASE_URL";
    match std::env::var(name) {
        Ok(text) if !text.is_empty() => match values::base_url(&text) {
            Ok(url) => Ok(Some(Setting::new(url, Origin::Env(name.to_owned())))),
            Err(e) => Err(CliError::usage(format!("{name}: {e}"))),
        },
        _ => Ok(None),
    }
}

/// Tells the base URL from the filters: it contains `://` and comes first.
fn words(words: &[String]) -> Result<(Option<&str>, Vec<String>), CliError> {
    let (base, filters) = match words.split_first() {
        Some((first, rest)) if first.contains("://") => (Some(first.as_str()), rest),
        _ => (None, words),
    };
    if filters.iter().any(|word| word.contains("://")) {
        return Err(CliError::usage(
            "a second URL, or one behind a filter; the base URL is one and comes first: plimsoll run BASE-URL FILTER...",
        ));
    }
    Ok((base, filters.to_vec()))
}

/// Where clap found the values.
struct Sources<'a>(&'a ArgMatches);

impl Sources<'_> {
    fn origin(&self, id: &str) -> Option<Origin> {
        match self.0.value_source(id)? {
            ValueSource::CommandLine => Some(Origin::Flag),
            ValueSource::EnvVariable => Some(Origin::Env(format!("PLIMSOLL_{}", id.to_ascii_uppercase()))),
            _ => None,
        }
    }

    fn one<T: Clone>(&self, id: &str, value: Option<&T>) -> Option<Setting<T>> {
        Some(Setting::new(value?.clone(), self.origin(id)?))
    }

    fn many<T: Clone>(&self, id: &str, values: &[T]) -> Option<Setting<Vec<T>>> {
        Some(Setting::new(values.to_vec(), self.origin(id)?))
    }

    fn flag(&self, id: &str, value: bool) -> Option<Setting<bool>> {
        Some(Setting::new(value, self.origin(id)?))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use clap::{CommandFactory, FromArgMatches};

    use super::*;
    use crate::cli::args::{Cli, Command};

    fn given(line: &[&str]) -> Given {
        let matches = Cli::command().try_get_matches_from(line).unwrap();
        let Command::Run(args) = Cli::from_arg_matches(&matches).unwrap().command else { panic!("no run") };
        target(&args.target, matches.subcommand_matches("run").unwrap()).unwrap()
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn values_know_their_flag() {
        let given = given(&["plimsoll", "run", "--insecure", "--key-id", "k1"]);
        assert_eq!(given.insecure, Some(Setting::new(true, Origin::Flag)));
        assert_eq!(given.key_id, Some(Setting::new("k1".to_owned(), Origin::Flag)));
        assert_eq!(given.proxy, None);
    }

    #[test]
    fn the_base_url_comes_first() {
        let list = |line: &[&str]| line.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let line = list(&["https://a.example", "kickoff"]);
        let (base, filters) = words(&line).unwrap();
        assert_eq!((base, filters), (Some("https://a.example"), list(&["kickoff"])));
        assert!(words(&list(&["kickoff", "https://a.example"])).is_err());
        assert!(words(&list(&["https://a.example", "https://b.example"])).is_err());
        assert_eq!(words(&[]).unwrap(), (None, Vec::new()));
    }
}
