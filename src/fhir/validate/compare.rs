//! Checks the invariants that compare two values of one object: dates, quantities, codes, and a reference with its
//! type.

use crate::base::json_scan;
use crate::fhir::definitions::layout::*;
use crate::fhir::validate::coding::shares_coding;
use crate::fhir::validate::object::ObjectState;
use crate::fhir::validate::state::{PassState, Stopped};
use crate::fhir::validate::{formats, references};
use crate::suite::line_rules::LineRule;

/// Checks the invariants that compare two values of an object.
pub(crate) fn check_values<const EXPLAIN: bool>(
    state: &mut PassState<'_, EXPLAIN>,
    object: &ObjectState<'_>,
) -> Result<(), Stopped> {
    let (line, (left, left_end), (right, right_end)) = (state.line, object.left, object.right);
    let between = |from: usize, to: usize| line.get(from..to).unwrap_or_default();
    let flags = object.row.flags;
    if flags & T_REFERENCE != 0 {
        return references::check_reference(
            state,
            between(left, left_end),
            between(right, right_end),
            left,
            object.targets,
        );
    }
    if right_end == 0 {
        return Ok(());
    }
    let text = |bytes: &'_ [u8]| String::from_utf8_lossy(bytes).trim_matches('"').to_owned();
    let (expected, actual) = if flags & T_PERIOD != 0 {
        let (start, end) = (text(between(left, left_end)), text(between(right, right_end)));
        if !formats::is_after(&start, &end) {
            return Ok(());
        }
        if state.tables.text(object.row.name) == "Period" {
            ("per-1: a start that is not after the end", "a start after the end")
        } else {
            ("mdd-1: a whenHandedOver that is not before whenPrepared", "a whenHandedOver before whenPrepared")
        }
    } else if flags & T_RANGE != 0 {
        let higher = matches!((quantity(line, left), quantity(line, right)),
            (Some((unit, low)), Some((other, high))) if unit == other && low > high);
        if !higher {
            return Ok(());
        }
        ("rng-2: a low that is not above the high", "a low above the high")
    } else {
        // An Observation: obs-7 applies if it has a value of its own.
        let value = state.tables.find(object.row, b"\"valueQuantity\"");
        let bit = value.and_then(|index| state.tables.elements.get(index as usize)).map(|row| row.bit & 63);
        if bit.is_none_or(|bit| object.all() & (1 << bit) == 0) || !shares_coding(line, left, right) {
            return Ok(());
        }
        ("obs-7: no value[x] if a component has the same code", "a value[x] and a component with the same code")
    };
    state.fault(LineRule::Invariant, object.at - 1, expected, actual)
}

/// Returns the unit and the value of a quantity, if both can be compared.
fn quantity(line: &[u8], at: usize) -> Option<([&[u8]; 3], f64)> {
    let (mut unit, mut value, mut plain): ([&[u8]; 3], _, _) = ([b"", b"", b""], None, true);
    json_scan::members(line, at, &mut |key, from, to| {
        let text = line.get(from..to).unwrap_or_default();
        match key {
            b"value" => value = std::str::from_utf8(text).ok().and_then(|text| text.parse::<f64>().ok()),
            b"system" => unit = [text, unit[1], unit[2]],
            b"code" => unit = [unit[0], text, unit[2]],
            b"unit" => unit = [unit[0], unit[1], text],
            b"id" => {}
            _ => plain = false,
        }
        true
    });
    Some((unit, value.filter(|_| plain)?))
}
