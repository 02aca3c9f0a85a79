//! Gathers findings: each rule once, with its first place, how often, and a few more lines. What breaks FHIR's definitions
//! is gathered by element, as far as there is room.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use crate::base::file_position::FilePosition;
use crate::fhir::validate::fault::ResourceFault;
use crate::recording::facts::LineFinding;
use crate::suite::line_rules::LineRule;

/// The most further lines that a finding names.
const MORE_LINES: usize = 5;

/// The findings of one file.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    all: Vec<LineFinding>,
    /// Where among them the faults of an element are, by a hash of what they have in common.
    groups: HashMap<u64, usize>,
    hasher: RandomState,
    /// How many groups there may be; 0 for [`MAX_GROUPS`].
    most: usize,
}

/// More different faults of one file are counted by their rule alone.
pub(crate) const MAX_GROUPS: usize = 100;

impl Findings {
    /// Findings with room for this many different faults.
    pub(crate) fn keep(&mut self, most: usize) {
        self.most = most;
    }

    /// Takes one occurrence. Where the rule was met before, only its place and count are kept.
    pub(crate) fn add(&mut self, rule: LineRule, place: FilePosition, path: &str, expected: &str, actual: &str) {
        match self.all.iter_mut().find(|known| known.rule == rule) {
            Some(known) => again(known, place),
            None => self.first(rule, place, path, expected, actual, ""),
        }
    }

    /// Takes what breaks FHIR's definitions: the same fault of the same element is one finding.
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
            None => self.first(fault.rule, place, "", "what holds of elements beyond those told", &fault.actual, ""),
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

    /// The findings in the order of their places.
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
