//! `--resume`: reads the jobs of a run that was killed.

use std::path::{Path, PathBuf};

use crate::cli::error::CliError;
use crate::cli::output::say;
use crate::cli::report_folder;
use crate::config::run_config::RunConfig;
use crate::drive::resume_journal::Leftovers;
use crate::recording::model::Recording;
use crate::recording::store;

/// A run that was killed, and its jobs to continue.
pub struct InterruptedRun {
    /// Its specs.
    pub specs: Vec<String>,
    /// Its jobs.
    pub jobs: Leftovers,
    /// The file that lists them.
    pub journal: PathBuf,
}

impl InterruptedRun {
    /// Reads the jobs of a recorded run that was killed. The jobs belong to one server, so another base URL is an
    /// error.
    pub fn read(path: &Path, config: &RunConfig) -> Result<Self, CliError> {
        let (recording, jobs, journal) = unfinished_jobs(path)?;
        let base = config.target.value.as_ref().map(|base| base.as_str().trim_end_matches('/'));
        if base != Some(recording.start.base.as_str()) {
            let message = format!(
                "the interrupted run exported from {}; give this BASE-URL with --resume, and the other flags of that run",
                recording.start.base
            );
            return Err(CliError::usage(message));
        }
        let running = match jobs.len() {
            1 => "1 job that was running".to_owned(),
            n => format!("{n} jobs that were running"),
        };
        // Hashes of exported resources need the key of their run, which is not stored. So finished exports are
        // repeated.
        let repeated = if recording.flows.is_empty() { "" } else { "; finished exports are repeated" };
        say(&format!("resuming {running}{repeated}"));
        Ok(Self { specs: recording.start.specs, jobs, journal })
    }
}

/// Returns the recording, the jobs to continue, and the file that lists them.
///
/// # Errors
/// The recording does not exist, or there is nothing to resume.
fn unfinished_jobs(path: &Path) -> Result<(Recording, Leftovers, PathBuf), CliError> {
    let recording = store::read(path).map_err(|e| CliError::usage(e.to_string()))?;
    let file = store::locate(path);
    // The recording is in a folder inside the report folder.
    let folder = file.parent().and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty());
    let journal = report_folder::journal(folder.unwrap_or(Path::new(".")));
    let jobs = Leftovers::read(&journal, &recording).map_err(|e| {
        let why = match recording.end {
            Some(_) => "the run is finished".to_owned(),
            None => format!("cannot read {}: {e}", journal.display()),
        };
        CliError::usage(format!("nothing to resume: {why}; start a new run without --resume"))
    })?;
    Ok((recording, jobs, journal))
}
