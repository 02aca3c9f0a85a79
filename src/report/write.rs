//! Writes the reports to disk.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::report::{checklist, html, json, junit};
use crate::verdicts::judged_run::Run;

/// How the reports are written.
#[derive(Clone, Copy, Debug, Default)]
pub struct WriteOptions {
    /// Warnings count as failures in `junit.xml`.
    pub strict: bool,
}

/// Why a report was not written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}; give another folder with --report", .path.display())]
pub struct WriteError {
    /// The file or folder.
    pub path: PathBuf,
    /// The error of the system.
    pub source: io::Error,
}

/// Writes `index.html`, `junit.xml`, `checklist.md` and `run.json` into `folder`, creates the folder if it is missing,
/// and returns the paths in that order. A reader sees a complete file or none, and an older file stays until the new
/// one is complete. The recording is written during the run, by other code.
///
/// # Errors
///
/// The first file that cannot be written, with the error of the system.
pub fn write_all(folder: &Path, run: &Run, options: &WriteOptions) -> Result<Vec<PathBuf>, WriteError> {
    std::fs::create_dir_all(folder).map_err(|source| WriteError { path: folder.to_owned(), source })?;
    let text = |path: &Path, text: io::Result<String>| write_file(path, |out| out.write_all(text?.as_bytes()));
    let mut out = Vec::new();
    for name in ["index.html", "junit.xml", "checklist.md", "run.json"] {
        let path = folder.join(name);
        let written = match name {
            "index.html" => text(&path, Ok(html::page::render(run))),
            "junit.xml" => text(&path, junit::render(run, options.strict).map_err(io::Error::other)),
            "checklist.md" => text(&path, Ok(checklist::render(run))),
            _ => write_file(&path, |out| json::write(run, out)),
        };
        match written {
            Ok(()) => out.push(path),
            Err(source) => return Err(WriteError { path, source }),
        }
    }
    Ok(out)
}

/// Writes one file into `folder`, creates the folder if it is missing, and returns the path. A reader sees the complete
/// file or none.
///
/// # Errors
///
/// The file or folder, with the error of the system.
pub fn write_one(folder: &Path, name: &str, text: &str) -> Result<PathBuf, WriteError> {
    let path = folder.join(name);
    match std::fs::create_dir_all(folder).and_then(|()| write_file(&path, |out| out.write_all(text.as_bytes()))) {
        Ok(()) => Ok(path),
        Err(source) => Err(WriteError { path, source }),
    }
}

/// Writes a file under another name in the same folder, then renames it.
fn write_file(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    // Two runs with the same report folder must not write to the same partial file.
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let written = File::create(&part).and_then(|file| {
        let mut out = BufWriter::new(file);
        write(&mut out)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    });
    let moved = written.and_then(|()| std::fs::rename(&part, path));
    if moved.is_err() {
        // Report the first error, not an error of this cleanup.
        let _ = std::fs::remove_file(&part);
    }
    moved
}
