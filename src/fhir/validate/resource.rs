//! Resources: the line's own, those in a Bundle or in Parameters, and contained ones; and the references between them.

use crate::fhir::definitions::layout::*;
use crate::fhir::validate::close::Object;
use crate::fhir::validate::pass::{Closed, Level, Pass};
use crate::fhir::validate::scan;
use crate::fhir::validate::scan::Stop;
use crate::fhir::validate::scratch::{Contained, Span};
use crate::suite::line_rules::LineRule;

const KEY: &[u8] = b"\"resourceType\"";

impl<const EXPLAIN: bool> Pass<'_, EXPLAIN> {
    /// Reads a resource from after its brace.
    pub(crate) fn resource(&mut self, at: usize, level: Level) -> Result<Closed, Stop> {
        let root = level == Level::Root;
        if root && !EXPLAIN && !self.type_is_first(at) {
            // The lines of a file are mostly of one type: it is taken for that of the line before until its key comes.
            if let Some(of) = self.tables.resources.get(self.own.resource).map(|row| row.of)
                && let Ok(closed) = self.within(at, of, level)
                && self.own.facts.resource_type.is_some()
            {
                return Ok(closed);
            }
            if self.own.unchecked {
                return Err(Stop);
            }
            self.own.clear();
            self.own.facts.at = at - 1;
            self.restart();
        }
        let span = self.type_of(at)?;
        if root {
            self.own.facts.resource_type = span;
        }
        let index = match span.is_some() {
            true => self.named(span),
            false => None,
        };
        let Some(index) = index else {
            // Of the line's own resource it is said elsewhere that it has none.
            if !root || span.is_some() {
                let actual = if span.is_some() { "another name" } else { "an object without resourceType" };
                let at = if span.is_some() { span.at } else { at - 1 };
                self.fault_in(LineRule::UnknownType, at, "resourceType", "the name of a resource type", actual)?;
            } else {
                self.refuse()?;
            }
            return Ok(Closed { end: scan::skip(self.line, at - 1)?, present: u64::MAX, facts: 0 });
        };
        let of = self.tables.resources.get(index).ok_or(Stop)?.of;
        if level == Level::Contained {
            self.own.contained.push(Contained { id: Span::default(), from: at, to: at });
            let slot = self.own.contained.len() - 1;
            let closed = self.object(at, of, level)?;
            // What a contained resource contains, against the rules, is no resource of the container.
            self.own.contained.truncate(slot + 1);
            if let Some(contained) = self.own.contained.last_mut() {
                contained.to = closed.end;
            }
            return Ok(closed);
        }
        self.within(at, of, level)
    }

    /// Reads a resource that is a scope of its own for the references within it.
    fn within(&mut self, at: usize, of: u16, level: Level) -> Result<Closed, Stop> {
        let (contained, inward) = (self.own.contained.len(), self.own.inward.len());
        let closed = self.object(at, of, level)?;
        if self.own.contained.len() > contained || self.own.inward.len() > inward {
            self.scope(contained, inward, at, closed.end)?;
            self.own.contained.truncate(contained);
            self.own.inward.truncate(inward);
        }
        Ok(closed)
    }

    /// Reads a resource that is an element, or an item of it.
    pub(crate) fn nested(&mut self, object: &mut Object<'_>, element: &ElementRow, at: usize) -> Result<usize, Stop> {
        if self.line.get(at) != Some(&b'{') {
            return Ok(self.other_shape(at, "a resource")?.end);
        }
        let level = if element.flags & E_CONTAINED != 0 { Level::Contained } else { Level::Inner };
        // A contained resource's own are refused where their key stands; they belong to nobody.
        let level = if object.level == Level::Contained { Level::Inner } else { level };
        let known = self.own.resource;
        let closed = self.resource(at + 1, level)?;
        self.own.resource = known;
        object.note_part(element, at, &closed, self);
        Ok(closed.end)
    }

    /// The resource type that `span` names, as an index of the tables.
    #[inline]
    fn named(&mut self, span: Span) -> Option<usize> {
        let quoted = self.line.get(span.at..span.end)?;
        let last = self.tables.resources.get(self.own.resource);
        if last.is_some_and(|last| self.tables.bytes(last.name) == quoted) {
            return Some(self.own.resource);
        }
        let tables = self.tables;
        let index = if span.escaped { tables.resource(self.requoted(quoted)) } else { tables.resource(quoted) }?;
        self.own.resource = index;
        Some(index)
    }

    fn type_is_first(&self, at: usize) -> bool {
        let first = scan::space(self.line, at);
        self.line.get(first..first + KEY.len()) == Some(KEY)
    }

    /// The `resourceType` that comes within an object that was taken for a resource of this type: of the line's own it
    /// may turn out to be another.
    pub(crate) fn met_type(&mut self, level: Level, span: Span) -> Result<(), Stop> {
        if level == Level::Root && !EXPLAIN && !self.own.facts.resource_type.is_some() {
            let known = self.own.resource;
            if self.named(span) != Some(known) {
                return Err(Stop);
            }
            self.own.facts.resource_type = span;
        }
        Ok(())
    }

    /// The `resourceType` of the object whose brace stands before `at`, which most have first of all.
    #[inline]
    fn type_of(&mut self, at: usize) -> Result<Span, Stop> {
        let first = scan::space(self.line, at);
        if self.line.get(first..first + KEY.len()) == Some(KEY) {
            let colon = scan::literal(self.line, scan::space(self.line, first + KEY.len()), b":")?;
            let at = scan::space(self.line, colon);
            if self.line.get(at) == Some(&b'"') {
                let (end, escaped) = scan::string(self.line, at)?;
                return Ok(Span { at, end, escaped });
            }
        }
        self.late_type(at)
    }

    #[cold]
    fn late_type(&mut self, at: usize) -> Result<Span, Stop> {
        let (line, mut span, mut looked) = (self.line, Span::default(), at);
        let budget = self.own.budget;
        scan::members(line, at - 1, &mut |key, from, to| {
            looked = to;
            if key == b"resourceType" && line.get(from) == Some(&b'"') {
                let escaped = line.get(from..to).unwrap_or_default().contains(&b'\\');
                span = Span { at: from, end: to, escaped };
            }
            !span.is_some() && to - at < budget
        });
        // Resources within resources, each with its type at its end, must not make this grow with the square.
        match self.own.budget.checked_sub(looked - at) {
            Some(left) => self.own.budget = left,
            None => {
                self.own.unchecked = true;
                return Err(Stop);
            }
        }
        Ok(span)
    }

    /// The references within a resource that ends: each leads somewhere (ref-1), and to each contained one leads (dom-3).
    fn scope(&mut self, contained: usize, inward: usize, from: usize, to: usize) -> Result<(), Stop> {
        let ids: Vec<Contained> = self.own.contained.get(contained..).unwrap_or_default().to_vec();
        let references = self.own.inward.get(inward..).unwrap_or_default().to_vec();
        let line = self.line;
        for reference in references.iter().filter(|reference| reference.reference && !reference.span.escaped) {
            let target = reference.span.raw(line).get(1..).unwrap_or_default();
            let known = |of: &Contained| of.id.escaped || of.id.raw(line) == target;
            if !target.is_empty() && !ids.iter().any(known) {
                let expected = "ref-1: a contained resource with the id that a # leads to";
                self.fault_in(LineRule::ReferenceDangling, reference.span.at, "reference", expected, "none with it")?;
            }
        }
        for of in ids.iter().filter(|of| of.id.is_some() && !of.id.escaped) {
            let id = of.id.raw(line);
            let back = |reference: &&crate::fhir::validate::scratch::Inward| {
                let raw = reference.span.raw(line);
                raw.get(1..) == Some(id) || (raw == b"#" && (of.from..of.to).contains(&reference.span.at))
            };
            // Whatever names it is taken for a reference: dom-3 does not list all ways to refer.
            let mut named = vec![b'"', b'#'];
            named.extend_from_slice(id);
            let text = line.get(from..to).unwrap_or_default();
            let known = references.iter().any(|reference| back(&reference));
            if !known && !text.windows(named.len()).any(|window| window == named) {
                let expected = "dom-3: a contained resource that the resource refers to";
                self.fault_in(
                    LineRule::ContainedResource,
                    of.from - 1,
                    "contained",
                    expected,
                    "one without reference",
                )?;
            }
        }
        Ok(())
    }

    /// What a Reference says: a relative one names a type that may stand here, and the type that it says.
    pub(crate) fn reference(&mut self, quoted: &[u8], says: &[u8], at: usize, targets: u16) -> Result<(), Stop> {
        let text = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
        let tables = self.tables;
        let plain = |row: &ResourceRow| {
            let name = tables.bytes(row.name);
            name.get(1..name.len().saturating_sub(1)).unwrap_or_default()
        };
        // Most references of a place are to one type.
        let slot = usize::from(targets).min(tables.targets.len());
        let last = self.own.referred.get(slot).and_then(|last| tables.resources.get(usize::from(*last)));
        let same = last.and_then(|row| text.strip_prefix(plain(row))).is_some_and(|rest| rest.first() == Some(&b'/'));
        if (same && says.is_empty()) || !text.first().is_some_and(u8::is_ascii_uppercase) || text.contains(&b'\\') {
            return Ok(());
        }
        let Some(slash) = text.iter().position(|b| *b == b'/') else { return Ok(()) };
        let (kind, rest) = text.split_at(slash);
        let id = rest.get(1..).unwrap_or_default().split(|b| *b == b'/').next().unwrap_or_default();
        let is_id =
            (1..=64).contains(&id.len()) && id.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
        if !is_id {
            return Ok(());
        }
        let Ok(index) = tables.resources.binary_search_by(|row| plain(row).cmp(kind)) else { return Ok(()) };
        if (targets == NONE || tables.may_target(targets, index))
            && let Some(last) = self.own.referred.get_mut(slot)
        {
            *last = index as u16;
        }
        if targets != NONE && !self.tables.may_target(targets, index) {
            let expected = format!("a reference to {}", self.tables.target_names(targets).join(", "));
            let kind = String::from_utf8_lossy(kind).into_owned();
            self.fault_in(LineRule::ReferenceTarget, at, "reference", expected, format!("one to {kind}"))?;
        }
        let known = says.is_empty() || self.tables.resource(says).is_none_or(|said| said == index);
        if !known {
            let expected = "the type that the reference leads to";
            self.fault_in(LineRule::ReferenceTarget, at, "type", expected, "another type")?;
        }
        Ok(())
    }
}
