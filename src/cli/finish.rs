//! The end of `plimsoll run` and `plimsoll replay`: from a judged run to reports, findings, summary and exit code.

use std::io::IsTerminal;
use std::path::Path;
use std::time::SystemTime;

use libtest_mimic::{Arguments, ColorSetting, FormatSetting};

use crate::base::vocabulary::ExportLevel;
use crate::cli::error::CliError;
use crate::cli::output::{print, say};
use crate::config::values::Day;
use crate::recording::model::{Outcome, Role, StopKind};
use crate::report;
use crate::report::terminal;
use crate::report::terminal::TerminalOptions;
use crate::report::write;
use crate::report::write::WriteOptions;
use crate::verdicts::gate::KnownDeviation;
use crate::verdicts::judged_run::{Judgement, Run, TestResult};
use crate::verdicts::{exit, gate, libtest};

/// Applies the known deviations to a judged run, writes the reports, prints findings and summary, and returns the exit
/// code.
pub fn finish(
    run: &mut Run,
    known: &[KnownDeviation],
    strict: bool,
    libtest: &Arguments,
    folder: Option<&Path>,
) -> Result<u8, CliError> {
    let today = Day::of(SystemTime::now());
    let notes = gate::apply(run, known, today, strict);
    let written = folder.map(|folder| write::write_all(folder, run, &WriteOptions { strict }).map(drop));
    let render = |judgement: &Judgement, test: &TestResult| report::finding::render_once(run, judgement, test);
    let follows = |judgement: &Judgement, test: &TestResult| report::finding::follows(run, judgement, test);
    libtest::print(libtest, run, strict, render, follows);
    let color = match libtest.color {
        Some(ColorSetting::Always) => true,
        Some(ColorSetting::Never) => false,
        _ => std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
    };
    let reports = folder.filter(|_| matches!(written, Some(Ok(()))));
    let summary = terminal::summary(run, &TerminalOptions { color, strict, reports });
    // JSON events on standard output must stay a stream that a program can read.
    if libtest.format == Some(FormatSetting::Json) {
        say(&summary)
    } else {
        print(&summary)
    }
    for note in notes.iter().chain(&hints(run)) {
        say(&format!("note: {note}"));
    }
    written.transpose().map_err(|e| CliError::undetermined(e.to_string()))?;
    Ok(exit::code(run, strict))
}

/// Returns what the user can do about flows that ended early.
fn hints(run: &Run) -> Vec<String> {
    let mut hints = Vec::new();
    let stops = || run.flows.iter().filter_map(|flow| flow.stop.as_ref().map(|stop| (flow, stop)));
    if stops().any(|(_, stop)| stop.kind == StopKind::Credentials) {
        hints.push(
            "the server requires credentials, or refuses the given ones: set PLIMSOLL_TOKEN, or give --token-file FILE, \
             or --client-id ID --key-file FILE; --scope requests other scopes"
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
            "the kick-off of a group export returned 404: check that the server has the Group of --group or --empty-group"
                .to_owned(),
        );
    }
    hints
}
