//! One thing that is wrong within a resource.

use std::borrow::Cow;

use crate::suite::line_rules::LineRule;

/// One thing that is wrong within a resource. It holds shapes and names of elements, never content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The rule.
    pub rule: LineRule,
    /// Where, in bytes from the line's start.
    pub at: usize,
    /// The path, as `Patient.name[0].given[1]`.
    pub path: String,
    /// The path without indices: where the same mistake of other lines is counted.
    pub place: String,
    /// What was expected.
    pub expected: Cow<'static, str>,
    /// What shape was there.
    pub actual: Cow<'static, str>,
    /// Where the element is defined.
    pub link: String,
}

impl Fault {
    /// Whether it may come of a resource from which elements were left out, and is marked so.
    pub(crate) fn may_be_subsetted(&self) -> bool {
        matches!(self.rule, LineRule::MissingElement | LineRule::Invariant | LineRule::ReferenceDangling)
    }
}
