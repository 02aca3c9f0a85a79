//! `plimsoll run`: suites, plan, drive, recording, judge, reports, in that order.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::ArgMatches;
use libtest_mimic::{Arguments, FormatSetting};

use crate::base::instant::rfc3339;
use crate::base::vocabulary::{ExportLevel, Verdict};
use crate::cli::args::RunArgs;
use crate::cli::given::CliSettings;
use crate::cli::main::{CliError, print, say};
use crate::cli::options::Format;
use crate::cli::orchestrate::RunDriver;
use crate::cli::target::RunTarget;
use crate::cli::{given, orchestrate, show};
use crate::config::default_spec::DEFAULT_SPEC;
use crate::config::effective::{Effective, Origin};
use crate::config::file::File;
use crate::config::values::{AuthKind, Day};
use crate::config::{guard, print as print_config};
use crate::drive::resume_journal::Leftovers;
use crate::plan::model::Plan;
use crate::recording::early_end::EarlyEndKind;
use crate::recording::model::{Outcome, Role, StopKind};
use crate::suite::catalog::{Catalog, Test};
use crate::suite::suggestion;
use crate::verdicts::gate::KnownDeviation;
use crate::verdicts::judged_run::Run;
use crate::verdicts::{exit, gate, libtest};

/// Carries out `plimsoll run` and gives the exit code.
pub fn run(args: &RunArgs, matches: &ArgMatches) -> Result<u8, CliError> {
    let libtest = match libtest::arguments(&args.libtest) {
        Ok(libtest) => libtest,
        Err(e) => return Ok(crate::cli::main::clap_ended(&e)),
    };
    let told = given::run(args, matches)?;
    let config = &told.config;
    if args.print_config {
        print_config_of(config, args.format.format);
        return Ok(exit::CONFORMANT);
    }
    let catalog = orchestrate::catalog(config.suites.as_ref().map(|s| s.value.as_path()))?;
    known_specs(&catalog, config)?;
    let known = known(&catalog, &told)?;
    if args.list || libtest.list {
        return list(args, &libtest, &catalog, &told);
    }
    if let Some(refusal) = guard::refusal(config) {
        return Err(CliError::usage(refusal));
    }
    let own_client = config.auth.value == AuthKind::Smart && config.client_id.is_none() && config.key_file.is_none();
    if config.target.is_none()
        && config.auth.value != AuthKind::None
        && !own_client
        && config.auth.origin == Origin::Flag
    {
        return Err(CliError::usage(
            "credentials need a server to go to; give its BASE-URL (the one within has clients of its own: --auth smart \
             without credentials protects it)",
        ));
    }
    if let Some(empty) = config.empty_group.as_ref().filter(|empty| config.groups.value.contains(&empty.value)) {
        return Err(CliError::usage(format!(
            "{} is named as a Group to export and as one without members; give --empty-group another",
            empty.value
        )));
    }
    hooks(config)?;
    let target = RunTarget::new(config)?.protected(&catalog, config)?;
    let resumed = match &args.resume {
        Some(path) => Some(resumed(path, &told)?),
        None => None,
    };
    crate::cli::main::runtime()?.block_on(go(&catalog, &told, &libtest, &known, target, resumed))
}

/// Says once that there are hooks which are not run.
///
/// # Errors
/// They are allowed, and there are none.
fn hooks(config: &Effective) -> Result<(), CliError> {
    let named: Vec<&str> = config.hooks.named().map(|(name, _)| name.as_str()).collect();
    match (named.is_empty(), config.hooks.allowed) {
        (true, true) => Err(CliError::usage(
            "--allow-hooks was given, and no command to run: name some under [hooks] in plimsoll.toml, such as \
             change = [\"./change-one\"]",
        )),
        (false, true) if config.target.is_none() => Err(CliError::usage(
            "hooks change the data of a server of yours; give its BASE-URL (the one within has its own, without \
             --allow-hooks)",
        )),
        (false, false) if config.target.is_some() => {
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

/// A run that was killed and is gone on with.
struct Killed {
    specs: Vec<String>,
    remains: Leftovers,
    /// Where its jobs are listed.
    ledger: PathBuf,
}

/// Reads what a killed run left. Its jobs are those of one server: another one would be asked for what it never had.
fn resumed(path: &Path, told: &CliSettings) -> Result<Killed, CliError> {
    let (recording, remains, ledger) = orchestrate::remains(path)?;
    let base = told.config.target.as_ref().map(|base| base.value.as_str().trim_end_matches('/'));
    if base != Some(recording.start.base.as_str()) {
        let message = format!(
            "the run to resume was against {}; give that BASE-URL with --resume, and the flags that it had",
            recording.start.base
        );
        return Err(CliError::usage(message));
    }
    let many =
        |n: usize| if n == 1 { "1 job that was under way".to_owned() } else { format!("{n} jobs that were under way") };
    // What came of those is compared with the rest under a key that no run keeps.
    let over = if recording.flows.is_empty() { "" } else { "; exports that were over are made once more" };
    say(&format!("resuming with {}{over}", many(remains.len())));
    Ok(Killed { specs: recording.start.specs, remains, ledger })
}

/// Everything from the first request on.
async fn go(
    catalog: &Catalog,
    told: &CliSettings,
    libtest: &Arguments,
    known: &[KnownDeviation],
    target: RunTarget,
    killed: Option<Killed>,
) -> Result<u8, CliError> {
    let config = &told.config;
    let strict = config.strict.value;
    let of_killed = killed.as_ref().map(|killed| killed.specs.clone()).filter(|specs| !specs.is_empty());
    // What the filters leave is known before anything is sent, whatever the specs will be.
    let decided = match (config.specs.value.is_empty(), target.is_embedded()) {
        (true, _) if of_killed.is_some() => of_killed.map(|specs| (specs, ", as the run that is resumed")),
        (false, _) => Some((config.specs.value.clone(), "")),
        (true, true) => Some((or_default(&[]), ", which the reference server speaks")),
        (true, false) => None,
    };
    if nothing_possible(catalog, decided.as_ref().map(|(specs, _)| specs.as_slice()), told, libtest)? {
        return Ok(nothing(told));
    }
    let folder = folder(config, &target)?;
    let (remains, old) = killed.map(|killed| (killed.remains, killed.ledger)).unzip();
    let mut voyage =
        RunDriver::new(catalog, target, &folder, crate::cli::interrupt::watch(), remains.unwrap_or_default())?;
    let (specs, why) = match decided {
        Some(decided) => decided,
        None => match voyage.declared(catalog).await? {
            none if none.is_empty() => {
                (or_default(&[]), "; the server declares no spec that is known here, and --spec names none")
            }
            declared => (declared, ", which the server declares; --spec names others"),
        },
    };
    let plan = plan(catalog, &specs, told, libtest)?;
    if plan.tests.is_empty() {
        return Ok(nothing(told));
    }
    say(&format!("judging by {}{why}", specs.join(" and ")));
    let recording = voyage.run(&plan).await?;
    // Its jobs are this run's now, which has dealt with them.
    if let Some(old) = old.filter(|old| old.exists())
        && let Err(error) = std::fs::remove_file(&old)
    {
        say(&format!("note: {} is of no use any more and cannot be removed: {error}", old.display()));
    }
    let mut run = orchestrate::judge(catalog, &plan, recording);
    if let Some(why) = no_token(&run) {
        return Err(CliError::undetermined(why));
    }
    let left = orchestrate::leftovers(&folder);
    if !run.leftovers.is_empty() && left.exists() {
        say(&format!(
            "note: {} has the URLs of the jobs left on the server, for you alone; a DELETE of each ends it",
            left.display()
        ));
    }
    finish(&mut run, known, strict, libtest, Some(&folder))
}

/// Why no token could be had, where nothing that the server said of itself is to blame: then there is nothing to report.
fn no_token(run: &Run) -> Option<String> {
    let failed = run.judgements.iter().flat_map(|judgement| &judgement.tests).any(|test| test.verdict == Verdict::Fail);
    run.early.clone().filter(|_| run.early_kind == Some(EarlyEndKind::NoToken) && !failed)
}

/// From a judged run to what is read of it: the gate, the trials, the summary, the reports.
pub fn finish(
    run: &mut Run,
    known: &[KnownDeviation],
    strict: bool,
    libtest: &Arguments,
    folder: Option<&Path>,
) -> Result<u8, CliError> {
    let today = Day::of(SystemTime::now());
    let notes = gate::apply(run, known, today, strict);
    let wrote = folder.map(|folder| orchestrate::reports(folder, run, strict));
    libtest::print(libtest, run, strict, |judgement, test| orchestrate::finding(run, judgement, test));
    let colour = match libtest.color {
        Some(libtest_mimic::ColorSetting::Always) => true,
        Some(libtest_mimic::ColorSetting::Never) => false,
        _ => std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
    };
    let reports = folder.filter(|_| matches!(wrote, Some(Ok(()))));
    let summary = orchestrate::summary(run, colour, strict, reports);
    // JSON events on standard output stay a stream that a program can read.
    if libtest.format == Some(FormatSetting::Json) {
        say(&summary)
    } else {
        print(&summary)
    }
    for note in notes.iter().chain(&hints(run)) {
        say(&format!("note: {note}"));
    }
    wrote.transpose()?;
    Ok(exit::code(run, strict))
}

/// What the person who gave the command line can do about flows that ended early.
fn hints(run: &Run) -> Vec<String> {
    let mut hints = Vec::new();
    let stops = || run.flows.iter().filter_map(|flow| flow.stop.as_ref().map(|stop| (flow, stop)));
    if stops().any(|(_, stop)| stop.kind == StopKind::Credentials) {
        hints.push(
            "the server asks for credentials, or refuses those it was given: set PLIMSOLL_TOKEN, or give --token-file \
             FILE, or --client-id ID --key-file FILE (--scope asks for other rights)"
                .to_owned(),
        );
    }
    let not_found = |id: u32| {
        let exchange = run.exchanges.iter().find(|exchange| exchange.id == id && exchange.role == Role::Kickoff);
        exchange.is_some_and(|exchange| matches!(&exchange.outcome, Outcome::Response(r) if r.status == 404))
    };
    let unknown_group =
        stops().any(|(flow, stop)| flow.export == ExportLevel::Group && stop.exchange.is_some_and(not_found));
    if unknown_group {
        hints.push(
            "a kick-off of a group was answered 404: does the server have the Group that --group or --empty-group names?"
                .to_owned(),
        );
    }
    hints
}

/// Whether the filters leave nothing by the specs that are decided on or, where the server is to decide, by any that it
/// may declare: by one alone, or by several, whose names begin with the spec.
fn nothing_possible(
    catalog: &Catalog,
    decided: Option<&[String]>,
    told: &CliSettings,
    libtest: &Arguments,
) -> Result<bool, CliError> {
    let nothing = |specs: &[String]| plan(catalog, specs, told, libtest).map(|plan| plan.tests.is_empty());
    let Some(decided) = decided else {
        let all = orchestrate::spec_ids(catalog);
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
fn plan(catalog: &Catalog, specs: &[String], told: &CliSettings, libtest: &Arguments) -> Result<Plan, CliError> {
    let selected = |name: &str| {
        let ours = told.filters.is_empty() || told.filters.iter().any(|filter| name.contains(filter.as_str()));
        ours && libtest::selects(libtest, name)
    };
    let informational_specs =
        told.config.informational_specs.value.iter().filter(|id| !specs.contains(id)).cloned().collect();
    orchestrate::plan(catalog, specs, informational_specs, &selected)
}

fn list(args: &RunArgs, libtest: &Arguments, catalog: &Catalog, told: &CliSettings) -> Result<u8, CliError> {
    let plan = plan(catalog, &or_default(&told.config.specs.value), told, libtest)?;
    if plan.tests.is_empty() {
        return Ok(nothing(told));
    }
    if libtest.list {
        libtest::list(libtest, plan.tests.iter().map(|test| test.name.clone()));
    } else {
        show::plan(&plan, args.format.format);
    }
    Ok(exit::CONFORMANT)
}

fn nothing(told: &CliSettings) -> u8 {
    let by = match told.filters.is_empty() {
        true => "what follows --".to_owned(),
        false => told.filters.iter().map(|filter| format!("{filter:?}")).collect::<Vec<_>>().join(" or "),
    };
    // Of several specs a whole name, as --exact wants it, has its spec in front.
    let several = told.config.specs.value.len() + told.config.informational_specs.value.len() > 1;
    let names =
        if several { "shows the names, which begin with the spec where there are several" } else { "shows the names" };
    say(&format!("no test is selected by {by}; `plimsoll run --list` {names}"));
    exit::NOTHING
}

fn print_config_of(config: &Effective, format: Format) {
    match format {
        Format::Text => print(&print_config::text(config)),
        Format::Json => print(&format!("{:#}\n", print_config::json(config))),
    }
    if let Some(refusal) = guard::refusal(config) {
        say(&format!("note: a run would be refused: {refusal}"));
    }
}

fn or_default(specs: &[String]) -> Vec<String> {
    if specs.is_empty() { vec![DEFAULT_SPEC.to_owned()] } else { specs.to_vec() }
}

/// Refuses specs that the suites do not have.
pub fn known_specs(catalog: &Catalog, config: &Effective) -> Result<(), CliError> {
    let unknown =
        config.specs.value.iter().chain(&config.informational_specs.value).find(|id| catalog.spec(id).is_none());
    match unknown {
        Some(id) => Err(unknown_spec(catalog, id)),
        None => Ok(()),
    }
}

/// What is said of a spec that the suites do not have.
pub fn unknown_spec(catalog: &Catalog, id: &str) -> CliError {
    CliError::usage(format!("unknown spec {id:?}; known are {}", orchestrate::spec_ids(catalog).join(", ")))
}

/// The known deviations of the configuration; those of a spec or test that does not exist are refused.
fn known(catalog: &Catalog, told: &CliSettings) -> Result<Vec<KnownDeviation>, CliError> {
    match &told.file {
        Some(file) => known_of(catalog, &told.config, file),
        None => Ok(Vec::new()),
    }
}

/// The known deviations of a configuration file.
pub fn known_of(catalog: &Catalog, config: &Effective, file: &File) -> Result<Vec<KnownDeviation>, CliError> {
    let mut list = Vec::new();
    for (known, span) in &config.known {
        let (name, flow) = match known.test.split_once('@') {
            Some((name, flow)) => (name, Some(flow)),
            None => (known.test.as_str(), None),
        };
        let exists = catalog.tests.iter().any(|test| {
            test.name() == name && flow.is_none_or(|flow| test.flows.iter().any(|of_test| of_test == flow))
        });
        let wrong = if catalog.spec(&known.spec).is_none() {
            Some(format!("unknown spec {:?}", known.spec))
        } else if !exists {
            Some(format!("unknown test {:?}", known.test))
        } else {
            None
        };
        if let Some(wrong) = wrong {
            let names: Vec<String> = catalog.tests.iter().map(Test::name).collect();
            let help = match suggestion::nearest(name, names.iter().map(String::as_str)) {
                Some(near) if catalog.spec(&known.spec).is_some() && near != name => format!("did you mean {near:?}?"),
                _ => "`plimsoll list` names specs and tests; write a test as area::id or area::id@flow".to_owned(),
            };
            return Err(CliError::usage(file.refuse(span.clone(), &wrong, &help)));
        }
        let known = known.clone();
        list.push(KnownDeviation { spec: known.spec, test: known.test, reason: known.reason, expires: known.expires });
    }
    Ok(list)
}

/// The folder that the reports go to, made.
fn folder(config: &Effective, target: &RunTarget) -> Result<PathBuf, CliError> {
    let folder = match &config.report {
        Some(report) => report.value.clone(),
        None => Path::new("reports").join(folder_name(SystemTime::now(), &target.host())),
    };
    match std::fs::create_dir_all(&folder) {
        Ok(()) => Ok(folder),
        Err(e) => Err(CliError::usage(format!(
            "the report folder {} cannot be made: {e}; give another with --report DIR",
            folder.display()
        ))),
    }
}

/// `20260101T120000Z-host`, fit for every file system.
fn folder_name(now: SystemTime, host: &str) -> String {
    // The date and the time to the second, as in a basic ISO 8601 form.
    let moment: String = rfc3339(now).chars().take(19).filter(|c| !matches!(c, '-' | ':')).collect();
    let host: String = host
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c.to_ascii_lowercase() } else { '-' })
        .take(80)
        .collect();
    format!("{moment}Z-{}", host.trim_matches(['.', '-']))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn folder_names_are_harmless() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_268_800);
        assert_eq!(folder_name(now, "Bulk.example.org:8443"), "20260101T120000Z-bulk.example.org-8443");
        assert_eq!(folder_name(now, "[::1]:80"), "20260101T120000Z-1--80");
        assert_eq!(folder_name(now, "../../etc"), "20260101T120000Z-etc");
    }
}
