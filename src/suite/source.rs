//! Reads suite files: the embedded ones, or those of a folder.

use std::path::Path;

use crate::base::vocabulary::Area;
use crate::suite::catalog::Catalog;
use crate::suite::load::{read, resolve};
use crate::suite::refusal::{Refusals, SuiteFile};

/// The suite files that are compiled in: the path of each from the root of the repository, and its text.
pub const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/suite_files.rs"));

/// The largest suite file in bytes. A larger file is probably a mistake in `--suites`.
const MAX_BYTES: u64 = 4 << 20;

/// Loads the embedded suites.
///
/// # Errors
/// If they have mistakes. A test reads them, so a released program has none.
pub fn embedded() -> Result<Catalog, Refusals> {
    let file = |(path, text): &(&str, &str)| SuiteFile {
        name: path.rsplit('/').next().unwrap_or(path).to_owned(),
        path: (*path).to_owned(),
        text: (*text).to_owned(),
    };
    load(EMBEDDED.iter().map(file).collect())
}

/// Loads the suite files `*.toml` of `folder`, without subfolders. Paths in messages begin with `folder` as given.
///
/// # Errors
/// If a file cannot be read, or if the files have mistakes.
pub fn read_dir(folder: &Path) -> Result<Catalog, Refusals> {
    let refuse = |path: &Path, what: &str| format!("{}: {what}", path.display());
    let listing = std::fs::read_dir(folder)
        .map_err(|error| Refusals::unreadable(vec![refuse(folder, &format!("cannot read the folder: {error}"))]))?;
    let (mut files, mut unreadable) = (Vec::new(), Vec::new());
    for entry in listing {
        let path = match entry {
            Ok(entry) => entry.path(),
            Err(error) => {
                unreadable.push(refuse(folder, &format!("cannot read the folder: {error}")));
                continue;
            }
        };
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        match read_file(&path) {
            Ok(text) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                files.push(SuiteFile { name, path: path.display().to_string(), text });
            }
            Err(what) => unreadable.push(refuse(&path, &what)),
        }
    }
    if !unreadable.is_empty() {
        unreadable.sort();
        return Err(Refusals::unreadable(unreadable));
    }
    if files.is_empty() {
        return Err(Refusals::unreadable(vec![refuse(
            folder,
            "no suite file (*.toml) in this folder; give --suites a folder with suite files",
        )]));
    }
    load(files)
}

fn read_file(path: &Path) -> Result<String, String> {
    let bytes = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if bytes > MAX_BYTES {
        return Err(format!("too large for a suite file: {bytes} bytes; the limit is {MAX_BYTES} bytes"));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

/// Builds the catalog from `files`. Their order does not matter: they are sorted by area, then by name.
///
/// # Errors
/// All mistakes in the files.
pub fn load(mut files: Vec<SuiteFile>) -> Result<Catalog, Refusals> {
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let digest = digest(&files);
    files.sort_by_cached_key(|file| (area_rank(&file.text), file.name.clone()));
    let mut refusals = Vec::new();
    let parsed = read::parse(&files, &mut refusals);
    let catalog = resolve::resolve(parsed, &files, digest, &mut refusals);
    if refusals.is_empty() { Ok(catalog) } else { Err(Refusals::new(files, refusals)) }
}

/// The sort key of a file: files without an area first, then in the order of the areas.
fn area_rank(text: &str) -> usize {
    let (table, _) = toml::de::DeTable::parse_recoverable(text);
    let word = table.get_ref().get("area").and_then(|area| area.get_ref().as_str()).and_then(Area::from_word);
    word.and_then(|area| Area::ALL.iter().position(|other| *other == area)).map_or(0, |rank| rank + 1)
}

/// Digests names and texts to 12 hex digits. Lengths are included, so different sets of files never have equal input.
fn digest(files: &[SuiteFile]) -> String {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for file in files {
        for part in [&file.name, &file.text] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
    }
    context.finish().as_ref().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
