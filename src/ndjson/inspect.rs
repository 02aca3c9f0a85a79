//! The interface to what looks at lines: one line in, what it is out.

use crate::ndjson::contents::Contents;
use crate::ndjson::facts::LineNotes;
use crate::ndjson::json::Scanner;
use crate::recording::facts::ProfileFacts;

/// Looks at one line. Implementations keep their buffers from line to line.
pub trait Inspector: Send {
    /// Fills `notes`, which come cleared, for `line`: a line without its end, not blank, of a length within limits.
    fn inspect(&mut self, line: &[u8], notes: &mut LineNotes);

    /// The FHIR version of its definitions, if it has any.
    fn definitions(&self) -> Option<String> {
        None
    }

    /// The results of its profiles, if it has any.
    fn profiles(&self) -> Option<ProfileFacts> {
        None
    }
}

/// Observes each resource: measures it, or keeps it in memory. No content may leave the process.
pub trait Watch: Send {
    /// Takes one resource: its first line, from 1, its JSON, and what the inspector said of it. Gives what it found in it,
    /// if it looked into it.
    fn see(&mut self, line: u64, resource: &[u8], notes: &LineNotes) -> Option<Contents>;
}

/// Strict JSON (RFC 8259) and the facts of a resource, in one pass without a tree.
#[derive(Debug)]
pub struct JsonInspector {
    scanner: Scanner,
}

impl JsonInspector {
    /// An inspector that reports nesting deeper than `max_depth`.
    pub fn new(max_depth: usize) -> Self {
        Self { scanner: Scanner::new(max_depth) }
    }
}

impl Inspector for JsonInspector {
    fn inspect(&mut self, line: &[u8], notes: &mut LineNotes) {
        self.scanner.scan(line, notes);
    }
}
