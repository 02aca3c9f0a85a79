//! Invariants that are decided by what is there and by a few values: their FHIRPath, compiled to a program over the
//! presence and fact bits of one object. What the compiler does not understand stays open, and is listed as such.

use serde_json::Value;

use crate::fhir::definitions::builder::formula::Compiler;
use crate::fhir::definitions::builder::types::{Builder, Draft, Member};
use crate::fhir::definitions::layout::Kind;
use crate::fhir::definitions::layout::Watch;

/// A watch that an invariant needs on an element.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Watched {
    pub(crate) kind: Watch,
    pub(crate) bit: u8,
    pub(crate) text: Vec<u8>,
    pub(crate) mask: u64,
}

/// Invariants that the validator decides by code of its own.
pub(crate) const BUILT_IN: &[&str] = &[
    "ele-1", "dom-2", "dom-3", "dom-4", "dom-5", "dom-6", "ref-1", "per-1", "rng-2", "obs-7", "mdd-1", "sqty-1",
    "txt-1", "txt-2",
];

/// What each invariant of the type compiles to: key, words, program.
pub(crate) fn compile<'p>(
    builder: &mut Builder<'p>,
    draft: &Draft<'p>,
    at: usize,
    members: &mut [Vec<Member<'p>>],
) -> Vec<(String, String, Vec<u8>)> {
    let mut compiled = Vec::new();
    let own = constraints(draft.own).map(|constraint| (constraint, None));
    // What stands on an element without children of its own is decided where the element stands.
    let leaves: Vec<(Value, Option<String>)> = members
        .get(at)
        .into_iter()
        .flatten()
        .filter(|member| member.row.kind != Kind::Twin as u8)
        .filter(|member| !builder.names.contains_key(&format!("{}.{}", draft.name, member.name)))
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
        // ext-1 and its like are repeated on every element of the type; they stand on the type itself.
        if element.is_some() && constraint.get("source").is_some() {
            continue;
        }
        known.push(key.clone());
        let expression = says("expression");
        match Compiler::new(members, at, draft, &expression).compile(element.as_deref()) {
            Some(program) if program.len() <= usize::from(u16::MAX) => compiled.push((key, says("human"), program)),
            _ => builder.open(&draft.name, &key, 0),
        }
    }
    compiled
}

fn constraints(element: &Value) -> impl Iterator<Item = &Value> {
    element.get("constraint").and_then(Value::as_array).into_iter().flatten()
}
