//! Checks an object when its closing brace is read.

use crate::base::json_scan;
use crate::fhir::definitions::layout::*;
use crate::fhir::validate::object::ObjectState;
use crate::fhir::validate::program::Seen;
use crate::fhir::validate::scratch::ArrayItem;
use crate::fhir::validate::state::{ObjectRole, PassState, Stopped};
use crate::fhir::validate::{compare, program};
use crate::suite::line_rules::LineRule;

/// Checks the object that ended at the brace before `end`. Returns the fact bits of its values.
#[inline]
pub(crate) fn close<const EXPLAIN: bool>(
    state: &mut PassState<'_, EXPLAIN>,
    object: &mut ObjectState<'_>,
    end: usize,
) -> Result<u64, Stopped> {
    let row = object.row;
    let all = object.all();
    let brace = object.at - 1;
    if row.flags & T_ELEMENT != 0 && object.role != ObjectRole::Twin {
        let id = state.tables.prepared.ids.get(usize::from(object.of)).copied().unwrap_or_default();
        if all & !id == 0 && !object.odd {
            let actual = if all == 0 { "an empty object" } else { "only an id" };
            state.fault(LineRule::EmptyValue, brace, "ele-1: a value or children", actual)?;
            return Ok(object.facts);
        }
    }
    if row.required & !all != 0 {
        missing(state, object, row.required & !all)?;
    }
    if object.twins != 0 {
        twins(state, object, end)?;
    }
    if object.paired {
        pairs(state, object)?;
    }
    state.own.arrays.truncate(object.arrays_from);
    state.own.items.truncate(object.items_from);
    if row.flags & (T_PERIOD | T_RANGE | T_REFERENCE | T_OBSERVATION) != 0 && object.left.1 != 0 {
        compare::check_values(state, object)?;
    }
    if row.invariant_count != 0 && !object.odd {
        let seen = Seen { there: all, valued: object.present, facts: object.facts };
        let first = row.invariants as usize;
        let rows = state.tables.invariants.get(first..first + usize::from(row.invariant_count));
        for invariant in rows.unwrap_or_default() {
            if program::breaks(state.tables, invariant, &seen) {
                let key = state.tables.text(invariant.key);
                let expected = format!("{key}: {}", state.tables.text(invariant.human));
                state.fault(LineRule::Invariant, brace, expected, "an object that violates it")?;
            }
        }
    }
    if row.flags & T_DOMAIN != 0 && object.role == ObjectRole::Root {
        let text = state.tables.prepared.texts.get(usize::from(object.of)).copied().unwrap_or_default();
        state.own.facts.bare = all & text == 0;
    }
    Ok(object.facts)
}

/// Reports the mandatory elements that are missing.
#[cold]
fn missing<const EXPLAIN: bool>(
    state: &mut PassState<'_, EXPLAIN>,
    object: &ObjectState<'_>,
    bits: u64,
) -> Result<(), Stopped> {
    state.refuse()?;
    let first = object.row.first as usize;
    let rows = state.tables.elements.get(first..first + usize::from(object.row.count)).unwrap_or_default();
    let mut reported = 0_u64;
    for element in rows {
        let mask = 1_u64 << (element.bit & 63);
        if bits & mask == 0 || reported & mask != 0 {
            continue;
        }
        reported |= mask;
        let name = state.tables.text(element.name);
        state.fault_in(LineRule::MissingElement, object.at - 1, name, "a mandatory element", "none")?;
        let link = state.tables.link(object.row, Some(element.name));
        if let Some(fault) = state.own.faults.last_mut() {
            fault.link = link;
        }
    }
    Ok(())
}

/// Checks the twins of elements without a value, and twins of another choice than the value.
#[cold]
fn twins<const EXPLAIN: bool>(
    state: &mut PassState<'_, EXPLAIN>,
    object: &ObjectState<'_>,
    end: usize,
) -> Result<(), Stopped> {
    if object.twins & !object.present & !object.extended != 0 {
        let expected = "ele-1: a value or an extension";
        state.fault(LineRule::EmptyValue, object.at - 1, expected, "only an id")?;
    }
    if object.present & object.twins & object.row.choices != 0 {
        let line = state.line.get(..end).unwrap_or_default();
        let (mut plain, mut twins) = (Vec::new(), Vec::new());
        json_scan::members(line, object.at - 1, &mut |key, _, _| {
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
            let found = state.tables.find(object.row, &quoted);
            let found = found.and_then(|index| state.tables.elements.get(index as usize)).copied();
            let Some(element) = found.filter(|element| element.flags & E_CHOICE != 0) else { continue };
            if object.present & (1 << (element.bit & 63)) != 0 {
                let name = state.tables.text(element.name);
                let expected = format!("only one of {name}");
                state.fault(
                    LineRule::TwoOfOneChoice,
                    object.at - 1,
                    expected,
                    "a value of one type and a _ property of another",
                )?;
            }
        }
    }
    Ok(())
}

/// Checks arrays of primitives against the arrays of their twins.
#[cold]
fn pairs<const EXPLAIN: bool>(state: &mut PassState<'_, EXPLAIN>, object: &ObjectState<'_>) -> Result<(), Stopped> {
    let notes: Vec<_> = state.own.arrays.get(object.arrays_from..).unwrap_or_default().to_vec();
    let items: Vec<ArrayItem> = state.own.items.clone();
    for note in notes.iter().filter(|note| !note.twin || !notes.iter().any(|n| n.bit == note.bit && !n.twin)) {
        let own = items.get(note.from..note.to).unwrap_or_default();
        let twin = notes.iter().find(|other| other.bit == note.bit && other.twin && !note.twin);
        let other = twin.and_then(|twin| items.get(twin.from..twin.to));
        if let Some(other) = other.filter(|other| other.len() != own.len()) {
            let expected = "equal numbers of items in the array and in its _ array";
            let actual = format!("{} items, and {} in the _ array", own.len(), other.len());
            state.fault_of(note.element, LineRule::TwinMisaligned, note.at, expected, actual)?;
            continue;
        }
        for (index, item) in own.iter().enumerate() {
            let paired = other.and_then(|other| other.get(index)).copied();
            let empty = match (note.twin, item) {
                (false, ArrayItem::Null) => paired != Some(ArrayItem::Full),
                (true, item) => *item != ArrayItem::Full,
                (false, _) => false,
            };
            if empty {
                let expected = "ele-1: a value or an extension at each index";
                state.fault_of(note.element, LineRule::NullValue, note.at, expected, "an index with neither")?;
                break;
            }
        }
    }
    Ok(())
}
