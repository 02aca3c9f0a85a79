//! `run.json`: the record itself. Its keys are a contract with scripts outside this repository.

use std::io::{self, Write};

use serde::Deserialize;

use crate::recording::model::FORMAT;
use crate::verdicts::judged_run::Run;

/// The record as indented JSON, keys in the order of the types, a line feed at the end. Equal runs give equal bytes.
///
/// # Errors
///
/// None that a record made by this program can cause; a map with keys that are no strings would.
pub fn render(run: &Run) -> Result<String, serde_json::Error> {
    let mut out = serde_json::to_string_pretty(run)?;
    out.push('\n');
    Ok(out)
}

/// Writes what [`render`] gives to `out`, piece by piece: a large record is not held as text.
///
/// # Errors
///
/// As [`render`], and what `out` says.
pub fn write(run: &Run, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, run)?;
    out.write_all(b"\n")
}

/// Why a text is no record that this program reads.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is no record of a run.
    #[error("{0}; is it the run.json of a report?")]
    NoRecord(serde_json::Error),
    /// Its recording has another format.
    #[error("recording format {found}, made by Plimsoll {by}; this one reads format {FORMAT}")]
    Format {
        /// The format.
        found: u64,
        /// The version of Plimsoll that made it.
        by: String,
    },
}

/// Reads what [`render`] wrote.
///
/// # Errors
///
/// When the text is no JSON or no record of a run, with line and column, or a record of another format.
pub fn read(text: &str) -> Result<Run, ReadError> {
    serde_json::from_str(text).map_err(|error| match format_of(text) {
        Some((found, by)) if found != u64::from(FORMAT) => ReadError::Format { found, by },
        _ => ReadError::NoRecord(error),
    })
}

/// The format of the recording of a record, and the version that made it.
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
    fn records_of_other_formats_are_refused_with_their_version() {
        let why = |text: &str| read(text).unwrap_err().to_string();
        let old = r#"{"start": {"format": 1, "plimsoll": "0.1.0", "settings": [["jobs at once", "4"]]}}"#;
        assert_eq!(why(old), "recording format 1, made by Plimsoll 0.1.0; this one reads format 3");
        assert!(why(r#"{"start": {"format": 3}}"#).ends_with("is it the run.json of a report?"));
        assert!(why("[]").ends_with("is it the run.json of a report?"));
    }
}
