//! `plimsoll run`: reads the suites, builds the plan, drives the exports, judges the recording and writes the reports.

use libtest_mimic::Arguments;

use crate::base::vocabulary::Verdict;
use crate::cli::args::RunArgs;
use crate::cli::clap_error::print_clap_error;
use crate::cli::cli_settings::CliSettings;
use crate::cli::command::show;
use crate::cli::error::CliError;
use crate::cli::finish::finish;
use crate::cli::interrupted_run::InterruptedRun;
use crate::cli::known_deviations::known;
use crate::cli::options::Format;
use crate::cli::output::{print, print_json, say};
use crate::cli::run_driver::RunDriver;
use crate::cli::runtime::runtime;
use crate::cli::target::RunTarget;
use crate::cli::{catalog, cli_settings, interrupt, report_folder};
use crate::config::flag_sources::FlagSources;
use crate::config::run_config::RunConfig;
use crate::config::setting::Origin;
use crate::config::values::AuthKind;
use crate::config::{guard, print as print_config};
use crate::judge::judge_run::judge_whole;
use crate::plan::model::Plan;
use crate::recording::early_end::EarlyEndKind;
use crate::suite::catalog::Catalog;
use crate::verdicts::gate::KnownDeviation;
use crate::verdicts::judged_run::Run;
use crate::verdicts::{exit, libtest};

/// Runs `plimsoll run` and returns the exit code.
pub fn run(args: &RunArgs, sources: FlagSources<'_>) -> Result<u8, CliError> {
    let libtest = match libtest::arguments(&args.libtest) {
        Ok(libtest) => libtest,
        Err(e) => return Ok(print_clap_error(&e)),
    };
    let settings = cli_settings::run(args, sources)?;
    let config = &settings.config;
    if args.print_config {
        print_config_of(config, args.format.format);
        return Ok(exit::CONFORMANT);
    }
    let catalog = catalog::catalog(config.suites.value.as_deref())?;
    catalog::known_specs(&catalog, config)?;
    let known = known(&catalog, settings.file.as_ref())?;
    if args.list || libtest.list {
        return list(args, &libtest, &catalog, &settings);
    }
    check(config)?;
    let target = RunTarget::new(config)?.protected(&catalog, config)?;
    let interrupted = match &args.resume {
        Some(path) => Some(InterruptedRun::read(path, config)?),
        None => None,
    };
    runtime()?.block_on(drive(&catalog, &settings, &libtest, &known, target, interrupted))
}

/// Returns an error for settings that contradict each other.
fn check(config: &RunConfig) -> Result<(), CliError> {
    if let Some(refusal) = guard::refusal(config) {
        return Err(CliError::usage(refusal));
    }
    let auth = &config.auth;
    let own_client =
        auth.kind.value == AuthKind::Smart && auth.client_id.value.is_none() && auth.key_file.value.is_none();
    if config.target.value.is_none()
        && auth.kind.value != AuthKind::None
        && !own_client
        && auth.kind.origin == Origin::Flag
    {
        return Err(CliError::usage(
            "credentials need a server; give its BASE-URL (--auth smart without credentials runs against the protected \
             built-in server)",
        ));
    }
    if let Some(empty) = config.empty_group.value.as_ref().filter(|empty| config.groups.value.contains(empty)) {
        return Err(CliError::usage(format!(
            "{empty} is the Group of both --group and --empty-group; give --empty-group a Group without members"
        )));
    }
    hooks(config)
}

/// Prints a note if hooks are configured but not allowed.
///
/// # Errors
/// Hooks are allowed, but none is configured or no base URL is given.
fn hooks(config: &RunConfig) -> Result<(), CliError> {
    let named: Vec<&str> = config.hooks.named().map(|(name, _)| name.as_str()).collect();
    match (named.is_empty(), config.allow_hooks.value) {
        (true, true) => Err(CliError::usage(
            "--allow-hooks has no command to run: name some under [hooks] in plimsoll.toml, such as \
             change = [\"./change-one\"]",
        )),
        (false, true) if config.target.value.is_none() => Err(CliError::usage(
            "hooks change the data of your server; give its BASE-URL (the built-in server has its own hooks and needs no \
             --allow-hooks)",
        )),
        (false, false) if config.target.value.is_some() => {
            say(&format!(
                "note: the hooks of plimsoll.toml ({}) are not run; --allow-hooks runs them on this machine, and they \
                 change the data of the server",
                named.join(", ")
            ));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Drives the exports, judges the recording and finishes the run.
async fn drive(
    catalog: &Catalog,
    settings: &CliSettings,
    libtest: &Arguments,
    known: &[KnownDeviation],
    target: RunTarget,
    interrupted: Option<InterruptedRun>,
) -> Result<u8, CliError> {
    let config = &settings.config;
    let strict = config.strict.value;
    let resumed = interrupted.as_ref().map(|run| run.specs.clone()).filter(|specs| !specs.is_empty());
    // If the filters leave no test, say so before anything is sent.
    let chosen = match (resumed, config.specs.value.is_empty(), target.is_embedded()) {
        (Some(specs), true, _) => Some((specs, ", as in the interrupted run")),
        (_, false, _) => Some((config.specs.value.clone(), "")),
        (None, true, true) => Some((catalog::or_default(&[]), ", the default spec of the reference server")),
        (None, true, false) => None,
    };
    if nothing_possible(catalog, chosen.as_ref().map(|(specs, _)| specs.as_slice()), settings, libtest)? {
        return Ok(nothing(settings));
    }
    let folder = report_folder::create(config, &target.host())?;
    let (jobs, journal) = interrupted.map(|run| (run.jobs, run.journal)).unzip();
    let mut driver = RunDriver::new(catalog, target, &folder, interrupt::watch(), jobs.unwrap_or_default())?;
    let (specs, why) = match chosen {
        Some(chosen) => chosen,
        None => match driver.declared(catalog).await? {
            none if none.specs.is_empty() => {
                (catalog::or_default(&[]), ", the default: the server declares no known spec; --spec selects another")
            }
            declared if declared.without_version => (
                declared.specs,
                ": the server declares the guide of HL7 without a version; --spec selects another version",
            ),
            declared => (declared.specs, ", which the server declares; --spec selects others"),
        },
    };
    let plan = plan(catalog, &specs, settings, libtest)?;
    if plan.tests.is_empty() {
        return Ok(nothing(settings));
    }
    say(&format!("judging by {}{why}", specs.join(" and ")));
    let recording = driver.run(&plan).await?;
    // This run continued the jobs of the interrupted run.
    if let Some(journal) = journal.filter(|journal| journal.exists())
        && let Err(error) = std::fs::remove_file(&journal)
    {
        say(&format!("note: {} is no longer needed, but cannot be removed: {error}", journal.display()));
    }
    let mut run = judge_whole(catalog, &plan, recording);
    if let Some(why) = no_token(&run) {
        return Err(CliError::undetermined(why));
    }
    let leftovers = report_folder::leftovers(&folder);
    if !run.leftovers.is_empty() && leftovers.exists() {
        say(&format!(
            "note: {} has the URLs of the jobs that remain on the server; keep it private, and send a DELETE to each URL",
            leftovers.display()
        ));
    }
    finish(&mut run, known, strict, libtest, Some(&folder))
}

/// Returns why the run got no token, if no failed test shows it: then there is nothing to report.
fn no_token(run: &Run) -> Option<String> {
    let failed = run.judgements.iter().flat_map(|judgement| &judgement.tests).any(|test| test.verdict == Verdict::Fail);
    run.early.clone().filter(|_| run.early_kind == Some(EarlyEndKind::NoToken) && !failed)
}

/// Returns whether the filters select no test of the chosen specs. If the server's declaration chooses the specs,
/// checks every single spec and all specs together, because test names begin with the spec if there are several.
fn nothing_possible(
    catalog: &Catalog,
    chosen: Option<&[String]>,
    settings: &CliSettings,
    libtest: &Arguments,
) -> Result<bool, CliError> {
    let nothing = |specs: &[String]| plan(catalog, specs, settings, libtest).map(|plan| plan.tests.is_empty());
    let Some(chosen) = chosen else {
        let all = catalog::spec_ids(catalog);
        for spec in &all {
            if !nothing(std::slice::from_ref(spec))? {
                return Ok(false);
            }
        }
        return nothing(&all);
    };
    nothing(chosen)
}

/// Builds the plan of the tests that the filters before and after `--` select.
fn plan(catalog: &Catalog, specs: &[String], settings: &CliSettings, libtest: &Arguments) -> Result<Plan, CliError> {
    let selected = |name: &str| {
        let matches =
            settings.filters.is_empty() || settings.filters.iter().any(|filter| name.contains(filter.as_str()));
        matches && libtest::selects(libtest, name)
    };
    let informational_specs =
        settings.config.informational_specs.value.iter().filter(|id| !specs.contains(id)).cloned().collect();
    catalog::plan(catalog, specs, informational_specs, &selected)
}

fn list(args: &RunArgs, libtest: &Arguments, catalog: &Catalog, settings: &CliSettings) -> Result<u8, CliError> {
    let plan = plan(catalog, &catalog::or_default(&settings.config.specs.value), settings, libtest)?;
    if plan.tests.is_empty() {
        return Ok(nothing(settings));
    }
    if libtest.list {
        libtest::list(libtest, plan.tests.iter().map(|test| test.name.clone()));
    } else {
        show::plan(&plan, args.format.format);
    }
    Ok(exit::CONFORMANT)
}

fn nothing(settings: &CliSettings) -> u8 {
    let by = match settings.filters.is_empty() {
        true => "the arguments after --".to_owned(),
        false => settings.filters.iter().map(|filter| format!("{filter:?}")).collect::<Vec<_>>().join(" or "),
    };
    // With several specs, a full name (for --exact) begins with the spec.
    let several = settings.config.specs.value.len() + settings.config.informational_specs.value.len() > 1;
    let names =
        if several { "shows the names, which begin with the spec if there are several" } else { "shows the names" };
    say(&format!("no test matches {by}; `plimsoll run --list` {names}"));
    exit::NOTHING
}

fn print_config_of(config: &RunConfig, format: Format) {
    match format {
        Format::Text => print(&print_config::text(config)),
        Format::Json => print_json(&print_config::json(config)),
    }
    if let Some(refusal) = guard::refusal(config) {
        say(&format!("note: a run with this configuration is refused: {refusal}"));
    }
}
