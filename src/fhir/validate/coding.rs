//! Reads the codings of CodeableConcepts from the text of the line.

use crate::base::json_scan;

/// Splits `system|code`.
pub(crate) fn split(text: &[u8]) -> (&[u8], &[u8]) {
    let at = text.iter().rposition(|b| *b == b'|').unwrap_or(0);
    (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default())
}

/// Visits the codings of the CodeableConcept at `at`: system and code as written in the line, empty if missing.
pub(crate) fn codings(line: &[u8], at: usize, each: &mut dyn FnMut(&[u8], &[u8])) {
    coding_starts(line, at, &mut |item| {
        let (mut system, mut code): (&[u8], &[u8]) = (b"", b"");
        json_scan::members(line, item, &mut |key, from, to| {
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

/// Returns whether a component of the array at `components` has a coding of the CodeableConcept at `code`, byte for
/// byte.
pub(crate) fn shares_coding(line: &[u8], code: usize, components: usize) -> bool {
    let (mut own, mut others) = (Vec::new(), Vec::new());
    list(line, code, &mut own);
    json_scan::items(line, components, &mut |component| {
        json_scan::members(line, component, &mut |key, value, _| {
            if key == b"code" {
                list(line, value, &mut others);
            }
            true
        });
    });
    others.iter().any(|coding| own.contains(coding))
}

/// Adds the codings of the CodeableConcept at `concept` to `into`.
fn list<'l>(line: &'l [u8], concept: usize, into: &mut Vec<&'l [u8]>) {
    coding_starts(line, concept, &mut |item| {
        if let Ok(end) = json_scan::skip(line, item) {
            into.extend(line.get(item..end));
        }
    });
}

/// Visits the positions of the codings of the CodeableConcept at `at`.
fn coding_starts(line: &[u8], at: usize, each: &mut dyn FnMut(usize)) {
    json_scan::members(line, at, &mut |key, value, _| {
        if key == b"coding" {
            json_scan::items(line, value, each);
        }
        true
    });
}
