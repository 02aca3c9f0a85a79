//! Whether a line holds a valid resource: structure, cardinality, types, formats, required bindings, references within,
//! and the invariants that need no FHIRPath engine.
//!
//! One pass over the text, without a tree. [`Validator::check`] stops at the first fault and says only *that* a line is
//! wrong; [`Validator::explain`] reads it again with the same code and says *what* is wrong. Text that is no JSON is
//! refused by the first and not explained by the second: the scanner of lines explains it.

use std::sync::Arc;

use crate::fhir::definitions::tables::Tables;
use crate::fhir::validate::fault::ResourceFault;
use crate::fhir::validate::pass::Pass;
use crate::fhir::validate::scratch::{Facts, Scratch};

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A valid resource.
    Valid,
    /// An invalid resource, or no JSON.
    Invalid,
    /// Its nesting is too deep, or its order makes it too costly to follow.
    Unchecked,
}

/// Checks lines, one after the other. It remembers which key followed which, to read the next line faster.
#[derive(Debug)]
pub struct Validator {
    tables: Arc<Tables>,
    scratch: Scratch,
}

impl Validator {
    /// A validator with these tables.
    pub fn new(tables: Arc<Tables>) -> Self {
        let scratch = Scratch::new(&tables);
        Self { tables, scratch }
    }

    /// Its tables.
    pub fn tables(&self) -> &Arc<Tables> {
        &self.tables
    }

    /// Whether `line` is valid. If so, [`Validator::facts`] are then those of this line.
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

    /// The facts of the last line, if it was valid.
    pub fn facts(&self) -> &Facts {
        &self.scratch.facts
    }

    /// What is wrong with `line`, in the order of the text; at most 200 faults.
    pub fn explain(&mut self, line: &[u8]) -> Vec<ResourceFault> {
        self.scratch.clear();
        // If the text ends too early, the faults before the end count.
        let _ = Pass::<true>::new(line, &self.tables, &mut self.scratch).line();
        let mut faults = std::mem::take(&mut self.scratch.faults);
        // A server that leaves elements out on request marks the resource, and may leave out mandatory elements. The
        // tests of `_elements` judge that.
        if line.windows(SUBSETTED.len()).any(|window| window == SUBSETTED) {
            faults.retain(|fault| !fault.may_be_subsetted());
        }
        faults
    }
}

const SUBSETTED: &[u8] = b"\"SUBSETTED\"";
