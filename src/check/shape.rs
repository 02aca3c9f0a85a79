//! Checks whether a header or a JSON value has an expected shape.

use serde_json::Value;
use url::Url;

use crate::suite::shapes::Shape;

/// Returns whether the JSON value at a place has the shape; `None` is an absent value.
pub fn json_has(shape: Shape, value: Option<&Value>) -> bool {
    let string = value.and_then(Value::as_str);
    match shape {
        Shape::Present => value.is_some(),
        Shape::Value => value.is_some_and(|value| !value.is_null()),
        Shape::Absent => value.is_none(),
        Shape::String => string.is_some(),
        Shape::Text => string.is_some_and(|text| !text.is_empty()),
        Shape::Strings => value.and_then(Value::as_array).is_some_and(|items| items.iter().all(Value::is_string)),
        Shape::Boolean => value.is_some_and(Value::is_boolean),
        Shape::True => value.and_then(Value::as_bool) == Some(true),
        Shape::Object => value.is_some_and(Value::is_object),
        Shape::Array => value.is_some_and(Value::is_array),
        Shape::Objects => value.and_then(Value::as_array).is_some_and(|items| items.iter().all(Value::is_object)),
        Shape::EmptyArray => value.and_then(Value::as_array).is_some_and(Vec::is_empty),
        Shape::Count => value.is_some_and(is_count),
        Shape::AbsoluteUrl
        | Shape::Instant
        | Shape::ResourceType
        | Shape::RetryAfter
        | Shape::Digits
        | Shape::NotBlank
        | Shape::Printable
        | Shape::Attachment
        | Shape::HttpDate
        | Shape::StatusCode
        | Shape::Under100Characters => string.is_some_and(|text| text_has(shape, text)),
    }
}

/// Returns whether the text of a header or a JSON string has the shape.
pub fn text_has(shape: Shape, text: &str) -> bool {
    match shape {
        Shape::Present | Shape::Value | Shape::String => true,
        Shape::Text => !text.is_empty(),
        Shape::AbsoluteUrl => is_absolute_url(text),
        Shape::Instant => crate::base::instant::Instant::parse(text).is_some(),
        Shape::ResourceType => is_resource_type(text),
        Shape::RetryAfter => {
            let text = text.trim();
            (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())) || httpdate::parse_http_date(text).is_ok()
        }
        Shape::Digits => {
            let text = text.trim();
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
        }
        Shape::NotBlank => !text.trim().is_empty(),
        Shape::Printable => !text.chars().any(|c| c.is_control() || c == char::REPLACEMENT_CHARACTER),
        Shape::Attachment => text.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("attachment")),
        Shape::StatusCode => {
            let text = text.trim();
            let code = text.get(..3).and_then(|code| code.parse().ok());
            code.is_some_and(|code: u16| (100..=599).contains(&code))
                && text.as_bytes().get(3).is_none_or(|next| !next.is_ascii_alphanumeric())
        }
        Shape::HttpDate => httpdate::parse_http_date(text.trim()).is_ok(),
        // Characters, not bytes: the example in the specs has typographic quotes.
        Shape::Under100Characters => text.chars().count() < 100,
        Shape::Absent
        | Shape::Boolean
        | Shape::True
        | Shape::Object
        | Shape::Array
        | Shape::Objects
        | Shape::Strings
        | Shape::EmptyArray
        | Shape::Count => false,
    }
}

/// Returns whether `text` is an absolute http or https URL with a host.
pub fn is_absolute_url(text: &str) -> bool {
    let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    // The parser accepts `http:/x` and `http:x`, which clients resolve against the base.
    (lower.starts_with("http://") || lower.starts_with("https://"))
        && Url::parse(text).is_ok_and(|url| url.host_str().is_some_and(|host| !host.is_empty()))
}

fn is_count(value: &Value) -> bool {
    value.as_u64().is_some() || value.as_f64().is_some_and(|number| number >= 0.0 && number.fract() == 0.0)
}

/// Returns whether `text` names a resource type of any FHIR version that Plimsoll knows.
pub fn is_resource_type(text: &str) -> bool {
    is_resource_name(text) && crate::base::resource_types::is_known(text)
}

/// Returns whether `text` has the form of a resource type's name: an upper-case letter, then letters.
pub fn is_resource_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|first| first.is_ascii_uppercase())
        && text.len() <= 64
        && chars.all(|c| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn absolute_urls() {
        for good in ["https://x/y", "HTTP://x", "http://127.0.0.1:80/fhir/[u7f3a]?a=[u1]", "https://[::1]/x"] {
            assert!(is_absolute_url(good), "{good}");
        }
        for bad in ["/x", "x/y", "//x/y", "http:/x", "http:x", "https://", "ftp://x/y", "s3://b/k", "", "http ://x"] {
            assert!(!is_absolute_url(bad), "{bad}");
        }
    }

    #[test]
    fn retry_after_has_two_forms() {
        for good in ["0", "120", " 3 ", "Fri, 31 Dec 1999 23:59:59 GMT"] {
            assert!(text_has(Shape::RetryAfter, good), "{good}");
        }
        for bad in ["", "-1", "1.5", "soon", "1s", "2026-01-01T00:00:00Z"] {
            assert!(!text_has(Shape::RetryAfter, bad), "{bad}");
        }
    }

    #[test]
    fn counts_are_whole_numbers() {
        for good in [json!(0), json!(12), json!(3.0), json!(1e3)] {
            assert!(json_has(Shape::Count, Some(&good)), "{good}");
        }
        for bad in [json!(-1), json!(1.5), json!("3"), json!(null), json!([])] {
            assert!(!json_has(Shape::Count, Some(&bad)), "{bad}");
        }
    }

    #[test]
    fn resource_types_are_known_names() {
        for good in ["Patient", "VisionPrescription", "Subscription", "ActorDefinition"] {
            assert!(is_resource_type(good), "{good}");
        }
        for bad in ["patient", "Patient.ndjson", "PATIENT", "", "Patients", "Foo"] {
            assert!(!is_resource_type(bad), "{bad}");
        }
    }
}
