//! Reads arrays, with the nulls in arrays of primitives.

use crate::base::json_scan;
use crate::fhir::definitions::layout::*;
use crate::fhir::validate::object::ObjectState;
use crate::fhir::validate::pass::Pass;
use crate::fhir::validate::scratch::{ArrayItem, ArrayNote};
use crate::fhir::validate::state::Stopped;
use crate::fhir::validate::value;
use crate::suite::line_rules::LineRule;

impl<const EXPLAIN: bool> Pass<'_, EXPLAIN> {
    /// Reads an array from its bracket.
    pub(crate) fn array(
        &mut self,
        object: &mut ObjectState<'_>,
        element: &ElementRow,
        index: u32,
        at: usize,
    ) -> Result<usize, Stopped> {
        let from = self.state.own.items.len();
        let mut next = json_scan::space(self.state.line, at + 1);
        let mut count = 0;
        if self.state.line.get(next) == Some(&b']') {
            self.state.fault(LineRule::EmptyValue, at, "at least one item, or the key left out", "an empty array")?;
            return Ok(next + 1);
        }
        loop {
            self.state.set_index(count);
            next = match ValueKind::ALL.get(usize::from(element.kind)) {
                Some(ValueKind::Complex) if self.state.line.get(next) == Some(&b'{') => {
                    self.part(object, element, next)?
                }
                Some(ValueKind::Resource) => self.nested(object, element, next)?,
                Some(ValueKind::Complex) => self.state.other_shape(next, "an object")?.end,
                _ => self.item(object, element, next)?,
            };
            count += 1;
            next = json_scan::space(self.state.line, next);
            match self.state.line.get(next) {
                Some(b',') => next = json_scan::space(self.state.line, next + 1),
                Some(b']') => break,
                _ => return Err(Stopped),
            }
        }
        if self.state.own.items.len() > from {
            let to = self.state.own.items.len();
            let twin = element.kind == ValueKind::Twin as u8;
            object.paired |= twin;
            // `close` checks each of its items.
            object.extended |= if twin { 1 << (element.bit & 63) } else { 0 };
            self.state.own.arrays.push(ArrayNote { bit: element.bit, twin, from, to, at, element: index });
        }
        object.note(element, at, next + 1, &mut self.state);
        Ok(next + 1)
    }

    /// Reads an item of an array of primitives, or of their twins.
    fn item(&mut self, object: &mut ObjectState<'_>, element: &ElementRow, at: usize) -> Result<usize, Stopped> {
        if self.state.line.get(at) == Some(&b'n') {
            let end = json_scan::literal(self.state.line, at, b"null")?;
            self.state.own.items.push(ArrayItem::Null);
            // A null needs a twin; `close` checks that there is one.
            object.paired = true;
            return Ok(end);
        }
        if element.kind == ValueKind::Twin as u8 {
            let closed = self.twin(at)?;
            let full = self.state.has_more_than_id(closed.present);
            self.state.own.items.push(if full { ArrayItem::Full } else { ArrayItem::IdOnly });
            return Ok(closed.end);
        }
        let end = value::primitive(&mut self.state, object.role, element, at)?;
        self.state.own.items.push(ArrayItem::Full);
        Ok(end)
    }
}
