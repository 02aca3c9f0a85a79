//! The recording on disk: `recording.jsonl`, one [`Entry`] per line, appended and flushed as things happen, so the
//! recording of a killed run can be read.
//!
//! Some lines replace earlier ones: `start` replaces `start`, `end` replaces `end`, and an exchange replaces the
//! exchange with the same number (its phase, or that it was retried, may become known only later). Files and flows are
//! added. The first line is a `start`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::recording::model::{Entry, FORMAT, Recording, Start};

/// The name of the file in the folder of a recording.
pub const FILE_NAME: &str = "recording.jsonl";

/// The name of the recording's folder in the folder of a report.
pub const FOLDER: &str = "recording";

/// The longest line that is read, in bytes. A recorded body has at most a megabyte before it is escaped.
const MAX_LEN_LINE: u64 = 32 << 20;

/// An error of a recording on disk.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system returned an error.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file is not a recording.
    #[error("{path}: line 1: not a Plimsoll recording: {because}")]
    NoRecording {
        /// The file.
        path: PathBuf,
        /// The reason.
        because: String,
    },
    /// The recording has another format.
    #[error(
        "{path}: line 1: recording format {found}; this version reads format {FORMAT}; replay it with Plimsoll {by}"
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The version of Plimsoll that made it.
        by: String,
    },
    /// A line cannot be read.
    #[error("{path}: line {line}: {because}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The reason.
        because: String,
    },
}

/// Appends entries to a recording.
pub struct Writer {
    path: PathBuf,
    out: BufWriter<File>,
}

impl Writer {
    /// Starts a recording in `folder`, which is created if needed. An existing recording is replaced.
    ///
    /// # Errors
    /// If the folder or the file cannot be created.
    pub fn create(folder: &Path) -> Result<Self, StoreError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| StoreError::Io { path, source }
        };
        fs::create_dir_all(folder).map_err(io(folder))?;
        let path = folder.join(FILE_NAME);
        let out = BufWriter::new(File::create(&path).map_err(io(&path))?);
        Ok(Self { path, out })
    }

    /// Appends one entry and flushes it.
    ///
    /// # Errors
    /// If the file cannot be written. Its last line may then be a part of the entry.
    pub fn write(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let write = |out: &mut BufWriter<File>| -> std::io::Result<()> {
            serde_json::to_writer(&mut *out, entry)?;
            out.write_all(b"\n")?;
            out.flush()
        };
        write(&mut self.out).map_err(|source| StoreError::Io { path: self.path.clone(), source })
    }
}

/// Reads a recording. `path` is the file, its folder, or the folder of the report. If the last line is incomplete, as
/// after a killed run, it is ignored, and the recording has no end.
///
/// # Errors
/// If the file cannot be read, is not a recording, has another format, or has an invalid line before the last.
pub fn read(path: &Path) -> Result<Recording, StoreError> {
    let path = locate(path);
    let file = File::open(&path).map_err(|source| StoreError::Io { path: path.clone(), source })?;
    read_from(BufReader::new(file), &path)
}

/// Returns the file of a recording. `path` is the file, its folder, or the folder of the report.
pub fn locate(path: &Path) -> PathBuf {
    if !path.is_dir() {
        return path.to_owned();
    }
    let inner = path.join(FOLDER).join(FILE_NAME);
    let own = path.join(FILE_NAME);
    if !own.exists() && inner.exists() { inner } else { own }
}

fn read_from(mut source: impl BufRead, path: &Path) -> Result<Recording, StoreError> {
    let mut recording = Recording::default();
    let mut exchanges = BTreeMap::new();
    let mut line = Vec::new();
    let mut number = 0_u64;
    loop {
        line.clear();
        let read = source.by_ref().take(MAX_LEN_LINE).read_until(b'\n', &mut line);
        if read.map_err(|source| StoreError::Io { path: path.to_owned(), source })? == 0 {
            break;
        }
        number += 1;
        let complete = line.ends_with(b"\n");
        if !complete && line.len() as u64 == MAX_LEN_LINE {
            let because = format!("longer than {MAX_LEN_LINE} bytes");
            return Err(StoreError::Line { path: path.to_owned(), line: number, because });
        }
        if number == 1 {
            recording.start = first(&line, path)?;
            continue;
        }
        match serde_json::from_slice(&line) {
            Ok(Entry::Start(start)) => recording.start = *start,
            Ok(Entry::Exchange(exchange)) => drop(exchanges.insert(exchange.id, *exchange)),
            Ok(Entry::File(facts)) => recording.files.push(*facts),
            Ok(Entry::Flow(flow)) => recording.flows.push(*flow),
            Ok(Entry::End(end)) => recording.end = Some(end),
            // The run was killed while it wrote this line.
            Err(_) if !complete => break,
            Err(error) => {
                return Err(StoreError::Line { path: path.to_owned(), line: number, because: error.to_string() });
            }
        }
    }
    if number == 0 {
        return Err(StoreError::NoRecording { path: path.to_owned(), because: "the file is empty".to_owned() });
    }
    recording.exchanges = exchanges.into_values().collect();
    Ok(recording)
}

/// Reads the first line. Its format is checked first, because other formats may have other fields.
fn first(line: &[u8], path: &Path) -> Result<Start, StoreError> {
    #[derive(Deserialize)]
    struct Head {
        start: Version,
    }
    #[derive(Deserialize)]
    struct Version {
        format: u64,
        #[serde(default)]
        plimsoll: String,
    }
    let head: Head = serde_json::from_slice(line)
        .map_err(|error| StoreError::NoRecording { path: path.to_owned(), because: error.to_string() })?;
    if head.start.format != u64::from(FORMAT) {
        return Err(StoreError::Format { path: path.to_owned(), found: head.start.format, by: head.start.plimsoll });
    }
    match serde_json::from_slice(line) {
        Ok(Entry::Start(start)) => Ok(*start),
        Ok(_) => Err(StoreError::NoRecording {
            path: path.to_owned(),
            because: "the first line is not a start entry".to_owned(),
        }),
        Err(error) => Err(StoreError::Line { path: path.to_owned(), line: 1, because: error.to_string() }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::recording::facts::FileFacts;
    use crate::recording::model::{Body, BodyKind, End, Exchange, Outcome, Phase, Request, Response, Role};

    fn start() -> Start {
        Start {
            format: FORMAT,
            plimsoll: "0.1.0".into(),
            base: "https://fhir.example.org/r4".into(),
            ..Start::default()
        }
    }

    fn exchange(id: u32) -> Exchange {
        Exchange {
            id,
            flow: Some("system".into()),
            role: Role::Poll,
            probe: None,
            file: None,
            phase: None,
            superseded: false,
            at: 5,
            took: 7,
            request: Request {
                method: "GET".into(),
                url: "https://fhir.example.org/r4/[u1234]".into(),
                headers: vec![],
                body: None,
            },
            outcome: Outcome::Response(Response {
                status: 200,
                headers: vec![("content-type".into(), "application/json".into())],
                body: Body {
                    bytes: 2,
                    kind: BodyKind::Json,
                    json: Some(serde_json::json!({"z": 1, "a": 2})),
                    ..Body::default()
                },
                broken: None,
            }),
        }
    }

    fn end() -> End {
        End { finished: "2026-01-01T00:00:00.000Z".into(), early: None, leftovers: vec![], bytes: 2, guessing: None }
    }

    #[test]
    fn recordings_are_read_back_and_later_lines_replace_earlier_ones() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(&folder.path().join(FOLDER)).unwrap();
        let known = Exchange { phase: Some(Phase::Complete), ..exchange(1) };
        let software = Start { software: Some("it 1.0".into()), ..start() };
        for entry in [
            Entry::Start(Box::new(start())),
            Entry::Exchange(Box::new(exchange(2))),
            Entry::Exchange(Box::new(exchange(1))),
            Entry::File(Box::new(FileFacts { exchange: 2, ..FileFacts::default() })),
            Entry::Exchange(Box::new(known.clone())),
            Entry::Start(Box::new(software.clone())),
            Entry::End(end()),
        ] {
            writer.write(&entry).unwrap();
        }
        let expected = Recording {
            start: software,
            exchanges: vec![known, exchange(2)],
            files: vec![FileFacts { exchange: 2, ..FileFacts::default() }],
            flows: vec![],
            end: Some(end()),
        };
        let file = folder.path().join(FOLDER).join(FILE_NAME);
        for path in [folder.path(), &folder.path().join(FOLDER), &file] {
            assert_eq!(read(path).unwrap(), expected, "{}", path.display());
        }
    }

    #[test]
    fn a_cut_recording_has_its_complete_lines() {
        let mut bytes = Vec::new();
        let mut ends = Vec::new();
        for entry in [
            Entry::Start(Box::new(start())),
            Entry::Exchange(Box::new(exchange(1))),
            Entry::Exchange(Box::new(exchange(2))),
            Entry::End(end()),
        ] {
            serde_json::to_writer(&mut bytes, &entry).unwrap();
            ends.push(bytes.len());
            bytes.push(b'\n');
        }
        for cut in ends[0]..=bytes.len() {
            let recording = read_from(&bytes[..cut], Path::new("t")).unwrap();
            let complete = ends.iter().filter(|end| **end <= cut).count() - 1;
            assert_eq!(recording.exchanges.len(), complete.min(2), "cut at {cut}");
            assert_eq!(recording.end.is_some(), complete == 3, "cut at {cut}");
        }
        assert!(matches!(read_from(&bytes[..ends[0] - 1], Path::new("t")), Err(StoreError::NoRecording { .. })));
    }

    #[test]
    fn other_files_are_refused() {
        let message = |text: &str| read_from(text.as_bytes(), Path::new("t.jsonl")).unwrap_err().to_string();
        assert_eq!(message(""), "t.jsonl: line 1: not a Plimsoll recording: the file is empty");
        assert_eq!(
            message("{\"start\":{\"format\":4,\"plimsoll\":\"9.0\"}}\n"),
            "t.jsonl: line 1: recording format 4; this version reads format 3; replay it with Plimsoll 9.0"
        );
        assert!(
            message("{\"resourceType\":\"Patient\"}\n")
                .starts_with("t.jsonl: line 1: not a Plimsoll recording: missing field")
        );
        let first = serde_json::to_string(&Entry::Start(Box::new(start()))).unwrap();
        let broken = message(&format!("{first}\n{{\"exchange\":\n{first}\n"));
        assert!(broken.starts_with("t.jsonl: line 2: "), "{broken}");
        let unknown = message(&format!("{first}\n{{\"novelty\":1}}\n"));
        assert!(unknown.starts_with("t.jsonl: line 2: unknown variant `novelty`"), "{unknown}");
    }
}
