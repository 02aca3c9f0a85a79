//! Constructors of [`Stop`], the reason why a flow ended early.

use crate::recording::model::{Stop, StopKind, Trouble};

/// Returns a reason to end a flow early. `because` is a clause that can follow "flow system ended early: ".
pub(crate) fn stop(kind: StopKind, exchange: Option<u32>, because: impl Into<String>) -> Stop {
    Stop { kind, exchange, because: because.into() }
}

/// Returns the reason to end a flow after a request without a response. `what` names the request.
pub(crate) fn no_answer(what: &str, exchange: u32, trouble: &Trouble) -> Stop {
    stop(StopKind::Transport, Some(exchange), format!("{what} got no response: {}", trouble.message))
}
