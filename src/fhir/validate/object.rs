//! The state of an object while it is read.

use crate::fhir::definitions::layout::*;
use crate::fhir::definitions::tables::Tables;
use crate::fhir::validate::coding::{codings, split};
use crate::fhir::validate::scratch::StringSpan;
use crate::fhir::validate::state::{ClosedObject, ObjectRole, PassState, Stopped};
use crate::suite::line_rules::LineRule;

/// The state of one object while it is read.
pub(crate) struct ObjectState<'t> {
    pub(crate) row: &'t TypeRow,
    /// The number of that row.
    pub(crate) of: u16,
    pub(crate) role: ObjectRole,
    /// The position after its opening brace.
    pub(crate) at: usize,
    /// The presence bits of elements with a value.
    pub(crate) present: u64,
    /// The presence bits of elements with a `_` twin.
    pub(crate) twins: u64,
    /// The presence bits of elements with an extension in their twin.
    pub(crate) extended: u64,
    /// The fact bits of its values.
    pub(crate) facts: u64,
    /// Whether it has arrays with nulls or arrays of twins.
    pub(crate) paired: bool,
    /// Whether a value that an invariant needs has escapes, or a key is unknown; then the invariants are skipped.
    pub(crate) odd: bool,
    /// The start and end of the first of two compared values.
    pub(crate) left: (usize, usize),
    /// The start and end of the second.
    pub(crate) right: (usize, usize),
    /// The row of the last choice.
    chosen: u32,
    /// The allowed targets, if it is a Reference.
    pub(crate) targets: u16,
    /// The start of its arrays in [`Scratch::arrays`](crate::fhir::validate::scratch::Scratch).
    pub(crate) arrays_from: usize,
    /// The start of its array items in `Scratch::items`.
    pub(crate) items_from: usize,
}

const NOTED: u16 = E_ID | E_VERSION | E_UPDATED | E_LEFT | E_RIGHT | E_REFERENCE | E_REFERENCE_TYPE;

impl<'t> ObjectState<'t> {
    /// Creates the state of an object of the type `of`; `at` is the position after its opening brace.
    pub(crate) fn new<const EXPLAIN: bool>(
        of: u16,
        row: &'t TypeRow,
        at: usize,
        role: ObjectRole,
        state: &PassState<'_, EXPLAIN>,
    ) -> Self {
        Self {
            row,
            of,
            role,
            at,
            present: 0,
            twins: 0,
            extended: 0,
            facts: 0,
            paired: false,
            odd: false,
            left: (0, 0),
            right: (0, 0),
            chosen: u32::MAX,
            targets: state.targets,
            arrays_from: state.own.arrays.len(),
            items_from: state.own.items.len(),
        }
    }

    /// Records a key, before its value is read.
    #[inline]
    pub(crate) fn meet<const EXPLAIN: bool>(
        &mut self,
        element: &ElementRow,
        index: u32,
        key: usize,
        state: &mut PassState<'_, EXPLAIN>,
    ) -> Result<(), Stopped> {
        let mask = 1_u64 << (element.bit & 63);
        let twin = element.kind == ValueKind::Twin as u8;
        let known = if twin { self.twins } else { self.present };
        if known & mask != 0 {
            if element.flags & E_CHOICE != 0 && self.chosen != index {
                let name = state.tables.text(element.name);
                state.fault(LineRule::TwoOfOneChoice, key, format!("only one of {name}"), "a second one")?;
            } else {
                // The JSON scanner reports a repeated key.
                state.refuse()?;
            }
        }
        if element.flags & E_CHOICE != 0 && !twin {
            self.chosen = index;
        }
        if twin {
            self.twins |= mask;
        } else {
            self.present |= mask;
        }
        match self.role {
            ObjectRole::Contained if element.flags & E_CONTAINED != 0 => {
                let expected = "dom-2: no resources within a contained resource";
                state.fault(LineRule::ContainedResource, key, expected, "contained resources")
            }
            ObjectRole::ContainedMeta if element.flags & (E_VERSION | E_UPDATED) != 0 => {
                let expected = "dom-4: no versionId or lastUpdated in a contained resource";
                state.fault(LineRule::ContainedResource, key, expected, "one of them")
            }
            ObjectRole::ContainedMeta if element.flags & E_SECURITY != 0 => {
                let expected = "dom-5: no security label in a contained resource";
                state.fault(LineRule::ContainedResource, key, expected, "a security label")
            }
            _ => Ok(()),
        }
    }

    /// Records a value that was read: a primitive, or an array.
    #[inline]
    pub(crate) fn note<const EXPLAIN: bool>(
        &mut self,
        element: &ElementRow,
        at: usize,
        end: usize,
        state: &mut PassState<'_, EXPLAIN>,
    ) {
        if element.flags & NOTED != 0 {
            self.keep(element.flags, at, end, state);
        }
        if element.watch_count != 0 && element.flags & E_ARRAY == 0 {
            self.watch_value(element, at, end, state);
        }
    }

    /// Records the position of a value that is compared, or that belongs to the facts of the line.
    fn keep<const EXPLAIN: bool>(&mut self, flags: u16, at: usize, end: usize, state: &mut PassState<'_, EXPLAIN>) {
        if flags & (E_LEFT | E_REFERENCE) != 0 {
            self.left = (at, end);
        }
        if flags & (E_RIGHT | E_REFERENCE_TYPE) != 0 {
            self.right = (at, end);
        }
        let raw = state.line.get(at..end).unwrap_or_default();
        if raw.first() != Some(&b'"') {
            return;
        }
        let span = StringSpan { at, end, escaped: raw.contains(&b'\\') };
        let facts = &mut state.own.facts;
        match self.role {
            ObjectRole::Root if flags & E_ID != 0 => facts.id = span,
            ObjectRole::RootMeta if flags & E_VERSION != 0 => facts.version_id = span,
            ObjectRole::RootMeta if flags & E_UPDATED != 0 => facts.last_updated = span,
            ObjectRole::Contained if flags & E_ID != 0 => {
                if let Some(contained) = state.own.contained.last_mut() {
                    contained.id = span;
                }
            }
            _ => {}
        }
    }

    /// Sets the fact bits that the value of an element has.
    fn watch_value<const EXPLAIN: bool>(
        &mut self,
        element: &ElementRow,
        at: usize,
        end: usize,
        state: &PassState<'_, EXPLAIN>,
    ) {
        let raw = state.line.get(at..end).unwrap_or_default();
        self.odd |= raw.contains(&b'\\');
        let negative = raw.first() == Some(&b'-');
        let digits = raw.iter().take_while(|b| !matches!(b, b'e' | b'E'));
        let zero = digits.clone().all(|b| matches!(b, b'0' | b'.' | b'-'));
        for watch in watches(element, state.tables) {
            let is_fact = match WatchKind::ALL.get(usize::from(watch.kind)) {
                Some(WatchKind::Equals) => state.tables.bytes(watch.text) == raw,
                Some(WatchKind::Negative) => negative && !zero,
                Some(WatchKind::NotPositive) => negative || zero,
                _ => false,
            };
            self.facts |= u64::from(is_fact) << (watch.bit & 63);
        }
    }

    /// Records an object that was read as the element, or as an item of it.
    #[inline]
    pub(crate) fn note_part<const EXPLAIN: bool>(
        &mut self,
        element: &ElementRow,
        at: usize,
        closed: &ClosedObject,
        state: &PassState<'_, EXPLAIN>,
    ) {
        if element.flags & E_LEFT != 0 {
            self.left = (at, closed.end);
        }
        if element.flags & E_RIGHT != 0 {
            self.right = (at, closed.end);
        }
        if element.watch_count == 0 {
            return;
        }
        for watch in watches(element, state.tables) {
            let is_fact = match WatchKind::ALL.get(usize::from(watch.kind)) {
                Some(WatchKind::AnyHas) => closed.present & watch.mask != 0,
                Some(WatchKind::AnyLacks) => closed.present & watch.mask != watch.mask,
                Some(WatchKind::AnyFact) => closed.facts & watch.mask != 0,
                Some(WatchKind::Coding) => {
                    let (system, code) = split(state.tables.bytes(watch.text));
                    let mut found = false;
                    codings(state.line, at, &mut |of, is| {
                        self.odd |= is.contains(&b'\\');
                        found |= of == system && is == code;
                    });
                    found
                }
                _ => false,
            };
            self.facts |= u64::from(is_fact) << (watch.bit & 63);
        }
    }

    /// Returns the presence bits of elements with a value or a twin.
    pub(crate) fn all(&self) -> u64 {
        self.present | self.twins
    }
}

fn watches<'t>(element: &ElementRow, tables: &'t Tables) -> &'t [WatchRow] {
    let first = element.watches as usize;
    tables.watches.get(first..first + usize::from(element.watch_count)).unwrap_or_default()
}
