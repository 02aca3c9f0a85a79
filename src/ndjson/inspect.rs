//! The interface of inspectors: a line in, notes out.

use crate::ndjson::contents::Contents;
use crate::ndjson::facts::LineNotes;
use crate::ndjson::json::Scanner;
use crate::recording::facts::ProfileFacts;

/// Inspects lines. Implementations reuse their buffers from line to line.
pub trait Inspector: Send {
    /// Fills the cleared `notes` for `line`: a line without its line ending, not blank, not longer than the limit.
    fn inspect(&mut self, line: &[u8], notes: &mut LineNotes);

    /// Returns the FHIR version of its definitions, if it has any.
    fn definitions(&self) -> Option<String> {
        None
    }

    /// Returns the results of its profiles, if it has any.
    fn profiles(&self) -> Option<ProfileFacts> {
        None
    }
}

/// Observes each resource, to measure it or to keep it in memory. No resource content may leave the process.
pub trait LineObserver: Send {
    /// Observes one resource: the number of its line from 1, its JSON, and the notes of the inspector. Returns its
    /// attachments and references, if it searched for them.
    fn observe(&mut self, line: u64, resource: &[u8], notes: &LineNotes) -> Option<Contents>;
}

/// Checks for strict JSON (RFC 8259) and collects the facts of a resource, in one pass without a tree.
#[derive(Debug)]
pub struct JsonInspector {
    scanner: Scanner,
}

impl JsonInspector {
    /// Creates an inspector that reports nesting deeper than `max_depth`.
    pub fn new(max_depth: usize) -> Self {
        Self { scanner: Scanner::new(max_depth) }
    }
}

impl Inspector for JsonInspector {
    fn inspect(&mut self, line: &[u8], notes: &mut LineNotes) {
        self.scanner.scan(line, notes);
    }
}
