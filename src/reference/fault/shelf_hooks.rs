//! The fault files about data that change between two exports.

use crate::reference::fault::shelf::shelf;

#[rustfmt::skip]
pub(crate) const FILES: &[(&str, &str)] = shelf![
    "faults/data-incremental-gap",
    "faults/data-stale-reuse",
    "faults/manifest-deletions-untold",
    "faults/manifest-errors-dropped",
    "legal/legal-changes-go-on",
    "legal/legal-failure-ends-all",
    "legal/legal-lags-behind",
    "legal/legal-reads-refused",
];
