//! Compares values: with a fixed value or pattern, with the tests of slices, and with types.

use serde_json::{Map, Value};

use crate::fhir::profile::node::{DiscriminatorStep, Node, RequiredValue, SliceCriterion, SliceTest};
use crate::fhir::profile::profiles::Profiles;
use crate::fhir::value::{list, text};

/// One occurrence of an element.
#[derive(Clone, Debug)]
pub(crate) struct Occurrence<'v> {
    /// Its value; `None` if a primitive has only extensions.
    pub(crate) value: Option<&'v Value>,
    /// The twin of a primitive, under the key with `_`.
    pub(crate) twin: Option<&'v Value>,
    /// The key of the occurrence.
    pub(crate) key: String,
    /// Its index in an array.
    pub(crate) index: Option<usize>,
    /// The ending of the key of a choice, such as `String` in `valueString`.
    pub(crate) ending: Option<String>,
}

impl Occurrence<'_> {
    /// Returns whether it has more than an id and extensions.
    pub(crate) fn is_populated(&self, extension: bool) -> bool {
        match self.value {
            Some(Value::Object(object)) => {
                extension || object.keys().any(|key| !matches!(key.as_str(), "id" | "extension"))
            }
            Some(Value::Null) | None => false,
            Some(_) => true,
        }
    }
}

/// Returns a type name as in the key of a choice: `DateTime` for `dateTime`.
pub(crate) fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// Returns the occurrences of an element in an object.
pub(crate) fn items<'v>(profiles: &Profiles, node: &Node, object: &'v Map<String, Value>) -> Vec<Occurrence<'v>> {
    if !node.choice {
        return keyed(&node.name, None, object);
    }
    let mut all: Vec<Occurrence<'v>> = Vec::new();
    for key in object.keys() {
        let plain = key.strip_prefix('_').unwrap_or(key);
        let Some(ending) = plain.strip_prefix(node.name.as_str()) else { continue };
        if profiles.endings.contains(ending) && !all.iter().any(|item| item.key.trim_start_matches('_') == plain) {
            all.extend(keyed(plain, Some(ending), object));
        }
    }
    all
}

fn keyed<'v>(key: &str, ending: Option<&str>, object: &'v Map<String, Value>) -> Vec<Occurrence<'v>> {
    let twin_key = format!("_{key}");
    let (own, twins) = (object.get(key), object.get(&twin_key));
    let places = |value: Option<&Value>| value.and_then(Value::as_array).map(Vec::len);
    let place = |value: Option<&'v Value>, index: usize| match value {
        Some(Value::Array(items)) => items.get(index),
        other => other.filter(|_| index == 0),
    };
    let count = places(own).into_iter().chain(places(twins)).max();
    let mut items = Vec::new();
    for index in 0..count.unwrap_or(1) {
        let some = |value: Option<&'v Value>| place(value, index).filter(|value| !value.is_null());
        let (value, twin) = (some(own), some(twins));
        if value.is_none() && twin.is_none() {
            continue;
        }
        items.push(Occurrence {
            value,
            twin,
            key: if value.is_some() { key.to_owned() } else { twin_key.clone() },
            index: count.map(|_| index),
            ending: ending.map(str::to_owned),
        });
    }
    items
}

/// Returns whether a value equals the required value or matches the required pattern.
pub(crate) fn is(wanted: &RequiredValue, value: &Value) -> bool {
    match wanted {
        RequiredValue::Fixed(fixed) => same(fixed, value),
        RequiredValue::Pattern(pattern) => like(pattern, value),
    }
}

fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len() && one.iter().all(|(key, value)| other.get(key).is_some_and(|of| same(value, of)))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        // 1 and 1.0 differ in precision, not in value.
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (one, other) => one == other,
    }
}

fn like(pattern: &Value, value: &Value) -> bool {
    match (pattern, value) {
        (Value::Object(pattern), Value::Object(value)) => {
            pattern.iter().all(|(key, wanted)| value.get(key).is_some_and(|of| like(wanted, of)))
        }
        (Value::Array(pattern), Value::Array(value)) => {
            pattern.iter().all(|wanted| value.iter().any(|of| like(wanted, of)))
        }
        (pattern, value) => same(pattern, value),
    }
}

/// Describes the required value, at most 100 characters of it. It is content of the package, not of the resource.
pub(crate) fn describe(wanted: &RequiredValue) -> String {
    let (verb, value) = match wanted {
        RequiredValue::Fixed(value) => ("exactly", value),
        RequiredValue::Pattern(value) => ("a value that matches the pattern", value),
    };
    let text = match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let mut short: String = text.chars().take(100).collect();
    if short.len() < text.len() {
        short.push_str("...");
    }
    format!("{verb} {short}")
}

/// Returns whether an item passes the test of a slice, or `None` if that cannot be decided.
pub(crate) fn passes(profiles: &Profiles, test: &SliceTest, item: &Occurrence<'_>, resource: &Value) -> Option<bool> {
    let start: Vec<(Option<&str>, &Value)> = item.value.iter().map(|value| (item.ending.as_deref(), *value)).collect();
    let found = test
        .path
        .iter()
        .fold(start, |from, hop| from.into_iter().flat_map(|(_, value)| step(profiles, hop, value)).collect());
    match &test.wants {
        SliceCriterion::There(there) => Some(found.is_empty() != *there),
        SliceCriterion::Value(wanted) => Some(found.iter().any(|(_, value)| is(wanted, value))),
        SliceCriterion::Code(set) => {
            let set = profiles.sets.get(*set)?;
            let coded: Vec<Option<bool>> = found.iter().map(|(_, value)| set.contains(value)).collect();
            if coded.contains(&None) && !coded.contains(&Some(true)) { None } else { Some(coded.contains(&Some(true))) }
        }
        SliceCriterion::Type(codes) => Some(found.iter().any(|(ending, value)| is_of(codes, *ending, value))),
        SliceCriterion::Target(targets) => {
            let led: Vec<Option<String>> = found.iter().map(|(_, value)| target(profiles, value, resource)).collect();
            let hit = led.iter().flatten().any(|name| targets.contains(name));
            if !hit && led.contains(&None) { None } else { Some(hit) }
        }
    }
}

/// Returns whether a value has one of these types: a choice by its key, a resource by its `resourceType`.
pub(crate) fn is_of(codes: &[String], ending: Option<&str>, value: &Value) -> bool {
    let own = value.get("resourceType").and_then(Value::as_str);
    match (ending, own) {
        (Some(ending), _) => codes.iter().any(|code| capitalized(code) == ending),
        (None, Some(own)) => {
            codes.iter().any(|code| code == own || matches!(code.as_str(), "Resource" | "DomainResource"))
        }
        // Any other element has only one type, which is also the type of the slice.
        (None, None) => true,
    }
}

fn step<'v>(profiles: &Profiles, hop: &DiscriminatorStep, value: &'v Value) -> Vec<(Option<&'v str>, &'v Value)> {
    let Value::Object(object) = value else { return Vec::new() };
    let flat = |value: &'v Value| match value {
        Value::Array(items) => items.iter().collect::<Vec<_>>(),
        value => vec![value],
    };
    match hop {
        DiscriminatorStep::Key(name) => {
            object.get(name).into_iter().flat_map(flat).map(|value| (None, value)).collect()
        }
        DiscriminatorStep::Choice(name) => {
            let own = object.iter().filter_map(|(key, value)| {
                let ending = key.strip_prefix(name.as_str())?;
                profiles.endings.contains(ending).then_some((Some(ending), value))
            });
            own.collect()
        }
        DiscriminatorStep::Extension(url) => {
            let own = object.get("extension").into_iter().flat_map(flat);
            own.filter(|extension| text(extension, "url") == url).map(|value| (None, value)).collect()
        }
    }
}

/// Returns the resource type of the target of a reference, if the reference names an existing type.
pub(crate) fn target(profiles: &Profiles, reference: &Value, resource: &Value) -> Option<String> {
    let known = |name: &str| profiles.endings.contains(name).then(|| name.to_owned());
    let named = text(reference, "type");
    if !named.is_empty() {
        return known(named);
    }
    let url = text(reference, "reference");
    if let Some(id) = url.strip_prefix('#') {
        let contained = list(resource, "contained");
        return known(text(contained.iter().find(|inner| text(inner, "id") == id)?, "resourceType"));
    }
    let path = url.split(['?', '#']).next()?;
    let current = path.split("/_history/").next()?;
    let mut parts = current.rsplit('/');
    let last = parts.next()?;
    // A conditional reference ends in the type, others in the id.
    known(if url.contains('?') { last } else { parts.next()? })
}
