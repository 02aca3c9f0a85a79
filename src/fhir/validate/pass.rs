//! The pass over a line: objects, their members and the member values. The recursion is here, in `array` and in
//! `resource`; keys, values and closed objects are handled in files of their own.

use crate::base::json_scan;
use crate::base::json_text::shape;
use crate::fhir::definitions::layout::*;
use crate::fhir::definitions::tables::Tables;
use crate::fhir::validate::close::close;
use crate::fhir::validate::keys::key;
use crate::fhir::validate::object::ObjectState;
use crate::fhir::validate::scratch::{NOWHERE, Scratch};
use crate::fhir::validate::state::{ClosedObject, ObjectRole, PassState, Stopped};
use crate::fhir::validate::value;
use crate::suite::line_rules::LineRule;

/// The maximum nesting of objects that is checked. The definitions themselves need fewer than twenty levels.
const MAX_DEPTH: usize = 200;

/// One pass over one line.
pub(crate) struct Pass<'a, const EXPLAIN: bool> {
    pub(crate) state: PassState<'a, EXPLAIN>,
    /// The number of open objects.
    pub(crate) depth: usize,
}

impl<'a, const EXPLAIN: bool> Pass<'a, EXPLAIN> {
    /// Creates a pass over `line`.
    pub(crate) fn new(line: &'a [u8], tables: &'a Tables, own: &'a mut Scratch) -> Self {
        Self { state: PassState::new(line, tables, own), depth: 0 }
    }

    /// Reads the whole line.
    pub(crate) fn line(&mut self) -> Result<(), Stopped> {
        let line = self.state.line;
        let at = json_scan::space(line, 0);
        self.state.own.facts.at = at;
        let at = json_scan::literal(line, at, b"{")?;
        let end = self.resource(at, ObjectRole::Root)?.end;
        if json_scan::space(line, end) == line.len() { Ok(()) } else { Err(Stopped) }
    }

    /// Reads an object of the type `of`, from the position after its opening brace.
    pub(crate) fn object(&mut self, at: usize, of: u16, role: ObjectRole) -> Result<ClosedObject, Stopped> {
        let tables = self.state.tables;
        let row = tables.types.get(usize::from(of)).ok_or(Stopped)?;
        if self.depth >= MAX_DEPTH {
            self.state.own.unchecked = true;
            return Err(Stopped);
        }
        self.depth += 1;
        let mut object = ObjectState::new(of, row, at, role, &self.state);
        let mut at = json_scan::space(self.state.line, at);
        let mut before = NOWHERE;
        if self.state.line.get(at) == Some(&b'}') {
            at += 1;
        } else {
            loop {
                let (element, value) = key(&mut self.state, row, of, before, at)?;
                at = match element {
                    Some(index) => {
                        before = index;
                        self.state.enter(index);
                        let after = self.member(&mut object, index, at, value)?;
                        self.state.leave();
                        after
                    }
                    None => {
                        object.odd = true;
                        self.state.skip(value)?
                    }
                };
                at = json_scan::space(self.state.line, at);
                match self.state.line.get(at) {
                    Some(b',') => at = json_scan::space(self.state.line, at + 1),
                    Some(b'}') => {
                        at += 1;
                        break;
                    }
                    _ => return Err(Stopped),
                }
            }
        }
        let facts = close(&mut self.state, &mut object, at)?;
        self.depth -= 1;
        Ok(ClosedObject { end: at, present: object.present | object.twins, facts })
    }

    /// Reads the value of an element; `key` is where its key begins.
    fn member(&mut self, object: &mut ObjectState<'_>, index: u32, key: usize, at: usize) -> Result<usize, Stopped> {
        let element = *self.state.tables.elements.get(index as usize).ok_or(Stopped)?;
        object.meet(&element, index, key, &mut self.state)?;
        let first = self.state.line.get(at).copied();
        if first == Some(b'n') {
            let end = json_scan::literal(self.state.line, at, b"null")?;
            self.state.fault(LineRule::NullValue, at, "a value, or the key left out", "null")?;
            // Without this, `close` would report the same cause again.
            object.extended |= 1 << (element.bit & 63);
            return Ok(end);
        }
        let array = element.flags & E_ARRAY != 0;
        if array != (first == Some(b'[')) {
            let expected = if array {
                "an array, because the element may repeat"
            } else {
                "a single value, because the element cannot repeat"
            };
            let actual = shape(first);
            self.state.fault(LineRule::WrongShape, at, expected, actual)?;
            return self.state.skip(at);
        }
        if array { self.array(object, &element, index, at) } else { self.single(object, &element, at) }
    }

    /// Reads a value that is not in an array.
    #[inline]
    fn single(&mut self, object: &mut ObjectState<'_>, element: &ElementRow, at: usize) -> Result<usize, Stopped> {
        let mask = 1_u64 << (element.bit & 63);
        if element.kind == ValueKind::Twin as u8 {
            let closed = self.twin(at)?;
            if self.state.has_more_than_id(closed.present) {
                object.extended |= mask;
            }
            return Ok(closed.end);
        }
        if element.kind == ValueKind::Complex as u8 {
            return self.part(object, element, at);
        }
        let end = if element.kind == ValueKind::Resource as u8 {
            self.nested(object, element, at)?
        } else {
            value::primitive(&mut self.state, object.role, element, at)?
        };
        object.note(element, at, end, &mut self.state);
        Ok(end)
    }

    /// Reads a `_` twin.
    pub(crate) fn twin(&mut self, at: usize) -> Result<ClosedObject, Stopped> {
        if self.state.line.get(at) != Some(&b'{') {
            return self.state.other_shape(at, "an object with an id or extensions");
        }
        let closed = self.object(at + 1, self.state.tables.element_type, ObjectRole::Twin)?;
        if closed.present == 0 {
            self.state.fault(LineRule::EmptyValue, at, "an id or extensions", "an empty object")?;
        }
        Ok(closed)
    }

    /// Reads an object of a complex type.
    pub(crate) fn part(
        &mut self,
        object: &mut ObjectState<'_>,
        element: &ElementRow,
        at: usize,
    ) -> Result<usize, Stopped> {
        if self.state.line.get(at) != Some(&b'{') {
            return Ok(self.state.other_shape(at, "an object")?.end);
        }
        let role = match (element.flags & E_META != 0, object.role) {
            (true, ObjectRole::Root) => ObjectRole::RootMeta,
            (true, ObjectRole::Contained) => ObjectRole::ContainedMeta,
            _ => ObjectRole::Part,
        };
        self.state.targets = element.targets;
        let closed = self.object(at + 1, element.arg, role)?;
        if element.set != NONE {
            value::concept(&mut self.state, element.set, at)?;
        }
        object.note_part(element, at, &closed, &self.state);
        Ok(closed.end)
    }
}
