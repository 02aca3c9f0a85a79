//! Matches resources with filters.

use serde_json::Value;

use crate::search::date::Range;
use crate::search::param::{ParamKind, SearchParam};
use crate::search::query::{Criterion, Query, System, WantedValue};
use crate::search::text::folded;
use crate::search::world::World;

/// Whether a resource passes a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchResult {
    /// It passes.
    Yes,
    /// It does not pass.
    No,
    /// Unknown whether it passes.
    Unknown,
}

impl MatchResult {
    fn of(known: Option<bool>) -> Self {
        match known {
            Some(true) => MatchResult::Yes,
            Some(false) => MatchResult::No,
            None => MatchResult::Unknown,
        }
    }

    /// Both must pass.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (MatchResult::No, _) | (_, MatchResult::No) => MatchResult::No,
            (MatchResult::Yes, MatchResult::Yes) => MatchResult::Yes,
            _ => MatchResult::Unknown,
        }
    }

    /// One of them must pass.
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (MatchResult::Yes, _) | (_, MatchResult::Yes) => MatchResult::Yes,
            (MatchResult::No, MatchResult::No) => MatchResult::No,
            _ => MatchResult::Unknown,
        }
    }

    fn any(results: impl Iterator<Item = Self>) -> Self {
        let mut any = MatchResult::No;
        for result in results {
            any = any.or(result);
            if any == MatchResult::Yes {
                break;
            }
        }
        any
    }
}

/// How to interpret what the spec leaves to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// As a strict server does.
    Strict,
    /// The result is *yes* only if every interpretation agrees. No distance is certain.
    Certain,
    /// The result is *no* only if every interpretation agrees: a name may match by any of its words, a code in any
    /// case, and a place is too far only at twice the distance.
    Lenient,
}

/// The distance, in radii, up to which a place passes a lenient match.
const FAR: f64 = 2.0;

impl Query {
    /// Whether `resource` passes. `world` has the resources that chains refer to.
    pub fn matches(&self, resource: &Value, world: &dyn World, strictness: Strictness) -> MatchResult {
        if resource.get("resourceType").and_then(Value::as_str) != Some(self.kind.as_str()) {
            return MatchResult::No;
        }
        let start = if self.unknown.is_empty() { MatchResult::Yes } else { MatchResult::Unknown };
        let mut all = start;
        for criterion in &self.criteria {
            all = all.and(criterion.matches(resource, world, strictness));
            if all == MatchResult::No {
                break;
            }
        }
        all
    }
}

impl Criterion {
    fn matches(&self, resource: &Value, world: &dyn World, strictness: Strictness) -> MatchResult {
        match self {
            Criterion::Own { param, values } => own(param, values, resource, strictness),
            Criterion::Chain { paths, to } => {
                let references = elements(resource, paths);
                MatchResult::any(references.iter().map(|reference| follow(reference, to, world, strictness)))
            }
            Criterion::Has { kind, paths, then } => has(resource, (kind, paths), then, world, strictness),
        }
    }
}

/// Whether the target of a reference passes.
fn follow(reference: &Value, to: &[(String, Criterion)], world: &dyn World, strictness: Strictness) -> MatchResult {
    // The target of a reference by identifier, or to a contained resource, is not known.
    let Some((kind, id)) = reference.get("reference").and_then(Value::as_str).and_then(type_and_id) else {
        return MatchResult::Unknown;
    };
    let Some((_, then)) = to.iter().find(|(known, _)| known == kind) else { return MatchResult::No };
    match world.get(kind, id) {
        Some(target) => then.matches(target, world, strictness),
        None if world.is_whole(kind) => MatchResult::No,
        None => MatchResult::Unknown,
    }
}

/// Whether a resource that refers here passes.
fn has(
    resource: &Value,
    (kind, paths): (&str, &[&str]),
    then: &Criterion,
    world: &dyn World,
    strictness: Strictness,
) -> MatchResult {
    let own = resource.get("resourceType").and_then(Value::as_str).zip(resource.get("id").and_then(Value::as_str));
    let Some(own) = own else { return MatchResult::Unknown };
    let refers_here = |other: &&Value| {
        elements(other, paths)
            .iter()
            .any(|reference| reference.get("reference").and_then(Value::as_str).and_then(type_and_id) == Some(own))
    };
    let found =
        MatchResult::any(world.all(kind).filter(refers_here).map(|other| then.matches(other, world, strictness)));
    if found == MatchResult::No && !world.is_whole(kind) { MatchResult::Unknown } else { found }
}

fn own(param: &SearchParam, values: &[WantedValue], resource: &Value, strictness: Strictness) -> MatchResult {
    let elements = elements(resource, param.paths);
    // The distance of a place without a position is unknown.
    if param.kind == ParamKind::Near && elements.is_empty() {
        return if strictness == Strictness::Strict { MatchResult::No } else { MatchResult::Unknown };
    }
    MatchResult::any(
        elements.iter().flat_map(|element| values.iter().map(|value| one(param.kind, element, value, strictness))),
    )
}

/// Whether one element has one value.
fn one(kind: ParamKind, element: &Value, wanted: &WantedValue, strictness: Strictness) -> MatchResult {
    let lenient = strictness == Strictness::Lenient;
    let text = element.as_str();
    match wanted {
        WantedValue::Starts(start) => text.map(folded).map_or(MatchResult::No, |text| {
            let within = kind == ParamKind::Name && lenient && text.contains(start.as_str());
            MatchResult::of(Some(text.starts_with(start.as_str()) || within))
        }),
        WantedValue::Contains(part) => {
            MatchResult::of(Some(text.is_some_and(|text| folded(text).contains(part.as_str()))))
        }
        WantedValue::Exactly(whole) => MatchResult::of(Some(text == Some(whole.as_str()))),
        WantedValue::Token { system, code } => token(element, system, code.as_deref(), lenient),
        WantedValue::Date(test) => date(element).map_or(MatchResult::No, |range| match test.passes(range) {
            None if strictness == Strictness::Strict => MatchResult::Yes,
            known => MatchResult::of(known),
        }),
        WantedValue::Refers { kind, id } => {
            let found = element.get("reference").and_then(Value::as_str).and_then(type_and_id);
            let fits = |(found, own): (&str, &str)| own == id && kind.as_ref().is_none_or(|kind| kind == found);
            MatchResult::of(found.map(fits))
        }
        WantedValue::Near(circle) => {
            let number = |key: &str| element.get(key).and_then(Value::as_f64);
            let (Some(latitude), Some(longitude)) = (number("latitude"), number("longitude")) else {
                return if strictness == Strictness::Strict { MatchResult::No } else { MatchResult::Unknown };
            };
            match strictness {
                Strictness::Certain => MatchResult::Unknown,
                Strictness::Strict => MatchResult::of(Some(circle.radii_to(latitude, longitude) <= 1.0)),
                Strictness::Lenient => MatchResult::of(Some(circle.radii_to(latitude, longitude) <= FAR)),
            }
        }
        WantedValue::Id(id) => MatchResult::of(Some(text == Some(id.as_str()))),
    }
}

/// Whether a code, Coding, CodeableConcept, Identifier, ContactPoint or boolean has a system and code.
fn token(element: &Value, system: &System, code: Option<&str>, lenient: bool) -> MatchResult {
    if let Some(codings) = element.get("coding").and_then(Value::as_array) {
        return MatchResult::any(codings.iter().map(|coding| token(coding, system, code, lenient)));
    }
    let same = |own: &str| code.is_none_or(|code| own == code || (lenient && own.eq_ignore_ascii_case(code)));
    match element {
        // The system of a plain code follows from its binding, which is not known here.
        Value::String(own) if same(own) => MatchResult::Yes,
        Value::Bool(own) if same(if *own { "true" } else { "false" }) => MatchResult::Yes,
        Value::Object(fields) => {
            let own = ["code", "value"].iter().find_map(|key| fields.get(*key)).and_then(Value::as_str);
            let fits = match system {
                System::Any => true,
                System::None => !fields.contains_key("system"),
                System::Is(system) => fields.get("system").and_then(Value::as_str) == Some(system),
            };
            MatchResult::of(Some(fits && own.map_or(code.is_none(), same)))
        }
        _ => MatchResult::No,
    }
}

/// The range of time that a date or Period means.
fn date(element: &Value) -> Option<Range> {
    match element {
        Value::String(text) => Range::parse(text),
        Value::Object(fields) => {
            let end = |key: &str| fields.get(key).and_then(Value::as_str);
            Range::period(end("start"), end("end"))
        }
        _ => None,
    }
}

/// The type and id in a reference such as `Patient/1`.
fn type_and_id(reference: &str) -> Option<(&str, &str)> {
    let path = reference.split_once("/_history").map_or(reference, |(path, _)| path);
    if path.contains(['?', '#']) {
        return None;
    }
    let (rest, id) = path.rsplit_once('/')?;
    let kind = rest.rsplit_once('/').map_or(rest, |(_, kind)| kind);
    crate::base::resource_types::is_r4(kind).then_some((kind, id))
}

/// The values at some dotted paths. A list stands for its items.
fn elements<'v>(resource: &'v Value, paths: &[&str]) -> Vec<&'v Value> {
    let mut found = Vec::new();
    for path in paths {
        let mut here = vec![resource];
        for key in path.split('.') {
            here = here.into_iter().filter_map(|value| value.get(key)).flat_map(items).collect();
        }
        found.extend(here);
    }
    found
}

fn items(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Array(items) => Box::new(items.iter()),
        one => Box::new(std::iter::once(one)),
    }
}
