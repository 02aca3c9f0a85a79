//! Gathers findings: each rule once, with its first place, how often, and a few more lines.

use crate::suite::model::LineRule;
use crate::tape::model::LineFinding;

/// How many further lines a finding names.
const MORE_LINES: usize = 5;

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// From 1.
    pub line: u64,
    /// From 1, in characters.
    pub column: u64,
    /// From 0, in bytes of the decoded file.
    pub offset: u64,
}

/// The findings of one file.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<LineFinding>);

impl Findings {
    /// Takes one occurrence. Where the rule was met before, only its place and count are kept.
    pub(super) fn add(&mut self, rule: LineRule, place: Place, path: &str, expected: &str, actual: &str) {
        if let Some(known) = self.0.iter_mut().find(|known| known.rule == rule) {
            known.count += 1;
            if known.also.len() < MORE_LINES && known.line != place.line && known.also.last() != Some(&place.line) {
                known.also.push(place.line);
            }
            return;
        }
        self.0.push(LineFinding {
            rule,
            line: place.line,
            column: place.column,
            offset: place.offset,
            path: path.to_owned(),
            expected: expected.to_owned(),
            actual: actual.to_owned(),
            count: 1,
            also: Vec::new(),
        });
    }

    /// The findings in the order of their places.
    pub(super) fn finish(mut self) -> Vec<LineFinding> {
        self.0.sort_by_key(|finding| (finding.offset, finding.rule));
        self.0
    }
}
