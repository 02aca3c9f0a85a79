//! Whether a line holds a valid resource: structure, cardinality, types, formats, required bindings, references within,
//! and the invariants that need no FHIRPath engine.
//!
//! One pass over the text, without a tree. [`Validator::check`] says *that* a line is wrong and stops there;
//! [`Validator::explain`] reads it again by the same code and says *what* is wrong. Text that is no JSON is refused by the
//! first and not explained by the second: that is said elsewhere.

use std::sync::Arc;

use crate::fhir::definitions::tables::Tables;
use crate::fhir::validate::fault::Fault;
use crate::fhir::validate::pass::Pass;
use crate::fhir::validate::scratch::{Facts, Scratch};

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A resource that keeps the definitions.
    Valid,
    /// It is not, or no JSON.
    Invalid,
    /// It is nested more deeply than is followed, or laid out so that following it would cost too much.
    Unchecked,
}

/// Objects nested more deeply are not followed. The definitions themselves need fewer than twenty.
pub(crate) const MAX_DEPTH: usize = 200;

/// More faults of one line are not told.
pub(crate) const MAX_FAULTS: usize = 200;

/// Checks lines, one after the other. What it learns of one line (which key follows which) makes the next one faster.
#[derive(Debug)]
pub struct Validator {
    tables: Arc<Tables>,
    scratch: Scratch,
}

impl Validator {
    /// A validator by these tables.
    pub fn new(tables: Arc<Tables>) -> Self {
        let scratch = Scratch::new(&tables);
        Self { tables, scratch }
    }

    /// The tables that it goes by.
    pub fn tables(&self) -> &Arc<Tables> {
        &self.tables
    }

    /// What `line` is. Afterwards [`Validator::facts`] are those of this line, if it is valid.
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

    /// What the last line holds, if it was valid.
    pub fn facts(&self) -> &Facts {
        &self.scratch.facts
    }

    /// What is wrong with `line`, in the order in which it is met; at most 200 faults.
    pub fn explain(&mut self, line: &[u8]) -> Vec<Fault> {
        self.scratch.clear();
        // Where the text ends too early, what was found until then holds.
        let _ = Pass::<true>::new(line, &self.tables, &mut self.scratch).line();
        let mut faults = std::mem::take(&mut self.scratch.faults);
        // A server that was asked for some elements says so, and leaves others out, mandatory ones at times; that is judged
        // where elements were asked for.
        if line.windows(SUBSETTED.len()).any(|window| window == SUBSETTED) {
            faults.retain(|fault| !fault.may_be_subsetted());
        }
        faults
    }
}

const SUBSETTED: &[u8] = b"\"SUBSETTED\"";
