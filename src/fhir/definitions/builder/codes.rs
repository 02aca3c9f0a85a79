//! Expands value sets that the package defines completely.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::fhir::definitions::builder::package::Package;

/// Returns every code of the value set with its system, or `None` if the package does not list all of them.
pub(crate) fn expand(package: &Package, url: &str) -> Option<BTreeSet<(String, String)>> {
    let plain = url.split('|').next().unwrap_or_default();
    let compose = package.value_sets.get(plain)?.get("compose")?;
    if compose.get("exclude").is_some() {
        return None;
    }
    let mut codes = BTreeSet::new();
    for include in compose.get("include")?.as_array()? {
        if include.get("filter").is_some() {
            return None;
        }
        if let Some(others) = include.get("valueSet").and_then(Value::as_array) {
            // Several value sets, or one and a system, are an intersection.
            let ([other], None) = (others.as_slice(), include.get("system")) else { return None };
            codes.extend(expand(package, other.as_str()?)?);
            continue;
        }
        let system = include.get("system")?.as_str()?;
        let own = package.code_systems.get(system);
        // If the code system is not case-sensitive, a code has several spellings.
        if own.is_some_and(|own| own.get("caseSensitive") == Some(&Value::Bool(false))) {
            return None;
        }
        if let Some(concepts) = include.get("concept").and_then(Value::as_array) {
            take(system, concepts, &mut codes);
            continue;
        }
        let own = own?;
        if own.get("content").and_then(Value::as_str) != Some("complete") || own.get("supplements").is_some() {
            return None;
        }
        take(system, own.get("concept")?.as_array()?, &mut codes);
    }
    (!codes.is_empty()).then_some(codes)
}

fn take(system: &str, concepts: &[Value], codes: &mut BTreeSet<(String, String)>) {
    for concept in concepts {
        if let Some(code) = concept.get("code").and_then(Value::as_str) {
            codes.insert((system.to_owned(), code.to_owned()));
        }
        if let Some(inner) = concept.get("concept").and_then(Value::as_array) {
            take(system, inner, codes);
        }
    }
}
