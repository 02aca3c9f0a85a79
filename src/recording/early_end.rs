//! Why a run ended before its flows were finished.

use serde::{Deserialize, Serialize};

use crate::base::vocabulary::words;

/// Why a run ended early.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlyEnd {
    /// The kind of reason.
    pub kind: EarlyEndKind,
    /// The reason, a lower-case fragment: `the deadline of 30 s passed`.
    pub because: String,
}

words! {
    /// Why a run ended early.
    EarlyEndKind {
        /// The user interrupted it.
        Interrupted = "interrupted",
        /// Its deadline passed.
        Deadline = "deadline",
        /// No access token was available.
        NoToken = "no-token",
        /// The target supports no TLS version newer than 1.1.
        OldTls = "old-tls",
        /// The target stopped responding.
        NoResponse = "no-response",
        /// The process was killed, so the recording has no end.
        Killed = "killed",
    }
}
