//! The pass itself: objects, their keys and arrays.

use std::borrow::Cow;

use crate::fhir::definitions::layout::*;
use crate::fhir::definitions::tables::Tables;
use crate::fhir::validate::close::Object;
use crate::fhir::validate::fault::Fault;
use crate::fhir::validate::scan;
use crate::fhir::validate::scan::Stop;
use crate::fhir::validate::scratch::{NOWHERE, PathStep, Scratch, Span};
use crate::fhir::validate::validator::{MAX_DEPTH, MAX_FAULTS};
use crate::suite::line_rules::LineRule;

/// Where an object stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// It is the line's resource.
    Root,
    /// It is a resource in a Bundle or in Parameters.
    Inner,
    /// It is contained in a resource.
    Contained,
    /// It is the `meta` of the line's resource.
    RootMeta,
    /// It is the `meta` of a contained resource.
    ContainedMeta,
    /// It is the `_` twin of a primitive.
    Twin,
    /// It is anything else.
    Part,
}

/// An object that was read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Closed {
    /// After its brace.
    pub(crate) end: usize,
    /// The elements that are there.
    pub(crate) present: u64,
    /// What was noted of their values.
    pub(crate) facts: u64,
}

/// One reading of one line. With `EXPLAIN` it goes on after faults and keeps them; without, the first one ends it.
pub(crate) struct Pass<'a, const EXPLAIN: bool> {
    pub(crate) line: &'a [u8],
    pub(crate) tables: &'a Tables,
    pub(crate) own: &'a mut Scratch,
    depth: usize,
    /// What the Reference that is read next may refer to.
    pub(crate) targets: u16,
}

impl<'a, const EXPLAIN: bool> Pass<'a, EXPLAIN> {
    pub(crate) fn new(line: &'a [u8], tables: &'a Tables, own: &'a mut Scratch) -> Self {
        own.budget = line.len().saturating_mul(4);
        Self { line, tables, own, depth: 0, targets: NONE }
    }

    /// Forgets how deep it stands, to begin anew.
    pub(crate) fn restart(&mut self) {
        self.depth = 0;
    }

    /// Reads the whole line.
    pub(crate) fn line(&mut self) -> Result<(), Stop> {
        let at = scan::space(self.line, 0);
        self.own.facts.at = at;
        let at = scan::literal(self.line, at, b"{")?;
        let end = self.resource(at, Level::Root)?.end;
        if scan::space(self.line, end) == self.line.len() { Ok(()) } else { Err(Stop) }
    }

    /// Takes a fault; the first one ends a pass that does not explain.
    pub(crate) fn fault(
        &mut self,
        rule: LineRule,
        at: usize,
        expected: impl Into<Cow<'static, str>>,
        actual: impl Into<Cow<'static, str>>,
    ) -> Result<(), Stop> {
        self.fault_in(rule, at, "", expected, actual)
    }

    /// [`Pass::fault`] of a key that has no step on the path.
    #[cold]
    pub(crate) fn fault_in(
        &mut self,
        rule: LineRule,
        at: usize,
        key: &str,
        expected: impl Into<Cow<'static, str>>,
        actual: impl Into<Cow<'static, str>>,
    ) -> Result<(), Stop> {
        if !EXPLAIN {
            return Err(Stop);
        }
        if self.own.faults.len() < MAX_FAULTS {
            let (path, place, link) = self.path(key);
            let (expected, actual) = (expected.into(), actual.into());
            self.own.faults.push(Fault { rule, at, path, place, expected, actual, link });
        }
        Ok(())
    }

    /// [`Pass::fault`] of an element that was read before.
    #[cold]
    pub(crate) fn fault_of(
        &mut self,
        element: u32,
        rule: LineRule,
        at: usize,
        expected: &'static str,
        actual: impl Into<Cow<'static, str>>,
    ) -> Result<(), Stop> {
        self.push(element);
        self.fault(rule, at, expected, actual)?;
        self.pop();
        Ok(())
    }

    /// Ends a pass that does not explain, over what others explain.
    pub(crate) fn refuse(&self) -> Result<(), Stop> {
        if EXPLAIN { Ok(()) } else { Err(Stop) }
    }

    /// Where the pass stands: with indices, without them, and the link to the definition.
    fn path(&self, key: &str) -> (String, String, String) {
        let (mut path, mut place, mut link) = (String::new(), String::new(), String::new());
        if let Some(row) = self.tables.resources.get(self.own.resource) {
            // The resource that is read now; a line's own type was read first of all.
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

    /// Where an element is defined.
    fn link_of(&self, element: u32) -> String {
        let after = self.tables.types.partition_point(|of| of.first <= element);
        let of = after.checked_sub(1).and_then(|index| self.tables.types.get(index));
        let name = self.tables.elements.get(element as usize).map(|row| row.name);
        of.map(|of| self.tables.link(of, name)).unwrap_or_default()
    }

    fn push(&mut self, element: u32) {
        if EXPLAIN {
            self.own.path.push(PathStep { element, index: None });
        }
    }

    pub(crate) fn index(&mut self, index: usize) {
        if EXPLAIN && let Some(step) = self.own.path.last_mut() {
            step.index = Some(index);
        }
    }

    fn pop(&mut self) {
        if EXPLAIN {
            self.own.path.pop();
        }
    }

    /// Reads an object of the type `of` from after its brace.
    pub(crate) fn object(&mut self, at: usize, of: u16, level: Level) -> Result<Closed, Stop> {
        let tables = self.tables;
        let row = tables.types.get(usize::from(of)).ok_or(Stop)?;
        if self.depth >= MAX_DEPTH {
            self.own.unchecked = true;
            return Err(Stop);
        }
        self.depth += 1;
        let mut object = Object::new(of, row, at, level, self);
        let mut at = scan::space(self.line, at);
        let mut before = NOWHERE;
        if self.line.get(at) == Some(&b'}') {
            at += 1;
        } else {
            loop {
                let (element, value) = self.key(row, of, before, at)?;
                at = match element {
                    Some(index) => {
                        before = index;
                        self.push(index);
                        let after = self.member(&mut object, index, at, value)?;
                        self.pop();
                        after
                    }
                    None => {
                        object.odd = true;
                        scan::skip(self.line, value)?
                    }
                };
                at = scan::space(self.line, at);
                match self.line.get(at) {
                    Some(b',') => at = scan::space(self.line, at + 1),
                    Some(b'}') => {
                        at += 1;
                        break;
                    }
                    _ => return Err(Stop),
                }
            }
        }
        let facts = self.close(&mut object, at)?;
        self.depth -= 1;
        Ok(Closed { end: at, present: object.present | object.twins, facts })
    }

    /// Reads a key and its colon: the element, and where its value begins. None for a key that the type does not have.
    #[inline]
    fn key(&mut self, row: &TypeRow, of: u16, before: u32, at: usize) -> Result<(Option<u32>, usize), Stop> {
        let guess = match before {
            NOWHERE => self.own.first.get(usize::from(of)),
            before => self.own.next.get(before as usize),
        };
        let guess = guess.copied().unwrap_or(NOWHERE);
        let rest = self.line.get(at..).ok_or(Stop)?;
        if guess.wrapping_sub(row.first) < u32::from(row.count)
            && let Some(known) = self.tables.ready.keys.get(guess as usize)
            && (known.length <= 24 || self.is_long_key(guess, rest))
            && known.begins(rest)
        {
            return Ok((Some(guess), scan::space(self.line, at + known.length)));
        }
        self.unguessed(row, of, before, at)
    }

    /// Whether `rest` begins with a key that is too long to be compared as three numbers.
    fn is_long_key(&self, element: u32, rest: &[u8]) -> bool {
        let row = self.tables.elements.get(element as usize);
        row.is_some_and(|row| rest.starts_with(self.tables.bytes(row.key)))
    }

    fn unguessed(&mut self, row: &TypeRow, of: u16, before: u32, at: usize) -> Result<(Option<u32>, usize), Stop> {
        if self.line.get(at) != Some(&b'"') {
            return Err(Stop);
        }
        let (end, escaped) = scan::string(self.line, at)?;
        let value = scan::space(self.line, scan::literal(self.line, scan::space(self.line, end), b":")?);
        let quoted = self.line.get(at..end).unwrap_or_default();
        let tables = self.tables;
        let found = if escaped { tables.find(row, self.requoted(quoted)) } else { tables.find(row, quoted) };
        if let Some(index) = found {
            let learned = match before {
                NOWHERE => self.own.first.get_mut(usize::from(of)),
                before => self.own.next.get_mut(before as usize),
            };
            if let Some(learned) = learned {
                *learned = index;
            }
            return Ok((Some(index), value));
        }
        let name = quoted.get(1..quoted.len() - 1).unwrap_or_default();
        let plausible = (1..=41).contains(&name.len()) && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
        let shown = if plausible { String::from_utf8_lossy(name).into_owned() } else { "?".to_owned() };
        let expected = format!("an element of {}", self.tables.text(row.name));
        self.fault_in(LineRule::UnknownElement, at, &shown, expected, "another key")?;
        Ok((None, value))
    }

    /// The string `quoted` with its escapes undone, in quotes again.
    pub(crate) fn requoted(&mut self, quoted: &[u8]) -> &[u8] {
        let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
        self.own.plain.clear();
        self.own.plain.push(b'"');
        crate::base::json_text::unescape(inner, &mut self.own.plain);
        self.own.plain.push(b'"');
        &self.own.plain
    }

    /// Reads the value of an element; `key` is where its key stands.
    fn member(&mut self, object: &mut Object<'_>, index: u32, key: usize, at: usize) -> Result<usize, Stop> {
        let element = *self.tables.elements.get(index as usize).ok_or(Stop)?;
        object.meet(&element, index, key, self)?;
        let first = self.line.get(at).copied();
        if first == Some(b'n') {
            let end = scan::literal(self.line, at, b"null")?;
            self.fault(LineRule::NullValue, at, "a value, or no key at all", "null")?;
            // One cause, one fault.
            object.extended |= 1 << (element.bit & 63);
            return Ok(end);
        }
        let array = element.flags & E_ARRAY != 0;
        if array != (first == Some(b'[')) {
            let expected = if array { "an array, since it may repeat" } else { "one value, since it does not repeat" };
            let actual = crate::base::json_text::shape(first);
            self.fault(LineRule::WrongShape, at, expected, actual)?;
            return scan::skip(self.line, at);
        }
        if array { self.array(object, &element, index, at) } else { self.one(object, &element, at) }
    }

    /// Reads one value that is no item of an array.
    #[inline]
    fn one(&mut self, object: &mut Object<'_>, element: &ElementRow, at: usize) -> Result<usize, Stop> {
        let mask = 1_u64 << (element.bit & 63);
        if element.kind == Kind::Twin as u8 {
            let closed = self.twin(at)?;
            if self.has_more_than_id(closed.present) {
                object.extended |= mask;
            }
            return Ok(closed.end);
        }
        if element.kind == Kind::Complex as u8 {
            return self.part(object, element, at);
        }
        let end = self.primitive(object, element, at)?;
        object.note(element, at, end, self);
        Ok(end)
    }

    /// Whether a twin has more than an id.
    pub(crate) fn has_more_than_id(&self, present: u64) -> bool {
        let id = self.tables.ready.ids.get(usize::from(self.tables.element_type)).copied().unwrap_or_default();
        present & !id != 0
    }

    /// Reads a `_` twin.
    pub(crate) fn twin(&mut self, at: usize) -> Result<Closed, Stop> {
        if self.line.get(at) != Some(&b'{') {
            return self.other_shape(at, "an object with an id or extensions");
        }
        let closed = self.object(at + 1, self.tables.element_type, Level::Twin)?;
        if closed.present == 0 {
            self.fault(LineRule::EmptyValue, at, "an id or extensions", "an empty object")?;
        }
        Ok(closed)
    }

    pub(crate) fn other_shape(&mut self, at: usize, expected: &'static str) -> Result<Closed, Stop> {
        let first = self.line.get(at).copied();
        if !matches!(first, Some(b'{' | b'[' | b'"' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9')) {
            // Such as NaN, which is no JSON.
            return Err(Stop);
        }
        self.fault(LineRule::WrongShape, at, expected, crate::base::json_text::shape(first))?;
        // What stands there counts as something, so that nothing else is said of it.
        Ok(Closed { end: scan::skip(self.line, at)?, present: u64::MAX, facts: 0 })
    }

    /// Reads an object of a complex type.
    pub(crate) fn part(&mut self, object: &mut Object<'_>, element: &ElementRow, at: usize) -> Result<usize, Stop> {
        if self.line.get(at) != Some(&b'{') {
            return Ok(self.other_shape(at, "an object")?.end);
        }
        let level = match (element.flags & E_META != 0, object.level) {
            (true, Level::Root) => Level::RootMeta,
            (true, Level::Contained) => Level::ContainedMeta,
            _ => Level::Part,
        };
        self.targets = element.targets;
        let closed = self.object(at + 1, element.arg, level)?;
        if element.set != NONE {
            self.concept(element.set, at)?;
        }
        object.note_part(element, at, &closed, self);
        Ok(closed.end)
    }

    /// The string at `at`, or what is wrong with it.
    pub(crate) fn string(&mut self, at: usize, expected: &'static str) -> Result<Option<Span>, Stop> {
        if self.line.get(at) != Some(&b'"') {
            self.other_shape(at, expected)?;
            return Ok(None);
        }
        let (end, escaped) = scan::string(self.line, at)?;
        Ok(Some(Span { at, end, escaped }))
    }
}
