//! Reads resources: that of the line, those in a Bundle or in Parameters, and contained ones.

use crate::fhir::definitions::layout::*;
use crate::fhir::validate::object::ObjectState;
use crate::fhir::validate::pass::Pass;
use crate::fhir::validate::scratch::{Contained, StringSpan};
use crate::fhir::validate::state::{ClosedObject, ObjectRole, Stopped};
use crate::fhir::validate::{references, resource_type};
use crate::suite::line_rules::LineRule;

impl<const EXPLAIN: bool> Pass<'_, EXPLAIN> {
    /// Reads a resource from the position after its opening brace.
    pub(crate) fn resource(&mut self, at: usize, role: ObjectRole) -> Result<ClosedObject, Stopped> {
        let root = role == ObjectRole::Root;
        if root && !EXPLAIN && !resource_type::is_first(&self.state, at) {
            // Most lines of a file have one type: the type of the previous line is assumed until `resourceType` is
            // read.
            if let Some(of) = self.state.tables.resources.get(self.state.own.resource).map(|row| row.of)
                && let Ok(closed) = self.within(at, of, role)
                && self.state.own.facts.resource_type.is_some()
            {
                return Ok(closed);
            }
            if self.state.own.unchecked {
                return Err(Stopped);
            }
            self.state.own.clear();
            self.state.own.facts.at = at - 1;
            self.depth = 0;
        }
        let span = resource_type::read(&mut self.state, at)?;
        if root {
            self.state.own.facts.resource_type = span;
        }
        let index = match span.is_some() {
            true => resource_type::named(&mut self.state, span),
            false => None,
        };
        let Some(index) = index else {
            // The rules of lines report a line without resourceType.
            if !root || span.is_some() {
                let actual = if span.is_some() { "a string that is not one" } else { "an object without resourceType" };
                let at = if span.is_some() { span.at } else { at - 1 };
                self.state.fault_in(
                    LineRule::UnknownType,
                    at,
                    "resourceType",
                    "the name of a resource type",
                    actual,
                )?;
            } else {
                self.state.refuse()?;
            }
            return Ok(ClosedObject { end: self.state.skip(at - 1)?, present: u64::MAX, facts: 0 });
        };
        let of = self.state.tables.resources.get(index).ok_or(Stopped)?.of;
        if role == ObjectRole::Contained {
            self.state.own.contained.push(Contained { id: StringSpan::default(), from: at, to: at });
            let slot = self.state.own.contained.len() - 1;
            let closed = self.object(at, of, role)?;
            // A resource within a contained one violates dom-2 and does not count for the container.
            self.state.own.contained.truncate(slot + 1);
            if let Some(contained) = self.state.own.contained.last_mut() {
                contained.to = closed.end;
            }
            return Ok(closed);
        }
        self.within(at, of, role)
    }

    /// Reads a resource that is the scope of the references within it.
    fn within(&mut self, at: usize, of: u16, role: ObjectRole) -> Result<ClosedObject, Stopped> {
        let (contained, inward) = (self.state.own.contained.len(), self.state.own.inward.len());
        let closed = self.object(at, of, role)?;
        if self.state.own.contained.len() > contained || self.state.own.inward.len() > inward {
            references::check_scope(&mut self.state, contained, inward, at, closed.end)?;
            self.state.own.contained.truncate(contained);
            self.state.own.inward.truncate(inward);
        }
        Ok(closed)
    }

    /// Reads a resource that is the value of an element, or an item of it.
    pub(crate) fn nested(
        &mut self,
        object: &mut ObjectState<'_>,
        element: &ElementRow,
        at: usize,
    ) -> Result<usize, Stopped> {
        if self.state.line.get(at) != Some(&b'{') {
            return Ok(self.state.other_shape(at, "a resource")?.end);
        }
        let role = if element.flags & E_CONTAINED != 0 { ObjectRole::Contained } else { ObjectRole::Inner };
        // `ObjectState::meet` reports resources within a contained one.
        let role = if object.role == ObjectRole::Contained { ObjectRole::Inner } else { role };
        let known = self.state.own.resource;
        let closed = self.resource(at + 1, role)?;
        self.state.own.resource = known;
        object.note_part(element, at, &closed, &self.state);
        Ok(closed.end)
    }
}
