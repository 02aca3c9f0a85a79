//! Arrays, and the places that nulls keep in those of primitives.

use crate::fhir::definitions::layout::*;
use crate::fhir::validate::close::Object;
use crate::fhir::validate::pass::Pass;
use crate::fhir::validate::scan;
use crate::fhir::validate::scan::Stop;
use crate::fhir::validate::scratch::{ArrayNote, Item};
use crate::suite::line_rules::LineRule;

impl<const EXPLAIN: bool> Pass<'_, EXPLAIN> {
    /// Reads an array from its bracket.
    pub(crate) fn array(
        &mut self,
        object: &mut Object<'_>,
        element: &ElementRow,
        index: u32,
        at: usize,
    ) -> Result<usize, Stop> {
        let from = self.own.items.len();
        let mut next = scan::space(self.line, at + 1);
        let mut count = 0;
        if self.line.get(next) == Some(&b']') {
            self.fault(LineRule::EmptyValue, at, "at least one item, or no key at all", "an empty array")?;
            return Ok(next + 1);
        }
        loop {
            self.index(count);
            next = match Kind::ALL.get(usize::from(element.kind)) {
                Some(Kind::Complex) if self.line.get(next) == Some(&b'{') => self.part(object, element, next)?,
                Some(Kind::Resource) => self.nested(object, element, next)?,
                Some(Kind::Complex) => self.other_shape(next, "an object")?.end,
                _ => self.item(object, element, next)?,
            };
            count += 1;
            next = scan::space(self.line, next);
            match self.line.get(next) {
                Some(b',') => next = scan::space(self.line, next + 1),
                Some(b']') => break,
                _ => return Err(Stop),
            }
        }
        if self.own.items.len() > from {
            let to = self.own.items.len();
            let twin = element.kind == Kind::Twin as u8;
            object.paired |= twin;
            // Each of its items is looked at when the object ends.
            object.extended |= if twin { 1 << (element.bit & 63) } else { 0 };
            self.own.arrays.push(ArrayNote { bit: element.bit, twin, from, to, at, element: index });
        }
        object.note(element, at, next + 1, self);
        Ok(next + 1)
    }

    /// Reads an item of an array of primitives, or of their twins.
    fn item(&mut self, object: &mut Object<'_>, element: &ElementRow, at: usize) -> Result<usize, Stop> {
        if self.line.get(at) == Some(&b'n') {
            let end = scan::literal(self.line, at, b"null")?;
            self.own.items.push(Item::Null);
            // Nulls have their place beside a twin; whether one is there is known at the object's end.
            object.paired = true;
            return Ok(end);
        }
        if element.kind == Kind::Twin as u8 {
            let closed = self.twin(at)?;
            let full = self.has_more_than_id(closed.present);
            self.own.items.push(if full { Item::Full } else { Item::IdOnly });
            return Ok(closed.end);
        }
        let end = self.primitive(object, element, at)?;
        self.own.items.push(Item::Full);
        Ok(end)
    }
}
