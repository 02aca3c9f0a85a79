//! What a pass keeps from line to line, and what it gathers of one.

use super::fault::Fault;
use crate::fhir::tables::{NONE, Tables};

/// A string within a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Its opening quote, in bytes from the line's start.
    pub at: usize,
    /// After its closing quote; 0 for no string.
    pub end: usize,
    /// Whether it has escapes.
    pub escaped: bool,
}

impl Span {
    /// Whether there is one.
    pub fn is_some(&self) -> bool {
        self.end != 0
    }

    /// What stands between the quotes, as it is written.
    pub fn raw<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        line.get(self.at + 1..self.end.saturating_sub(1)).unwrap_or_default()
    }
}

/// What is known of a valid line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Where its object begins.
    pub at: usize,
    /// `resourceType`.
    pub resource_type: Span,
    /// `id`.
    pub id: Span,
    /// `meta.versionId`.
    pub version_id: Span,
    /// `meta.lastUpdated`.
    pub last_updated: Span,
    /// Whether it could have a narrative and has none (dom-6, good practice).
    pub bare: bool,
}

/// An array of primitives, or of their `_` twins.
#[derive(Clone, Copy, Debug)]
pub(super) struct ArrayNote {
    pub(super) bit: u8,
    pub(super) twin: bool,
    /// Its items among [`Scratch::items`].
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) at: usize,
    pub(super) element: u32,
}

/// An item of such an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// `null`.
    Null,
    /// A value, or a twin with an extension.
    Full,
    /// A twin with an id alone.
    IdOnly,
}

/// A contained resource.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contained {
    pub(super) id: Span,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// A string that begins with `#` where a reference within the resource may stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inward {
    pub(super) span: Span,
    /// Whether it is the `reference` of a Reference.
    pub(super) reference: bool,
}

/// A step of a path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) element: u32,
    pub(super) index: Option<usize>,
}

/// No row.
pub(super) const NOWHERE: u32 = u32::MAX;

/// Buffers, and what was learned.
#[derive(Debug)]
pub(super) struct Scratch {
    /// For each element the one that came after it last time.
    pub(super) next: Vec<u32>,
    /// For each type the first key last time.
    pub(super) first: Vec<u32>,
    /// For each code set the code that came last.
    pub(super) codes: Vec<u32>,
    /// For each list of targets the type that was referred to last.
    pub(super) referred: Vec<u16>,
    /// The resource type that came last.
    pub(super) resource: usize,
    pub(super) arrays: Vec<ArrayNote>,
    pub(super) items: Vec<Item>,
    pub(super) contained: Vec<Contained>,
    pub(super) inward: Vec<Inward>,
    /// A string with its escapes undone.
    pub(super) plain: Vec<u8>,
    pub(super) path: Vec<Step>,
    pub(super) faults: Vec<Fault>,
    pub(super) facts: Facts,
    pub(super) unchecked: bool,
    /// Bytes that may still be looked through for a late `resourceType`.
    pub(super) budget: usize,
}

impl Scratch {
    pub(super) fn new(tables: &Tables) -> Self {
        Self {
            referred: vec![NONE; tables.targets.len() + 1],
            next: tables.ready.next.clone(),
            first: tables.ready.first.clone(),
            codes: vec![0; tables.sets.len()],
            resource: 0,
            arrays: Vec::new(),
            items: Vec::new(),
            contained: Vec::new(),
            inward: Vec::new(),
            plain: Vec::new(),
            path: Vec::new(),
            faults: Vec::new(),
            facts: Facts::default(),
            unchecked: false,
            budget: 0,
        }
    }

    pub(super) fn clear(&mut self) {
        self.arrays.clear();
        self.items.clear();
        self.contained.clear();
        self.inward.clear();
        self.path.clear();
        self.faults.clear();
        self.facts = Facts::default();
        self.unchecked = false;
    }
}
