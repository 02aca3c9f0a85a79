//! Validates the resource on a line: structure, cardinality, types, formats, required bindings, references within the
//! resource, and the invariants that need no FHIRPath engine.
//!
//! One pass over the text, without a tree. [`Validator::check`] stops at the first fault and returns only *that* a line
//! is invalid; [`Validator::explain`] reads it again with the same code and returns *what* is wrong. Text that is not
//! JSON is invalid for the first and not explained by the second: the JSON scanner explains it.

use std::sync::Arc;

use crate::fhir::definitions::tables::Tables;
use crate::fhir::validate::fault::ResourceFault;
use crate::fhir::validate::pass::Pass;
use crate::fhir::validate::scratch::{Facts, Scratch};

/// The result for one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A valid resource.
    Valid,
    /// An invalid resource, or not JSON.
    Invalid,
    /// Nested too deeply, or with an order of keys that is too costly to check.
    Unchecked,
}

/// Validates lines, one after the other. It remembers the order of keys, to read the next line faster.
#[derive(Debug)]
pub struct Validator {
    tables: Arc<Tables>,
    scratch: Scratch,
}

impl Validator {
    /// Creates a validator with these tables.
    pub fn new(tables: Arc<Tables>) -> Self {
        let scratch = Scratch::new(&tables);
        Self { tables, scratch }
    }

    /// Returns its tables.
    pub fn tables(&self) -> &Arc<Tables> {
        &self.tables
    }

    /// Checks whether `line` is valid. If it is, [`Validator::facts`] returns the facts of this line.
    pub fn check(&mut self, line: &[u8]) -> Verdict {
        if std::str::from_utf8(line).is_err() {
            return Verdict::Invalid;
        }
        self.scratch.clear();
        let done = Pass::<false>::new(line, &self.tables, &mut self.scratch).line();
        match done {
            Ok(()) => Verdict::Valid,
            Err(_) if self.scratch.unchecked => Verdict::Unchecked,
            Err(_) => Verdict::Invalid,
        }
    }

    /// Returns the facts of the last line, if it was valid.
    pub fn facts(&self) -> &Facts {
        &self.scratch.facts
    }

    /// Returns the faults of `line` in the order of the text, at most 200.
    pub fn explain(&mut self, line: &[u8]) -> Vec<ResourceFault> {
        self.scratch.clear();
        // If the text is incomplete, the faults before its end count.
        let _ = Pass::<true>::new(line, &self.tables, &mut self.scratch).line();
        let mut faults = std::mem::take(&mut self.scratch.faults);
        // A server that omits elements on request tags the resource, and may omit mandatory elements. The tests of
        // `_elements` judge that.
        if line.windows(SUBSETTED.len()).any(|window| window == SUBSETTED) {
            faults.retain(|fault| !fault.may_be_subsetted());
        }
        faults
    }
}

const SUBSETTED: &[u8] = b"\"SUBSETTED\"";
