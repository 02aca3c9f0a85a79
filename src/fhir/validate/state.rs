//! The state that all steps of a pass share: the line, the tables, the buffers, and the faults.

use std::borrow::Cow;

use crate::base::json_scan;
use crate::base::json_scan::Malformed;
use crate::base::json_text::{shape, unescape};
use crate::fhir::definitions::layout::*;
use crate::fhir::definitions::tables::Tables;
use crate::fhir::validate::fault::ResourceFault;
use crate::fhir::validate::scratch::{ElementStep, Scratch, StringSpan};
use crate::suite::line_rules::LineRule;

/// The maximum number of faults that are reported for one line.
const MAX_FAULTS: usize = 200;

/// The end of a pass before the end of the line: the line is not JSON, or it is invalid and the pass does not explain
/// why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stopped;

impl From<Malformed> for Stopped {
    #[inline]
    fn from(_: Malformed) -> Self {
        Self
    }
}

/// The role of an object in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObjectRole {
    /// The line's resource.
    Root,
    /// A resource in a Bundle or in Parameters.
    Inner,
    /// A contained resource.
    Contained,
    /// The `meta` of the line's resource.
    RootMeta,
    /// The `meta` of a contained resource.
    ContainedMeta,
    /// The `_` twin of a primitive.
    Twin,
    /// Anything else.
    Part,
}

/// An object that was read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ClosedObject {
    /// The position after its closing brace.
    pub(crate) end: usize,
    /// The presence bits of its elements.
    pub(crate) present: u64,
    /// The fact bits of their values.
    pub(crate) facts: u64,
}

/// The state of one pass over one line. With `EXPLAIN` the pass records faults and continues; without it, the first
/// fault ends the pass.
pub(crate) struct PassState<'a, const EXPLAIN: bool> {
    pub(crate) line: &'a [u8],
    pub(crate) tables: &'a Tables,
    pub(crate) own: &'a mut Scratch,
    /// The allowed targets of the next Reference.
    pub(crate) targets: u16,
}

impl<'a, const EXPLAIN: bool> PassState<'a, EXPLAIN> {
    /// Creates the state for `line`.
    pub(crate) fn new(line: &'a [u8], tables: &'a Tables, own: &'a mut Scratch) -> Self {
        own.budget = line.len().saturating_mul(4);
        Self { line, tables, own, targets: NONE }
    }

    /// Records a fault of the element that is being read.
    pub(crate) fn fault(
        &mut self,
        rule: LineRule,
        at: usize,
        expected: impl Into<Cow<'static, str>>,
        actual: impl Into<Cow<'static, str>>,
    ) -> Result<(), Stopped> {
        self.fault_in(rule, at, "", expected, actual)
    }

    /// Records a fault of the child `key` of the element that is being read.
    #[cold]
    pub(crate) fn fault_in(
        &mut self,
        rule: LineRule,
        at: usize,
        key: &str,
        expected: impl Into<Cow<'static, str>>,
        actual: impl Into<Cow<'static, str>>,
    ) -> Result<(), Stopped> {
        if !EXPLAIN {
            return Err(Stopped);
        }
        if self.own.faults.len() < MAX_FAULTS {
            let (path, place, link) = self.path(key);
            let (expected, actual) = (expected.into(), actual.into());
            self.own.faults.push(ResourceFault { rule, at, path, place, expected, actual, link });
        }
        Ok(())
    }

    /// Records a fault of an element that was read before.
    #[cold]
    pub(crate) fn fault_of(
        &mut self,
        element: u32,
        rule: LineRule,
        at: usize,
        expected: &'static str,
        actual: impl Into<Cow<'static, str>>,
    ) -> Result<(), Stopped> {
        self.enter(element);
        self.fault(rule, at, expected, actual)?;
        self.leave();
        Ok(())
    }

    /// Ends a pass that does not explain, because of a fault that other code reports.
    pub(crate) fn refuse(&self) -> Result<(), Stopped> {
        if EXPLAIN { Ok(()) } else { Err(Stopped) }
    }

    /// Begins an element.
    pub(crate) fn enter(&mut self, element: u32) {
        if EXPLAIN {
            self.own.path.push(ElementStep { element, index: None });
        }
    }

    /// Begins an item of the element.
    pub(crate) fn set_index(&mut self, index: usize) {
        if EXPLAIN && let Some(step) = self.own.path.last_mut() {
            step.index = Some(index);
        }
    }

    /// Ends an element.
    pub(crate) fn leave(&mut self) {
        if EXPLAIN {
            self.own.path.pop();
        }
    }

    /// Returns the path of the element that is being read, with indices and without, and the link to its definition.
    fn path(&self, key: &str) -> (String, String, String) {
        let (mut path, mut place, mut link) = (String::new(), String::new(), String::new());
        if let Some(row) = self.tables.resources.get(self.own.resource) {
            let span = self.own.facts.resource_type;
            let name = if span.is_some() {
                String::from_utf8_lossy(span.raw(self.line)).into_owned()
            } else {
                self.tables.unquoted(row.name).to_owned()
            };
            path.push_str(&name);
            place.push_str(&name);
        }
        for step in &self.own.path {
            let Some(row) = self.tables.elements.get(step.element as usize) else { continue };
            let name = format!(".{}", self.tables.unquoted(row.key));
            path.push_str(&name);
            place.push_str(&name);
            if let Some(index) = step.index {
                path.push_str(&format!("[{index}]"));
            }
            if path.len() > 300 {
                path.push_str("...");
                break;
            }
        }
        if !key.is_empty() {
            path = format!("{path}.{key}");
            place = format!("{place}.{key}");
        }
        if let Some(step) = self.own.path.last() {
            link = self.link_of(step.element);
        } else if let Some(row) = self.tables.resources.get(self.own.resource) {
            link = self.tables.types.get(usize::from(row.of)).map(|of| self.tables.link(of, None)).unwrap_or_default();
        }
        (path, place, link)
    }

    /// Returns the link to the definition of an element.
    fn link_of(&self, element: u32) -> String {
        let after = self.tables.types.partition_point(|of| of.first <= element);
        let of = after.checked_sub(1).and_then(|index| self.tables.types.get(index));
        let name = self.tables.elements.get(element as usize).map(|row| row.name);
        of.map(|of| self.tables.link(of, name)).unwrap_or_default()
    }

    /// Reads the string at `at`. Records a fault and returns `None` if another value is there.
    pub(crate) fn string(&mut self, at: usize, expected: &'static str) -> Result<Option<StringSpan>, Stopped> {
        if self.line.get(at) != Some(&b'"') {
            self.other_shape(at, expected)?;
            return Ok(None);
        }
        let (end, escaped) = json_scan::string(self.line, at)?;
        Ok(Some(StringSpan { at, end, escaped }))
    }

    /// Skips the value at `at` and returns its end.
    pub(crate) fn skip(&self, at: usize) -> Result<usize, Stopped> {
        Ok(json_scan::skip(self.line, at)?)
    }

    /// Records a fault of a value with a wrong shape, and skips the value.
    pub(crate) fn other_shape(&mut self, at: usize, expected: &'static str) -> Result<ClosedObject, Stopped> {
        let first = self.line.get(at).copied();
        if !matches!(first, Some(b'{' | b'[' | b'"' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9')) {
            // For example NaN, which is not JSON.
            return Err(Stopped);
        }
        self.fault(LineRule::WrongShape, at, expected, shape(first))?;
        // All elements count as present, so that this is the only fault of the value.
        Ok(ClosedObject { end: self.skip(at)?, present: u64::MAX, facts: 0 })
    }

    /// Returns the string `quoted` without escapes, in quotes.
    pub(crate) fn requoted(&mut self, quoted: &[u8]) -> &[u8] {
        let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
        self.own.plain.clear();
        self.own.plain.push(b'"');
        unescape(inner, &mut self.own.plain);
        self.own.plain.push(b'"');
        &self.own.plain
    }

    /// Returns whether a twin with these presence bits has more than an id.
    pub(crate) fn has_more_than_id(&self, present: u64) -> bool {
        let id = self.tables.prepared.ids.get(usize::from(self.tables.element_type)).copied().unwrap_or_default();
        present & !id != 0
    }
}
