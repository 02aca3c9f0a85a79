//! Compiles the invariants that depend only on the presence of elements and on a few values, from FHIRPath to a program
//! over the presence and fact bits of one object. Invariants that the compiler does not support are listed as
//! undecided.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::fhir::definitions::builder::draft::{Draft, Member};
use crate::fhir::definitions::builder::formula::InvariantCompiler;
use crate::fhir::definitions::layout::ValueKind;

/// Invariants that the validator implements in Rust.
pub(crate) const BUILT_IN: &[&str] = &[
    "ele-1", "dom-2", "dom-3", "dom-4", "dom-5", "dom-6", "ref-1", "per-1", "rng-2", "obs-7", "mdd-1", "sqty-1",
    "txt-1", "txt-2",
];

/// A compiled invariant: its key, its text and its program.
pub(crate) type Compiled = (String, String, Vec<u8>);

/// Compiles the invariants of the type number `at`. `names` has all types. Returns the compiled invariants, and the
/// keys of those that the compiler does not support.
pub(crate) fn compile<'p>(
    names: &BTreeMap<String, u16>,
    draft: &Draft<'p>,
    at: usize,
    members: &mut [Vec<Member<'p>>],
) -> (Vec<Compiled>, Vec<String>) {
    let (mut compiled, mut open) = (Vec::new(), Vec::new());
    let own = constraints(draft.own).map(|constraint| (constraint, None));
    // An invariant of an element without children is decided for the object around it.
    let leaves: Vec<(Value, Option<String>)> = members
        .get(at)
        .into_iter()
        .flatten()
        .filter(|member| member.row.kind != ValueKind::Twin as u8)
        .filter(|member| !names.contains_key(&format!("{}.{}", draft.name, member.name)))
        .flat_map(|member| constraints(member.definition).map(|c| (c.clone(), Some(member.name.clone()))))
        .collect();
    let all: Vec<(Value, Option<String>)> = own.map(|(c, of)| (c.clone(), of)).chain(leaves).collect();
    let mut known = Vec::new();
    for (constraint, element) in all {
        let says = |key: &str| constraint.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let key = says("key");
        if says("severity") != "error" || BUILT_IN.contains(&key.as_str()) || known.contains(&key) {
            continue;
        }
        // ext-1 and similar invariants are repeated on every element of the type; the type itself has them.
        if element.is_some() && constraint.get("source").is_some() {
            continue;
        }
        known.push(key.clone());
        let expression = says("expression");
        match InvariantCompiler::new(members, at, draft, &expression).compile(element.as_deref()) {
            Some(program) if program.len() <= usize::from(u16::MAX) => compiled.push((key, says("human"), program)),
            _ => open.push(key),
        }
    }
    (compiled, open)
}

fn constraints(element: &Value) -> impl Iterator<Item = &Value> {
    element.get("constraint").and_then(Value::as_array).into_iter().flatten()
}
