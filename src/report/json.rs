//! `run.json`: the record itself. Its keys are a contract with scripts outside this repository.

use std::io::{self, Write};

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

/// Reads what [`render`] wrote.
///
/// # Errors
///
/// When the text is no JSON or no record of a run, with line and column.
pub fn read(text: &str) -> Result<Run, serde_json::Error> {
    serde_json::from_str(text)
}
