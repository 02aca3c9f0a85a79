//! The buffers of a pass, kept from line to line.

use crate::fhir::definitions::layout::NONE;
use crate::fhir::definitions::tables::Tables;
use crate::fhir::validate::fault::ResourceFault;

/// A string within a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StringSpan {
    /// Its opening quote, in bytes from the line's start.
    pub at: usize,
    /// After its closing quote; 0 for no string.
    pub end: usize,
    /// Whether it has escapes.
    pub escaped: bool,
}

impl StringSpan {
    /// Whether there is one.
    pub fn is_some(&self) -> bool {
        self.end != 0
    }

    /// The text between the quotes, as it is written.
    pub fn raw<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        line.get(self.at + 1..self.end.saturating_sub(1)).unwrap_or_default()
    }
}

/// The facts of a valid line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Where its object begins.
    pub at: usize,
    /// `resourceType`.
    pub resource_type: StringSpan,
    /// `id`.
    pub id: StringSpan,
    /// `meta.versionId`.
    pub version_id: StringSpan,
    /// `meta.lastUpdated`.
    pub last_updated: StringSpan,
    /// Whether it could have a narrative and has none (dom-6, good practice).
    pub bare: bool,
}

/// An array of primitives, or of their `_` twins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ArrayNote {
    pub(crate) bit: u8,
    pub(crate) twin: bool,
    /// Its items among [`Scratch::items`].
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) at: usize,
    pub(crate) element: u32,
}

/// An item of such an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArrayItem {
    /// `null`.
    Null,
    /// A value, or a twin with an extension.
    Full,
    /// A twin with an id alone.
    IdOnly,
}

/// A contained resource.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contained {
    pub(crate) id: StringSpan,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

/// A string that begins with `#` and may be a reference within the resource.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InnerReference {
    pub(crate) span: StringSpan,
    /// Whether it is the `reference` of a Reference.
    pub(crate) reference: bool,
}

/// A step of a path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ElementStep {
    pub(crate) element: u32,
    pub(crate) index: Option<usize>,
}

/// No row.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// Buffers, and what was learned.
#[derive(Debug)]
pub(crate) struct Scratch {
    /// For each element the one that came after it last time.
    pub(crate) next: Vec<u32>,
    /// For each type the first key last time.
    pub(crate) first: Vec<u32>,
    /// For each code set the code that came last.
    pub(crate) codes: Vec<u32>,
    /// For each list of targets the type that was referred to last.
    pub(crate) referred: Vec<u16>,
    /// The resource type that came last.
    pub(crate) resource: usize,
    pub(crate) arrays: Vec<ArrayNote>,
    pub(crate) items: Vec<ArrayItem>,
    pub(crate) contained: Vec<Contained>,
    pub(crate) inward: Vec<InnerReference>,
    /// A string with its escapes undone.
    pub(crate) plain: Vec<u8>,
    pub(crate) path: Vec<ElementStep>,
    pub(crate) faults: Vec<ResourceFault>,
    pub(crate) facts: Facts,
    pub(crate) unchecked: bool,
    /// Bytes that may still be looked through for a late `resourceType`.
    pub(crate) budget: usize,
}

impl Scratch {
    pub(crate) fn new(tables: &Tables) -> Self {
        Self {
            referred: vec![NONE; tables.targets.len() + 1],
            next: tables.prepared.next.clone(),
            first: tables.prepared.first.clone(),
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

    pub(crate) fn clear(&mut self) {
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
