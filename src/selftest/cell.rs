//! One cell of the matrix.

use serde::Serialize;

use crate::base::vocabulary::words;
use crate::reference::fault::definition::FaultKind;

words! {
    /// The result of a fault under one spec.
    CellResult {
        /// The tests listed noticed the defect, and no others did.
        Killed = "killed",
        /// Tests that must notice a defect did not.
        Survived = "survived",
        /// All tests that must notice it did, and others too.
        Overkilled = "overkilled",
        /// Nothing noticed a legal variant.
        Clean = "clean",
        /// Something noticed a legal variant.
        FalseAlarm = "false-alarm",
        /// It was not tried under this spec.
        Excluded = "excluded",
    }
}

impl CellResult {
    /// Whether the matrix may have this result.
    pub fn is_good(self) -> bool {
        matches!(self, CellResult::Killed | CellResult::Clean | CellResult::Excluded)
    }
}

/// One cell of the matrix, as `selftest --format json` prints it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// The fault's id.
    pub fault: String,
    /// Its kind.
    pub kind: FaultKind,
    /// The spec that it was tried under.
    pub spec: String,
    /// The tests that must notice: `area::id` on all flows, or `area::id@flow`.
    pub expected: Vec<String>,
    /// The tests that noticed, in the same form.
    pub noticed: Vec<String>,
    /// The result.
    pub result: CellResult,
    /// Why, if the result does not say it all.
    pub because: String,
}
