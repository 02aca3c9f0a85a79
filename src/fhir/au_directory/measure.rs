//! Checks the lines of a provider directory against the mandatory rules of the Health Connect profiles (Australian
//! Digital Health Agency, 0.3.0-preview), and against a few rules for any line of a directory.
//!
//! A line is checked against the profile of that version that its `meta.profile` names; other lines are only counted.
//! A Location that claims both Location profiles must conform to at least one. If `data-absent-reason` replaces a
//! value, no rule requires the value. Codes are not looked up in value sets.
//!
//! Each line is parsed again, into a tree. Only flows that request this check have that cost.

use serde_json::Value;

use crate::base::file_position::FilePosition;
use crate::fhir::au_directory::element::Element;
use crate::fhir::au_directory::judge;
use crate::fhir::au_directory::rule::Wrong;
use crate::fhir::au_directory::rules::RULES;
use crate::fhir::au_directory::subjects::{META, SUBJECTS, TYPES, claimed};
use crate::fhir::json_path::locate_shown;
use crate::recording::facts::{DirectoryFacts, DirectoryFinding};
use crate::suite::shapes::DirectoryTopic as Topic;

/// Longer lines are not parsed: a resource of a directory has a few kilobytes.
pub(crate) const MAX_BYTES: usize = 4 << 20;

/// The maximum number of further lines that a finding names.
const MORE_LINES: usize = 5;

/// Returns the rules of a topic: the name of each and what it expects.
pub fn rules_of(topic: Topic) -> Vec<(&'static str, &'static str)> {
    let rules = RULES.iter().filter(|rule| rule.topic == topic).map(|rule| (rule.id, rule.says));
    let subjects = SUBJECTS.iter().filter(|subject| subject.topic == topic).map(|subject| (subject.id, subject.says));
    rules.chain(subjects).collect()
}

/// Checks and counts the lines of one file.
#[derive(Debug)]
pub struct Measure {
    /// The start of absolute references to the server: its base URL and a slash.
    base: String,
    facts: DirectoryFacts,
    /// The last line of each finding, so that several on one line are counted once.
    last: Vec<u64>,
}

/// A violation: the topic and name of the rule, what it expects, and what was found.
struct FoundElement {
    topic: Topic,
    rule: &'static str,
    expected: &'static str,
    wrong: Wrong,
}

impl Measure {
    /// Creates one for files of the server with the FHIR base URL `base`.
    pub fn new(base: &str) -> Self {
        let base = format!("{}/", base.trim_end_matches('/'));
        Self { base, facts: DirectoryFacts::default(), last: Vec::new() }
    }

    /// Checks one line with a JSON object. `faulty` means that the line already has a finding; `place` returns the
    /// position in the file of a byte of the line.
    pub(crate) fn take(&mut self, text: &[u8], faulty: bool, place: &dyn Fn(usize) -> FilePosition) {
        let value = match text.len() {
            0..=MAX_BYTES => serde_json::from_slice::<Value>(text).ok(),
            _ => None,
        };
        let Some(value) = value else {
            // A line that is not JSON already has a finding.
            self.facts.unread += u64::from(!faulty);
            return;
        };
        let name = value.get("resourceType").and_then(Value::as_str);
        let Some((topic, name)) = name.and_then(|name| TYPES.iter().find(|(_, own)| *own == name)).copied() else {
            return;
        };
        let resource = Element::root(&value, name);
        let mut found = self.by_profile(topic, name, &resource);
        found.extend(self.by_subject(name, &resource));
        for found in found {
            self.add(found, text, place);
        }
    }

    /// Checks a resource against the profile that it claims.
    fn by_profile(&mut self, topic: Topic, name: &str, resource: &Element<'_>) -> Vec<FoundElement> {
        let claimed = claimed(resource, topic);
        if claimed.is_empty() {
            *self.facts.unclaimed.entry(name.to_owned()).or_default() += 1;
            return Vec::new();
        }
        self.look(topic);
        self.look(Topic::Cautions);
        let broken = |profile: &str, topic: Topic| -> Vec<FoundElement> {
            let own = RULES.iter().filter(|rule| rule.profile == profile && rule.topic == topic);
            let each = own.flat_map(|rule| {
                let wrong = judge::broken(rule, resource).into_iter();
                wrong.map(|wrong| FoundElement { topic, rule: rule.id, expected: rule.says, wrong })
            });
            each.collect()
        };
        let (mut best, mut found) = (None, Vec::new());
        // Conformance to one of two profiles is enough.
        for profile in claimed {
            let broken = broken(profile, topic);
            if best.is_none() || broken.is_empty() {
                (best, found) = (Some(profile), broken);
            }
            if found.is_empty() {
                break;
            }
        }
        found.extend(best.map(|profile| broken(profile, Topic::Cautions)).unwrap_or_default());
        found
    }

    /// Applies the rules for any line of the seven types.
    fn by_subject(&mut self, name: &str, resource: &Element<'_>) -> Vec<FoundElement> {
        for way in META {
            if resource.select(way).is_empty() {
                *self.facts.without.entry((*way).to_owned()).or_default() += 1;
            }
        }
        let mut found = Vec::new();
        let mut looked = Vec::new();
        for subject in SUBJECTS.iter().filter(|subject| subject.types.contains(&name)) {
            if !looked.contains(&subject.topic) {
                looked.push(subject.topic);
            }
            let wrong = (subject.judge)(resource, &self.base);
            let (topic, rule, expected) = (subject.topic, subject.id, subject.says);
            found.extend(wrong.map(|wrong| FoundElement { topic, rule, expected, wrong }));
        }
        looked.into_iter().for_each(|topic| self.look(topic));
        found
    }

    fn look(&mut self, topic: Topic) {
        *self.facts.looked_at.entry(topic).or_default() += 1;
    }

    fn add(&mut self, found: FoundElement, text: &[u8], place: &dyn Fn(usize) -> FilePosition) {
        let FoundElement { topic, rule, expected, wrong } = found;
        let all = self.facts.findings.iter_mut().zip(&mut self.last);
        for (known, last) in all {
            if known.rule == rule {
                let line = place(0).line;
                if *last != line {
                    known.count += 1;
                    if known.also.len() < MORE_LINES {
                        known.also.push(line);
                    }
                }
                *last = line;
                return;
            }
        }
        let at = place(locate_shown(text, &wrong.path));
        self.last.push(place(0).line);
        self.facts.findings.push(DirectoryFinding {
            topic,
            rule: rule.to_owned(),
            line: at.line,
            column: at.column,
            offset: at.offset,
            path: wrong.path,
            expected: expected.to_owned(),
            actual: wrong.actual,
            count: 1,
            also: Vec::new(),
        });
    }

    /// Returns the results, with the findings in the order of the file.
    pub(crate) fn finish(mut self) -> DirectoryFacts {
        self.facts.findings.sort_by(|a, b| (a.offset, &a.rule).cmp(&(b.offset, &b.rule)));
        self.facts
    }
}
