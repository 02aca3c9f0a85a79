//! The command `plimsoll ndjson`: validates files of one's own, plain or gzip.
//!
//! The outcome is `clean` (exit 0) or `findings` (exit 1). A path that cannot be opened, or a folder without NDJSON, is a
//! mistake in the call (exit 2), found before anything is read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Chain, Cursor, Read};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::decode::Coding;
use super::identity::{Identity, RunKey};
use super::lines::Expected;
use super::reader::{FileReader, Finished, Limits, Options};
use crate::suite::model::{FileList, LineRule};
use crate::tape::model::LineFinding;

/// What to hold files against.
#[derive(Clone, Debug)]
pub struct CheckOptions {
    /// The limits.
    pub limits: Limits,
    /// The resource type that every line should have.
    pub announced: Option<String>,
    /// The list of the manifest that the files stand for.
    pub list: FileList,
    /// Whether the files are one export, so that a resource must not come twice among them.
    pub together: bool,
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self { limits: Limits::default(), announced: None, list: FileList::Output, together: false }
    }
}

/// What was found; with `serde_json` the contract of `--format json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The files, in the order they were named; those of a folder by name.
    pub files: Vec<FileReport>,
    /// `clean` or `findings`.
    pub outcome: Outcome,
}

/// What the files come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Nothing is wrong.
    Clean,
    /// Something is.
    Findings,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileReport {
    /// Its path as it was named; `-` for standard input.
    pub path: String,
    /// Lines that are not blank.
    pub lines: u64,
    /// Decoded bytes.
    pub bytes: u64,
    /// Resources by type.
    pub types: BTreeMap<String, u64>,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// Why the file could not be read to its end, a lower-case fragment; left out if it could.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

/// One way in which a file is wrong: its first place, and how often.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The rule.
    pub rule: LineRule,
    /// From 1.
    pub line: u64,
    /// From 1, in characters.
    pub column: u64,
    /// From 0, in decoded bytes.
    pub offset: u64,
    /// The path within the resource.
    pub path: String,
    /// What was expected.
    pub expected: String,
    /// What shape was there.
    pub actual: String,
    /// How often.
    pub count: u64,
    /// The next few lines, for people.
    #[serde(skip)]
    pub also: Vec<u64>,
}

impl Report {
    /// 0 for clean, 1 for findings.
    pub fn exit_code(&self) -> u8 {
        match self.outcome {
            Outcome::Clean => 0,
            Outcome::Findings => 1,
        }
    }

    /// The report for people, one line a finding: `FILE:LINE:COLUMN: RULE: ...`.
    pub fn text(&self) -> String {
        super::render::text(self)
    }
}

impl From<LineFinding> for Finding {
    fn from(from: LineFinding) -> Self {
        let LineFinding { rule, line, column, offset, path, expected, actual, count, also } = from;
        Self { rule, line, column, offset, path, expected, actual, count, also }
    }
}

/// A file that was named, or found in a folder that was.
enum Input {
    Standard,
    Path(PathBuf),
}

/// Validates `paths`: files, folders (their `.ndjson`, `.jsonl` and `.gz` of these, at any depth, by name), or `-` for
/// standard input. gzip is told by its first bytes.
///
/// # Errors
/// A lower-case fragment that names the path and the way out, where one cannot be opened or a folder holds no such file.
pub fn check(paths: &[PathBuf], options: &CheckOptions) -> Result<Report, String> {
    check_with(paths, options, &mut std::io::stdin())
}

/// [`check`], with `standard_input` in the place of the process's own.
///
/// # Errors
/// As [`check`].
pub fn check_with(paths: &[PathBuf], options: &CheckOptions, standard_input: &mut dyn Read) -> Result<Report, String> {
    let mut inputs = Vec::new();
    for path in paths {
        gather(path, &mut inputs)?;
    }
    if inputs.is_empty() {
        return Err("no file was named, name files, folders, or - for standard input".to_owned());
    }
    let key = RunKey::new();
    let all = Identity::new(&key);
    let mut files = Vec::with_capacity(inputs.len());
    for input in inputs {
        let index = if options.together { all.clone() } else { Identity::new(&key) };
        files.push(match input {
            Input::Standard => check_one("-".to_owned(), standard_input, index, options),
            Input::Path(path) => {
                let name = path.to_string_lossy().into_owned();
                let mut file = File::open(&path).map_err(|error| unusable(&path, &error))?;
                check_one(name, &mut file, index, options)
            }
        });
    }
    let clean = files.iter().all(|file| file.findings.is_empty() && file.broken.is_none());
    Ok(Report { files, outcome: if clean { Outcome::Clean } else { Outcome::Findings } })
}

fn unusable(path: &Path, error: &std::io::Error) -> String {
    format!("{} cannot be read: {error}, name a file or folder that can", path.display())
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
            // A link could lead in a circle; it is followed to a file, not to a folder.
            let kind = entry.file_type().map_err(|error| unusable(&entry.path(), &error))?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if is_ndjson(&entry.path()) && entry.path().is_file() {
                found.push(entry.path());
            }
        }
    }
    if found.is_empty() {
        return Err(format!("{} holds no .ndjson, name the files themselves", path.display()));
    }
    found.sort();
    inputs.extend(found.into_iter().map(Input::Path));
    Ok(())
}

fn is_ndjson(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    plain.ends_with(".ndjson") || plain.ends_with(".jsonl")
}

/// The bytes that tell gzip, then the rest.
type Sniffed<'a> = Chain<Cursor<Vec<u8>>, &'a mut dyn Read>;

fn sniff(input: &mut dyn Read) -> std::io::Result<(Coding, Sniffed<'_>)> {
    let mut head = Vec::new();
    input.take(2).read_to_end(&mut head)?;
    let coding = if head == [0x1f, 0x8b] { Coding::Gzip } else { Coding::Identity };
    Ok((coding, Cursor::new(head).chain(input)))
}

fn check_one(path: String, input: &mut dyn Read, index: Identity, options: &CheckOptions) -> FileReport {
    let expected = Expected { list: options.list, announced: options.announced.clone() };
    let mut broken = None;
    let finished = match sniff(input) {
        Err(error) => {
            broken = Some(format!("it cannot be read: {error}"));
            FileReader::new(Options::new(expected)).finish(false)
        }
        Ok((coding, input)) => {
            let base = Options::new(expected);
            let reader = FileReader::new(Options { limits: options.limits, coding, identity: Some(index), ..base });
            pump(reader, input, &mut broken)
        }
    };
    let broken = broken.or(finished.broken.map(|trouble| trouble.message));
    let facts = finished.lines;
    let findings = facts.findings.into_iter().map(Finding::from).collect();
    FileReport { path, lines: facts.lines, bytes: facts.bytes, types: facts.types, findings, broken }
}

fn pump(mut reader: FileReader, mut input: Sniffed<'_>, broken: &mut Option<String>) -> Finished {
    let mut buffer = vec![0; 256 << 10];
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return reader.finish(true),
            Ok(length) => {
                if reader.push(buffer.get(..length).unwrap_or_default()).is_err() {
                    return reader.finish(false);
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
                *broken = Some(format!("it cannot be read further: {error}"));
                return reader.finish(false);
            }
        }
    }
}
