//! Reads primitive values, and checks codes in CodeableConcepts.

use crate::base::json_scan;
use crate::fhir::definitions::layout::*;
use crate::fhir::validate::coding::{codings, split};
use crate::fhir::validate::scratch::{InnerReference, StringSpan};
use crate::fhir::validate::state::{ObjectRole, PassState, Stopped};
use crate::fhir::validate::{formats, resource_type, xhtml};
use crate::suite::line_rules::LineRule;

/// The maximum number of characters in a string (R4, datatypes).
const MAX_CHARACTERS: usize = 1 << 20;

/// The maximum number of codes that a finding lists; a larger set is named by its URL.
const FEW_CODES: usize = 8;

/// Reads a primitive value in an object of this role, and returns the end of the value.
#[inline]
pub(crate) fn primitive<const EXPLAIN: bool>(
    state: &mut PassState<'_, EXPLAIN>,
    role: ObjectRole,
    element: &ElementRow,
    at: usize,
) -> Result<usize, Stopped> {
    let kind = *ValueKind::ALL.get(usize::from(element.kind)).ok_or(Stopped)?;
    match kind {
        ValueKind::Text => {
            let Some(span) = state.string(at, "a string")? else { return state.skip(at) };
            let length = span.end - at;
            if length == 2 {
                empty(state, at)?;
            } else if length > MAX_CHARACTERS {
                long(state, span)?;
            }
            if element.flags & E_REFERENCE != 0 && state.line.get(at + 1) == Some(&b'#') {
                state.own.inward.push(InnerReference { span, reference: true });
            }
            Ok(span.end)
        }
        ValueKind::Code if element.arg != NONE => bound(state, element.arg, at),
        ValueKind::Boolean => boolean(state, at),
        ValueKind::Integer | ValueKind::PositiveInt | ValueKind::UnsignedInt | ValueKind::Decimal => {
            number(state, kind, at)
        }
        ValueKind::Xhtml => narrative(state, at),
        ValueKind::ResourceType => {
            let Some(span) = state.string(at, "a string")? else { return state.skip(at) };
            resource_type::meet(state, role, span)?;
            Ok(span.end)
        }
        _ => formatted(state, kind, element, at),
    }
}

#[cold]
fn empty<const EXPLAIN: bool>(state: &mut PassState<'_, EXPLAIN>, at: usize) -> Result<(), Stopped> {
    state.fault(LineRule::EmptyValue, at, "a string that is not empty", "an empty string")
}

#[cold]
fn long<const EXPLAIN: bool>(state: &mut PassState<'_, EXPLAIN>, span: StringSpan) -> Result<(), Stopped> {
    let count = String::from_utf8_lossy(span.raw(state.line)).chars().count();
    if count <= MAX_CHARACTERS || span.escaped {
        return Ok(());
    }
    state.fault(LineRule::PrimitiveFormat, span.at, "at most 1048576 characters", format!("{count} characters"))
}

/// Reads a string with a format.
#[inline]
fn formatted<const EXPLAIN: bool>(
    state: &mut PassState<'_, EXPLAIN>,
    kind: ValueKind,
    element: &ElementRow,
    at: usize,
) -> Result<usize, Stopped> {
    // A string without white space and escapes is valid as a URI and as a code.
    if matches!(kind, ValueKind::Uri | ValueKind::Code)
        && state.line.get(at) == Some(&b'"')
        && let Some(end) = json_scan::solid(state.line, at)
        && end > at + 2
        && state.line.get(at + 1) != Some(&b'#')
    {
        return Ok(end);
    }
    let Some(span) = state.string(at, "a string")? else { return state.skip(at) };
    let raw = span.raw(state.line);
    if raw.is_empty() {
        empty(state, at)?;
    } else if span.escaped {
        escaped(state, kind, span)?;
    } else if !formats::fits(kind, raw) {
        misformed(state, kind, element, at, raw)?;
    }
    if raw.first() == Some(&b'#') && kind == ValueKind::Uri {
        state.own.inward.push(InnerReference { span, reference: false });
    }
    Ok(span.end)
}

#[cold]
fn escaped<const EXPLAIN: bool>(
    state: &mut PassState<'_, EXPLAIN>,
    kind: ValueKind,
    span: StringSpan,
) -> Result<(), Stopped> {
    let quoted = state.line.get(span.at..span.end).unwrap_or_default();
    let plain = state.requoted(quoted).to_vec();
    let plain = plain.get(1..plain.len().saturating_sub(1)).unwrap_or_default();
    if formats::fits(kind, plain) {
        return Ok(());
    }
    state.fault(LineRule::PrimitiveFormat, span.at, formats::looks(kind), formats::shape(plain))
}

#[cold]
fn misformed<const EXPLAIN: bool>(
    state: &mut PassState<'_, EXPLAIN>,
    kind: ValueKind,
    element: &ElementRow,
    at: usize,
    raw: &[u8],
) -> Result<(), Stopped> {
    // The rules of lines check the id of the line's resource.
    if element.flags & E_ID != 0 && at_root(state) {
        return state.refuse();
    }
    state.fault(LineRule::PrimitiveFormat, at, formats::looks(kind), formats::shape(raw))
}

/// Returns whether the element belongs to the line's resource. Correct only in a pass that explains.
fn at_root<const EXPLAIN: bool>(state: &PassState<'_, EXPLAIN>) -> bool {
    state.own.path.len() <= 1
}

fn boolean<const EXPLAIN: bool>(state: &mut PassState<'_, EXPLAIN>, at: usize) -> Result<usize, Stopped> {
    match state.line.get(at) {
        Some(b't') => Ok(json_scan::literal(state.line, at, b"true")?),
        Some(b'f') => Ok(json_scan::literal(state.line, at, b"false")?),
        _ => Ok(state.other_shape(at, "true or false")?.end),
    }
}

fn number<const EXPLAIN: bool>(
    state: &mut PassState<'_, EXPLAIN>,
    kind: ValueKind,
    at: usize,
) -> Result<usize, Stopped> {
    if !matches!(state.line.get(at), Some(b'-' | b'0'..=b'9')) {
        return Ok(state.other_shape(at, "a number")?.end);
    }
    let (end, integer) = json_scan::number(state.line, at)?;
    let raw = state.line.get(at..end).unwrap_or_default();
    if kind != ValueKind::Decimal && !(integer && formats::whole(kind, raw)) {
        state.fault(LineRule::PrimitiveFormat, at, formats::looks(kind), formats::shape(raw))?;
    }
    Ok(end)
}

/// Reads a code with a required binding.
#[inline]
fn bound<const EXPLAIN: bool>(state: &mut PassState<'_, EXPLAIN>, set: u16, at: usize) -> Result<usize, Stopped> {
    let last = state.own.codes.get(usize::from(set)).copied().unwrap_or_default();
    if let Some(code) = state.tables.codes.get(last as usize)
        && let Some(row) = state.tables.sets.get(usize::from(set))
        && last >= row.first
        && last < row.first + u32::from(row.count)
    {
        let rest = state.line.get(at..).unwrap_or_default();
        let known = state.tables.prepared.codes.get(last as usize).copied().unwrap_or_default();
        if known.begins(rest) && (known.length <= 24 || rest.starts_with(state.tables.bytes(code.text))) {
            return Ok(at + known.length);
        }
    }
    unguessed_code(state, set, at)
}

fn unguessed_code<const EXPLAIN: bool>(
    state: &mut PassState<'_, EXPLAIN>,
    set: u16,
    at: usize,
) -> Result<usize, Stopped> {
    let Some(span) = state.string(at, "a code in a string")? else { return state.skip(at) };
    let quoted = state.line.get(at..span.end).unwrap_or_default();
    let tables = state.tables;
    let row = tables.sets.get(usize::from(set)).ok_or(Stopped)?;
    let plain = if span.escaped { state.requoted(quoted).to_vec() } else { quoted.to_vec() };
    match tables.code(row, &plain) {
        Some(index) => {
            if let Some(last) = state.own.codes.get_mut(usize::from(set)) {
                *last = index;
            }
        }
        None if plain.len() <= 2 => empty(state, at)?,
        None => {
            let text = plain.get(1..plain.len() - 1).unwrap_or_default();
            if formats::fits(ValueKind::Code, text) {
                let expected = codes_of(state, row);
                state.fault(LineRule::CodeOutside, at, expected, formats::shape(text))?;
            } else {
                let (expected, actual) = (formats::looks(ValueKind::Code), formats::shape(text));
                state.fault(LineRule::PrimitiveFormat, at, expected, actual)?;
            }
        }
    }
    Ok(span.end)
}

fn codes_of<const EXPLAIN: bool>(state: &PassState<'_, EXPLAIN>, set: &SetRow) -> String {
    let first = set.first as usize;
    let url = state.tables.text(set.url);
    let codes = state.tables.codes.get(first..first + usize::from(set.count)).unwrap_or_default();
    if codes.len() > FEW_CODES {
        return format!("a code from {url}");
    }
    let name = |code: &CodeRow| {
        let text = state.tables.bytes(code.text);
        let plain = if set.systems == 1 { split(text).1 } else { text };
        String::from_utf8_lossy(plain).trim_matches('"').to_owned()
    };
    let names: Vec<String> = codes.iter().map(name).collect();
    format!("one of {} ({url})", names.join(", "))
}

/// Checks the required binding of the CodeableConcept at `at`: one of its codings must be in the set.
pub(crate) fn concept<const EXPLAIN: bool>(
    state: &mut PassState<'_, EXPLAIN>,
    set: u16,
    at: usize,
) -> Result<(), Stopped> {
    let tables = state.tables;
    let row = tables.sets.get(usize::from(set)).ok_or(Stopped)?;
    let (mut count, mut good) = (0, false);
    let mut text = Vec::new();
    codings(state.line, at, &mut |system, code| {
        count += 1;
        text.clear();
        text.extend_from_slice(system);
        text.push(b'|');
        text.extend_from_slice(code);
        // Codings with escapes pass; they are rare. An extension may replace a code or system.
        good |= text.contains(&b'\\') || code.is_empty() || system.is_empty() || tables.code(row, &text).is_some();
    });
    if good {
        return Ok(());
    }
    let mut extended = false;
    json_scan::members(state.line, at, &mut |key, _, _| {
        extended |= key == b"extension";
        true
    });
    if extended {
        return Ok(());
    }
    let actual = if count == 0 { "no coding" } else { "codings with other codes or systems" };
    let expected = codes_of(state, row);
    state.fault(LineRule::CodeOutside, at, expected, actual)
}

/// Reads the XHTML of a narrative.
fn narrative<const EXPLAIN: bool>(state: &mut PassState<'_, EXPLAIN>, at: usize) -> Result<usize, Stopped> {
    let Some(span) = state.string(at, "XHTML in a string")? else { return state.skip(at) };
    let wrong = if span.escaped {
        let quoted = state.line.get(at..span.end).unwrap_or_default();
        let plain = state.requoted(quoted);
        checked(plain.get(1..plain.len().saturating_sub(1)).unwrap_or_default())
    } else {
        checked(span.raw(state.line))
    };
    if let Some((expected, actual)) = wrong {
        state.fault(LineRule::Narrative, at, expected, actual)?;
    }
    Ok(span.end)
}

fn checked(text: &[u8]) -> Option<(&'static str, String)> {
    if xhtml::plain(text) {
        return None;
    }
    // A line that is not UTF-8 gets here only in a pass that explains.
    xhtml::check(std::str::from_utf8(text).ok()?).err()
}
