//! Applies one rule to one resource.

use crate::fhir::au_directory::element::Element;
use crate::fhir::au_directory::identifiers::{among, has_system, has_type, is_kind, may_be};
use crate::fhir::au_directory::names::{IdentifiedBy, IdentifierKind};
use crate::fhir::au_directory::rule::{IdentifierPart, Must, Rule, Wrong};
use crate::fhir::au_directory::{names, numbers};

/// Returns how `resource` violates `rule`.
pub(crate) fn broken(rule: &Rule, resource: &Element<'_>) -> Vec<Wrong> {
    match rule.must {
        Must::Count(least, most) => count(resource, rule.way, least, most),
        Must::One(text) => texts(resource, rule.way, |found| (found != text).then(|| "another value".to_owned())),
        Must::Digits(number) => texts(resource, rule.way, |found| numbers::wrong(&number, found)),
        Must::Extension(url, least, most) => {
            let found = resource.extensions(url);
            let path = format!("{}.extension", resource.path);
            within(found.len(), least, most, path, found.get(most)).into_iter().collect()
        }
        Must::Refers(types) => resource.select(rule.way).iter().filter_map(|one| refers(one, types)).collect(),
        Must::Kinds(kind, least, most) => kinds(resource, rule.way, kind, least, most),
        Must::Typed(kind) => of_kind(resource, rule.way, kind).iter().filter_map(|one| typed(one, kind)).collect(),
        Must::Classed(kind, part) => {
            of_kind(resource, rule.way, kind).iter().filter_map(|one| check_part(one, kind, part)).collect()
        }
        Must::Special(judge) => judge(resource),
    }
}

/// Checks the number of elements at the end of `way`, in each parent without a data-absent-reason.
fn count(resource: &Element<'_>, way: &str, least: usize, most: usize) -> Vec<Wrong> {
    let (before, name) = way.rsplit_once('.').unwrap_or(("", way));
    let parents = resource.select(before).into_iter().filter(|parent| !parent.is_excused());
    let wrong = parents.filter_map(|parent| {
        let found = parent.children(name);
        within(found.len(), least, most, format!("{}.{name}", parent.path), found.get(most))
    });
    wrong.collect()
}

fn within(count: usize, least: usize, most: usize, path: String, beyond: Option<&Element<'_>>) -> Option<Wrong> {
    match beyond {
        Some(beyond) if count > most => Some(Wrong::new(&beyond.path, count.to_string())),
        _ if count < least => Some(Wrong::new(path, "none")),
        _ => None,
    }
}

/// Checks the strings at the end of `way`.
fn texts(resource: &Element<'_>, way: &str, wrong: impl Fn(&str) -> Option<String>) -> Vec<Wrong> {
    let all = resource.select(way).into_iter().filter(|one| !one.is_excused());
    let each = all.filter_map(|one| {
        let actual = match one.text() {
            Some(text) => wrong(text),
            None => Some(one.shape()),
        };
        actual.map(|actual| Wrong::new(&one.path, actual))
    });
    each.collect()
}

/// Reports a reference to a type that is not in `types`. A reference that does not show its type passes.
fn refers(reference: &Element<'_>, types: &[&str]) -> Option<Wrong> {
    let (part, name) = match reference.child_text("reference").and_then(target) {
        Some(name) => ("reference", name),
        None => ("type", reference.child_text("type").filter(|name| is_name(name))?),
    };
    (!types.contains(&name)).then(|| Wrong::new(format!("{}.{part}", reference.path), format!("a reference to {name}")))
}

/// Returns the type in a reference of the form `Type/id`, alone or at the end of a URL.
pub(crate) fn target(reference: &str) -> Option<&str> {
    let (current, _) = reference.split_once("/_history/").unwrap_or((reference, ""));
    let mut parts = current.rsplit('/');
    let (_, name) = (parts.next()?, parts.next()?);
    is_name(name).then_some(name)
}

fn is_name(name: &str) -> bool {
    crate::base::resource_types::is_known(name)
}

fn of_kind<'v>(resource: &Element<'v>, way: &str, kind: &IdentifierKind) -> Vec<Element<'v>> {
    resource.select(way).into_iter().filter(|one| !one.is_excused() && is_kind(one, kind)).collect()
}

fn kinds(resource: &Element<'_>, way: &str, kind: &IdentifierKind, least: usize, most: usize) -> Vec<Wrong> {
    let all = resource.select(way);
    let spare = all.iter().filter(|one| may_be(one, kind) && !is_kind(one, kind)).count();
    let own: Vec<&Element<'_>> = all.iter().filter(|one| is_kind(one, kind)).collect();
    if let Some(beyond) = own.get(most) {
        return vec![Wrong::new(&beyond.path, own.len().to_string())];
    }
    if own.len() + spare >= least {
        return Vec::new();
    }
    let near = |close: fn(&Element<'_>, &IdentifierKind) -> bool| all.iter().find(|one| close(one, kind));
    let system = near(has_system).filter(|_| kind.system.is_some() && kind.by != IdentifiedBy::System);
    let coded = near(has_type).filter(|_| kind.coding.is_some() && kind.by != IdentifiedBy::Type);
    vec![match (system, coded) {
        (Some(one), _) => {
            Wrong::new(&one.path, format!("an identifier with the system of {} but not its type", kind.name))
        }
        (None, Some(one)) => {
            Wrong::new(&one.path, format!("an identifier with the type of {} but another system", kind.name))
        }
        (None, None) => Wrong::new(format!("{}.{way}", resource.path), among(all.len(), "identifier")),
    }]
}

fn may_have_type(found: &Element<'_>, kind: &IdentifierKind) -> bool {
    kind.coding.is_none_or(|(system, code)| found.may_have_code(Some(system), code))
}

/// Reports an identifier without a type, or with a type that lacks the coding of the kind.
fn typed(identifier: &Element<'_>, kind: &IdentifierKind) -> Option<Wrong> {
    match identifier.children("type").first() {
        None => Some(Wrong::new(&identifier.path, "no type")),
        Some(found) if !found.is_excused() && !may_have_type(found, kind) => {
            Some(Wrong::new(&found.path, "a type without this coding"))
        }
        Some(_) => None,
    }
}

fn check_part(identifier: &Element<'_>, kind: &IdentifierKind, part: IdentifierPart) -> Option<Wrong> {
    match part {
        IdentifierPart::System => match identifier.children("system").first() {
            None => Some(Wrong::new(&identifier.path, "no system")),
            Some(found) if !found.is_excused() && !has_system(identifier, kind) => {
                Some(Wrong::new(&found.path, "another system"))
            }
            Some(_) => None,
        },
        IdentifierPart::Value => {
            identifier.children("value").is_empty().then(|| Wrong::new(&identifier.path, "no value"))
        }
        IdentifierPart::Number(number) => match identifier.children("value").first() {
            None => Some(Wrong::new(&identifier.path, "no value")),
            Some(value) if value.is_excused() => None,
            Some(value) => {
                let actual = value.text().map_or_else(|| Some(value.shape()), |text| numbers::wrong(&number, text));
                actual.map(|actual| Wrong::new(&value.path, actual))
            }
        },
        IdentifierPart::Classification => {
            let found = identifier.extensions(names::CLASSIFICATION);
            within(found.len(), 1, 1, format!("{}.extension", identifier.path), found.get(1))
        }
        IdentifierPart::Seed => {
            let found = identifier.extensions(names::CLASSIFICATION).into_iter().next()?;
            let class = found.children("valueCodeableConcept").into_iter().next();
            let seed = |class: &Element<'_>| class.may_have_code(Some(names::CLASSES), "seed");
            (!found.is_excused() && !class.as_ref().is_some_and(seed)).then(|| {
                let actual = if class.is_some() { "another classification" } else { "no valueCodeableConcept" };
                Wrong::new(&found.path, actual)
            })
        }
        IdentifierPart::AssignerDisplay => {
            let assigner = identifier.children("assigner").into_iter().find(|one| !one.is_excused())?;
            assigner.children("display").is_empty().then(|| Wrong::new(&assigner.path, "an assigner without a display"))
        }
        IdentifierPart::SystemOrAssigner => {
            let there = ["system", "assigner"].iter().any(|name| !identifier.children(name).is_empty());
            (!there).then(|| Wrong::new(&identifier.path, "neither"))
        }
    }
}
