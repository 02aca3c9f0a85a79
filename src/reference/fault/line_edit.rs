//! The format of changes of lines in fault files.

use serde::Deserialize;

use crate::base::vocabulary::words;

words! {
    /// The ways to change a line or a whole file.
    LineAction {
        /// Inserts `text` as a new line before the line.
        InsertBefore = "insert-before",
        /// Replaces the line with `text`.
        Replace = "replace",
        /// Removes the line.
        Drop = "drop",
        /// Repeats the line.
        Repeat = "repeat",
        /// Inserts `text` at the start of the line.
        Prefix = "prefix",
        /// Inserts `text` at the end of the line.
        Suffix = "suffix",
        /// Replaces every `find` in the line with `text`.
        ReplaceText = "replace-text",
        /// Sets the JSON value at `pointer` to `text`, which must be JSON.
        SetJson = "set-json",
        /// Removes the JSON value at `pointer`.
        RemoveJson = "remove-json",
        /// Splits the line in the middle with a line feed.
        Break = "break",
        /// Formats the JSON of the line over several lines.
        Pretty = "pretty",
        /// Removes the line feed after the line.
        Join = "join",
        /// Ends all lines with CR LF.
        Crlf = "crlf",
        /// Converts the file to a JSON array of its lines.
        Array = "array",
        /// Removes the last line feed of the file.
        NoFinalNewline = "no-final-newline",
        /// Removes the last `bytes` bytes of the file.
        CutEnd = "cut-end",
        /// Encodes the file as Latin-1 instead of UTF-8.
        Latin1 = "latin-1",
        /// Inserts `text` at the start of the file.
        Start = "start",
        /// Inserts `text` at the end of the file.
        End = "end",
        /// Converts the file to a Binary resource with the lines as base64.
        Binary = "binary",
        /// Converts the file to a Bundle of its resources.
        Bundle = "bundle",
    }
}

/// A change of the lines of a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineEdit {
    /// The kind of change.
    pub edit: LineAction,
    /// The line, counted from 1, or from -1 at the end; every line if it is not given.
    pub line: Option<i64>,
    /// The text that the change inserts or sets.
    pub text: Option<String>,
    /// The text that `replace-text` replaces.
    pub find: Option<String>,
    /// The JSON pointer of the value that is set or removed.
    pub pointer: Option<String>,
    /// The number of bytes that `cut-end` removes.
    pub bytes: Option<usize>,
}

impl LineEdit {
    /// Checks that the edit has the keys that it needs, and no others.
    ///
    /// # Errors
    /// The first key that is missing or not allowed.
    pub(crate) fn check(&self) -> Result<(), String> {
        use LineAction as Do;
        let takes = |needed: bool, given: bool, key: &str| match (needed, given) {
            (true, false) => Err(format!("the edit {} needs the key {key}", self.edit)),
            (false, true) => Err(format!("the edit {} cannot have the key {key}", self.edit)),
            _ => Ok(()),
        };
        let text = matches!(
            self.edit,
            Do::InsertBefore
                | Do::Replace
                | Do::Prefix
                | Do::Suffix
                | Do::ReplaceText
                | Do::SetJson
                | Do::Start
                | Do::End
        );
        takes(text, self.text.is_some(), "text")?;
        takes(self.edit == Do::ReplaceText, self.find.is_some(), "find")?;
        takes(matches!(self.edit, Do::SetJson | Do::RemoveJson), self.pointer.is_some(), "pointer")?;
        takes(self.edit == Do::CutEnd, self.bytes.is_some(), "bytes")?;
        let whole = matches!(
            self.edit,
            Do::Crlf
                | Do::Array
                | Do::NoFinalNewline
                | Do::CutEnd
                | Do::Latin1
                | Do::Start
                | Do::End
                | Do::Binary
                | Do::Bundle
        );
        if self.line == Some(0) {
            return Err("line 0 does not exist; lines are counted from 1, or from -1 at the end".to_owned());
        }
        if whole && self.line.is_some() {
            return Err(format!("the edit {} changes the whole file and cannot have the key line", self.edit));
        }
        if self.edit == Do::SetJson {
            let value = self.text.as_deref().unwrap_or_default();
            serde_json::from_str::<serde_json::Value>(value)
                .map_err(|error| format!("{value} is not JSON: {error}"))?;
        }
        Ok(())
    }
}
