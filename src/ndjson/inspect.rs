//! The seam that a validator fills: one line in, what it is out.

use crate::ndjson::contents::Contents;
use crate::ndjson::facts::Notes;
use crate::ndjson::json::Scanner;
use crate::recording::facts::ProfileFacts;

/// Looks at one line. Implementations keep their buffers from line to line.
pub trait Inspector: Send {
    /// Fills `notes`, which come cleared, for `line`: a line without its end, not blank, of a length within limits.
    fn inspect(&mut self, line: &[u8], notes: &mut Notes);

    /// The FHIR version of the definitions that it holds resources against, if it does.
    fn definitions(&self) -> Option<String> {
        None
    }

    /// What the profiles came to that it held resources to, if it did.
    fn profiles(&self) -> Option<ProfileFacts> {
        None
    }
}

/// Looks at each resource beside the rules: measures it, or keeps it in memory. Nothing of it may go elsewhere.
pub trait Watch: Send {
    /// Takes one resource: its first line, from 1, its JSON, and what the inspector said of it. Gives what it found in it,
    /// where it looked into it.
    fn see(&mut self, line: u64, resource: &[u8], notes: &Notes) -> Option<Contents>;
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
    fn inspect(&mut self, line: &[u8], notes: &mut Notes) {
        self.scanner.scan(line, notes);
    }
}
