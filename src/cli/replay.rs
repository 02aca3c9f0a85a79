//! `plimsoll replay`: a tape judged again, without a network.

use std::collections::BTreeSet;
use std::path::Path;

use crate::cli::args::ReplayArgs;
use crate::cli::main::{Refusal, say};
use crate::cli::{orchestrate, run, show};
use crate::config::default_spec::DEFAULT_SPEC;
use crate::config::effective::{Effective, Given};
use crate::config::file::File;
use crate::verdicts::{exit, libtest};

/// Carries out `plimsoll replay`.
pub fn replay(args: &ReplayArgs) -> Result<u8, Refusal> {
    let libtest = match libtest::arguments(&args.libtest) {
        Ok(libtest) => libtest,
        Err(e) => return Ok(crate::cli::main::clap_ended(&e)),
    };
    let catalog = orchestrate::catalog(args.suites.suites.as_deref())?;
    let file = File::read(args.config.as_deref(), Path::new("")).map_err(Refusal::usage)?;
    let known = match &file {
        Some(file) => run::known_of(&catalog, &Effective::new(Given::default(), Some(file)), file)?,
        None => Vec::new(),
    };
    let tape = orchestrate::tape(&args.tape)?;
    let start = &tape.start;
    if start.suites != catalog.digest {
        say("note: the tape was made with other rules; what they ask for and it does not hold is undetermined");
    }
    // Specs that are named replace both lists of the run.
    let of_run = args.spec.is_empty() && args.also.is_empty();
    let also = show::specs_named(&catalog, if of_run { &start.also } else { &args.also })?;
    // A run that was killed at its very start had not yet settled what to judge by.
    let usual = [DEFAULT_SPEC.to_owned()];
    let named: &[String] = match (args.spec.as_slice(), start.specs.as_slice()) {
        ([], []) => &usual,
        ([], of_tape) => of_tape,
        (named, _) => named,
    };
    let specs = show::specs_named(&catalog, named)?.into_iter().filter(|id| !also.contains(id)).collect::<Vec<_>>();

    let chosen: Option<BTreeSet<&str>> = start.selected.as_ref().map(|ids| ids.iter().map(String::as_str).collect());
    let prefixes: Vec<String> = specs.iter().chain(&also).map(|spec| format!("{spec}::")).collect();
    let selected = |name: &str| {
        // The tape names its tests without the spec, since it may be judged by others.
        let id = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix.as_str())).unwrap_or(name);
        chosen.as_ref().is_none_or(|chosen| chosen.contains(id)) && libtest::selects(&libtest, name)
    };
    let plan = orchestrate::plan(&catalog, &specs, also.clone(), &selected)?;
    if plan.tests.is_empty() {
        say("no test is selected; `plimsoll list` shows the names");
        return Ok(exit::NOTHING);
    }
    if libtest.list {
        libtest::list(&libtest, plan.tests.iter().map(|test| test.name.clone()));
        return Ok(exit::CONFORMANT);
    }
    if let Some(folder) = &args.report {
        orchestrate::copy_tape(&args.tape, folder)?;
    }
    let mut judged = orchestrate::judge(&catalog, &plan, tape);
    run::finish(&mut judged, &known, args.strict, &libtest, args.report.as_deref())
}
