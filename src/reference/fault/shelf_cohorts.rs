//! The fault files of Groups that clients make, of those without members, and of URLs that end, that are
//! compiled in.

use crate::reference::fault::shelf::shelf;

/// Pairs of a fault file's path and text.
#[rustfmt::skip]
pub(crate) const FILES: &[(&str, &str)] = shelf![
    "faults/auth-capability-outlived",
    "faults/cohort-create-405",
    "faults/cohort-create-500",
    "faults/cohort-create-at-once",
    "faults/cohort-create-nowhere",
    "faults/cohort-create-relative",
    "faults/cohort-delete-405",
    "faults/cohort-delete-stays",
    "faults/cohort-export-404",
    "faults/cohort-export-fails",
    "faults/cohort-filter-lost",
    "faults/cohort-made-nowhere",
    "faults/cohort-read-404",
    "faults/cohort-search-400",
    "faults/cohort-search-all",
    "faults/cohort-search-nothing",
    "faults/cohort-undeclared",
    "faults/cohort-update-405",
    "faults/kickoff-empty-group-500",
    "faults/kickoff-empty-group-exports-all",
    "faults/poll-empty-group-500",
    "legal/legal-cohort-always-later",
    "legal/legal-cohort-as-itself",
    "legal/legal-cohort-delete-later",
    "legal/legal-cohort-export-later",
    "legal/legal-cohort-no-updates",
    "legal/legal-cohort-not-at-once",
    "legal/legal-cohort-not-at-once-501",
    "legal/legal-cohort-refused",
    "legal/legal-cohort-rejected",
    "legal/legal-cohort-rejected-422",
    "legal/legal-cohort-still-empty",
    "legal/legal-cohort-unplaced",
    "legal/legal-cohort-waits",
    "legal/legal-cohort-without-profile",
    "legal/legal-empty-group-fails",
    "legal/legal-empty-group-refused",
    "legal/legal-attachment-elsewhere",
    "legal/legal-attachment-elsewhere-gone",
    "legal/legal-capability-expires",
];
