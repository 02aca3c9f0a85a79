//! The one place where the command line takes hold of the other rooms.

use std::path::{Path, PathBuf};

use tokio::sync::watch;

use crate::base::clock::Clock;
use crate::cli::main::CliError;
use crate::cli::target::RunTarget;
use crate::drive::progress;
use crate::drive::resume_journal::Leftovers;
use crate::drive::run::Drive;
use crate::plan::model::Plan;
use crate::recording::model::Recording;
use crate::recording::store;
use crate::report;
use crate::suite::catalog::Catalog;
use crate::verdicts::judged_run::{Judgement, Run, TestResult};

/// Reads the rules: those built in, or those of a folder.
pub fn catalog(folder: Option<&Path>) -> Result<Catalog, CliError> {
    let read = match folder {
        Some(folder) => crate::suite::source::read_dir(folder),
        None => crate::suite::source::embedded(),
    };
    read.map_err(|refusals| CliError::usage(refusals.render(false)))
}

/// The ids of all specs.
pub fn spec_ids(catalog: &Catalog) -> Vec<String> {
    catalog.specs.keys().cloned().collect()
}

/// Builds a plan.
pub fn plan(
    catalog: &Catalog,
    specs: &[String],
    informational_specs: Vec<String>,
    selected: &dyn Fn(&str) -> bool,
) -> Result<Plan, CliError> {
    let ask = crate::plan::build::PlanRequest { specs: specs.to_vec(), informational_specs, ..Default::default() };
    crate::plan::build::build(catalog, &ask, selected).map_err(|e| CliError::usage(e.to_string()))
}

/// The specs that a server declares by these canonical URLs. One without a version declares only what is listed
/// without one.
pub fn declared(catalog: &Catalog, claims: &[String]) -> Vec<String> {
    let declares = |listed: &String| {
        claims.iter().any(|claim| {
            let bare = claim.split_once('|').map_or(claim.as_str(), |(url, _)| url);
            claim == listed || bare == listed
        })
    };
    catalog.specs.values().filter(|spec| spec.declared_by.iter().any(declares)).map(|spec| spec.id.clone()).collect()
}

/// A conversation with the target: first what it says of itself, then what is planned.
pub struct RunDriver {
    drive: Drive,
}

/// Where jobs that could not be deleted are listed: beside the report, not in it, since reports are passed on.
pub fn leftovers(folder: &Path) -> PathBuf {
    beside(folder, ".leftovers")
}

/// The file beside a report folder whose name ends so.
fn beside(folder: &Path, ending: &str) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// What is left of a run that was killed, by its recording: the recording, the jobs to go on with, and the file that lists them.
///
/// # Errors
/// There is no such recording, or nothing to go on with.
pub fn remains(path: &Path) -> Result<(Recording, Leftovers, PathBuf), CliError> {
    let recording = recording(path)?;
    let file = store::locate(path);
    // The recording's folder, and the report's around it.
    let folder = file.parent().and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty());
    let journal = beside(folder.unwrap_or(Path::new(".")), ".resume");
    let remains = Leftovers::read(&journal, &recording).map_err(|e| {
        let why = match recording.end {
            Some(_) => "that run came to its end".to_owned(),
            None => format!("{} cannot be read: {e}", journal.display()),
        };
        CliError::usage(format!("nothing to resume: {why}; leave --resume out to run anew"))
    })?;
    Ok((recording, remains, journal))
}

impl RunDriver {
    /// Makes ready, with a recording in `folder/recording`; sends nothing.
    pub fn new(
        catalog: &Catalog,
        target: RunTarget,
        folder: &Path,
        interrupt: watch::Receiver<bool>,
        remains: Leftovers,
    ) -> Result<Self, CliError> {
        let clock = Clock::system();
        let transport = target.transport(clock)?;
        let sink = store::Writer::create(&folder.join("recording")).map_err(|e| CliError::usage(e.to_string()))?;
        let options = crate::drive::run::RunOptions {
            suites: catalog.digest.clone(),
            embedded: target.is_embedded(),
            progress: progress::for_stderr(),
            interrupt,
            sink: Some(sink),
            leftovers: (!target.is_embedded()).then(|| leftovers(folder)),
            journal: (!target.is_embedded()).then(|| beside(folder, ".resume")),
            remains,
        };
        Ok(Self { drive: Drive::new(target.settings, transport, clock, options) })
    }

    /// The specs of the suites that the target's CapabilityStatement declares.
    pub async fn declared(&mut self, catalog: &Catalog) -> Result<Vec<String>, CliError> {
        let said = self.drive.metadata().await.map_err(|e| CliError::undetermined(e.to_string()))?;
        Ok(declared(catalog, &said.claims))
    }

    /// Converses as planned and hands back the recording.
    pub async fn run(self, plan: &Plan) -> Result<Recording, CliError> {
        self.drive.run(plan).await.map_err(|e| CliError::undetermined(e.to_string()))
    }
}

/// Judges a recording.
pub fn judge(catalog: &Catalog, plan: &Plan, recording: Recording) -> Run {
    crate::judge::judge_run::judge_whole(catalog, plan, recording)
}

/// Reads a recording from its folder, its file or the report folder around it.
pub fn recording(path: &Path) -> Result<Recording, CliError> {
    store::read(path).map_err(|e| CliError::usage(e.to_string()))
}

/// Puts a copy of a recording into the report folder drawn from it, so that the folder is whole by itself.
pub fn copy_recording(path: &Path, folder: &Path) -> Result<(), CliError> {
    let from = store::locate(path);
    let to = folder.join(store::FOLDER).join(store::FILE_NAME);
    let same = || Some(from.canonicalize().ok()? == to.canonicalize().ok()?);
    // A copy onto itself would empty it.
    if same().unwrap_or(false) {
        return Ok(());
    }
    // Whole or not at all, as the reports are.
    let part = to.with_extension(format!("jsonl.{}.part", std::process::id()));
    let copied = std::fs::create_dir_all(folder.join(store::FOLDER))
        .and_then(|()| std::fs::copy(&from, &part))
        .and_then(|_| std::fs::rename(&part, &to));
    copied.map(drop).map_err(|e| {
        CliError::usage(format!(
            "the recording cannot be copied to {}: {e}; give another folder with --report",
            to.display()
        ))
    })
}

/// Writes a finding out, as libtest shows it below its name.
pub fn finding(run: &Run, judgement: &Judgement, test: &TestResult) -> String {
    report::finding::render_once(run, judgement, test)
}

/// The summary for the terminal.
pub fn summary(run: &Run, colour: bool, strict: bool, reports: Option<&Path>) -> String {
    report::terminal::summary(run, &report::terminal::TerminalOptions { colour, strict, reports })
}

/// Writes the reports.
pub fn reports(folder: &Path, run: &Run, strict: bool) -> Result<(), CliError> {
    let written = crate::report::write::write_all(folder, run, &crate::report::write::WriteOptions { strict });
    written.map(drop).map_err(|e| CliError::undetermined(e.to_string()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_server_declares_by_the_version_it_names() {
        let catalog = catalog(None).unwrap();
        let url = "http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data";
        assert_eq!(declared(&catalog, &[format!("{url}|2.0.0")]), ["hl7-2.0.0"]);
        assert_eq!(declared(&catalog, &[format!("{url}|9.9.9"), url.to_owned()]), Vec::<String>::new());
        assert_eq!(declared(&catalog, &[]), Vec::<String>::new());
    }
}
