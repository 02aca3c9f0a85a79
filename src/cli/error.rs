//! Why a command was not carried out.

use std::fmt;

use crate::verdicts::exit;

/// Why a command was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CliError {
    /// The exit code.
    pub code: u8,
    /// What to say: a fragment, or a message that begins with `error:`.
    pub text: String,
}

impl CliError {
    /// The command line, the configuration or a suite is wrong.
    pub fn usage(text: impl Into<String>) -> Self {
        Self { code: exit::USAGE, text: text.into() }
    }

    /// Something could not be decided.
    pub fn undetermined(text: impl Into<String>) -> Self {
        Self { code: exit::UNDETERMINED, text: text.into() }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text.starts_with("error") {
            true => f.write_str(&self.text),
            false => write!(f, "error: {}", self.text),
        }
    }
}
