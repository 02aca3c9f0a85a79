//! The invariants that compare two values of one object: dates, quantities, codes, and a reference with its type.

use crate::fhir::definitions::layout::*;
use crate::fhir::validate::close::Object;
use crate::fhir::validate::pass::Pass;
use crate::fhir::validate::scan::Stop;
use crate::fhir::validate::{formats, scan};
use crate::suite::line_rules::LineRule;

impl<const EXPLAIN: bool> Pass<'_, EXPLAIN> {
    /// The invariants that compare two values of an object.
    pub(crate) fn built_in(&mut self, object: &Object<'_>) -> Result<(), Stop> {
        let (line, (left, left_end), (right, right_end)) = (self.line, object.left, object.right);
        let between = |from: usize, to: usize| line.get(from..to).unwrap_or_default();
        let flags = object.row.flags;
        if flags & T_REFERENCE != 0 {
            return self.reference(between(left, left_end), between(right, right_end), left, object.targets);
        }
        if right_end == 0 {
            return Ok(());
        }
        let text = |bytes: &'_ [u8]| String::from_utf8_lossy(bytes).trim_matches('"').to_owned();
        let expected = if flags & T_PERIOD != 0 {
            let (start, end) = (text(between(left, left_end)), text(between(right, right_end)));
            if !formats::is_after(&start, &end) {
                return Ok(());
            }
            if self.tables.text(object.row.name) == "Period" {
                "per-1: a start that is not after the end"
            } else {
                "mdd-1: a whenHandedOver that is not before whenPrepared"
            }
        } else if flags & T_RANGE != 0 {
            let higher = matches!((quantity(line, left), quantity(line, right)),
                (Some((unit, low)), Some((other, high))) if unit == other && low > high);
            if !higher {
                return Ok(());
            }
            "rng-2: a low that is not above the high"
        } else {
            // Of an Observation with a value of its own.
            let value = self.tables.find(object.row, b"\"valueQuantity\"");
            let bit = value.and_then(|index| self.tables.elements.get(index as usize)).map(|row| row.bit & 63);
            if bit.is_none_or(|bit| object.all() & (1 << bit) == 0) || !same_coding(line, left, right) {
                return Ok(());
            }
            "obs-7: no value beside a component of the same code"
        };
        self.fault(LineRule::Invariant, object.at - 1, expected, "an object that does not keep it")
    }
}

/// A quantity's unit and value, where both can be compared.
fn quantity(line: &[u8], at: usize) -> Option<([&[u8]; 3], f64)> {
    let (mut unit, mut value, mut plain): ([&[u8]; 3], _, _) = ([b"", b"", b""], None, true);
    scan::members(line, at, &mut |key, from, to| {
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

/// Whether a component of the array at `components` has a coding that `code` has, written alike.
fn same_coding(line: &[u8], code: usize, components: usize) -> bool {
    let mut own: Vec<&[u8]> = Vec::new();
    let list = |concept: usize, into: &mut Vec<(usize, usize)>| {
        scan::members(line, concept, &mut |key, value, _| {
            if key == b"coding" {
                scan::items(line, value, &mut |item| {
                    if let Ok(end) = scan::skip(line, item) {
                        into.push((item, end));
                    }
                });
            }
            true
        });
    };
    let mut spans = Vec::new();
    list(code, &mut spans);
    own.extend(spans.iter().filter_map(|(from, to)| line.get(*from..*to)));
    let mut others = Vec::new();
    scan::items(line, components, &mut |component| {
        scan::members(line, component, &mut |key, value, _| {
            if key == b"code" {
                list(value, &mut others);
            }
            true
        });
    });
    others.iter().filter_map(|(from, to)| line.get(*from..*to)).any(|coding| own.contains(&coding))
}
