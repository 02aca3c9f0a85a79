//! Primitive values, and codes within CodeableConcepts.

use crate::fhir::definitions::layout::*;
use crate::fhir::validate::close::{Object, codings, split};
use crate::fhir::validate::pass::Pass;
use crate::fhir::validate::scan::Stop;
use crate::fhir::validate::scratch::{Inward, Span};
use crate::fhir::validate::{formats, scan, xhtml};
use crate::suite::line_rules::LineRule;

/// The most characters of a string (R4, datatypes).
const MAX_CHARACTERS: usize = 1 << 20;

/// Sets of more codes are named by their URL alone.
const FEW_CODES: usize = 8;

impl<const EXPLAIN: bool> Pass<'_, EXPLAIN> {
    /// Reads a primitive value; gives where it ends.
    #[inline]
    pub(crate) fn primitive(
        &mut self,
        object: &mut Object<'_>,
        element: &ElementRow,
        at: usize,
    ) -> Result<usize, Stop> {
        let kind = *Kind::ALL.get(usize::from(element.kind)).ok_or(Stop)?;
        match kind {
            Kind::Text => {
                let Some(span) = self.string(at, "a string")? else { return scan::skip(self.line, at) };
                let length = span.end - at;
                if length == 2 {
                    self.empty(at)?;
                } else if length > MAX_CHARACTERS {
                    self.long(span)?;
                }
                if element.flags & E_REFERENCE != 0 && self.line.get(at + 1) == Some(&b'#') {
                    self.own.inward.push(Inward { span, reference: true });
                }
                Ok(span.end)
            }
            Kind::Code if element.arg != NONE => self.bound(element.arg, at),
            Kind::Boolean => self.boolean(at),
            Kind::Integer | Kind::PositiveInt | Kind::UnsignedInt | Kind::Decimal => self.number(kind, at),
            Kind::Resource => self.nested(object, element, at),
            Kind::Xhtml => self.narrative(at),
            Kind::ResourceType => {
                let Some(span) = self.string(at, "a string")? else { return scan::skip(self.line, at) };
                self.met_type(object.level, span)?;
                Ok(span.end)
            }
            _ => self.formatted(kind, element, at),
        }
    }

    #[cold]
    fn empty(&mut self, at: usize) -> Result<(), Stop> {
        self.fault(LineRule::EmptyValue, at, "a string that is not empty", "an empty string")
    }

    #[cold]
    fn long(&mut self, span: Span) -> Result<(), Stop> {
        let count = String::from_utf8_lossy(span.raw(self.line)).chars().count();
        if count <= MAX_CHARACTERS || span.escaped {
            return Ok(());
        }
        self.fault(LineRule::PrimitiveFormat, span.at, "at most 1048576 characters", format!("{count}"))
    }

    /// A string with a format.
    #[inline]
    fn formatted(&mut self, kind: Kind, element: &ElementRow, at: usize) -> Result<usize, Stop> {
        // What has no white space and no escape is a URI, and a code.
        if matches!(kind, Kind::Uri | Kind::Code)
            && self.line.get(at) == Some(&b'"')
            && let Some(end) = scan::solid(self.line, at)
            && end > at + 2
            && self.line.get(at + 1) != Some(&b'#')
        {
            return Ok(end);
        }
        let Some(span) = self.string(at, "a string")? else { return scan::skip(self.line, at) };
        let raw = span.raw(self.line);
        if raw.is_empty() {
            self.empty(at)?;
        } else if span.escaped {
            self.escaped(kind, span)?;
        } else if !formats::fits(kind, raw) {
            self.misformed(kind, element, at, raw)?;
        }
        if raw.first() == Some(&b'#') && kind == Kind::Uri {
            self.own.inward.push(Inward { span, reference: false });
        }
        Ok(span.end)
    }

    #[cold]
    fn escaped(&mut self, kind: Kind, span: Span) -> Result<(), Stop> {
        let quoted = self.line.get(span.at..span.end).unwrap_or_default();
        let plain = self.requoted(quoted).to_vec();
        let plain = plain.get(1..plain.len().saturating_sub(1)).unwrap_or_default();
        if formats::fits(kind, plain) {
            return Ok(());
        }
        self.fault(LineRule::PrimitiveFormat, span.at, formats::looks(kind), formats::shape(plain))
    }

    #[cold]
    fn misformed(&mut self, kind: Kind, element: &ElementRow, at: usize, raw: &[u8]) -> Result<(), Stop> {
        // Of the id of the line's own resource it is said elsewhere.
        if element.flags & E_ID != 0 && self.at_root() {
            return self.refuse();
        }
        self.fault(LineRule::PrimitiveFormat, at, formats::looks(kind), formats::shape(raw))
    }

    /// Whether the element that is read stands in the line's own resource. Known where faults are explained.
    fn at_root(&self) -> bool {
        self.own.path.len() <= 1
    }

    fn boolean(&mut self, at: usize) -> Result<usize, Stop> {
        match self.line.get(at) {
            Some(b't') => scan::literal(self.line, at, b"true"),
            Some(b'f') => scan::literal(self.line, at, b"false"),
            _ => Ok(self.other_shape(at, "true or false")?.end),
        }
    }

    fn number(&mut self, kind: Kind, at: usize) -> Result<usize, Stop> {
        if !matches!(self.line.get(at), Some(b'-' | b'0'..=b'9')) {
            return Ok(self.other_shape(at, "a number")?.end);
        }
        let (end, whole) = scan::number(self.line, at)?;
        let raw = self.line.get(at..end).unwrap_or_default();
        if kind != Kind::Decimal && !(whole && formats::whole(kind, raw)) {
            self.fault(LineRule::PrimitiveFormat, at, formats::looks(kind), formats::shape(raw))?;
        }
        Ok(end)
    }

    /// A code of a required binding.
    #[inline]
    fn bound(&mut self, set: u16, at: usize) -> Result<usize, Stop> {
        let last = self.own.codes.get(usize::from(set)).copied().unwrap_or_default();
        if let Some(code) = self.tables.codes.get(last as usize)
            && let Some(row) = self.tables.sets.get(usize::from(set))
            && last >= row.first
            && last < row.first + u32::from(row.count)
        {
            let rest = self.line.get(at..).unwrap_or_default();
            let known = self.tables.ready.codes.get(last as usize).copied().unwrap_or_default();
            if known.begins(rest) && (known.length <= 24 || rest.starts_with(self.tables.bytes(code.text))) {
                return Ok(at + known.length);
            }
        }
        self.unguessed_code(set, at)
    }

    fn unguessed_code(&mut self, set: u16, at: usize) -> Result<usize, Stop> {
        let Some(span) = self.string(at, "a code in a string")? else { return scan::skip(self.line, at) };
        let quoted = self.line.get(at..span.end).unwrap_or_default();
        let tables = self.tables;
        let row = tables.sets.get(usize::from(set)).ok_or(Stop)?;
        let plain = if span.escaped { self.requoted(quoted).to_vec() } else { quoted.to_vec() };
        match tables.code(row, &plain) {
            Some(index) => {
                if let Some(last) = self.own.codes.get_mut(usize::from(set)) {
                    *last = index;
                }
            }
            None if plain.len() <= 2 => self.empty(at)?,
            None => {
                let text = plain.get(1..plain.len() - 1).unwrap_or_default();
                if formats::fits(Kind::Code, text) {
                    let expected = self.codes_of(row);
                    self.fault(LineRule::CodeOutside, at, expected, formats::shape(text))?;
                } else {
                    let (expected, actual) = (formats::looks(Kind::Code), formats::shape(text));
                    self.fault(LineRule::PrimitiveFormat, at, expected, actual)?;
                }
            }
        }
        Ok(span.end)
    }

    fn codes_of(&self, set: &SetRow) -> String {
        let first = set.first as usize;
        let url = self.tables.text(set.url);
        let codes = self.tables.codes.get(first..first + usize::from(set.count)).unwrap_or_default();
        if codes.len() > FEW_CODES {
            return format!("a code of {url}");
        }
        let name = |code: &CodeRow| {
            let text = self.tables.bytes(code.text);
            let plain = if set.systems == 1 { split(text).1 } else { text };
            String::from_utf8_lossy(plain).trim_matches('"').to_owned()
        };
        let names: Vec<String> = codes.iter().map(name).collect();
        format!("{} ({url})", names.join(", "))
    }

    /// A required binding on the CodeableConcept at `at`: one of its codings is of the set.
    pub(crate) fn concept(&mut self, set: u16, at: usize) -> Result<(), Stop> {
        let tables = self.tables;
        let row = tables.sets.get(usize::from(set)).ok_or(Stop)?;
        let (mut count, mut good) = (0, false);
        let mut text = Vec::new();
        codings(self.line, at, &mut |system, code| {
            count += 1;
            text.clear();
            text.extend_from_slice(system);
            text.push(b'|');
            text.extend_from_slice(code);
            // Escapes are rare enough here to let them pass; a coding without code or system may be told by an extension.
            good |= text.contains(&b'\\') || code.is_empty() || system.is_empty() || tables.code(row, &text).is_some();
        });
        if good {
            return Ok(());
        }
        let mut extended = false;
        scan::members(self.line, at, &mut |key, _, _| {
            extended |= key == b"extension";
            true
        });
        if extended {
            return Ok(());
        }
        let actual = if count == 0 { "no coding" } else { "codings of other codes or systems" };
        let expected = self.codes_of(row);
        self.fault(LineRule::CodeOutside, at, expected, actual)
    }

    /// The XHTML of a narrative.
    fn narrative(&mut self, at: usize) -> Result<usize, Stop> {
        let Some(span) = self.string(at, "XHTML in a string")? else { return scan::skip(self.line, at) };
        let wrong = if span.escaped {
            let quoted = self.line.get(at..span.end).unwrap_or_default();
            let plain = self.requoted(quoted);
            checked(plain.get(1..plain.len().saturating_sub(1)).unwrap_or_default())
        } else {
            checked(span.raw(self.line))
        };
        if let Some((expected, actual)) = wrong {
            self.fault(LineRule::Narrative, at, expected, actual)?;
        }
        Ok(span.end)
    }
}

fn checked(text: &[u8]) -> Option<(&'static str, String)> {
    if xhtml::plain(text) {
        return None;
    }
    // Only a line that is being explained can be no UTF-8.
    xhtml::check(std::str::from_utf8(text).ok()?).err()
}
