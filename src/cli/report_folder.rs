//! The report folder and the files next to it.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::base::instant::rfc3339;
use crate::cli::error::CliError;
use crate::config::run_config::RunConfig;
use crate::recording::store;

/// Creates the report folder and returns its path.
pub fn create(config: &RunConfig, host: &str) -> Result<PathBuf, CliError> {
    let folder = match &config.report.value {
        Some(report) => report.clone(),
        None => Path::new("reports").join(folder_name(SystemTime::now(), host)),
    };
    match std::fs::create_dir_all(&folder) {
        Ok(()) => Ok(folder),
        Err(e) => Err(CliError::usage(format!(
            "cannot create the report folder {}: {e}; give another with --report DIR",
            folder.display()
        ))),
    }
}

/// Returns `20260101T120000Z-host`, a name that every file system accepts.
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

/// Returns the file that lists jobs that could not be deleted. It is next to the report folder, not in it, because
/// people pass reports on.
pub fn leftovers(folder: &Path) -> PathBuf {
    next_to(folder, ".leftovers")
}

/// Returns the file that lists the jobs of a run while it runs, for `--resume`.
pub fn journal(folder: &Path) -> PathBuf {
    next_to(folder, ".resume")
}

/// Returns the file next to a report folder: the name of the folder plus `ending`.
fn next_to(folder: &Path, ending: &str) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Copies a recording into the report folder made from it, so that the folder is complete.
pub fn copy_recording(path: &Path, folder: &Path) -> Result<(), CliError> {
    let from = store::locate(path);
    let to = folder.join(store::FOLDER).join(store::FILE_NAME);
    let same = || Some(from.canonicalize().ok()? == to.canonicalize().ok()?);
    // A copy onto itself would empty the file.
    if same().unwrap_or(false) {
        return Ok(());
    }
    // A reader sees the complete copy or none, as for the reports.
    let part = to.with_extension(format!("jsonl.{}.part", std::process::id()));
    let copied = std::fs::create_dir_all(folder.join(store::FOLDER))
        .and_then(|()| std::fs::copy(&from, &part))
        .and_then(|_| std::fs::rename(&part, &to));
    copied.map(drop).map_err(|e| {
        CliError::usage(format!(
            "cannot copy the recording to {}: {e}; give another folder with --report",
            to.display()
        ))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn folder_names_are_safe() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_268_800);
        assert_eq!(folder_name(now, "Bulk.example.org:8443"), "20260101T120000Z-bulk.example.org-8443");
        assert_eq!(folder_name(now, "[::1]:80"), "20260101T120000Z-1--80");
        assert_eq!(folder_name(now, "../../etc"), "20260101T120000Z-etc");
    }
}
