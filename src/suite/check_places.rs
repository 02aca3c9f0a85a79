//! Which exchanges built-in checks can judge.

use crate::base::vocabulary::words;

words! {
    /// Which exchanges a check can judge. Every check can judge probes, because probes send requests of all kinds.
    CheckPlaces {
        /// All of them.
        Any = "all exchanges",
        /// Responses to kick-offs.
        Kickoffs = "kick-offs and probes",
        /// Responses to polls, and manifests.
        Manifests = "polls, manifests and probes",
        /// Files.
        Files = "files and probes",
        /// Nothing else than probes.
        Probes = "probes",
    }
}
