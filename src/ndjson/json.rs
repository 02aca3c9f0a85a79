//! A strict scanner of JSON (RFC 8259): one pass, an explicit stack, no tree. It continues after faults that leave the
//! structure readable, so a resource with a `NaN` still counts as a resource.

pub(crate) mod elements;
pub(crate) mod lexer;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::base::fhir_names::is_element_name;
use crate::base::json_scan::space;
use crate::base::json_text::{shape, unescape};
use crate::ndjson::facts::{JsonText, LineFault, LineNotes, LineShape};
use crate::ndjson::json::elements::KnownElement;
use crate::ndjson::json::lexer::{Lexed, literal, number, string};
use crate::suite::line_rules::LineRule;

/// The maximum number of keys for a linear search for duplicates. Larger objects are sorted when they close; otherwise
/// a hostile object of a million keys would cost a trillion steps.
const FEW_KEYS: usize = 32;

/// The length in bytes at which paths are cut.
const MAX_PATH: usize = 100;

/// The stack and buffers of a scan, reused from line to line.
#[derive(Debug)]
pub(crate) struct Scanner {
    frames: Vec<Frame>,
    keys: Vec<ObjectKey>,
    /// The keys with escapes, unescaped.
    arena: Vec<u8>,
    max_depth: usize,
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    array: bool,
    element: KnownElement,
    keys_from: usize,
    arena_from: usize,
    /// In an array: the index of the current value.
    index: usize,
    /// Bits. In an Issue: 1 for severity, 2 for code. In a Request: 1 for a method other than DELETE, 2 for a method, 4
    /// for a url. In an Entry: 1 for a request with both, 2 for a request with a method other than DELETE.
    seen: u8,
    /// In a Request: the number of urls in `LineNotes::removed` before it.
    removed_from: usize,
}

#[derive(Clone, Copy, Debug)]
struct ObjectKey {
    start: usize,
    end: usize,
    in_arena: bool,
    at: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum NextToken {
    Value,
    ValueOrEnd,
    KeyOrEnd,
    Key,
    CommaOrEnd,
}

/// Why a scan stopped before the end of the value.
enum ScanStop {
    Fault(LineRule, usize, Cow<'static, str>, Cow<'static, str>),
    End { in_string: bool },
}

impl Scanner {
    /// Creates a scanner that reports nesting deeper than `max_depth`.
    pub(crate) fn new(max_depth: usize) -> Self {
        Self { frames: Vec::new(), keys: Vec::new(), arena: Vec::new(), max_depth }
    }

    /// Scans `line` and fills `notes`.
    pub(crate) fn scan(&mut self, line: &[u8], notes: &mut LineNotes) {
        self.frames.clear();
        self.keys.clear();
        self.arena.clear();
        let utf8 = std::str::from_utf8(line).err();
        if let Some(error) = &utf8 {
            notes.fault(LineFault {
                rule: LineRule::Utf8,
                at: error.valid_up_to(),
                path: String::new(),
                expected: "UTF-8".into(),
                actual: lexer::not_utf8(line, error.valid_up_to()).into(),
            });
        }
        let start = space(line, 0);
        notes.at = start;
        let object = line.get(start) == Some(&b'{');
        match self.value(line, start, notes) {
            Ok(end) => {
                notes.shape = if object { LineShape::Object } else { LineShape::Other };
                self.rest_of_line(line, end, object, notes);
                // A line with only `NaN` already has a fault.
                if notes.shape == LineShape::Other && !notes.faults.iter().any(|f| f.at == start) {
                    let actual = shape(line.get(start).copied()).into();
                    fault(notes, LineRule::NotObject, start, "a JSON object".into(), actual);
                }
            }
            Err(ScanStop::End { in_string }) if !self.frames.is_empty() => {
                notes.shape = LineShape::Unfinished { in_string };
            }
            Err(ScanStop::End { .. }) => {
                notes.shape = LineShape::Broken;
                fault(
                    notes,
                    LineRule::NotJson,
                    line.len(),
                    "a complete JSON value".into(),
                    "the end of the line".into(),
                );
            }
            Err(ScanStop::Fault(rule, at, expected, actual)) => {
                notes.shape = LineShape::Broken;
                // Bytes that are not UTF-8 already have a fault; a second one would have the same cause.
                if utf8.is_none() || rule == LineRule::TooDeep {
                    notes.fault(LineFault { rule, at, path: self.path(line, None), expected, actual });
                }
            }
        }
    }

    /// Checks the rest of the line after its value.
    fn rest_of_line(&self, line: &[u8], end: usize, object: bool, notes: &mut LineNotes) {
        let at = space(line, end);
        let Some(byte) = line.get(at).copied() else { return };
        let after_comma = if byte == b',' { space(line, at + 1) } else { at };
        match line.get(after_comma) {
            None => fault(notes, LineRule::TrailingComma, at, "the end of the line".into(), "a comma".into()),
            Some(b'{' | b'[' | b'"' | b'-' | b'0'..=b'9') => {
                let next = shape(line.get(after_comma).copied());
                let actual = if byte == b',' { format!("a comma and {next}") } else { next.to_owned() };
                fault(notes, LineRule::TwoOnOneLine, at, "the end of the line".into(), actual.into());
            }
            Some(_) => {
                notes.shape = LineShape::Broken;
                fault(notes, LineRule::NotJson, at, "the end of the line".into(), lexer::found(line, at));
            }
        }
        // For `1,` or `[...],` the rule not-object is enough.
        if !object && notes.shape == LineShape::Other {
            notes.faults.retain(|f| f.rule != LineRule::TrailingComma);
        }
    }

    /// Scans the value at `at`, and returns its end.
    fn value(&mut self, line: &[u8], mut at: usize, notes: &mut LineNotes) -> Result<usize, ScanStop> {
        let mut need = NextToken::Value;
        let mut element = KnownElement::Root;
        loop {
            at = space(line, at);
            let Some(byte) = line.get(at).copied() else { return Err(ScanStop::End { in_string: false }) };
            match (need, byte) {
                (NextToken::Value | NextToken::ValueOrEnd, b'{' | b'[') => {
                    self.open(byte == b'[', element, at, notes)?;
                    need = if byte == b'[' { NextToken::ValueOrEnd } else { NextToken::KeyOrEnd };
                    element = element.of_items();
                    at += 1;
                }
                (NextToken::ValueOrEnd, b']') | (NextToken::KeyOrEnd, b'}') => {
                    at += 1;
                    need = NextToken::CommaOrEnd;
                    if self.close(line, notes) {
                        return Ok(at);
                    }
                }
                (NextToken::Value | NextToken::ValueOrEnd, _) => {
                    at = self.scalar(line, at, byte, element, notes)?;
                    need = NextToken::CommaOrEnd;
                    if self.frames.is_empty() {
                        return Ok(at);
                    }
                }
                (NextToken::KeyOrEnd | NextToken::Key, b'"') => {
                    (at, element) = self.key(line, at, notes)?;
                    need = NextToken::Value;
                }
                (NextToken::KeyOrEnd | NextToken::Key, _) => {
                    let expected = if need == NextToken::Key { "a key in quotes" } else { "a key in quotes, or }" };
                    return Err(not_json(at, expected, line));
                }
                (NextToken::CommaOrEnd, _) => {
                    let Some(frame) = self.frames.last_mut() else { return Ok(at) };
                    match (frame.array, byte) {
                        (true, b',') => {
                            frame.index += 1;
                            element = frame.element.of_items();
                            need = NextToken::Value;
                        }
                        (false, b',') => need = NextToken::Key,
                        (true, b']') | (false, b'}') => {
                            if self.close(line, notes) {
                                return Ok(at + 1);
                            }
                        }
                        (true, _) => return Err(not_json(at, "a comma or ]", line)),
                        (false, _) => return Err(not_json(at, "a comma or }", line)),
                    }
                    at += 1;
                }
            }
        }
    }

    fn open(&mut self, array: bool, element: KnownElement, at: usize, notes: &mut LineNotes) -> Result<(), ScanStop> {
        if self.frames.len() >= self.max_depth {
            let expected = format!("at most {} levels of nesting (a limit of Plimsoll)", self.max_depth).into();
            return Err(ScanStop::Fault(LineRule::TooDeep, at, expected, "deeper nesting".into()));
        }
        if let Some(text) = element.text(notes) {
            text.set_other(if array { "an array" } else { "an object" }, at);
        }
        self.frames.push(Frame {
            array,
            element,
            keys_from: self.keys.len(),
            arena_from: self.arena.len(),
            index: 0,
            seen: 0,
            removed_from: notes.removed.len(),
        });
        Ok(())
    }

    /// Closes the innermost object or array, and returns whether it was the outermost.
    fn close(&mut self, line: &[u8], notes: &mut LineNotes) -> bool {
        let Some(frame) = self.frames.last().copied() else { return true };
        if !frame.array && self.keys.len() - frame.keys_from > FEW_KEYS {
            self.duplicates_among_many(line, frame, notes);
        }
        match frame.element {
            KnownElement::Issue if frame.seen == 3 => notes.issues += 1,
            KnownElement::Request if frame.seen & 1 != 0 => notes.removed.truncate(frame.removed_from),
            KnownElement::Entry => {
                notes.entries += 1;
                notes.entries_unsaid += u64::from(frame.seen & 1 == 0);
                notes.entries_kept += u64::from(frame.seen & 2 != 0);
            }
            _ => {}
        }
        self.keys.truncate(frame.keys_from);
        self.arena.truncate(frame.arena_from);
        self.frames.pop();
        if let (KnownElement::Request, Some(entry)) = (frame.element, self.frames.last_mut()) {
            entry.seen |= u8::from(frame.seen & 6 == 6) | (frame.seen & 1) << 1;
        }
        self.frames.is_empty()
    }

    /// Reads a key and its colon; returns the start of its value and the element.
    fn key(&mut self, line: &[u8], at: usize, notes: &mut LineNotes) -> Result<(usize, KnownElement), ScanStop> {
        let (end, escaped) = lexed(string(line, at))?;
        let raw = line.get(at + 1..end - 1).unwrap_or_default();
        let key = if escaped {
            let start = self.arena.len();
            unescape(raw, &mut self.arena);
            ObjectKey { start, end: self.arena.len(), in_arena: true, at }
        } else {
            ObjectKey { start: at + 1, end: end - 1, in_arena: false, at }
        };
        let (keys_from, parent) = self.frames.last().map_or((0, KnownElement::None), |f| (f.keys_from, f.element));
        let text = key_text(line, &self.arena, key);
        let element = parent.child(text);
        let others = self.keys.get(keys_from..).unwrap_or_default();
        let again = others.len() < FEW_KEYS && others.iter().any(|other| key_text(line, &self.arena, *other) == text);
        self.keys.push(key);
        if again {
            self.duplicate(line, key, notes);
        }
        let colon = space(line, end);
        match line.get(colon) {
            Some(b':') => Ok((colon + 1, element)),
            None => Err(ScanStop::End { in_string: false }),
            Some(_) => Err(not_json(colon, "a colon", line)),
        }
    }

    fn duplicate(&self, line: &[u8], key: ObjectKey, notes: &mut LineNotes) {
        notes.fault(LineFault {
            rule: LineRule::DuplicateKey,
            at: key.at,
            path: self.path(line, Some(key)),
            expected: "each key only once in an object".into(),
            actual: "a repeated key".into(),
        });
    }

    fn duplicates_among_many(&mut self, line: &[u8], frame: Frame, notes: &mut LineNotes) {
        let mut keys = self.keys.get(frame.keys_from..).unwrap_or_default().to_vec();
        let arena = &self.arena;
        keys.sort_by(|a, b| key_text(line, arena, *a).cmp(key_text(line, arena, *b)).then(a.at.cmp(&b.at)));
        let pairs = keys.iter().zip(keys.iter().skip(1));
        let again = pairs.filter(|(a, b)| key_text(line, arena, **a) == key_text(line, arena, **b)).map(|(_, b)| *b);
        if let Some(first) = again.min_by_key(|key| key.at) {
            self.duplicate(line, first, notes);
        }
    }

    /// Reads a string, number or literal.
    fn scalar(
        &mut self,
        line: &[u8],
        at: usize,
        byte: u8,
        element: KnownElement,
        notes: &mut LineNotes,
    ) -> Result<usize, ScanStop> {
        if byte == b'"' {
            let (end, escaped) = lexed(string(line, at))?;
            let raw = line.get(at + 1..end - 1).unwrap_or_default();
            if let Some(text) = element.text(notes) {
                text.set(raw, escaped, at);
            } else if element != KnownElement::None {
                self.string_of(element, raw, escaped, notes);
            }
            return Ok(end);
        }
        if let Some(text) = element.text(notes) {
            text.set_other(shape(Some(byte)), at);
        }
        if let Some(end) = lexer::not_a_number(line, at) {
            notes.fault(LineFault {
                rule: LineRule::NotANumber,
                at,
                path: self.path(line, None),
                expected: "a number in digits, or null".into(),
                actual: "NaN or Infinity".into(),
            });
            return Ok(end);
        }
        match byte {
            b'-' | b'0'..=b'9' => lexed(number(line, at)),
            b't' => lexed(literal(line, at, b"true")),
            b'f' => lexed(literal(line, at, b"false")),
            b'n' => lexed(literal(line, at, b"null")),
            _ => Err(not_json(at, "a JSON value", line)),
        }
    }

    /// Counts or records the strings of elements that have no field of their own in the notes.
    fn string_of(&mut self, element: KnownElement, raw: &[u8], escaped: bool, notes: &mut LineNotes) {
        let Some(frame) = self.frames.last_mut() else { return };
        match element {
            KnownElement::Severity if !raw.is_empty() => frame.seen |= 1,
            KnownElement::Code if !raw.is_empty() => frame.seen |= 2,
            KnownElement::Method if !raw.is_empty() => frame.seen |= if raw == b"DELETE" { 2 } else { 3 },
            KnownElement::WrappedType => notes.wrapped = true,
            KnownElement::Url => {
                frame.seen |= if raw.is_empty() { 0 } else { 4 };
                let mut url = JsonText::default();
                url.set(raw, escaped, 0);
                notes.removed.push(url.text);
            }
            _ => {}
        }
    }

    /// Returns the path of the value that is being read, as `name[0].family`; `last` replaces the key of the innermost
    /// object.
    fn path(&self, line: &[u8], last: Option<ObjectKey>) -> String {
        let mut path = String::new();
        for (depth, frame) in self.frames.iter().enumerate() {
            if path.len() > MAX_PATH {
                path.push_str("...");
                break;
            }
            if frame.array {
                path.push_str(&format!("[{}]", frame.index));
                continue;
            }
            // The current key of an object is the last one that was pushed before the next frame began.
            let next = self.frames.get(depth + 1).map_or(self.keys.len(), |inner| inner.keys_from);
            let inner = depth + 1 == self.frames.len();
            let key = last.filter(|_| inner).or_else(|| {
                let current = self.keys.get(frame.keys_from..next).unwrap_or_default().last();
                current.copied()
            });
            let Some(key) = key else { continue };
            if !path.is_empty() {
                path.push('.');
            }
            let text = key_text(line, &self.arena, key);
            path.push_str(std::str::from_utf8(text).ok().filter(|_| is_element_name(text)).unwrap_or("?"));
        }
        path
    }
}

fn key_text<'a>(line: &'a [u8], arena: &'a [u8], key: ObjectKey) -> &'a [u8] {
    let from = if key.in_arena { arena } else { line };
    from.get(key.start..key.end).unwrap_or_default()
}

fn lexed<T>(lexed: Lexed<T>) -> Result<T, ScanStop> {
    match lexed {
        Lexed::Good(value) => Ok(value),
        Lexed::End { in_string } => Err(ScanStop::End { in_string }),
        Lexed::Bad { at, expected, actual } => Err(ScanStop::Fault(LineRule::NotJson, at, expected.into(), actual)),
    }
}

fn not_json(at: usize, expected: &'static str, line: &[u8]) -> ScanStop {
    ScanStop::Fault(LineRule::NotJson, at, expected.into(), lexer::found(line, at))
}

fn fault(notes: &mut LineNotes, rule: LineRule, at: usize, expected: Cow<'static, str>, actual: Cow<'static, str>) {
    notes.fault(LineFault { rule, at, path: String::new(), expected, actual });
}
