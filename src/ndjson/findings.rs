//! Groups findings: one finding per rule, with the first position, the count, and a few more lines. Violations of
//! FHIR's definitions are grouped by element, up to a limit.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use crate::base::file_position::FilePosition;
use crate::fhir::validate::fault::ResourceFault;
use crate::recording::facts::LineFinding;
use crate::suite::line_rules::LineRule;

/// The maximum number of further lines that a finding names.
const MORE_LINES: usize = 5;

/// The findings of one file.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    all: Vec<LineFinding>,
    /// The index in `all` of each group of faults, by the hash of rule, place and expectation.
    groups: HashMap<u64, usize>,
    hasher: RandomState,
    /// The maximum number of groups; 0 for [`MAX_GROUPS`].
    most: usize,
}

/// The default maximum number of different faults in one file; more are counted by rule only.
pub(crate) const MAX_GROUPS: usize = 100;

impl Findings {
    /// Sets the maximum number of different faults; 0 for [`MAX_GROUPS`].
    pub(crate) fn keep(&mut self, most: usize) {
        self.most = most;
    }

    /// Adds one occurrence. If the rule already has a finding, only the line and the count are kept.
    pub(crate) fn add(&mut self, rule: LineRule, place: FilePosition, path: &str, expected: &str, actual: &str) {
        match self.all.iter_mut().find(|known| known.rule == rule) {
            Some(known) => again(known, place),
            None => self.first(rule, place, path, expected, actual, ""),
        }
    }

    /// Adds a violation of FHIR's definitions: the same fault in the same element is one finding.
    pub(crate) fn add_fault(&mut self, fault: &ResourceFault, place: FilePosition) {
        let hash = self.hasher.hash_one((fault.rule, &fault.place, &fault.expected));
        if let Some(known) = self.groups.get(&hash).and_then(|index| self.all.get_mut(*index)) {
            again(known, place);
            return;
        }
        let most = if self.most == 0 { MAX_GROUPS } else { self.most };
        if self.groups.len() < most {
            self.groups.insert(hash, self.all.len());
            self.first(fault.rule, place, &fault.path, &fault.expected, &fault.actual, &fault.link);
            return;
        }
        let beyond = |known: &&mut LineFinding| known.rule == fault.rule && known.path.is_empty();
        match self.all.iter_mut().find(beyond) {
            Some(known) => again(known, place),
            None => self.first(
                fault.rule,
                place,
                "",
                "no further violations of this rule (they are only counted)",
                &fault.actual,
                "",
            ),
        }
    }

    fn first(&mut self, rule: LineRule, place: FilePosition, path: &str, expected: &str, actual: &str, link: &str) {
        self.all.push(LineFinding {
            rule,
            line: place.line,
            column: place.column,
            offset: place.offset,
            path: path.to_owned(),
            expected: expected.to_owned(),
            actual: actual.to_owned(),
            link: link.to_owned(),
            count: 1,
            also: Vec::new(),
        });
    }

    /// Returns the findings in the order of their positions.
    pub(crate) fn finish(mut self) -> Vec<LineFinding> {
        self.all.sort_by_key(|finding| (finding.offset, finding.rule));
        // There may be a hundred thousand files with one finding each.
        self.all.shrink_to_fit();
        self.all
    }
}

fn again(known: &mut LineFinding, place: FilePosition) {
    known.count += 1;
    if known.also.len() < MORE_LINES && known.line != place.line && known.also.last() != Some(&place.line) {
        known.also.push(place.line);
    }
}
