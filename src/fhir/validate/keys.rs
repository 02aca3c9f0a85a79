//! Finds the element of a key.

use crate::base::json_scan;
use crate::fhir::definitions::layout::*;
use crate::fhir::validate::scratch::NOWHERE;
use crate::fhir::validate::state::{PassState, Stopped};
use crate::suite::line_rules::LineRule;

/// Reads the key at `at` and its colon. Returns the element, `None` if the type has no such key, and the start of its
/// value. The element that followed `before` last time is tried first.
#[inline]
pub(crate) fn key<const EXPLAIN: bool>(
    state: &mut PassState<'_, EXPLAIN>,
    row: &TypeRow,
    of: u16,
    before: u32,
    at: usize,
) -> Result<(Option<u32>, usize), Stopped> {
    let guess = match before {
        NOWHERE => state.own.first.get(usize::from(of)),
        before => state.own.next.get(before as usize),
    };
    let guess = guess.copied().unwrap_or(NOWHERE);
    let rest = state.line.get(at..).ok_or(Stopped)?;
    if guess.wrapping_sub(row.first) < u32::from(row.count)
        && let Some(known) = state.tables.prepared.keys.get(guess as usize)
        && (known.length <= 24 || begins_with_long_key(state, guess, rest))
        && known.begins(rest)
    {
        return Ok((Some(guess), json_scan::space(state.line, at + known.length)));
    }
    unguessed(state, row, of, before, at)
}

/// Returns whether `rest` begins with a key that is too long for a comparison as three numbers.
fn begins_with_long_key<const EXPLAIN: bool>(state: &PassState<'_, EXPLAIN>, element: u32, rest: &[u8]) -> bool {
    let row = state.tables.elements.get(element as usize);
    row.is_some_and(|row| rest.starts_with(state.tables.bytes(row.key)))
}

fn unguessed<const EXPLAIN: bool>(
    state: &mut PassState<'_, EXPLAIN>,
    row: &TypeRow,
    of: u16,
    before: u32,
    at: usize,
) -> Result<(Option<u32>, usize), Stopped> {
    if state.line.get(at) != Some(&b'"') {
        return Err(Stopped);
    }
    let (line, tables) = (state.line, state.tables);
    let (end, escaped) = json_scan::string(line, at)?;
    let value = json_scan::space(line, json_scan::literal(line, json_scan::space(line, end), b":")?);
    let quoted = line.get(at..end).unwrap_or_default();
    let found = if escaped { tables.find(row, state.requoted(quoted)) } else { tables.find(row, quoted) };
    if let Some(index) = found {
        let learned = match before {
            NOWHERE => state.own.first.get_mut(usize::from(of)),
            before => state.own.next.get_mut(before as usize),
        };
        if let Some(learned) = learned {
            *learned = index;
        }
        return Ok((Some(index), value));
    }
    let name = quoted.get(1..quoted.len() - 1).unwrap_or_default();
    let plausible = (1..=41).contains(&name.len()) && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let shown = if plausible { String::from_utf8_lossy(name).into_owned() } else { "?".to_owned() };
    let expected = format!("an element of {}", tables.text(row.name));
    state.fault_in(LineRule::UnknownElement, at, &shown, expected, "an unknown key")?;
    Ok((None, value))
}
