//! `plimsoll ndjson`: validates NDJSON files without a server.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};

use crate::cli::error::CliError;
use crate::cli::ndjson_args::{FailOnArg, NdjsonArgs, NdjsonFormat};
use crate::cli::output::{print, say};
use crate::cli::profiles::profiles;
use crate::fhir::definitions::tables::Tables;
use crate::ndjson::command::files;
use crate::ndjson::command::files::{CheckOptions, FailOn};
use crate::ndjson::command::progress::NdjsonProgress;
use crate::ndjson::command::report::{FileReport, NdjsonReport};

/// Runs `plimsoll ndjson`. The exit code is 0 if nothing is wrong, else 1.
pub fn check(args: &NdjsonArgs) -> Result<u8, CliError> {
    let definitions = match &args.definitions {
        Some(path) => Some(Arc::new(tables(path)?)),
        None if args.lines_only => None,
        None => Some(crate::fhir::definitions::embedded::r4()),
    };
    let profiles = match &definitions {
        Some(tables) => profiles(&args.profiles.packages, &args.profiles.profiles, tables)?,
        None => None,
    };
    let options = CheckOptions {
        announced: args.of_type.clone(),
        definitions,
        profiles,
        max_findings: args.max_findings,
        fail_on: match args.fail_on {
            FailOnArg::Error => FailOn::Error,
            FailOnArg::Advice => FailOn::Advice,
            FailOnArg::Never => FailOn::Never,
        },
        threads: args.threads.unwrap_or(0),
        ..CheckOptions::default()
    };
    let progress = NdjsonProgress::default();
    let started = Instant::now();
    let done = AtomicBool::new(false);
    let report = thread::scope(|scope| {
        let shown = std::io::stderr().is_terminal();
        let bar = shown.then(|| scope.spawn(|| show(&progress, &done)));
        let report = files::check_with(&args.paths, &options, &mut std::io::stdin(), &progress);
        done.store(true, Ordering::Relaxed);
        if let Some(bar) = bar {
            bar.thread().unpark();
        }
        report
    });
    let report = report.map_err(CliError::usage)?;
    let text = match args.format {
        NdjsonFormat::Text => report.text(),
        NdjsonFormat::Junit => report.junit().map_err(CliError::undetermined)?,
        NdjsonFormat::Json => {
            let json = serde_json::to_string_pretty(&report).map_err(|e| CliError::undetermined(e.to_string()))?;
            format!("{json}\n")
        }
    };
    print(&text);
    say(&summary(&report, started.elapsed()));
    Ok(report.exit_code())
}

fn tables(path: &Path) -> Result<Tables, CliError> {
    let refuse = |why: String| CliError::usage(format!("{}: {why}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| refuse(format!("cannot read the file: {error}")))?;
    Tables::decode(&bytes).map_err(|damaged| refuse(damaged.to_string()))
}

/// Returns what was read, and how fast.
fn summary(report: &NdjsonReport, took: Duration) -> String {
    let sum = |of: fn(&FileReport) -> u64| report.files.iter().map(of).sum::<u64>();
    let (lines, bytes) = (sum(|file| file.lines), sum(|file| file.bytes));
    let judged = sum(|file| file.validated.as_ref().map_or(0, |v| v.resources));
    let invalid = sum(|file| file.validated.as_ref().map_or(0, |v| v.invalid));
    let bare = sum(|file| file.validated.as_ref().map_or(0, |v| v.bare));
    let mut types: Vec<&String> = report.files.iter().flat_map(|file| file.types.keys()).collect();
    types.sort_unstable();
    types.dedup();
    let plural = |count: u64, word: &str| format!("{} {word}{}", HumanCount(count), if count == 1 { "" } else { "s" });
    let mut out = format!(
        "{}, {}, {} of resources, {}, {:.2} s, {:.0} MB/s",
        plural(report.files.len() as u64, "file"),
        plural(lines, "line"),
        plural(types.len() as u64, "type"),
        HumanBytes(bytes),
        took.as_secs_f64(),
        bytes as f64 / took.as_secs_f64().max(1e-6) / 1e6,
    );
    let by = report.files.iter().find_map(|file| file.validated.as_ref()).map(|v| v.by.clone());
    if let Some(by) = by {
        out +=
            &format!("\nvalidated against FHIR {by}: {}, {} invalid", plural(judged, "resource"), HumanCount(invalid));
        if bare > 0 {
            out += &format!("; {} without a narrative (dom-6, good practice)", HumanCount(bare));
        }
    }
    out
}

/// Shows the progress until `done`.
fn show(progress: &NdjsonProgress, done: &AtomicBool) {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    while !done.load(Ordering::Relaxed) {
        let (bytes, lines) = (progress.bytes.load(Ordering::Relaxed), progress.lines.load(Ordering::Relaxed));
        let files = progress.files.load(Ordering::Relaxed);
        bar.set_message(format!("{files} files done, {} lines, {} read", HumanCount(lines), HumanBytes(bytes)));
        bar.tick();
        thread::park_timeout(Duration::from_millis(200));
    }
    bar.finish_and_clear();
}
