//! `plimsoll run`: suites, plan, drive, recording, judge, reports, in that order.

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

/// Carries out `plimsoll run` and gives the exit code.
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

/// Refuses settings that do not go together.
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
            "credentials need a server to go to; give its BASE-URL (the one within has clients of its own: --auth smart \
             without credentials protects it)",
        ));
    }
    if let Some(empty) = config.empty_group.value.as_ref().filter(|empty| config.groups.value.contains(empty)) {
        return Err(CliError::usage(format!(
            "{empty} is named as a Group to export and as one without members; give --empty-group another"
        )));
    }
    hooks(config)
}

/// Prints a note if there are hooks that are not run.
///
/// # Errors
/// Hooks are allowed, and there are none, or no server of the user's.
fn hooks(config: &RunConfig) -> Result<(), CliError> {
    let named: Vec<&str> = config.hooks.named().map(|(name, _)| name.as_str()).collect();
    match (named.is_empty(), config.allow_hooks.value) {
        (true, true) => Err(CliError::usage(
            "--allow-hooks was given, and no command to run: name some under [hooks] in plimsoll.toml, such as \
             change = [\"./change-one\"]",
        )),
        (false, true) if config.target.value.is_none() => Err(CliError::usage(
            "hooks change the data of a server of yours; give its BASE-URL (the one within has its own, without \
             --allow-hooks)",
        )),
        (false, false) if config.target.value.is_some() => {
            say(&format!(
                "note: the hooks of plimsoll.toml ({}) are not run; --allow-hooks runs them, on this machine, and they \
                 change the server's data",
                named.join(", ")
            ));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Everything from the first request on.
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
    let decided = match (resumed, config.specs.value.is_empty(), target.is_embedded()) {
        (Some(specs), true, _) => Some((specs, ", as the run that is resumed")),
        (_, false, _) => Some((config.specs.value.clone(), "")),
        (None, true, true) => Some((catalog::or_default(&[]), ", which the reference server speaks")),
        (None, true, false) => None,
    };
    if nothing_possible(catalog, decided.as_ref().map(|(specs, _)| specs.as_slice()), settings, libtest)? {
        return Ok(nothing(settings));
    }
    let folder = report_folder::create(config, &target.host())?;
    let (jobs, journal) = interrupted.map(|run| (run.jobs, run.journal)).unzip();
    let mut driver = RunDriver::new(catalog, target, &folder, interrupt::watch(), jobs.unwrap_or_default())?;
    let (specs, why) = match decided {
        Some(decided) => decided,
        None => match driver.declared(catalog).await? {
            none if none.is_empty() => {
                (catalog::or_default(&[]), "; the server declares no spec that is known here, and --spec names none")
            }
            declared => (declared, ", which the server declares; --spec names others"),
        },
    };
    let plan = plan(catalog, &specs, settings, libtest)?;
    if plan.tests.is_empty() {
        return Ok(nothing(settings));
    }
    say(&format!("judging by {}{why}", specs.join(" and ")));
    let recording = driver.run(&plan).await?;
    // This run has dealt with the jobs of the interrupted run.
    if let Some(journal) = journal.filter(|journal| journal.exists())
        && let Err(error) = std::fs::remove_file(&journal)
    {
        say(&format!("note: {} is of no use any more and cannot be removed: {error}", journal.display()));
    }
    let mut run = judge_whole(catalog, &plan, recording);
    if let Some(why) = no_token(&run) {
        return Err(CliError::undetermined(why));
    }
    let leftovers = report_folder::leftovers(&folder);
    if !run.leftovers.is_empty() && leftovers.exists() {
        say(&format!(
            "note: {} has the URLs of the jobs left on the server, for you alone; a DELETE of each ends it",
            leftovers.display()
        ));
    }
    finish(&mut run, known, strict, libtest, Some(&folder))
}

/// Why the run got no token, if no failed test explains it: then there is nothing to report.
fn no_token(run: &Run) -> Option<String> {
    let failed = run.judgements.iter().flat_map(|judgement| &judgement.tests).any(|test| test.verdict == Verdict::Fail);
    run.early.clone().filter(|_| run.early_kind == Some(EarlyEndKind::NoToken) && !failed)
}

/// Whether the filters leave no test: of the specs that are decided or, if the server decides, of any spec that it may
/// declare. That may be one spec, or several, and then names of tests begin with the spec.
fn nothing_possible(
    catalog: &Catalog,
    decided: Option<&[String]>,
    settings: &CliSettings,
    libtest: &Arguments,
) -> Result<bool, CliError> {
    let nothing = |specs: &[String]| plan(catalog, specs, settings, libtest).map(|plan| plan.tests.is_empty());
    let Some(decided) = decided else {
        let all = catalog::spec_ids(catalog);
        for spec in &all {
            if !nothing(std::slice::from_ref(spec))? {
                return Ok(false);
            }
        }
        return nothing(&all);
    };
    nothing(decided)
}

/// Builds the plan for the tests that the filters before and after `--` leave.
fn plan(catalog: &Catalog, specs: &[String], settings: &CliSettings, libtest: &Arguments) -> Result<Plan, CliError> {
    let selected = |name: &str| {
        let ours = settings.filters.is_empty() || settings.filters.iter().any(|filter| name.contains(filter.as_str()));
        ours && libtest::selects(libtest, name)
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
        true => "what follows --".to_owned(),
        false => settings.filters.iter().map(|filter| format!("{filter:?}")).collect::<Vec<_>>().join(" or "),
    };
    // With several specs, a full name (for --exact) begins with the spec.
    let several = settings.config.specs.value.len() + settings.config.informational_specs.value.len() > 1;
    let names =
        if several { "shows the names, which begin with the spec where there are several" } else { "shows the names" };
    say(&format!("no test is selected by {by}; `plimsoll run --list` {names}"));
    exit::NOTHING
}

fn print_config_of(config: &RunConfig, format: Format) {
    match format {
        Format::Text => print(&print_config::text(config)),
        Format::Json => print_json(&print_config::json(config)),
    }
    if let Some(refusal) = guard::refusal(config) {
        say(&format!("note: a run would be refused: {refusal}"));
    }
}
