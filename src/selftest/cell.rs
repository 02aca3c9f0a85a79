//! One cell of the matrix.

use serde::Serialize;

use crate::base::vocabulary::words;
use crate::reference::fault::definition::FaultKind;

words! {
    /// The result of a fault under one spec.
    CellResult {
        /// Exactly the listed tests noticed the defect.
        Killed = "killed",
        /// A listed test did not notice the defect.
        Survived = "survived",
        /// All listed tests noticed the defect, and others too.
        Overkilled = "overkilled",
        /// No test noticed the legal variant.
        Clean = "clean",
        /// A test noticed the legal variant.
        FalseAlarm = "false-alarm",
        /// The fault was not tried under this spec.
        Excluded = "excluded",
    }
}

impl CellResult {
    /// Returns whether this result needs no repair.
    pub fn is_good(self) -> bool {
        matches!(self, CellResult::Killed | CellResult::Clean | CellResult::Excluded)
    }
}

/// One cell of the matrix, as `selftest --format json` prints it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// The fault's id.
    pub fault: String,
    /// The kind of the cell.
    pub kind: FaultKind,
    /// The spec that it was tried under.
    pub spec: String,
    /// The tests that must notice: `area::id` on all flows, or `area::id@flow`.
    pub expected: Vec<String>,
    /// The tests that noticed, in the same form.
    pub noticed: Vec<String>,
    /// The result of the cell.
    pub result: CellResult,
    /// The reason, if the result needs one.
    pub because: String,
}
