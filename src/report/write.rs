//! The reports on disk.

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

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
#[error("could not write {}: {source}; give another folder with --report", .path.display())]
pub struct WriteError {
    /// The file or folder.
    pub path: PathBuf,
    /// The system's reason.
    pub source: io::Error,
}

/// Writes `index.html`, `junit.xml`, `checklist.md` and `run.json` into `folder`, which is made where it is missing, and
/// returns their paths in that order. Each file is there whole or not at all, and an older one stays until the new one
/// is complete. The recording is written elsewhere, while the run lasts.
///
/// # Errors
///
/// The first file that could not be written, with the system's reason.
pub fn write_all(folder: &Path, run: &Run, options: &WriteOptions) -> Result<Vec<PathBuf>, WriteError> {
    std::fs::create_dir_all(folder).map_err(|source| WriteError { path: folder.to_owned(), source })?;
    let text = |path: &Path, text: io::Result<String>| whole(path, |out| out.write_all(text?.as_bytes()));
    let mut out = Vec::new();
    for name in ["index.html", "junit.xml", "checklist.md", "run.json"] {
        let path = folder.join(name);
        let written = match name {
            "index.html" => text(&path, Ok(html::page::render(run))),
            "junit.xml" => text(&path, junit::render(run, options.strict).map_err(io::Error::other)),
            "checklist.md" => text(&path, Ok(checklist::render(run))),
            _ => whole(&path, |out| json::write(run, out)),
        };
        match written {
            Ok(()) => out.push(path),
            Err(source) => return Err(WriteError { path, source }),
        }
    }
    Ok(out)
}

/// Writes one more page or record into `folder`, which is made where it is missing, and returns its path. The file is
/// there whole or not at all.
///
/// # Errors
///
/// The file or folder, with the system's reason.
pub fn write_one(folder: &Path, name: &str, text: &str) -> Result<PathBuf, WriteError> {
    let path = folder.join(name);
    match std::fs::create_dir_all(folder).and_then(|()| whole(&path, |out| out.write_all(text.as_bytes()))) {
        Ok(()) => Ok(path),
        Err(source) => Err(WriteError { path, source }),
    }
}

/// Writes a file under another name in the same folder, then moves it to its place.
fn whole(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    // Two runs into one folder must not write into each other's half-done file.
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let written = File::create(&part).and_then(|file| {
        let mut out = BufWriter::new(file);
        write(&mut out)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    });
    let moved = written.and_then(|()| std::fs::rename(&part, path));
    if moved.is_err() {
        // The cause is worth more than a complaint about the remains.
        let _ = std::fs::remove_file(&part);
    }
    moved
}
