//! The async runtime of a command.

use crate::cli::error::CliError;

/// Starts a runtime for one command.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| CliError::undetermined(format!("cannot start the async runtime: {e}")))
}
