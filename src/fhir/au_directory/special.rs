//! Rules that the table cannot express.

use crate::fhir::au_directory::element::Element;
use crate::fhir::au_directory::identifiers::{among, is_kind, may_be};
use crate::fhir::au_directory::names;
use crate::fhir::au_directory::rule::Wrong;

/// Checks `inv-01-identifier-hpi-or-hsp-required`, by systems.
pub(crate) fn organization_number(organization: &Element<'_>) -> Vec<Wrong> {
    let identifiers = organization.children("identifier");
    let numbered = |one: &Element<'_>| [names::HPI_O, names::HSP_O].iter().any(|kind| may_be(one, kind));
    match identifiers.iter().any(numbered) {
        true => Vec::new(),
        false => vec![Wrong::new(format!("{}.identifier", organization.path), among(identifiers.len(), "identifier"))],
    }
}

/// Checks `inv-02-identifier-not-both-hpio-hspo`.
pub(crate) fn both_numbers(organization: &Element<'_>) -> Vec<Wrong> {
    let identifiers = organization.children("identifier");
    let system = |kind: &names::IdentifierKind| identifiers.iter().find(|one| one.child_text("system") == kind.system);
    match (system(&names::HPI_O), system(&names::HSP_O)) {
        (Some(_), Some(second)) => vec![Wrong::new(&second.path, "both")],
        _ => Vec::new(),
    }
}

/// Checks that an address has the type `physical`. Another rule checks the number of addresses.
pub(crate) fn physical_address(organization: &Element<'_>) -> Vec<Wrong> {
    let addresses = organization.children("address");
    if addresses.is_empty() || addresses.iter().any(|one| one.is_excused() || one.says("type", "physical")) {
        return Vec::new();
    }
    let first = addresses.first().map_or_else(String::new, |one| one.path.clone());
    let actual = match addresses.iter().any(|one| one.child_text("type").is_some()) {
        true => "an address of another type",
        false => "an address without a type",
    };
    vec![Wrong::new(format!("{first}.type"), actual)]
}

/// Returns the names with this use.
fn names<'v>(practitioner: &Element<'v>, of: &str) -> Vec<Element<'v>> {
    practitioner.children("name").into_iter().filter(|name| name.child_text("use") == Some(of)).collect()
}

/// Checks that there is exactly one name with use official.
pub(crate) fn official_name(practitioner: &Element<'_>) -> Vec<Wrong> {
    let all = practitioner.children("name");
    let excused = |name: &Element<'_>| name.is_excused() || name.children("use").iter().any(Element::is_excused);
    match names(practitioner, "official").as_slice() {
        [] if all.iter().any(excused) => Vec::new(),
        [] => vec![Wrong::new(format!("{}.name", practitioner.path), among(all.len(), "name"))],
        [_] => Vec::new(),
        [_, second, ..] => vec![Wrong::new(&second.path, "a second one")],
    }
}

/// Checks that there is at most one name with use usual.
pub(crate) fn usual_name(practitioner: &Element<'_>) -> Vec<Wrong> {
    names(practitioner, "usual").get(1).map(|second| Wrong::new(&second.path, "a second one")).into_iter().collect()
}

/// Checks that the official name has at most one given name.
pub(crate) fn official_given(practitioner: &Element<'_>) -> Vec<Wrong> {
    once_in_official(practitioner, "given")
}

/// Checks that the official name has at most one prefix.
pub(crate) fn official_prefix(practitioner: &Element<'_>) -> Vec<Wrong> {
    once_in_official(practitioner, "prefix")
}

fn once_in_official(practitioner: &Element<'_>, part: &str) -> Vec<Wrong> {
    let seconds = names(practitioner, "official").into_iter().filter_map(|name| {
        let parts = name.children(part);
        parts.get(1).map(|second| Wrong::new(&second.path, parts.len().to_string()))
    });
    seconds.collect()
}

/// Checks the slices `personalPhoneNumber` and `personalEmailAddress`.
pub(crate) fn home_contact(practitioner: &Element<'_>) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    for system in ["phone", "email"] {
        let own = |one: &Element<'_>| one.child_text("system") == Some(system) && one.child_text("use") == Some("home");
        let home: Vec<Element<'_>> = practitioner.children("telecom").into_iter().filter(own).collect();
        wrong.extend(home.get(1).map(|second| Wrong::new(&second.path, format!("a second one with system {system}"))));
        let empty = |one: &&Element<'_>| !one.is_excused() && one.children("value").is_empty();
        wrong.extend(home.iter().filter(empty).map(|one| Wrong::new(&one.path, "one without a value")));
    }
    wrong
}

/// Checks that each qualification has a `code.text`.
pub(crate) fn qualification_text(practitioner: &Element<'_>) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    for qualification in practitioner.select("qualification").iter().filter(|one| !one.is_excused()) {
        match qualification.children("code").first() {
            None => wrong.push(Wrong::new(&qualification.path, "no code")),
            Some(code) if !code.is_excused() && code.children("text").is_empty() => {
                wrong.push(Wrong::new(&code.path, "a code without text"));
            }
            Some(_) => {}
        }
    }
    wrong
}

/// Returns whether an identifier has a type with this code, of any system, as in the invariants.
fn coded(identifier: &Element<'_>, code: &str) -> bool {
    identifier.children("type").iter().any(|kind| kind.has_code(None, code))
}

/// Checks `inv-01-qualification-registration-required`. Another rule reports a missing qualification.
pub(crate) fn practitioner_registration(practitioner: &Element<'_>) -> Vec<Wrong> {
    let qualifications = practitioner.children("qualification");
    let excused = |one: &Element<'_>| one.is_excused() || one.children("identifier").iter().any(Element::is_excused);
    let identifiers = practitioner.select("qualification.identifier");
    if qualifications.is_empty()
        || qualifications.iter().any(excused)
        || identifiers
            .iter()
            .any(|one| coded(one, "AHPRA") || coded(one, "PRN") || one.children("type").iter().any(Element::is_excused))
    {
        return Vec::new();
    }
    vec![Wrong::new(format!("{}.qualification", practitioner.path), among(identifiers.len(), "identifier"))]
}

/// Checks that each registration number of a practitioner has a value.
pub(crate) fn practitioner_registration_value(practitioner: &Element<'_>) -> Vec<Wrong> {
    registration_value(&practitioner.select("qualification.identifier"))
}

/// Checks that each registration number of a role has a value.
pub(crate) fn role_registration_value(role: &Element<'_>) -> Vec<Wrong> {
    registration_value(&role.children("identifier"))
}

fn registration_value(identifiers: &[Element<'_>]) -> Vec<Wrong> {
    let registered = |one: &&Element<'_>| [names::AHPRA, names::PRN].iter().any(|kind| is_kind(one, kind));
    let empty = |one: &&Element<'_>| !one.is_excused() && one.children("value").is_empty();
    identifiers.iter().filter(registered).filter(empty).map(|one| Wrong::new(&one.path, "no value")).collect()
}

/// Checks `inv-01-identifier-registration-required`, and that there is at most one registration number of each kind.
pub(crate) fn role_registration(role: &Element<'_>) -> Vec<Wrong> {
    let identifiers = role.children("identifier");
    // A type with a data-absent-reason could be either.
    let unknown = |one: &Element<'_>| one.is_excused() || one.children("type").iter().any(Element::is_excused);
    if identifiers.iter().any(unknown) {
        return Vec::new();
    }
    let of = |code: &str| identifiers.iter().filter(|one| coded(one, code)).collect::<Vec<_>>();
    let (ahpra, prn) = (of("AHPRA"), of("PRN"));
    let second = |kind: &names::IdentifierKind| identifiers.iter().filter(|one| is_kind(one, kind)).nth(1);
    match (ahpra.first(), prn.first()) {
        (None, None) => {
            vec![Wrong::new(format!("{}.identifier", role.path), among(identifiers.len(), "identifier"))]
        }
        (Some(_), Some(other)) => vec![Wrong::new(&other.path, "both")],
        _ => {
            let second = second(&names::AHPRA).or_else(|| second(&names::PRN));
            second.map(|second| Wrong::new(&second.path, "a second one")).into_iter().collect()
        }
    }
}

/// Checks `inv-04-type-or-physicaltype-present`.
pub(crate) fn location_kind(location: &Element<'_>) -> Vec<Wrong> {
    let there = ["type", "physicalType"].iter().any(|name| !location.children(name).is_empty());
    if there { Vec::new() } else { vec![Wrong::new(&location.path, "neither")] }
}

/// Checks `inv-01-address-requirement`.
pub(crate) fn physical_without_address(location: &Element<'_>) -> Vec<Wrong> {
    match (location.children("physicalType").first(), location.children("address").is_empty()) {
        (Some(_), true) => vec![Wrong::new(format!("{}.address", location.path), "no address")],
        _ => Vec::new(),
    }
}

/// Returns the codings with these codes among the types of a location.
fn types<'v>(location: &Element<'v>, codes: &[&str]) -> Vec<Element<'v>> {
    let all = location.select("type.coding").into_iter();
    all.filter(|coding| coding.child_text("code").is_some_and(|code| codes.contains(&code))).collect()
}

/// Checks `inv-02-type-mobl-requires-modifier`.
pub(crate) fn mobile_without_kind(location: &Element<'_>) -> Vec<Wrong> {
    match types(location, &["MOBL"]).first() {
        Some(mobile) if types(location, &["COMM", "AMB", "PTRES", "SCHOOL", "WORK"]).is_empty() => {
            vec![Wrong::new(&mobile.path, "only MOBL")]
        }
        _ => Vec::new(),
    }
}

/// Checks `inv-03-type-vi-should-not-have-modifier`.
pub(crate) fn virtual_with_more(location: &Element<'_>) -> Vec<Wrong> {
    let codings = location.select("type.coding").len();
    match types(location, &["VI"]).first() {
        Some(of) if codings > 1 => vec![Wrong::new(&of.path, format!("VI as one of {codings} codings"))],
        _ => Vec::new(),
    }
}
