//! `run.json`: the record itself. Its keys are a contract with scripts outside this repository.

use crate::record::Run;

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

/// Reads what [`render`] wrote.
///
/// # Errors
///
/// When the text is no JSON or no record of a run, with line and column.
pub fn read(text: &str) -> Result<Run, serde_json::Error> {
    serde_json::from_str(text)
}
