//! What a check sees besides the exchange itself.

use crate::check::index::Index;
use crate::plan::model::PlannedTest;
use crate::recording::model::FlowRecord;

/// What a check sees besides the exchange itself.
#[derive(Clone, Copy, Debug)]
pub struct CheckContext<'a> {
    /// The recording.
    pub index: &'a Index<'a>,
    /// The test that asks.
    pub test: &'a PlannedTest,
    /// The flow it is run on.
    pub flow: &'a FlowRecord,
    /// The flow to compare with: the first of the test's that ran at the same level.
    pub compared: Option<&'a FlowRecord>,
}
