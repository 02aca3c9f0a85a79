//! What is looked at on any line of the directory's seven types, whatever profile it claims.

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

/// Parts of `meta` that the guide's sample shows; how many lines lack each is counted, and no fault.
pub(crate) const META: &[&str] = &["meta.versionId", "meta.lastUpdated", "meta.profile"];

/// A rule that needs no profile.
pub(crate) struct Subject {
    pub topic: Topic,
    pub id: &'static str,
    /// What is expected, to follow "expected".
    pub says: &'static str,
    /// The types that it looks at.
    pub types: &'static [&'static str],
    /// What is wrong with a resource, given what absolute references begin with; the first place.
    pub judge: fn(&Element<'_>, &str) -> Option<Wrong>,
}

/// All of them.
pub(crate) const SUBJECTS: &[Subject] = &[
    Subject {
        topic: Topic::References,
        id: "reference-form",
        says: "references as Type/id, or as URLs below the FHIR base",
        types: ALL,
        judge: |resource, base| reference(resource.raw()?, &resource.path, base),
    },
    Subject { topic: Topic::Ids, id: "line-id", says: "an id", types: ALL, judge: id },
    Subject {
        topic: Topic::Suppressed,
        id: "suppressed",
        says: "no resource that is flagged to be hidden",
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
        says: "no member extensions in meta: FHIR calls it extension",
        types: ALL,
        judge: |resource, _| {
            let found = resource.select("meta.extensions").into_iter().next()?;
            Some(Wrong::new(found.path, "one"))
        },
    },
];

/// The profiles of its type that a resource claims in this version, or in none that it names.
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
    resource.children("id").is_empty().then(|| Wrong::new(&resource.path, "a resource without one"))
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

/// The first reference that is neither `Type/id`, nor a URL below `base`, nor to a contained resource.
fn reference(value: &Value, path: &str, base: &str) -> Option<Wrong> {
    match value {
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(at, item)| reference(item, &format!("{path}[{at}]"), base))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            // A key that is no element's name is content, and not shown.
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

/// What is unusual about a reference, without its content.
fn form(text: &str, base: &str) -> Option<&'static str> {
    if text.starts_with('#') {
        return None;
    }
    let own = text.strip_prefix(base).unwrap_or(text);
    if is_relative(own) {
        return None;
    }
    Some(match text.split_once(':') {
        Some(("http" | "https", _)) => "a URL elsewhere",
        Some(("urn", _)) => "a URN",
        _ => "another text",
    })
}

/// Whether `text` is `Type/id`, perhaps with a version.
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
            ("https://elsewhere.example.org/fhir/Location/x", "a URL elsewhere"),
            ("https://directory.example.org/fhirs/Location/x", "a URL elsewhere"),
            ("urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", "a URN"),
            ("Organization", "another text"),
            ("Organization/", "another text"),
            ("organization/1", "another text"),
            ("Organization/1/2", "another text"),
            ("", "another text"),
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
