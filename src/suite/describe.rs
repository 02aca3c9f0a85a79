//! Expectations in words: the same wording in findings, in `explain` and in reports.

use crate::suite::expect::Expect;
use crate::suite::line_rules::line_rule;
use crate::suite::model::Hold;
use crate::suite::shapes::{BodyShape, DirectoryTopic, Shape};
use crate::suite::values::{StatusRange, StatusSet};

/// Describes an expectation or condition as a clause: `status 202 Accepted`, `header Content-Location is an absolute
/// http or https URL`.
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
        let place = if pointer.is_empty() { "the body".to_owned() } else { format!("body {pointer}") };
        parts.push(format!("{place} {}", value(expect)));
    }
    if let Some(types) = &expect.media_type {
        parts.push(format!("media type {}", or(&types.0)));
    }
    if let Some(shape) = expect.body {
        parts.push(body_clause(shape));
    }
    if let Some(rules) = &expect.lines {
        let rules: Vec<&str> = rules.iter().map(|rule| line_rule(*rule)).collect();
        parts.push(format!("the file does not contain {}", or(&rules)));
    }
    if let Some(types) = &expect.file_type {
        let names: Vec<&str> = types.iter().map(String::as_str).collect();
        parts.push(format!("the file contains a resource of type {}", or(&names)));
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
        (Some(Shape::Present), ..) => "is present".to_owned(),
        (Some(Shape::Value), ..) => "is present and not null".to_owned(),
        (Some(Shape::Absent), ..) => "is absent".to_owned(),
        (Some(shape), ..) => format!("is {}", self::shape(shape)),
        (None, Some(text), _) => format!("equals {text:?}"),
        (None, None, Some(texts)) => format!("is {}", array_with(texts)),
        (None, None, None) => "is present".to_owned(),
    };
    match (expect.optional, expect.is) {
        (true, Some(Shape::Value)) => "is not null, if present".to_owned(),
        (true, _) => format!("{wanted}, if present"),
        (false, _) => wanted,
    }
}

/// An array that contains one of some texts, to follow `is` or `expected`.
pub fn array_with(texts: &[String]) -> String {
    format!("an array with {}", or(&texts.iter().map(|text| format!("{text:?}")).collect::<Vec<_>>()))
}

/// Joins a list for a sentence: `a, b or c`.
pub fn or<S: AsRef<str>>(items: &[S]) -> String {
    join(items, "or")
}

/// Joins a list for a sentence: `a, b and c`.
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

/// A set of statuses; a single status with its reason phrase: `202 Accepted`, `2xx or 3xx`.
pub fn statuses(set: &StatusSet) -> String {
    match set.0.as_slice() {
        [StatusRange::One(one)] => status(*one),
        _ => set.to_string(),
    }
}

/// A status with its standard reason phrase: `202 Accepted`.
pub fn status(status: u16) -> String {
    match http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()) {
        Some(reason) => format!("{status} {reason}"),
        None => status.to_string(),
    }
}

/// The expected value of a header or JSON value, a noun phrase to follow `expected`: `an absolute http or https URL`.
pub fn shape(shape: Shape) -> &'static str {
    match shape {
        Shape::Present => "a value",
        Shape::Value => "a value other than null",
        Shape::Absent => "no value",
        Shape::String => "a JSON string",
        Shape::Text => "a JSON string that is not empty",
        Shape::Strings => "a JSON array of strings",
        Shape::Boolean => "a JSON boolean (true or false)",
        Shape::Object => "a JSON object",
        Shape::Array => "a JSON array",
        Shape::Objects => "a JSON array of objects",
        Shape::EmptyArray => "an empty array",
        Shape::AbsoluteUrl => "an absolute http or https URL",
        Shape::Instant => "a FHIR instant such as 2026-02-07T13:28:17.239+02:00",
        Shape::Count => "a JSON number that is whole and not negative",
        Shape::ResourceType => "the name of a FHIR resource type",
        Shape::RetryAfter => "a whole number of seconds or an HTTP date",
        Shape::Digits => "a whole number of seconds",
        Shape::NotBlank => "text that is not blank",
        Shape::Printable => "text of printable characters",
        Shape::Attachment => "attachment, with or without parameters",
        Shape::StatusCode => "a three-digit HTTP status, with or without a reason phrase",
        Shape::HttpDate => "an HTTP date",
        Shape::True => "the JSON value true",
        Shape::Under100Characters => "text of fewer than 100 characters",
    }
}

/// An expected body as a clause: `the body is an OperationOutcome`.
fn body_clause(shape: BodyShape) -> String {
    let text = match shape {
        BodyShape::Empty => "the body is empty",
        BodyShape::NotEmpty => "the body is not empty",
        BodyShape::NotManifest => "the body is not a manifest",
        BodyShape::NotData => "the body has no exported data",
        BodyShape::NotOutcome => "the body is not an OperationOutcome",
        BodyShape::NotHtml => "the body is not an HTML page",
        BodyShape::AsAnnounced => "the body has the format that Content-Type names",
        other => return format!("the body is {}", body(other)),
    };
    text.to_owned()
}

/// An expected body, a noun phrase to follow `expected`: `an OperationOutcome`.
pub fn body(shape: BodyShape) -> &'static str {
    match shape {
        BodyShape::Empty => "no body",
        BodyShape::NotEmpty => "a body",
        BodyShape::Json => "JSON",
        BodyShape::PlainObject => "a JSON object that is not a FHIR resource",
        BodyShape::OperationOutcome => "an OperationOutcome with an issue that has severity and code",
        BodyShape::Outcome => "an OperationOutcome with an issue",
        BodyShape::ErrorOutcome => "an OperationOutcome with an issue of severity error or fatal",
        BodyShape::Manifest => "a manifest (a JSON object with transactionTime, request and output)",
        BodyShape::NotManifest => "a body that is not a manifest",
        BodyShape::NotData => "a body without exported data",
        BodyShape::NotOutcome => "a body that is not an OperationOutcome",
        BodyShape::NotHtml => "a body that is not an HTML page",
        BodyShape::AsAnnounced => "a body in the format that Content-Type names",
    }
}

/// The expectation on the lines of a provider directory, a clause without a full stop.
pub fn directory(topic: DirectoryTopic) -> &'static str {
    match topic {
        DirectoryTopic::Organization => {
            "lines that claim the profile HC Organization conform to it (value sets are not checked)"
        }
        DirectoryTopic::Practitioner => {
            "lines that claim the profile HC Practitioner conform to it (value sets are not checked)"
        }
        DirectoryTopic::PractitionerRole => {
            "lines that claim the profile HC PractitionerRole conform to it (value sets are not checked)"
        }
        DirectoryTopic::HealthcareService => {
            "lines that claim the profile HC HealthcareService conform to it (value sets are not checked)"
        }
        DirectoryTopic::Location => {
            "lines that claim HC Location or HC Service Coverage Area conform to it (value sets are not checked)"
        }
        DirectoryTopic::Endpoint => {
            "lines that claim the profile HC Endpoint conform to it (value sets are not checked)"
        }
        DirectoryTopic::Provenance => {
            "lines that claim the profile HC Provenance conform to it (value sets are not checked)"
        }
        DirectoryTopic::Cautions => "lines meet the warning rules of the HC profile that they claim",
        DirectoryTopic::References => "every reference is Type/id or a URL below the FHIR base URL",
        DirectoryTopic::Ids => "every resource has an id",
        DirectoryTopic::Suppressed => "no resource has hc-suppressed true",
        DirectoryTopic::Retired => "no line uses a profile, extension or name from before 0.3.0-preview",
    }
}

/// The resource type that a topic of a provider directory is about; none for topics about several types.
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

/// How many of the exchanges must meet the expectations, a clause; none if all of them must.
pub fn hold(hold: Hold) -> Option<&'static str> {
    match hold {
        Hold::Every => None,
        Hold::Last => Some("only the last of these is judged"),
        Hold::None => Some("none of these may meet the expectation"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::suite::check_names::CheckName;
    use crate::suite::line_rules::LineRule;

    fn words_of(text: &str) -> String {
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
                "body /output/*/url is an absolute http or https URL, if present",
            ),
            ("json = ''\nis = 'object'", "the body is a JSON object"),
            ("json = '/a'\nequals = 'b'", "body /a equals \"b\""),
            ("media-type = ['application/json', 'text/json']", "media type application/json or text/json"),
            ("body = 'operation-outcome'", "the body is an OperationOutcome with an issue that has severity and code"),
            ("body = 'not-html'", "the body is not an HTML page"),
            ("file-type = ['Location', 'Endpoint']", "the file contains a resource of type Location or Endpoint"),
            ("lines = ['bom', 'utf8']", "the file does not contain a byte order mark or bytes that are not UTF-8"),
            ("check = 'distinct-urls'", "no URL is listed twice"),
        ];
        for (text, expected) in cases {
            assert_eq!(words_of(text), expected, "{text}");
        }
    }

    #[test]
    fn every_variant_has_its_own_description() {
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
