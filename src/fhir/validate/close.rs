//! An object while it is read, and what must hold of it when its brace closes.

use crate::fhir::definitions::layout::*;
use crate::fhir::definitions::tables::Tables;
use crate::fhir::validate::pass::{Level, Pass};
use crate::fhir::validate::program::Seen;
use crate::fhir::validate::scan::Stop;
use crate::fhir::validate::scratch::{Item, Span};
use crate::fhir::validate::{program, scan};
use crate::suite::line_rules::LineRule;

/// What is gathered of one object.
pub(crate) struct Object<'t> {
    pub(crate) row: &'t TypeRow,
    of: u16,
    pub(crate) level: Level,
    /// After its brace.
    pub(crate) at: usize,
    /// Elements with a value, by presence bit.
    pub(crate) present: u64,
    /// Elements with a `_` twin.
    pub(crate) twins: u64,
    /// Elements whose twin has an extension.
    pub(crate) extended: u64,
    /// What was noted of values.
    facts: u64,
    /// Whether there are nulls or twins in arrays.
    pub(crate) paired: bool,
    /// Whether a value that an invariant looks at is written with escapes, or a key is unknown; then the invariants are left
    /// alone.
    pub(crate) odd: bool,
    /// Two values that are compared: where they stand.
    pub(crate) left: (usize, usize),
    pub(crate) right: (usize, usize),
    /// The choice that was met last.
    chosen: u32,
    pub(crate) targets: u16,
    arrays_from: usize,
    items_from: usize,
}

const NOTED: u16 = E_ID | E_VERSION | E_UPDATED | E_LEFT | E_RIGHT | E_REFERENCE | E_REFERENCE_TYPE;

impl<'t> Object<'t> {
    pub(crate) fn new<const EXPLAIN: bool>(
        of: u16,
        row: &'t TypeRow,
        at: usize,
        level: Level,
        pass: &Pass<'_, EXPLAIN>,
    ) -> Self {
        Self {
            row,
            of,
            level,
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
            targets: pass.targets,
            arrays_from: pass.own.arrays.len(),
            items_from: pass.own.items.len(),
        }
    }

    /// Takes note of a key, before its value is read.
    #[inline]
    pub(crate) fn meet<const EXPLAIN: bool>(
        &mut self,
        element: &ElementRow,
        index: u32,
        key: usize,
        pass: &mut Pass<'_, EXPLAIN>,
    ) -> Result<(), Stop> {
        let mask = 1_u64 << (element.bit & 63);
        let twin = element.kind == Kind::Twin as u8;
        let known = if twin { self.twins } else { self.present };
        if known & mask != 0 {
            if element.flags & E_CHOICE != 0 && self.chosen != index {
                let name = pass.tables.text(element.name);
                pass.fault(LineRule::TwoOfOneChoice, key, format!("one of {name}"), "a second one")?;
            } else {
                // A key that comes twice is a fault of the JSON, and told as such.
                pass.refuse()?;
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
        match self.level {
            Level::Contained if element.flags & E_CONTAINED != 0 => {
                let expected = "dom-2: no resources within a contained resource";
                pass.fault(LineRule::ContainedResource, key, expected, "some")
            }
            Level::ContainedMeta if element.flags & (E_VERSION | E_UPDATED) != 0 => {
                let expected = "dom-4: no versionId and lastUpdated in a contained resource";
                pass.fault(LineRule::ContainedResource, key, expected, "one")
            }
            Level::ContainedMeta if element.flags & E_SECURITY != 0 => {
                let expected = "dom-5: no security label in a contained resource";
                pass.fault(LineRule::ContainedResource, key, expected, "one")
            }
            _ => Ok(()),
        }
    }

    /// Takes note of a value that was read: a primitive, or a whole array.
    #[inline]
    pub(crate) fn note<const EXPLAIN: bool>(
        &mut self,
        element: &ElementRow,
        at: usize,
        end: usize,
        pass: &mut Pass<'_, EXPLAIN>,
    ) {
        if element.flags & NOTED != 0 {
            self.keep(element.flags, at, end, pass);
        }
        if element.watch_count != 0 && element.flags & E_ARRAY == 0 {
            self.watch_value(element, at, end, pass);
        }
    }

    fn keep<const EXPLAIN: bool>(&mut self, flags: u16, at: usize, end: usize, pass: &mut Pass<'_, EXPLAIN>) {
        if flags & (E_LEFT | E_REFERENCE) != 0 {
            self.left = (at, end);
        }
        if flags & (E_RIGHT | E_REFERENCE_TYPE) != 0 {
            self.right = (at, end);
        }
        let raw = pass.line.get(at..end).unwrap_or_default();
        if raw.first() != Some(&b'"') {
            return;
        }
        let span = Span { at, end, escaped: raw.contains(&b'\\') };
        let facts = &mut pass.own.facts;
        match self.level {
            Level::Root if flags & E_ID != 0 => facts.id = span,
            Level::RootMeta if flags & E_VERSION != 0 => facts.version_id = span,
            Level::RootMeta if flags & E_UPDATED != 0 => facts.last_updated = span,
            Level::Contained if flags & E_ID != 0 => {
                if let Some(contained) = pass.own.contained.last_mut() {
                    contained.id = span;
                }
            }
            _ => {}
        }
    }

    fn watch_value<const EXPLAIN: bool>(
        &mut self,
        element: &ElementRow,
        at: usize,
        end: usize,
        pass: &Pass<'_, EXPLAIN>,
    ) {
        let raw = pass.line.get(at..end).unwrap_or_default();
        self.odd |= raw.contains(&b'\\');
        let negative = raw.first() == Some(&b'-');
        let digits = raw.iter().take_while(|b| !matches!(b, b'e' | b'E'));
        let zero = digits.clone().all(|b| matches!(b, b'0' | b'.' | b'-'));
        for watch in watches(element, pass.tables) {
            let holds = match Watch::ALL.get(usize::from(watch.kind)) {
                Some(Watch::Equals) => pass.tables.bytes(watch.text) == raw,
                Some(Watch::Negative) => negative && !zero,
                Some(Watch::NotPositive) => negative || zero,
                _ => false,
            };
            self.facts |= u64::from(holds) << (watch.bit & 63);
        }
    }

    /// Takes note of an object that was read as the element, or as an item of it.
    #[inline]
    pub(crate) fn note_part<const EXPLAIN: bool>(
        &mut self,
        element: &ElementRow,
        at: usize,
        closed: &crate::fhir::validate::pass::Closed,
        pass: &Pass<'_, EXPLAIN>,
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
        for watch in watches(element, pass.tables) {
            let holds = match Watch::ALL.get(usize::from(watch.kind)) {
                Some(Watch::AnyHas) => closed.present & watch.mask != 0,
                Some(Watch::AnyLacks) => closed.present & watch.mask != watch.mask,
                Some(Watch::AnyFact) => closed.facts & watch.mask != 0,
                Some(Watch::Coding) => {
                    let (system, code) = split(pass.tables.bytes(watch.text));
                    let mut found = false;
                    codings(pass.line, at, &mut |of, is| {
                        self.odd |= is.contains(&b'\\');
                        found |= of == system && is == code;
                    });
                    found
                }
                _ => false,
            };
            self.facts |= u64::from(holds) << (watch.bit & 63);
        }
    }

    /// The elements that are there.
    pub(crate) fn all(&self) -> u64 {
        self.present | self.twins
    }
}

fn watches<'t>(element: &ElementRow, tables: &'t Tables) -> &'t [WatchRow] {
    let first = element.watches as usize;
    tables.watches.get(first..first + usize::from(element.watch_count)).unwrap_or_default()
}

/// `system|code`, apart.
pub(crate) fn split(text: &[u8]) -> (&[u8], &[u8]) {
    let at = text.iter().rposition(|b| *b == b'|').unwrap_or(0);
    (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default())
}

/// The codings of the CodeableConcept at `at`: system and code as they are written, empty where there is none.
pub(crate) fn codings(line: &[u8], at: usize, each: &mut dyn FnMut(&[u8], &[u8])) {
    scan::members(line, at, &mut |key, value, _| {
        if key == b"coding" {
            scan::items(line, value, &mut |item| {
                let (mut system, mut code): (&[u8], &[u8]) = (b"", b"");
                scan::members(line, item, &mut |key, from, to| {
                    let text = line.get(from + 1..to.saturating_sub(1)).unwrap_or_default();
                    match key {
                        b"system" => system = text,
                        b"code" => code = text,
                        _ => {}
                    }
                    true
                });
                each(system, code);
            });
        }
        true
    });
}

impl<const EXPLAIN: bool> Pass<'_, EXPLAIN> {
    /// What must hold of the object whose brace closed before `end`. Gives what was noted of its values.
    #[inline]
    pub(crate) fn close(&mut self, object: &mut Object<'_>, end: usize) -> Result<u64, Stop> {
        let row = object.row;
        let all = object.all();
        let brace = object.at - 1;
        if row.flags & T_ELEMENT != 0 && object.level != Level::Twin {
            let id = self.tables.ready.ids.get(usize::from(object.of)).copied().unwrap_or_default();
            if all & !id == 0 && !object.odd {
                let actual = if all == 0 { "an empty object" } else { "an id alone" };
                self.fault(LineRule::EmptyValue, brace, "ele-1: a value or children", actual)?;
                return Ok(object.facts);
            }
        }
        if row.required & !all != 0 {
            self.missing(object, row.required & !all)?;
        }
        if object.twins != 0 {
            self.twins(object, end)?;
        }
        if object.paired {
            self.pairs(object)?;
        }
        self.own.arrays.truncate(object.arrays_from);
        self.own.items.truncate(object.items_from);
        if row.flags & (T_PERIOD | T_RANGE | T_REFERENCE | T_OBSERVATION) != 0 && object.left.1 != 0 {
            self.built_in(object)?;
        }
        if row.invariant_count != 0 && !object.odd {
            let seen = Seen { there: all, valued: object.present, facts: object.facts };
            let first = row.invariants as usize;
            let rows = self.tables.invariants.get(first..first + usize::from(row.invariant_count));
            for invariant in rows.unwrap_or_default() {
                if program::breaks(self.tables, invariant, &seen) {
                    let key = self.tables.text(invariant.key);
                    let expected = format!("{key}: {}", self.tables.text(invariant.human));
                    self.fault(LineRule::Invariant, brace, expected, "an object that does not keep it")?;
                }
            }
        }
        if row.flags & T_DOMAIN != 0 && object.level == Level::Root {
            let text = self.tables.ready.texts.get(usize::from(object.of)).copied().unwrap_or_default();
            self.own.facts.bare = all & text == 0;
        }
        Ok(object.facts)
    }

    #[cold]
    fn missing(&mut self, object: &Object<'_>, bits: u64) -> Result<(), Stop> {
        self.refuse()?;
        let first = object.row.first as usize;
        let rows = self.tables.elements.get(first..first + usize::from(object.row.count)).unwrap_or_default();
        let mut told = 0_u64;
        for element in rows {
            let mask = 1_u64 << (element.bit & 63);
            if bits & mask == 0 || told & mask != 0 {
                continue;
            }
            told |= mask;
            let name = self.tables.text(element.name);
            self.fault_in(LineRule::MissingElement, object.at - 1, name, "a mandatory element", "none")?;
            let link = self.tables.link(object.row, Some(element.name));
            if let Some(fault) = self.own.faults.last_mut() {
                fault.link = link;
            }
        }
        Ok(())
    }

    /// Twins of elements that have no value, and of other choices than the value's.
    #[cold]
    fn twins(&mut self, object: &Object<'_>, end: usize) -> Result<(), Stop> {
        if object.twins & !object.present & !object.extended != 0 {
            let expected = "ele-1: a value, or an extension in its place";
            self.fault(LineRule::EmptyValue, object.at - 1, expected, "an element with an id alone")?;
        }
        if object.present & object.twins & object.row.choices != 0 {
            let line = self.line.get(..end).unwrap_or_default();
            let (mut plain, mut twins) = (Vec::new(), Vec::new());
            scan::members(line, object.at - 1, &mut |key, _, _| {
                match key.strip_prefix(b"_") {
                    Some(of) => twins.push(of),
                    None => plain.push(key),
                }
                true
            });
            for twin in twins.into_iter().filter(|twin| !plain.contains(twin)) {
                let mut quoted = vec![b'"', b'_'];
                quoted.extend_from_slice(twin);
                quoted.push(b'"');
                let found = self.tables.find(object.row, &quoted);
                let found = found.and_then(|index| self.tables.elements.get(index as usize)).copied();
                let Some(element) = found.filter(|element| element.flags & E_CHOICE != 0) else { continue };
                if object.present & (1 << (element.bit & 63)) != 0 {
                    let name = self.tables.text(element.name);
                    let expected = format!("one of {name}");
                    self.fault(LineRule::TwoOfOneChoice, object.at - 1, expected, "a value and the twin of another")?;
                }
            }
        }
        Ok(())
    }

    /// Arrays of primitives and of their twins stand side by side.
    #[cold]
    fn pairs(&mut self, object: &Object<'_>) -> Result<(), Stop> {
        let notes: Vec<_> = self.own.arrays.get(object.arrays_from..).unwrap_or_default().to_vec();
        let items: Vec<Item> = self.own.items.clone();
        for note in notes.iter().filter(|note| !note.twin || !notes.iter().any(|n| n.bit == note.bit && !n.twin)) {
            let own = items.get(note.from..note.to).unwrap_or_default();
            let twin = notes.iter().find(|other| other.bit == note.bit && other.twin && !note.twin);
            let other = twin.and_then(|twin| items.get(twin.from..twin.to));
            if let Some(other) = other.filter(|other| other.len() != own.len()) {
                let expected = "as many items in the array with _ as in the one without";
                let actual = format!("{} and {}", other.len(), own.len());
                self.fault_of(note.element, LineRule::TwinMisaligned, note.at, expected, actual)?;
                continue;
            }
            for (index, item) in own.iter().enumerate() {
                let beside = other.and_then(|other| other.get(index)).copied();
                let empty = match (note.twin, item) {
                    (false, Item::Null) => beside != Some(Item::Full),
                    (true, item) => *item != Item::Full,
                    (false, _) => false,
                };
                if empty {
                    let expected = "ele-1: a value, or an extension in its place, at each index";
                    self.fault_of(note.element, LineRule::NullValue, note.at, expected, "neither")?;
                    break;
                }
            }
        }
        Ok(())
    }
}
