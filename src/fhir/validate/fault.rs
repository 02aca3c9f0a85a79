//! One thing that is wrong within a resource.

use std::borrow::Cow;

use crate::suite::line_rules::LineRule;

/// One thing that is wrong within a resource. It names shapes and elements, never content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceFault {
    /// The rule.
    pub rule: LineRule,
    /// Where, in bytes from the line's start.
    pub at: usize,
    /// The path, as `Patient.name[0].given[1]`.
    pub path: String,
    /// The path without indices: the same fault of other lines is counted under it.
    pub place: String,
    /// What was expected.
    pub expected: Cow<'static, str>,
    /// What shape was there.
    pub actual: Cow<'static, str>,
    /// Where the element is defined.
    pub link: String,
}

impl ResourceFault {
    /// Whether a resource that is marked as SUBSETTED may have this fault.
    pub(crate) fn may_be_subsetted(&self) -> bool {
        matches!(self.rule, LineRule::MissingElement | LineRule::Invariant | LineRule::ReferenceDangling)
    }
}
