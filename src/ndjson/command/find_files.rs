//! Finds the files of the given paths.

use std::fs::File;
use std::path::{Path, PathBuf};

/// A file that was given, or that is in a given folder.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// Standard input.
    Standard,
    /// A file.
    Path(PathBuf),
}

/// Returns the files of `paths`, in their order.
///
/// # Errors
/// If a path cannot be opened, or a folder contains no NDJSON file.
pub(crate) fn inputs(paths: &[PathBuf]) -> Result<Vec<Input>, String> {
    let mut inputs = Vec::new();
    for path in paths {
        gather(path, &mut inputs)?;
    }
    if inputs.is_empty() {
        return Err("no file given; give files, folders, or - for standard input".to_owned());
    }
    Ok(inputs)
}

/// Returns the error for a path that cannot be read.
pub(crate) fn unusable(path: &Path, error: &std::io::Error) -> String {
    format!("cannot read {}: {error}; give a readable file or folder", path.display())
}

fn gather(path: &Path, inputs: &mut Vec<Input>) -> Result<(), String> {
    if path.as_os_str() == "-" {
        inputs.push(Input::Standard);
        return Ok(());
    }
    let about = std::fs::metadata(path).map_err(|error| unusable(path, &error))?;
    if !about.is_dir() {
        File::open(path).map_err(|error| unusable(path, &error))?;
        inputs.push(Input::Path(path.to_owned()));
        return Ok(());
    }
    let mut found = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|error| unusable(&folder, &error))? {
            let entry = entry.map_err(|error| unusable(&folder, &error))?;
            // Links to folders are not followed, because they could form a loop.
            let kind = entry.file_type().map_err(|error| unusable(&entry.path(), &error))?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if is_ndjson(&entry.path()) && entry.path().is_file() {
                found.push(entry.path());
            }
        }
    }
    if found.is_empty() {
        return Err(format!("{} contains no .ndjson file; give the files themselves", path.display()));
    }
    found.sort();
    inputs.extend(found.into_iter().map(Input::Path));
    Ok(())
}

fn is_ndjson(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let packed = [".gz", ".zst", ".zstd"].iter().find_map(|ending| name.strip_suffix(ending));
    let plain = packed.unwrap_or(&name);
    plain.ends_with(".ndjson") || plain.ends_with(".jsonl")
}
