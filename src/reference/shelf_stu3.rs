//! The fault files of organised output, and of what a server's own mishaps show, that are compiled in.

use super::shelf::shelf;

/// Pairs of a fault file's path and text.
#[rustfmt::skip]
pub(super) const FILES: &[(&str, &str)] = shelf![
    "faults/auth-download-demands-token-when-false",
    "faults/auth-download-refuses-token",
    "faults/download-cut-at-expiry",
    "faults/download-deleted-200",
    "faults/download-error-200",
    "faults/download-guarded",
    "faults/kickoff-busy-for-how-long",
    "faults/meta-cohort-without-filter",
    "faults/meta-filter-undeclared",
    "faults/meta-no-export-at-all",
    "faults/meta-refused-type-unflagged",
    "faults/status-error-202",
    "faults/status-partial-500",
    "faults/status-stumble-fatal",
    "faults/status-throttled-for-how-long",
    "faults/stu3-organized-block-short",
    "faults/stu3-organized-continues-nowhere",
    "faults/stu3-organized-header-not-repeated",
    "faults/stu3-organized-header-of-group",
    "faults/stu3-organized-ignored",
    "faults/stu3-organized-loses-patient",
    "faults/stu3-organized-no-header",
    "faults/stu3-organized-split",
    "faults/stu3-organized-split-unlinked",
    "faults/stu3-organized-typed",
    "faults/stu3-organized-unnamed",
    "faults/stu3-organized-without-patient",
    "legal/legal-cohort",
    "legal/legal-files-guarded",
    "legal/legal-files-guarded-by-extension",
    "legal/legal-organized-one-by-one",
    "legal/legal-organized-refused",
    "legal/legal-organized-shared",
    "legal/legal-organized-small",
    "legal/legal-refused-type-flagged",
    "legal/legal-slow-files",
];
