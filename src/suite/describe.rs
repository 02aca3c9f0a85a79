//! Suites in words. Findings, `explain` and the reports say an expectation the same way.

use crate::suite::expect::Expect;
use crate::suite::line_rules::line_rule;
use crate::suite::model::Hold;
use crate::suite::shapes::{BodyShape, DirectoryTopic, Shape};
use crate::suite::values::{StatusRange, StatusSet};

/// An expectation or condition as a fragment: `status 202 Accepted`, `header Content-Location is an absolute http or https URL`.
pub fn describe(expect: &Expect) -> String {
    let mut parts: Vec<String> = Vec::new();
    if let Some(set) = &expect.status {
        parts.push(format!("status {}", statuses(set)));
    }
    if let Some(set) = &expect.not_status {
        parts.push(format!("status other than {}", statuses(set)));
    }
    if let Some(name) = &expect.header {
        parts.push(format!("header {name} {}", value(expect)));
    }
    if let Some(pointer) = &expect.json {
        let place = if pointer.is_empty() { "body".to_owned() } else { format!("body at {pointer}") };
        parts.push(format!("{place} {}", value(expect)));
    }
    if let Some(types) = &expect.media_type {
        parts.push(format!("media type {}", or(&types.0)));
    }
    if let Some(shape) = expect.body {
        parts.push(format!("body is {}", body(shape)));
    }
    if let Some(rules) = &expect.lines {
        let rules: Vec<&str> = rules.iter().map(|rule| line_rule(*rule)).collect();
        parts.push(format!("lines without {}", or(&rules)));
    }
    if let Some(types) = &expect.file_type {
        let names: Vec<&str> = types.iter().map(String::as_str).collect();
        parts.push(format!("a file of {} resources", or(&names)));
    }
    if let Some(topic) = expect.directory {
        parts.push(directory(topic).to_owned());
    }
    if let Some(name) = expect.check {
        parts.push(name.sentence().to_owned());
    }
    parts.join(" and ")
}

fn value(expect: &Expect) -> String {
    let wanted = match (expect.is, &expect.equals, &expect.has) {
        (Some(shape), ..) => format!("is {}", self::shape(shape)),
        (None, Some(text), _) => format!("equals {text:?}"),
        (None, None, Some(texts)) => format!("is {}", array_with(texts)),
        (None, None, None) => "is present".to_owned(),
    };
    if expect.optional { format!("{wanted}, if there") } else { wanted }
}

/// An array that holds one of some texts, to follow `is` or `expected`.
pub fn array_with(texts: &[String]) -> String {
    format!("an array with {}", or(&texts.iter().map(|text| format!("{text:?}")).collect::<Vec<_>>()))
}

/// A list as in a sentence: `a, b or c`.
pub fn or<S: AsRef<str>>(items: &[S]) -> String {
    join(items, "or")
}

/// A list as in a sentence: `a, b and c`.
pub fn and<S: AsRef<str>>(items: &[S]) -> String {
    join(items, "and")
}

fn join<S: AsRef<str>>(items: &[S], word: &str) -> String {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    match items.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} {word} {last}", rest.join(", ")),
        Some((last, _)) => (*last).to_owned(),
        None => String::new(),
    }
}

/// A set of statuses, a single one with its reason: `202 Accepted`, `2xx or 3xx`.
pub fn statuses(set: &StatusSet) -> String {
    match set.0.as_slice() {
        [StatusRange::One(one)] => status(*one),
        _ => set.to_string(),
    }
}

/// A status with its standard reason: `202 Accepted`.
pub fn status(status: u16) -> String {
    match http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()) {
        Some(reason) => format!("{status} {reason}"),
        None => status.to_string(),
    }
}

/// What a header or JSON value must be, to follow `is` or `expected`: `an absolute http or https URL`.
pub fn shape(shape: Shape) -> &'static str {
    match shape {
        Shape::Present => "present",
        Shape::Value => "present and not null",
        Shape::Absent => "absent",
        Shape::String => "a JSON string",
        Shape::Text => "a JSON string with something in it",
        Shape::Strings => "a JSON array of strings",
        Shape::Boolean => "a JSON boolean, true or false",
        Shape::Object => "a JSON object",
        Shape::Array => "a JSON array",
        Shape::Objects => "a JSON array of objects",
        Shape::EmptyArray => "an empty array",
        Shape::AbsoluteUrl => "an absolute http or https URL",
        Shape::Instant => "a FHIR instant, such as 2026-02-07T13:28:17.239+02:00",
        Shape::Count => "a whole JSON number of at least 0",
        Shape::ResourceType => "the name of a FHIR resource type",
        Shape::RetryAfter => "a whole number of seconds or an HTTP date",
        Shape::Digits => "a whole number of seconds",
        Shape::NotBlank => "a text that is not blank",
        Shape::Printable => "a text of printable characters",
        Shape::Attachment => "an attachment",
        Shape::StatusCode => "a status of three digits, and perhaps its reason",
        Shape::HttpDate => "an HTTP date",
        Shape::True => "the JSON value true",
        Shape::Under100Characters => "a text of fewer than 100 characters",
    }
}

/// What a body must be, to follow `is` or `expected`: `an OperationOutcome`.
pub fn body(shape: BodyShape) -> &'static str {
    match shape {
        BodyShape::Empty => "an empty one",
        BodyShape::NotEmpty => "not an empty one",
        BodyShape::Json => "JSON",
        BodyShape::PlainObject => "a JSON object that is no FHIR resource",
        BodyShape::OperationOutcome => "an OperationOutcome in JSON, with an issue that has severity and code",
        BodyShape::Outcome => "an OperationOutcome with an issue, whatever it says",
        BodyShape::ErrorOutcome => "an OperationOutcome with an issue of severity error or fatal",
        BodyShape::Manifest => "a manifest, a JSON object with transactionTime, request, output and so on",
        BodyShape::NotManifest => "no manifest",
        BodyShape::NotData => "no exported data",
        BodyShape::NotOutcome => "no OperationOutcome",
        BodyShape::NotHtml => "no HTML page",
        BodyShape::AsAnnounced => "in the format that Content-Type names",
    }
}

/// What is asked of the lines of a provider directory, as a sentence without its full stop.
pub fn directory(topic: DirectoryTopic) -> &'static str {
    match topic {
        DirectoryTopic::Organization => {
            "lines that claim HC Organization keep it; that codes are in their value sets is not checked"
        }
        DirectoryTopic::Practitioner => {
            "lines that claim HC Practitioner keep it; that codes are in their value sets is not checked"
        }
        DirectoryTopic::PractitionerRole => {
            "lines that claim HC PractitionerRole keep it; that codes are in their value sets is not checked"
        }
        DirectoryTopic::HealthcareService => {
            "lines that claim HC HealthcareService keep it; that codes are in their value sets is not checked"
        }
        DirectoryTopic::Location => {
            "lines that claim HC Location or HC Service Coverage Area keep it; that codes are in their value sets is not checked"
        }
        DirectoryTopic::Endpoint => {
            "lines that claim HC Endpoint keep it; that codes are in their value sets is not checked"
        }
        DirectoryTopic::Provenance => {
            "lines that claim HC Provenance keep it; that codes are in their value sets is not checked"
        }
        DirectoryTopic::Cautions => "lines heed what the profile that they claim warns of",
        DirectoryTopic::References => "references are Type/id, or URLs below the FHIR base",
        DirectoryTopic::Ids => "every resource has an id",
        DirectoryTopic::Suppressed => "no resource is flagged to be hidden",
        DirectoryTopic::Retired => "no line is written as before 0.3.0, as the sample of the guide still is",
    }
}

/// The resource type whose profile a topic of a provider directory is about; none for those of several.
pub fn directory_type(topic: DirectoryTopic) -> Option<&'static str> {
    Some(match topic {
        DirectoryTopic::Organization => "Organization",
        DirectoryTopic::Practitioner => "Practitioner",
        DirectoryTopic::PractitionerRole => "PractitionerRole",
        DirectoryTopic::HealthcareService => "HealthcareService",
        DirectoryTopic::Location => "Location",
        DirectoryTopic::Endpoint => "Endpoint",
        DirectoryTopic::Provenance => "Provenance",
        DirectoryTopic::Cautions
        | DirectoryTopic::References
        | DirectoryTopic::Ids
        | DirectoryTopic::Suppressed
        | DirectoryTopic::Retired => return None,
    })
}

/// How many of the exchanges must satisfy a test; nothing for all of them.
pub fn hold(hold: Hold) -> Option<&'static str> {
    match hold {
        Hold::Every => None,
        Hold::Last => Some("the last of these counts"),
        Hold::None => Some("none of these may be so"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::suite::check_names::CheckName;
    use crate::suite::line_rules::LineRule;

    fn told(text: &str) -> String {
        describe(&toml::from_str::<Expect>(text).unwrap())
    }

    #[test]
    fn expectations_in_words() {
        let cases = [
            ("status = 202", "status 202 Accepted"),
            ("status = ['2xx', 404]", "status 2xx or 404"),
            ("not-status = [404, 405, 501]", "status other than 404, 405 or 501"),
            ("status = 299", "status 299"),
            (
                "header = 'Content-Location'\nis = 'absolute-url'",
                "header Content-Location is an absolute http or https URL",
            ),
            ("header = 'ETag'\nis = 'absent'", "header ETag is absent"),
            (
                "json = '/output/*/url'\nis = 'absolute-url'\noptional = true",
                "body at /output/*/url is an absolute http or https URL, if there",
            ),
            ("json = ''\nis = 'object'", "body is a JSON object"),
            ("json = '/a'\nequals = 'b'", "body at /a equals \"b\""),
            ("media-type = ['application/json', 'text/json']", "media type application/json or text/json"),
            (
                "body = 'operation-outcome'",
                "body is an OperationOutcome in JSON, with an issue that has severity and code",
            ),
            ("file-type = ['Location', 'Endpoint']", "a file of Location or Endpoint resources"),
            ("lines = ['bom', 'utf8']", "lines without a byte order mark or bytes that are not UTF-8"),
            ("check = 'distinct-urls'", "no URL is listed twice"),
        ];
        for (text, expected) in cases {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    #[test]
    fn every_word_has_words_of_its_own() {
        fn distinct(phrases: Vec<&str>) {
            let mut sorted = phrases.clone();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), phrases.len(), "{phrases:?}");
            assert!(phrases.iter().all(|phrase| !phrase.is_empty()));
        }
        distinct(Shape::ALL.iter().map(|word| shape(*word)).collect());
        distinct(BodyShape::ALL.iter().map(|word| body(*word)).collect());
        distinct(LineRule::ALL.iter().map(|word| line_rule(*word)).collect());
        distinct(DirectoryTopic::ALL.iter().map(|word| directory(*word)).collect());
        distinct(CheckName::ALL.iter().map(|word| word.sentence()).collect());
    }
}
