//! `run.json`: the judged run as data. Scripts outside this repository depend on its keys.

use std::io::{self, Write};

use serde::Deserialize;

use crate::recording::model::FORMAT;
use crate::verdicts::judged_run::Run;

/// Returns the run as indented JSON, with keys in the order of the types and a line feed at the end. Equal runs give
/// equal bytes.
///
/// # Errors
///
/// A map has keys that are not strings; runs made by this program have no such map.
pub fn render(run: &Run) -> Result<String, serde_json::Error> {
    let mut out = serde_json::to_string_pretty(run)?;
    out.push('\n');
    Ok(out)
}

/// Writes the output of [`render`] to `out` in pieces, so that a large run is not in memory as text.
///
/// # Errors
///
/// As [`render`], and errors of `out`.
pub fn write(run: &Run, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, run)?;
    out.write_all(b"\n")
}

/// Why a text cannot be read as `run.json`.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not the JSON of a run.
    #[error("not the run.json of a report: {0}")]
    NoRecord(serde_json::Error),
    /// Its recording has a different format.
    #[error("recording format {found}, made by Plimsoll {by}; this version reads format {FORMAT}")]
    Format {
        /// The format.
        found: u64,
        /// The version of Plimsoll that made the recording.
        by: String,
    },
}

/// Reads the output of [`render`].
///
/// # Errors
///
/// The text is not the JSON of a run (with line and column), or it has a different format.
pub fn read(text: &str) -> Result<Run, ReadError> {
    serde_json::from_str(text).map_err(|error| match format_of(text) {
        Some((found, by)) if found != u64::from(FORMAT) => ReadError::Format { found, by },
        _ => ReadError::NoRecord(error),
    })
}

/// Returns the format of the recording, and the version of Plimsoll that made it.
fn format_of(text: &str) -> Option<(u64, String)> {
    #[derive(Deserialize)]
    struct Record {
        start: RecordStart,
    }
    #[derive(Deserialize)]
    struct RecordStart {
        format: u64,
        #[serde(default)]
        plimsoll: String,
    }
    let record: Record = serde_json::from_str(text).ok()?;
    Some((record.start.format, record.start.plimsoll))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn other_formats_are_refused_with_their_version() {
        let error = |text: &str| read(text).unwrap_err().to_string();
        let old = r#"{"start": {"format": 1, "plimsoll": "0.1.0", "settings": [["jobs at once", "4"]]}}"#;
        assert_eq!(error(old), "recording format 1, made by Plimsoll 0.1.0; this version reads format 3");
        assert!(error(r#"{"start": {"format": 3}}"#).starts_with("not the run.json of a report: "));
        assert!(error("[]").starts_with("not the run.json of a report: "));
    }
}
