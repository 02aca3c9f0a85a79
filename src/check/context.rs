//! The input of a check in addition to the exchange.

use crate::check::index::Index;
use crate::plan::model::PlannedTest;
use crate::recording::model::FlowRecord;

/// The input of a check in addition to the exchange.
#[derive(Clone, Copy, Debug)]
pub struct CheckContext<'a> {
    /// The recording of the check context.
    pub index: &'a Index<'a>,
    /// The test that the check is part of.
    pub test: &'a PlannedTest,
    /// The flow of the exchange.
    pub flow: &'a FlowRecord,
    /// The flow to compare with: the first in the test's list that ran at the same export level.
    pub compared: Option<&'a FlowRecord>,
}
