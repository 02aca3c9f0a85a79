//! Evaluates one expectation on one exchange.

use serde_json::Value;

use crate::check::context::CheckContext;
use crate::check::files::{directory, line_rules};
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::show::Shown;
use crate::check::{dispatch, header_faults, reasons, shape, show};
use crate::recording::model::{BodyKind, Exchange, Outcome, Response, TroubleKind};
use crate::recording::shape::{is_any_outcome, is_error_outcome, is_manifest, is_operation_outcome, strange_issue};
use crate::suite::describe;
use crate::suite::expect::Expect;
use crate::suite::shapes::{BodyShape, Shape};
use crate::verdicts::finding_place::FindingPlace;

/// Returns whether `expect` holds for `exchange`.
pub fn holds(expect: &Expect, exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    // Each check decides what a missing or interrupted response means.
    if let Some(name) = expect.check {
        return dispatch::run(name, exchange, context);
    }
    let response = match &exchange.outcome {
        Outcome::Response(response) => response,
        Outcome::NoResponse(trouble) => return CheckOutcome::Undecided(trouble.message.clone()),
        Outcome::Handshake(_) => return CheckOutcome::NotApplicable(reasons::HANDSHAKE.to_owned()),
    };
    if let Some(allowed) = &expect.status {
        return CheckOutcome::or_violation(allowed.contains(response.status), || {
            Violation::new(FindingPlace::Status, describe::statuses(allowed), describe::status(response.status))
        });
    }
    if let Some(barred) = &expect.not_status {
        return CheckOutcome::or_violation(!barred.contains(response.status), || {
            let expected = format!("a status other than {}", describe::statuses(barred));
            Violation::new(FindingPlace::Status, expected, describe::status(response.status))
        });
    }
    if let Some(allowed) = &expect.media_type {
        // If there are two header lines, a client may use either.
        let types = response.media_types();
        return CheckOutcome::or_violation(
            !types.is_empty() && types.iter().all(|media| allowed.0.contains(media)),
            || {
                let actual = match types.is_empty() {
                    true => "no Content-Type".into(),
                    false => Shown::join(types.iter().map(|media| show::text(media)), " and "),
                };
                Violation::new(FindingPlace::header("Content-Type"), allowed.0.join(" or "), actual)
            },
        );
    }
    if let Some(name) = &expect.header {
        return header(name, expect, response);
    }
    if let Some(rules) = &expect.lines {
        return line_rules::lines(rules, exchange, context);
    }
    if let Some(types) = &expect.file_type {
        return line_rules::file_type(types, exchange, context);
    }
    if let Some(topic) = expect.directory {
        return directory::lines(topic, exchange, context);
    }
    // The other expectations read the body, and an interrupted body proves nothing. A body with a wrong
    // Content-Encoding was received completely, but no client can read it.
    if let Some(trouble) = &response.broken {
        let coding: Vec<&str> = response.header_lines("content-encoding").collect();
        if trouble.kind == TroubleKind::Protocol && coding.len() == 1 && expect.body.is_some_and(is_read) {
            let expected = show::text(&coding.join(", "))
                .map(|coding| format!("a body encoded as {coding}, as in Content-Encoding"));
            return CheckOutcome::Violated(vec![Violation::new(
                FindingPlace::whole_body(),
                expected,
                show::text(&trouble.message),
            )]);
        }
        return CheckOutcome::Undecided(trouble.message.clone());
    }
    let of_json = expect.body.is_none_or(is_read);
    if of_json && response.body.too_deep {
        // This is a limit of Plimsoll, not an error of the server.
        return CheckOutcome::Undecided("the body is JSON that is nested too deeply for Plimsoll to read".to_owned());
    }
    if let Some(expected) = expect.body {
        return body(expected, response);
    }
    match &expect.json {
        Some(pointer) => json(pointer, expect, response, context.index.recording.start.fhir.is_some()),
        None => CheckOutcome::NotApplicable("the expectation names no part of the response".to_owned()),
    }
}

/// Returns whether the expectation needs the text of the body.
fn is_read(shape: BodyShape) -> bool {
    !matches!(shape, BodyShape::Empty | BodyShape::NotEmpty | BodyShape::NotHtml)
}

fn header(name: &str, expect: &Expect, response: &Response) -> CheckOutcome {
    let mut lines = response.header_lines(name).peekable();
    if lines.peek().is_none() {
        let fine = expect.optional || expect.is == Some(Shape::Absent);
        return CheckOutcome::or_violation(fine, || {
            Violation::new(FindingPlace::header(name), wanted(expect), format!("no {name}"))
        });
    }
    let wrong = lines.find(|line| !text_satisfies(expect, line));
    match wrong {
        None => CheckOutcome::Holds,
        Some(line) => {
            let shape = expect.is.filter(|_| expect.equals.is_none());
            let found = shape.map_or_else(|| show::text(line), |shape| header_faults::explained(shape, line));
            CheckOutcome::Violated(vec![Violation::new(FindingPlace::header(name), wanted(expect), found)])
        }
    }
}

fn text_satisfies(expect: &Expect, text: &str) -> bool {
    match (&expect.equals, expect.is) {
        (Some(equals), _) => equals == text,
        (None, Some(wanted)) => shape::text_has(wanted, text),
        (None, None) => true,
    }
}

/// Describes the value that `is`, `equals` or `has` expects.
fn wanted(expect: &Expect) -> String {
    match (&expect.equals, expect.is) {
        (Some(equals), _) => format!("{equals:?}"),
        (None, Some(wanted)) => describe::shape(wanted).to_owned(),
        (None, None) => expect.has.as_deref().map_or_else(|| "a value".to_owned(), describe::array_with),
    }
}

fn json(pointer: &str, expect: &Expect, response: &Response, version_known: bool) -> CheckOutcome {
    let Some(root) = &response.body.json else {
        return CheckOutcome::NotApplicable("the recording has no JSON body for this exchange".to_owned());
    };
    let places = expand(root, pointer);
    if places.is_empty() {
        return CheckOutcome::NotApplicable(format!("the body has no item at {pointer}"));
    }
    let mut violations = Vec::new();
    let mut seen = false;
    for (place, value) in places {
        let absent = value.is_none_or(Value::is_null);
        if absent && expect.optional {
            continue;
        }
        seen = true;
        let good = match (&expect.equals, expect.is) {
            (None, None) if expect.has.is_some() => {
                let items = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                let wanted = expect.has.as_deref().unwrap_or_default();
                items.iter().filter_map(Value::as_str).any(|item| wanted.iter().any(|text| text == item))
            }
            (Some(equals), _) => value.and_then(Value::as_str) == Some(equals),
            // A target that declares no version may use one that Plimsoll does not know.
            (None, Some(Shape::ResourceType)) if !version_known => {
                value.and_then(Value::as_str).is_some_and(shape::is_resource_name)
            }
            (None, Some(wanted)) => shape::json_has(wanted, value),
            (None, None) => true,
        };
        if !good {
            violations.push(Violation::new(FindingPlace::body(place), wanted(expect), show::shape(value)));
        }
    }
    if seen || !pointer.contains('*') {
        CheckOutcome::from_violations(violations)
    } else {
        CheckOutcome::NotApplicable(format!("the body has no value at {pointer}"))
    }
}

/// Returns the places that `pointer` names in `root`. `*` names every item of an array, and no place if the value is
/// not an array. If the last segment is missing, the place has no value.
pub fn expand<'v>(root: &'v Value, pointer: &str) -> Vec<(String, Option<&'v Value>)> {
    let mut places = vec![(String::new(), Some(root))];
    for segment in pointer.split('/').skip(1) {
        let mut next = Vec::new();
        for (path, value) in places {
            if segment == "*" {
                let items = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                next.extend(items.iter().enumerate().map(|(n, item)| (format!("{path}/{n}"), Some(item))));
            } else {
                next.push((format!("{path}/{segment}"), value.and_then(|value| value.get(segment))));
            }
        }
        places = next;
    }
    places
}

fn body(expected: BodyShape, response: &Response) -> CheckOutcome {
    let body = &response.body;
    let json = body.json.as_ref();
    let announced_json = response.media_type().is_some_and(|media| media.contains("json"));
    let good = match expected {
        BodyShape::Empty => body.kind == BodyKind::Empty,
        BodyShape::NotEmpty => body.kind != BodyKind::Empty,
        BodyShape::Json => body.kind == BodyKind::Json,
        BodyShape::PlainObject => json.is_some_and(Value::is_object) && body.resource_type.is_none(),
        BodyShape::OperationOutcome => json.is_some_and(is_operation_outcome),
        BodyShape::Outcome => json.is_some_and(is_any_outcome),
        BodyShape::ErrorOutcome => json.is_some_and(is_error_outcome),
        BodyShape::Manifest => json.is_some_and(is_manifest) && body.not_json.is_none(),
        BodyShape::NotManifest => !json.is_some_and(is_manifest),
        BodyShape::NotData => {
            // With 202, which starts a job, a resource that describes the job is not exported data.
            let describes = |kind: &str| match response.status {
                202 => kind != "Bundle",
                _ => matches!(kind, "OperationOutcome" | "Parameters"),
            };
            body.kind != BodyKind::Ndjson && body.resource_type.as_deref().is_none_or(describes)
        }
        BodyShape::NotOutcome => body.resource_type.as_deref() != Some("OperationOutcome"),
        BodyShape::NotHtml => body.kind != BodyKind::Html,
        BodyShape::AsAnnounced => match (response.media_type(), body.kind) {
            (_, BodyKind::Empty) => true,
            (None, _) => false,
            (Some(_), BodyKind::Json | BodyKind::Ndjson) => true,
            (Some(media), BodyKind::Html) => media.contains("html"),
            (Some(_), _) => !announced_json,
        },
    };
    CheckOutcome::or_violation(good, || {
        Violation::new(FindingPlace::whole_body(), describe::body(expected), what_body(response))
    })
}

/// Describes what an OperationOutcome lacks, if its severities and codes have no unknown word.
fn lacking_issue(json: &serde_json::Value) -> String {
    let issues = match json.get("issue").map(|issue| (issue, issue.as_array())) {
        None => return "without an issue".to_owned(),
        Some((_, Some(issues))) if issues.is_empty() => return "with an empty list of issues".to_owned(),
        Some((_, Some(issues))) => issues,
        Some((other, None)) => return format!("in which issue is {}, not an array", show::shape(Some(other))),
    };
    for (index, issue) in issues.iter().enumerate() {
        for key in ["severity", "code"] {
            match issue.get(key) {
                Some(value) if value.is_string() => {}
                Some(value) => {
                    return format!("in which {key} of issue {index} is {}, not a code", show::shape(Some(value)));
                }
                None => return format!("in which issue {index} has no {key}"),
            }
        }
    }
    "without an issue with severity and code".to_owned()
}

/// Describes a body in words.
fn what_body(response: &Response) -> Shown {
    let body = &response.body;
    let what: Shown = match (body.kind, &body.resource_type, &body.json) {
        (BodyKind::Empty, ..) => return "no body".into(),
        (BodyKind::Json, Some(kind), Some(json)) if kind == "OperationOutcome" && !is_operation_outcome(json) => {
            match strange_issue(json) {
                Some(word) => {
                    show::text(word).map(|word| format!("an OperationOutcome with {word}, which FHIR does not define"))
                }
                None => format!("an OperationOutcome {}", lacking_issue(json)).into(),
            }
        }
        (BodyKind::Json, Some(kind), _) => show::text(kind).map(|kind| format!("a FHIR resource of type {kind}")),
        (BodyKind::Json, None, Some(json)) => show::shape(Some(json)),
        (BodyKind::Json, None, None) => "JSON".into(),
        (BodyKind::Ndjson, ..) => "NDJSON".into(),
        (BodyKind::Html, ..) => "an HTML page".into(),
        (BodyKind::Xml, ..) => "XML".into(),
        (BodyKind::Text, ..) => "text that is not JSON".into(),
        (BodyKind::Binary, ..) => "binary data".into(),
        (BodyKind::Streamed, ..) => "a file".into(),
    };
    match &body.not_json {
        Some(why) if body.kind != BodyKind::Html => Shown::join([what, show::text(why)], ": "),
        _ => what,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn pointers_expand_over_arrays() {
        let root = json!({"output": [{"url": "a"}, {}, 3], "error": null});
        let places: Vec<_> = expand(&root, "/output/*/url").into_iter().map(|(p, v)| (p, v.is_some())).collect();
        assert_eq!(
            places,
            [
                ("/output/0/url".to_owned(), true),
                ("/output/1/url".to_owned(), false),
                ("/output/2/url".to_owned(), false)
            ]
        );
        assert!(expand(&root, "/error/*/url").is_empty());
        assert_eq!(expand(&root, "/none"), [("/none".to_owned(), None)]);
    }
}
