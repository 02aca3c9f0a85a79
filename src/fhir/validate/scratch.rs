//! The buffers of a pass, reused from line to line.

use crate::fhir::definitions::layout::NONE;
use crate::fhir::definitions::tables::Tables;
use crate::fhir::validate::fault::ResourceFault;

/// The position of a string in a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StringSpan {
    /// The position of its opening quote, in bytes from the start of the line.
    pub at: usize,
    /// The position after its closing quote; 0 if there is no string.
    pub end: usize,
    /// Whether it has escapes.
    pub escaped: bool,
}

impl StringSpan {
    /// Returns whether there is a string.
    pub fn is_some(&self) -> bool {
        self.end != 0
    }

    /// Returns the text between the quotes, with its escapes.
    pub fn raw<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        line.get(self.at + 1..self.end.saturating_sub(1)).unwrap_or_default()
    }
}

/// The facts of a valid line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The start of its object.
    pub at: usize,
    /// `resourceType`.
    pub resource_type: StringSpan,
    /// `id`.
    pub id: StringSpan,
    /// `meta.versionId`.
    pub version_id: StringSpan,
    /// `meta.lastUpdated`.
    pub last_updated: StringSpan,
    /// Whether it is a DomainResource without a narrative (dom-6, good practice).
    pub bare: bool,
}

/// An array of primitives, or of their `_` twins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ArrayNote {
    pub(crate) bit: u8,
    pub(crate) twin: bool,
    /// Its first item in [`Scratch::items`].
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) at: usize,
    pub(crate) element: u32,
}

/// An item of an array of primitives or twins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArrayItem {
    /// `null`.
    Null,
    /// A value, or a twin with an extension.
    Full,
    /// A twin with only an id.
    IdOnly,
}

/// A contained resource.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contained {
    pub(crate) id: StringSpan,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

/// A string that begins with `#` and could be a reference within the resource.
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

/// The value for no row.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// Buffers, and guesses learned from earlier lines.
#[derive(Debug)]
pub(crate) struct Scratch {
    /// For each element, the element that followed it last time.
    pub(crate) next: Vec<u32>,
    /// For each type, the first element last time.
    pub(crate) first: Vec<u32>,
    /// For each code set, the last code.
    pub(crate) codes: Vec<u32>,
    /// For each list of targets, the last type that was referred to.
    pub(crate) referred: Vec<u16>,
    /// The last resource type.
    pub(crate) resource: usize,
    pub(crate) arrays: Vec<ArrayNote>,
    pub(crate) items: Vec<ArrayItem>,
    pub(crate) contained: Vec<Contained>,
    pub(crate) inward: Vec<InnerReference>,
    /// A string without escapes.
    pub(crate) plain: Vec<u8>,
    pub(crate) path: Vec<ElementStep>,
    pub(crate) faults: Vec<ResourceFault>,
    pub(crate) facts: Facts,
    pub(crate) unchecked: bool,
    /// The number of bytes that may still be searched for a `resourceType` that is not the first key.
    pub(crate) budget: usize,
}

impl Scratch {
    /// Creates buffers for these tables.
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

    /// Empties the buffers for the next line, and keeps the guesses.
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
