//! Reads the `resourceType` of an object.

use crate::base::json_scan;
use crate::fhir::validate::scratch::StringSpan;
use crate::fhir::validate::state::{ObjectRole, PassState, Stopped};

const KEY: &[u8] = b"\"resourceType\"";

/// Returns the index in [`Tables::resources`](crate::fhir::definitions::tables::Tables) of the type that `span` names.
#[inline]
pub(crate) fn named<const EXPLAIN: bool>(state: &mut PassState<'_, EXPLAIN>, span: StringSpan) -> Option<usize> {
    let quoted = state.line.get(span.at..span.end)?;
    let last = state.tables.resources.get(state.own.resource);
    if last.is_some_and(|last| state.tables.bytes(last.name) == quoted) {
        return Some(state.own.resource);
    }
    let tables = state.tables;
    let index = if span.escaped { tables.resource(state.requoted(quoted)) } else { tables.resource(quoted) }?;
    state.own.resource = index;
    Some(index)
}

/// Returns whether `resourceType` is the first key of the object that begins at the brace before `at`.
pub(crate) fn is_first<const EXPLAIN: bool>(state: &PassState<'_, EXPLAIN>, at: usize) -> bool {
    let first = json_scan::space(state.line, at);
    state.line.get(first..first + KEY.len()) == Some(KEY)
}

/// Records the `resourceType` of an object. Stops the pass if the line's resource has another type than assumed.
pub(crate) fn meet<const EXPLAIN: bool>(
    state: &mut PassState<'_, EXPLAIN>,
    role: ObjectRole,
    span: StringSpan,
) -> Result<(), Stopped> {
    if role == ObjectRole::Root && !EXPLAIN && !state.own.facts.resource_type.is_some() {
        let known = state.own.resource;
        if named(state, span) != Some(known) {
            return Err(Stopped);
        }
        state.own.facts.resource_type = span;
    }
    Ok(())
}

/// Reads the `resourceType` of the object that begins at the brace before `at`. In most objects it is the first key.
#[inline]
pub(crate) fn read<const EXPLAIN: bool>(state: &mut PassState<'_, EXPLAIN>, at: usize) -> Result<StringSpan, Stopped> {
    let first = json_scan::space(state.line, at);
    if state.line.get(first..first + KEY.len()) == Some(KEY) {
        let colon = json_scan::literal(state.line, json_scan::space(state.line, first + KEY.len()), b":")?;
        let at = json_scan::space(state.line, colon);
        if state.line.get(at) == Some(&b'"') {
            let (end, escaped) = json_scan::string(state.line, at)?;
            return Ok(StringSpan { at, end, escaped });
        }
    }
    read_late(state, at)
}

#[cold]
fn read_late<const EXPLAIN: bool>(state: &mut PassState<'_, EXPLAIN>, at: usize) -> Result<StringSpan, Stopped> {
    let (line, mut span, mut seen_to) = (state.line, StringSpan::default(), at);
    let budget = state.own.budget;
    json_scan::members(line, at - 1, &mut |key, from, to| {
        seen_to = to;
        if key == b"resourceType" && line.get(from) == Some(&b'"') {
            let escaped = line.get(from..to).unwrap_or_default().contains(&b'\\');
            span = StringSpan { at: from, end: to, escaped };
        }
        !span.is_some() && to - at < budget
    });
    // Without the budget, nested resources with their types at the end would cost quadratic time.
    match state.own.budget.checked_sub(seen_to - at) {
        Some(left) => state.own.budget = left,
        None => {
            state.own.unchecked = true;
            return Err(Stopped);
        }
    }
    Ok(span)
}
