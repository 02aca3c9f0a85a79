//! Whether a resource passes a filter.

use serde_json::Value;

use crate::search::date::Range;
use crate::search::param::{Kind, Param};
use crate::search::query::{Criterion, Query, System, Wanted};
use crate::search::text::folded;
use crate::search::world::World;

/// Whether a resource passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// This cannot be decided.
    Unknown,
}

impl Answer {
    fn of(known: Option<bool>) -> Self {
        match known {
            Some(true) => Answer::Yes,
            Some(false) => Answer::No,
            None => Answer::Unknown,
        }
    }

    /// Both must hold.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Answer::No, _) | (_, Answer::No) => Answer::No,
            (Answer::Yes, Answer::Yes) => Answer::Yes,
            _ => Answer::Unknown,
        }
    }

    /// One of them must hold.
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Answer::Yes, _) | (_, Answer::Yes) => Answer::Yes,
            (Answer::No, Answer::No) => Answer::No,
            _ => Answer::Unknown,
        }
    }

    fn any(answers: impl Iterator<Item = Self>) -> Self {
        let mut all = Answer::No;
        for answer in answers {
            all = all.or(answer);
            if all == Answer::Yes {
                break;
            }
        }
        all
    }
}

/// How what the text leaves to the server is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// As a server that takes it narrowly.
    Strict,
    /// So that only what every reading allows is a *yes*: of distances nothing is certain.
    Certain,
    /// So that only what no reading allows is a *no*: a name may match by any of its words, a code in any case, and a
    /// place is too far only at twice the distance.
    Lenient,
}

/// How many radii away a place may be where only what is far outside counts.
const FAR: f64 = 2.0;

impl Query {
    /// Whether `resource` passes, with `world` at hand.
    pub fn matches(&self, resource: &Value, world: &dyn World, reading: Reading) -> Answer {
        if resource.get("resourceType").and_then(Value::as_str) != Some(self.kind.as_str()) {
            return Answer::No;
        }
        let start = if self.unknown.is_empty() { Answer::Yes } else { Answer::Unknown };
        let mut all = start;
        for criterion in &self.criteria {
            all = all.and(criterion.matches(resource, world, reading));
            if all == Answer::No {
                break;
            }
        }
        all
    }
}

impl Criterion {
    fn matches(&self, resource: &Value, world: &dyn World, reading: Reading) -> Answer {
        match self {
            Criterion::Own { param, values } => own(param, values, resource, reading),
            Criterion::Chain { paths, to } => {
                let references = elements(resource, paths);
                Answer::any(references.iter().map(|reference| follow(reference, to, world, reading)))
            }
            Criterion::Has { kind, paths, then } => has(resource, (kind, paths), then, world, reading),
        }
    }
}

/// Whether what a reference leads to passes.
fn follow(reference: &Value, to: &[(String, Criterion)], world: &dyn World, reading: Reading) -> Answer {
    // A reference by identifier alone, or into the resource, leads somewhere that we do not see.
    let Some((kind, id)) = reference.get("reference").and_then(Value::as_str).and_then(type_and_id) else {
        return Answer::Unknown;
    };
    let Some((_, then)) = to.iter().find(|(known, _)| known == kind) else { return Answer::No };
    match world.get(kind, id) {
        Some(target) => then.matches(target, world, reading),
        None if world.is_whole(kind) => Answer::No,
        None => Answer::Unknown,
    }
}

/// Whether a resource that refers here passes.
fn has(
    resource: &Value,
    (kind, paths): (&str, &[&str]),
    then: &Criterion,
    world: &dyn World,
    reading: Reading,
) -> Answer {
    let own = resource.get("resourceType").and_then(Value::as_str).zip(resource.get("id").and_then(Value::as_str));
    let Some(own) = own else { return Answer::Unknown };
    let refers_here = |other: &&Value| {
        elements(other, paths)
            .iter()
            .any(|reference| reference.get("reference").and_then(Value::as_str).and_then(type_and_id) == Some(own))
    };
    let found = Answer::any(world.all(kind).filter(refers_here).map(|other| then.matches(other, world, reading)));
    if found == Answer::No && !world.is_whole(kind) { Answer::Unknown } else { found }
}

fn own(param: &Param, values: &[Wanted], resource: &Value, reading: Reading) -> Answer {
    let elements = elements(resource, param.paths);
    // A place without a position is neither near nor far.
    if param.kind == Kind::Near && elements.is_empty() {
        return if reading == Reading::Strict { Answer::No } else { Answer::Unknown };
    }
    Answer::any(elements.iter().flat_map(|element| values.iter().map(|value| one(param.kind, element, value, reading))))
}

/// Whether one element has one value.
fn one(kind: Kind, element: &Value, wanted: &Wanted, reading: Reading) -> Answer {
    let lenient = reading == Reading::Lenient;
    let text = element.as_str();
    match wanted {
        Wanted::Starts(start) => text.map(folded).map_or(Answer::No, |text| {
            let within = kind == Kind::Name && lenient && text.contains(start.as_str());
            Answer::of(Some(text.starts_with(start.as_str()) || within))
        }),
        Wanted::Contains(part) => Answer::of(Some(text.is_some_and(|text| folded(text).contains(part.as_str())))),
        Wanted::Exactly(whole) => Answer::of(Some(text == Some(whole.as_str()))),
        Wanted::Token { system, code } => token(element, system, code.as_deref(), lenient),
        Wanted::Date(test) => date(element).map_or(Answer::No, |range| match test.passes(range) {
            None if reading == Reading::Strict => Answer::Yes,
            known => Answer::of(known),
        }),
        Wanted::Refers { kind, id } => {
            let found = element.get("reference").and_then(Value::as_str).and_then(type_and_id);
            let fits = |(found, own): (&str, &str)| own == id && kind.as_ref().is_none_or(|kind| kind == found);
            Answer::of(found.map(fits))
        }
        Wanted::Near(circle) => {
            let number = |key: &str| element.get(key).and_then(Value::as_f64);
            let (Some(latitude), Some(longitude)) = (number("latitude"), number("longitude")) else {
                return if reading == Reading::Strict { Answer::No } else { Answer::Unknown };
            };
            match reading {
                Reading::Certain => Answer::Unknown,
                Reading::Strict => Answer::of(Some(circle.radii_to(latitude, longitude) <= 1.0)),
                Reading::Lenient => Answer::of(Some(circle.radii_to(latitude, longitude) <= FAR)),
            }
        }
        Wanted::Id(id) => Answer::of(Some(text == Some(id.as_str()))),
    }
}

/// Whether a code, Coding, CodeableConcept, Identifier, ContactPoint or boolean has a system and code.
fn token(element: &Value, system: &System, code: Option<&str>, lenient: bool) -> Answer {
    if let Some(codings) = element.get("coding").and_then(Value::as_array) {
        return Answer::any(codings.iter().map(|coding| token(coding, system, code, lenient)));
    }
    let same = |own: &str| code.is_none_or(|code| own == code || (lenient && own.eq_ignore_ascii_case(code)));
    match element {
        // A plain code has a system by its binding, which we do not know.
        Value::String(own) if same(own) => Answer::Yes,
        Value::Bool(own) if same(if *own { "true" } else { "false" }) => Answer::Yes,
        Value::Object(fields) => {
            let own = ["code", "value"].iter().find_map(|key| fields.get(*key)).and_then(Value::as_str);
            let fits = match system {
                System::Any => true,
                System::None => !fields.contains_key("system"),
                System::Is(system) => fields.get("system").and_then(Value::as_str) == Some(system),
            };
            Answer::of(Some(fits && own.map_or(code.is_none(), same)))
        }
        _ => Answer::No,
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

/// The type and id of a reference to a resource of a server.
fn type_and_id(reference: &str) -> Option<(&str, &str)> {
    let path = reference.split_once("/_history").map_or(reference, |(path, _)| path);
    if path.contains(['?', '#']) {
        return None;
    }
    let (rest, id) = path.rsplit_once('/')?;
    let kind = rest.rsplit_once('/').map_or(rest, |(_, kind)| kind);
    crate::base::resource_types::is_r4(kind).then_some((kind, id))
}

/// The values at some dotted paths, lists taken apart.
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
