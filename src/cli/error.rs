//! The error of a command.

use std::fmt;

use crate::verdicts::exit;

/// Why a command failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CliError {
    /// The exit code.
    pub code: u8,
    /// The message: a fragment, or a text that begins with `error`.
    pub text: String,
}

impl CliError {
    /// An error in the command line, the configuration or a suite.
    pub fn usage(text: impl Into<String>) -> Self {
        Self { code: exit::USAGE, text: text.into() }
    }

    /// An error that leaves the result undetermined.
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
