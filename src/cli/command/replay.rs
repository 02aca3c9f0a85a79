//! `plimsoll replay`: judges a recording again, without a network.

use std::collections::BTreeSet;
use std::path::Path;

use crate::cli::args::ReplayArgs;
use crate::cli::clap_error::print_clap_error;
use crate::cli::error::CliError;
use crate::cli::finish::finish;
use crate::cli::known_deviations::known;
use crate::cli::output::say;
use crate::cli::{catalog, report_folder};
use crate::config::default_spec::DEFAULT_SPEC;
use crate::config::file::ConfigFile;
use crate::judge::judge_run::judge_whole;
use crate::recording::store;
use crate::verdicts::{exit, libtest};

/// Runs `plimsoll replay`.
pub fn replay(args: &ReplayArgs) -> Result<u8, CliError> {
    let libtest = match libtest::arguments(&args.libtest) {
        Ok(libtest) => libtest,
        Err(e) => return Ok(print_clap_error(&e)),
    };
    let suites = catalog::catalog(args.suites.suites.as_deref())?;
    let file = ConfigFile::read(args.config.as_deref(), Path::new("")).map_err(CliError::usage)?;
    let known = known(&suites, file.as_ref())?;
    let recording = store::read(&args.recording).map_err(|e| CliError::usage(e.to_string()))?;
    let start = &recording.start;
    if start.suites != suites.digest {
        say(
            "note: the recording was made with other suites; tests of exchanges that it does not contain are undetermined",
        );
    }
    // Specs on the command line replace both lists of the run.
    let of_run = args.spec.is_empty() && args.informational_spec.is_empty();
    let informational_specs =
        catalog::specs_named(&suites, if of_run { &start.informational_specs } else { &args.informational_spec })?;
    // A run that was killed at its start has no specs yet.
    let default = [DEFAULT_SPEC.to_owned()];
    let named: &[String] = match (args.spec.as_slice(), start.specs.as_slice()) {
        ([], []) => &default,
        ([], of_recording) => of_recording,
        (named, _) => named,
    };
    let specs = catalog::specs_named(&suites, named)?
        .into_iter()
        .filter(|id| !informational_specs.contains(id))
        .collect::<Vec<_>>();

    let chosen: Option<BTreeSet<&str>> = start.selected.as_ref().map(|ids| ids.iter().map(String::as_str).collect());
    let prefixes: Vec<String> = specs.iter().chain(&informational_specs).map(|spec| format!("{spec}::")).collect();
    let selected = |name: &str| {
        // The recording names its tests without the spec, because it may be judged by other specs.
        let id = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix.as_str())).unwrap_or(name);
        chosen.as_ref().is_none_or(|chosen| chosen.contains(id)) && libtest::selects(&libtest, name)
    };
    let plan = catalog::plan(&suites, &specs, informational_specs.clone(), &selected)?;
    if plan.tests.is_empty() {
        say("no test matches; `plimsoll list` shows the names");
        return Ok(exit::NOTHING);
    }
    if libtest.list {
        libtest::list(&libtest, plan.tests.iter().map(|test| test.name.clone()));
        return Ok(exit::CONFORMANT);
    }
    if let Some(folder) = &args.report {
        report_folder::copy_recording(&args.recording, folder)?;
    }
    let mut judged = judge_whole(&suites, &plan, recording);
    finish(&mut judged, &known, args.strict.strict, &libtest, args.report.as_deref())
}
