//! Rules for any line of the directory's seven types, with or without a claimed profile.

use serde_json::Value;

use crate::base::fhir_names::{is_element_name, is_id};
use crate::fhir::au_directory::element::Element;
use crate::fhir::au_directory::names;
use crate::fhir::au_directory::rule::Wrong;
use crate::suite::shapes::DirectoryTopic as Topic;

/// The directory's types, with the topic of each.
pub(crate) const TYPES: &[(Topic, &str)] = &[
    (Topic::Organization, "Organization"),
    (Topic::Practitioner, "Practitioner"),
    (Topic::PractitionerRole, "PractitionerRole"),
    (Topic::HealthcareService, "HealthcareService"),
    (Topic::Location, "Location"),
    (Topic::Endpoint, "Endpoint"),
    (Topic::Provenance, "Provenance"),
];

const ALL: &[&str] =
    &["Organization", "Practitioner", "PractitionerRole", "HealthcareService", "Location", "Endpoint", "Provenance"];

/// The profiles of each type, as the last part of their canonical URLs.
const PROFILES: &[(Topic, &[&str])] = &[
    (Topic::Organization, &["hc-organization"]),
    (Topic::Practitioner, &["hc-practitioner"]),
    (Topic::PractitionerRole, &["hc-practitionerrole"]),
    (Topic::HealthcareService, &["hc-healthcareservice"]),
    (Topic::Location, &["hc-location", "hc-service-coverage-area"]),
    (Topic::Endpoint, &["hc-endpoint"]),
    (Topic::Provenance, &["hc-provenance"]),
];

/// Parts of `meta` that the guide's sample shows. The lines without each are counted; that is not a violation.
pub(crate) const META: &[&str] = &["meta.versionId", "meta.lastUpdated", "meta.profile"];

/// A rule that needs no profile.
pub(crate) struct Subject {
    pub topic: Topic,
    pub id: &'static str,
    /// What it expects, a noun phrase that follows "expected".
    pub says: &'static str,
    /// The types that it applies to.
    pub types: &'static [&'static str],
    /// Returns the first violation in a resource. The second argument is the start of absolute references to the
    /// server.
    pub judge: fn(&Element<'_>, &str) -> Option<Wrong>,
}

/// All rules that need no profile.
pub(crate) const SUBJECTS: &[Subject] = &[
    Subject {
        topic: Topic::References,
        id: "reference-form",
        says: "a reference as Type/id, or as a URL below the FHIR base URL",
        types: ALL,
        judge: |resource, base| reference(resource.raw()?, &resource.path, base),
    },
    Subject { topic: Topic::Ids, id: "line-id", says: "an id", types: ALL, judge: id },
    Subject {
        topic: Topic::Suppressed,
        id: "suppressed",
        says: "no resource with hc-suppressed true",
        types: &["Organization", "Practitioner", "PractitionerRole"],
        judge: suppressed,
    },
    Subject {
        topic: Topic::Retired,
        id: "retired-profile",
        says: "no profile under http://ns.electronichealth.net.au/hc/",
        types: ALL,
        judge: |resource, _| retired(&resource.select("meta.profile")),
    },
    Subject {
        topic: Topic::Retired,
        id: "retired-extension",
        says: "no extension under http://ns.electronichealth.net.au/hc/",
        types: ALL,
        judge: |resource, _| retired(&resource.select("extension.url")),
    },
    Subject {
        topic: Topic::Retired,
        id: "meta-extensions",
        says: "no meta.extensions; the name in FHIR is extension",
        types: ALL,
        judge: |resource, _| {
            let found = resource.select("meta.extensions").into_iter().next()?;
            Some(Wrong::new(found.path, "meta.extensions"))
        },
    },
];

/// Returns the profiles of its type that a resource claims, with this version or without a version.
pub(crate) fn claimed(resource: &Element<'_>, topic: Topic) -> Vec<&'static str> {
    let own = PROFILES.iter().find(|(of, _)| *of == topic).map_or(&[][..], |(_, own)| own);
    let claims = resource.select("meta.profile");
    let named = |profile: &str| {
        claims.iter().filter_map(Element::text).any(|claim| {
            let rest = claim.strip_prefix(names::PROFILES).and_then(|rest| rest.strip_prefix(profile));
            rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix('|') == Some(names::VERSION))
        })
    };
    own.iter().copied().filter(|profile| named(profile)).collect()
}

fn id(resource: &Element<'_>, _: &str) -> Option<Wrong> {
    resource.children("id").is_empty().then(|| Wrong::new(&resource.path, "none"))
}

fn suppressed(resource: &Element<'_>, _: &str) -> Option<Wrong> {
    let flagged = |one: &Element<'_>| one.children("valueBoolean").iter().any(Element::is_true);
    let found = resource.extensions(names::SUPPRESSED).into_iter().find(flagged)?;
    Some(Wrong::new(found.path, "hc-suppressed with the value true"))
}

fn retired(urls: &[Element<'_>]) -> Option<Wrong> {
    let old = urls.iter().find(|url| url.text().is_some_and(|url| url.starts_with(names::RETIRED)))?;
    Some(Wrong::new(&old.path, "one"))
}

/// Returns the first reference that is not `Type/id`, a URL below `base`, or to a contained resource.
fn reference(value: &Value, path: &str, base: &str) -> Option<Wrong> {
    match value {
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(at, item)| reference(item, &format!("{path}[{at}]"), base))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            // A key that is not the name of an element could be resource content, so it is not shown.
            let known = is_element_name(name.as_bytes());
            let path = if known { format!("{path}.{name}") } else { path.to_owned() };
            match value {
                Value::String(text) if name == "reference" => form(text, base).map(|actual| Wrong::new(path, actual)),
                value => reference(value, &path, base),
            }
        }),
        _ => None,
    }
}

/// Describes a reference of another form, without its content.
fn form(text: &str, base: &str) -> Option<&'static str> {
    if text.starts_with('#') {
        return None;
    }
    let own = text.strip_prefix(base).unwrap_or(text);
    if is_relative(own) {
        return None;
    }
    Some(match text.split_once(':') {
        Some(("http" | "https", _)) => "a URL that is not below it",
        Some(("urn", _)) => "a URN",
        _ => "a string of another form",
    })
}

/// Returns whether `text` is `Type/id`, with or without a version.
fn is_relative(text: &str) -> bool {
    let mut parts = text.split('/');
    let known = parts.next().is_some_and(crate::base::resource_types::is_known);
    let id = |part: Option<&str>| part.is_some_and(is_id);
    let (first, history, version) = (parts.next(), parts.next(), parts.next());
    let versioned = history.is_none() || (history == Some("_history") && id(version));
    known && id(first) && versioned && parts.next().is_none()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::fhir::au_directory::judge;

    #[test]
    fn forms_of_references() {
        let base = "https://directory.example.org/fhir/";
        for good in [
            "Organization/a-1",
            "Organization/a/_history/2",
            "#contained",
            "https://directory.example.org/fhir/Location/x.y",
        ] {
            assert_eq!(form(good, base), None, "{good}");
        }
        for (text, expected) in [
            ("https://elsewhere.example.org/fhir/Location/x", "a URL that is not below it"),
            ("https://directory.example.org/fhirs/Location/x", "a URL that is not below it"),
            ("urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", "a URN"),
            ("Organization", "a string of another form"),
            ("Organization/", "a string of another form"),
            ("organization/1", "a string of another form"),
            ("Organization/1/2", "a string of another form"),
            ("", "a string of another form"),
        ] {
            assert_eq!(form(text, base), Some(expected), "{text}");
        }
    }

    #[test]
    fn targets_of_references() {
        for (text, expected) in [
            ("Organization/1", Some("Organization")),
            ("https://a.example/fhir/Location/1/_history/3", Some("Location")),
            ("urn:uuid:1", None),
            ("#x", None),
            ("a/b", None),
        ] {
            assert_eq!(judge::target(text), expected, "{text}");
        }
    }
}
