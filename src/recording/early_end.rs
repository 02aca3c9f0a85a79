//! Why a run ended before its flows did.

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
        /// There was no access token.
        NoToken = "no-token",
        /// The target speaks no TLS version newer than 1.1.
        OldTls = "old-tls",
        /// The process was killed; the recording has no end.
        Killed = "killed",
    }
}
