//! Reasons to end a flow early.

use crate::recording::model::{Stop, StopKind, Trouble};

/// A reason to end a flow early.
pub(crate) fn stop(kind: StopKind, exchange: Option<u32>, because: impl Into<String>) -> Stop {
    Stop { kind, exchange, because: because.into() }
}

/// The reason where a request brought no response.
pub(crate) fn no_answer(what: &str, exchange: u32, trouble: &Trouble) -> Stop {
    stop(StopKind::Transport, Some(exchange), format!("{what} brought no answer: {}", trouble.message))
}
