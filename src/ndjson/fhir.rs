//! The inspector that validates each line against FHIR's definitions.

use std::sync::Arc;

use crate::fhir::definitions::tables::Tables;
use crate::fhir::profile::profiles::Profiles;
use crate::fhir::validate::scratch::StringSpan;
use crate::fhir::validate::validator::{Validator, Verdict};
use crate::ndjson::facts::{JsonText, LineNotes, LineShape};
use crate::ndjson::inspect::Inspector;
use crate::ndjson::json::Scanner;
use crate::ndjson::profiles::ProfileChecker;
use crate::recording::facts::ProfileFacts;
use crate::suite::line_rules::LineRule;

/// Validates each line against FHIR's definitions. A valid line is read once; an invalid line is read again to find the
/// faults.
#[derive(Debug)]
pub struct FhirInspector {
    validator: Validator,
    scanner: Scanner,
    profiles: Option<ProfileChecker>,
}

impl FhirInspector {
    /// Creates an inspector with these definitions, which reports nesting deeper than `max_depth`.
    pub fn new(tables: Arc<Tables>, max_depth: usize) -> Self {
        Self { validator: Validator::new(tables), scanner: Scanner::new(max_depth), profiles: None }
    }

    /// Also validates resources against these profiles: those that they claim, and those assigned to their type.
    #[must_use]
    pub fn with_profiles(mut self, profiles: Option<Arc<Profiles>>) -> Self {
        self.profiles = profiles.map(ProfileChecker::new);
        self
    }

    /// Validates against the base definitions.
    fn base(&mut self, line: &[u8], notes: &mut LineNotes) {
        match self.validator.check(line) {
            Verdict::Valid => {
                let facts = *self.validator.facts();
                notes.judged = true;
                notes.bare = facts.bare;
                // The rules need more facts of these two types: the deletions, and the issues.
                if matches!(facts.resource_type.raw(line), b"Bundle" | b"OperationOutcome") {
                    self.scanner.scan(line, notes);
                    return;
                }
                notes.shape = LineShape::Object;
                notes.at = facts.at;
                take(&mut notes.resource_type, facts.resource_type, line);
                take(&mut notes.id, facts.id, line);
                take(&mut notes.version_id, facts.version_id, line);
                take(&mut notes.last_updated, facts.last_updated, line);
            }
            Verdict::Unchecked => self.scanner.scan(line, notes),
            Verdict::Invalid => {
                self.scanner.scan(line, notes);
                // A line with faulty JSON has only findings about the JSON.
                let sound = !notes.faults.iter().any(|fault| {
                    matches!(
                        fault.rule,
                        LineRule::Utf8 | LineRule::NotANumber | LineRule::DuplicateKey | LineRule::TooDeep
                    )
                });
                if sound && notes.shape == LineShape::Object && notes.resource_type.get().is_some() {
                    notes.judged = true;
                    notes.invalid = self.validator.explain(line);
                }
            }
        }
    }
}

impl Inspector for FhirInspector {
    fn inspect(&mut self, line: &[u8], notes: &mut LineNotes) {
        self.base(line, notes);
        if let Some(checker) = &mut self.profiles {
            checker.check(line, notes);
        }
    }

    fn profiles(&self) -> Option<ProfileFacts> {
        self.profiles.as_ref().map(ProfileChecker::facts)
    }

    fn definitions(&self) -> Option<String> {
        Some(self.validator.tables().about.fhir.clone())
    }
}

fn take(text: &mut JsonText, span: StringSpan, line: &[u8]) {
    if span.is_some() {
        text.set(span.raw(line), span.escaped, span.at);
    }
}
