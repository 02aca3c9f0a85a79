//! Which exchanges built-in checks can judge.

use crate::base::vocabulary::words;

words! {
    /// Which exchanges a check can judge. Every check can judge probes, because probes send requests of all kinds.
    CheckPlaces {
        /// All of them.
        Any = "any exchange",
        /// Responses to kick-offs.
        Kickoffs = "kickoff",
        /// Responses to polls, and manifests.
        Manifests = "poll, manifest or page",
        /// Files.
        Files = "file",
        /// Nothing else than probes.
        Probes = "a probe",
    }
}
