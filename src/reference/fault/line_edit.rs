//! Changes of the lines of a file, as fault files define them.

use serde::Deserialize;

use crate::base::vocabulary::words;

words! {
    /// What happens to lines.
    LineAction {
        /// `text` becomes a new line before it.
        InsertBefore = "insert-before",
        /// `text` replaces it.
        Replace = "replace",
        /// It is removed.
        Drop = "drop",
        /// It is sent twice.
        Repeat = "repeat",
        /// `text` goes before it, on the same line.
        Prefix = "prefix",
        /// `text` goes after it, on the same line.
        Suffix = "suffix",
        /// Every `find` in it becomes `text`.
        ReplaceText = "replace-text",
        /// The JSON value at `pointer` becomes `text`.
        SetJson = "set-json",
        /// The JSON value at `pointer` is removed.
        RemoveJson = "remove-json",
        /// A line feed splits it in the middle.
        Break = "break",
        /// It is spread over several lines.
        Pretty = "pretty",
        /// The line feed after it is removed.
        Join = "join",
        /// Lines end with CR LF.
        Crlf = "crlf",
        /// Commas between all lines, brackets around them.
        Array = "array",
        /// The last line feed is removed.
        NoFinalNewline = "no-final-newline",
        /// The last `bytes` bytes are removed.
        CutEnd = "cut-end",
        /// The file is sent as Latin-1, which is not UTF-8 beyond ASCII.
        Latin1 = "latin-1",
        /// `text` goes before the file.
        Start = "start",
        /// `text` goes after the file.
        End = "end",
        /// The file becomes a Binary resource with the lines as base64.
        Binary = "binary",
        /// The file becomes a Bundle of its lines.
        Bundle = "bundle",
    }
}

/// A change of the lines of a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineEdit {
    /// What happens.
    pub edit: LineAction,
    /// The line, counted from 1, or from -1 at the end; none: every line.
    pub line: Option<i64>,
    /// The text of the change.
    pub text: Option<String>,
    /// The text that is replaced.
    pub find: Option<String>,
    /// The pointer into the line's JSON.
    pub pointer: Option<String>,
    /// The number of bytes.
    pub bytes: Option<usize>,
}

impl LineEdit {
    /// Checks that the edit has the keys that it needs, and no others.
    ///
    /// # Errors
    /// The first key that is wrong.
    pub(crate) fn check(&self) -> Result<(), String> {
        use LineAction as Do;
        let takes = |needed: bool, given: bool, key: &str| match (needed, given) {
            (true, false) => Err(format!("the edit {} needs {key}", self.edit)),
            (false, true) => Err(format!("the edit {} takes no {key}", self.edit)),
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
            return Err("lines count from 1, or from -1 at the end".to_owned());
        }
        if whole && self.line.is_some() {
            return Err(format!("the edit {} is of the whole file and takes no line", self.edit));
        }
        if self.edit == Do::SetJson {
            let value = self.text.as_deref().unwrap_or_default();
            serde_json::from_str::<serde_json::Value>(value)
                .map_err(|error| format!("{value} is not JSON: {error}"))?;
        }
        Ok(())
    }
}
