//! `--resume`: what a run that was killed left to go on with.

use std::path::{Path, PathBuf};

use crate::cli::error::CliError;
use crate::cli::output::say;
use crate::cli::report_folder;
use crate::config::run_config::RunConfig;
use crate::drive::resume_journal::Leftovers;
use crate::recording::model::Recording;
use crate::recording::store;

/// A run that was killed, to go on with.
pub struct InterruptedRun {
    /// The specs that it judged by.
    pub specs: Vec<String>,
    /// Its jobs.
    pub jobs: Leftovers,
    /// The file that lists them.
    pub journal: PathBuf,
}

impl InterruptedRun {
    /// Reads what the run of a recording left. Its jobs are those of one server, so another base URL is refused.
    pub fn read(path: &Path, config: &RunConfig) -> Result<Self, CliError> {
        let (recording, jobs, journal) = left_by(path)?;
        let base = config.target.value.as_ref().map(|base| base.as_str().trim_end_matches('/'));
        if base != Some(recording.start.base.as_str()) {
            let message = format!(
                "the run to resume was against {}; give that BASE-URL with --resume, and the flags that it had",
                recording.start.base
            );
            return Err(CliError::usage(message));
        }
        let many = match jobs.len() {
            1 => "1 job that was under way".to_owned(),
            n => format!("{n} jobs that were under way"),
        };
        // The results of finished exports are compared with others under a key that no run keeps.
        let over = if recording.flows.is_empty() { "" } else { "; exports that were over are made once more" };
        say(&format!("resuming with {many}{over}"));
        Ok(Self { specs: recording.start.specs, jobs, journal })
    }
}

/// The recording, the jobs to go on with, and the file that lists them.
///
/// # Errors
/// There is no such recording, or nothing to go on with.
fn left_by(path: &Path) -> Result<(Recording, Leftovers, PathBuf), CliError> {
    let recording = store::read(path).map_err(|e| CliError::usage(e.to_string()))?;
    let file = store::locate(path);
    // The recording's folder, and the report's around it.
    let folder = file.parent().and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty());
    let journal = report_folder::journal(folder.unwrap_or(Path::new(".")));
    let jobs = Leftovers::read(&journal, &recording).map_err(|e| {
        let why = match recording.end {
            Some(_) => "that run came to its end".to_owned(),
            None => format!("{} cannot be read: {e}", journal.display()),
        };
        CliError::usage(format!("nothing to resume: {why}; leave --resume out to run anew"))
    })?;
    Ok((recording, jobs, journal))
}
