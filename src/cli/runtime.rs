//! The async runtime of a command.

use crate::cli::error::CliError;

/// A runtime for one command.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| CliError::undetermined(format!("no runtime could be started: {e}")))
}
