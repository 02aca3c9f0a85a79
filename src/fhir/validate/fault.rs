//! One fault in a resource.

use std::borrow::Cow;

use crate::suite::line_rules::LineRule;

/// One fault in a resource. It names shapes and elements, never resource content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceFault {
    /// The rule.
    pub rule: LineRule,
    /// The position, in bytes from the start of the line.
    pub at: usize,
    /// The path, as `Patient.name[0].given[1]`.
    pub path: String,
    /// The path without indices; the same fault in other lines is counted with it.
    pub place: String,
    /// What was expected.
    pub expected: Cow<'static, str>,
    /// What was found, as a shape.
    pub actual: Cow<'static, str>,
    /// The link to the definition of the element.
    pub link: String,
}

impl ResourceFault {
    /// Returns whether a resource with the tag SUBSETTED may have this fault.
    pub(crate) fn may_be_subsetted(&self) -> bool {
        matches!(self.rule, LineRule::MissingElement | LineRule::Invariant | LineRule::ReferenceDangling)
    }
}
