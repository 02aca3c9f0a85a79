//! Checks references within a resource, and the types that references may refer to.

use crate::base::fhir_names::is_id;
use crate::fhir::definitions::layout::{NONE, ResourceRow};
use crate::fhir::validate::scratch::{Contained, InnerReference};
use crate::fhir::validate::state::{PassState, Stopped};
use crate::suite::line_rules::LineRule;

/// Checks the references within a resource: each has a target (ref-1), and each contained resource has a reference to
/// it (dom-3).
pub(crate) fn check_scope<const EXPLAIN: bool>(
    state: &mut PassState<'_, EXPLAIN>,
    contained: usize,
    inward: usize,
    from: usize,
    to: usize,
) -> Result<(), Stopped> {
    let ids: Vec<Contained> = state.own.contained.get(contained..).unwrap_or_default().to_vec();
    let references = state.own.inward.get(inward..).unwrap_or_default().to_vec();
    let line = state.line;
    for reference in references.iter().filter(|reference| reference.reference && !reference.span.escaped) {
        let target = reference.span.raw(line).get(1..).unwrap_or_default();
        let known = |of: &Contained| of.id.escaped || of.id.raw(line) == target;
        if !target.is_empty() && !ids.iter().any(known) {
            let expected = "ref-1: a contained resource with the id after #";
            state.fault_in(LineRule::ReferenceDangling, reference.span.at, "reference", expected, "none")?;
        }
    }
    for of in ids.iter().filter(|of| of.id.is_some() && !of.id.escaped) {
        let id = of.id.raw(line);
        let refers_back = |reference: &&InnerReference| {
            let raw = reference.span.raw(line);
            raw.get(1..) == Some(id) || (raw == b"#" && (of.from..of.to).contains(&reference.span.at))
        };
        // Any string with # and the id counts as a reference: dom-3 does not list all ways to refer.
        let mut named = vec![b'"', b'#'];
        named.extend_from_slice(id);
        let text = line.get(from..to).unwrap_or_default();
        let known = references.iter().any(|reference| refers_back(&reference));
        if !known && !text.windows(named.len()).any(|window| window == named) {
            let expected = "dom-3: a reference to each contained resource";
            state.fault_in(
                LineRule::ContainedResource,
                of.from - 1,
                "contained",
                expected,
                "a contained resource without one",
            )?;
        }
    }
    Ok(())
}

/// Checks a Reference: a relative one names a type that is allowed here, and the same type as its `type` (`declared`).
pub(crate) fn check_reference<const EXPLAIN: bool>(
    state: &mut PassState<'_, EXPLAIN>,
    quoted: &[u8],
    declared: &[u8],
    at: usize,
    targets: u16,
) -> Result<(), Stopped> {
    let text = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    let tables = state.tables;
    let plain = |row: &ResourceRow| {
        let name = tables.bytes(row.name);
        name.get(1..name.len().saturating_sub(1)).unwrap_or_default()
    };
    // Most references of an element refer to the same type as the one before.
    let slot = usize::from(targets).min(tables.targets.len());
    let last = state.own.referred.get(slot).and_then(|last| tables.resources.get(usize::from(*last)));
    let same = last.and_then(|row| text.strip_prefix(plain(row))).is_some_and(|rest| rest.first() == Some(&b'/'));
    if (same && declared.is_empty()) || !text.first().is_some_and(u8::is_ascii_uppercase) || text.contains(&b'\\') {
        return Ok(());
    }
    let Some(slash) = text.iter().position(|b| *b == b'/') else { return Ok(()) };
    let (kind, rest) = text.split_at(slash);
    let id = rest.get(1..).unwrap_or_default().split(|b| *b == b'/').next().unwrap_or_default();
    if !is_id(id) {
        return Ok(());
    }
    let Ok(index) = tables.resources.binary_search_by(|row| plain(row).cmp(kind)) else { return Ok(()) };
    if (targets == NONE || tables.may_target(targets, index))
        && let Some(last) = state.own.referred.get_mut(slot)
    {
        *last = index as u16;
    }
    if targets != NONE && !state.tables.may_target(targets, index) {
        let expected = format!("a reference to {}", state.tables.target_names(targets).join(", "));
        let kind = String::from_utf8_lossy(kind).into_owned();
        state.fault_in(LineRule::ReferenceTarget, at, "reference", expected, format!("a reference to {kind}"))?;
    }
    let known = declared.is_empty() || state.tables.resource(declared).is_none_or(|named| named == index);
    if !known {
        let expected = "the type in reference";
        state.fault_in(LineRule::ReferenceTarget, at, "type", expected, "another type")?;
    }
    Ok(())
}
