//! Checks attachments and the form of references, which FHIR's definitions do not check.

use serde_json::Value;

use crate::base::fhir_names::{is_element_name, is_id, is_type_name};
use crate::ndjson::facts::LineFault;
use crate::suite::line_rules::LineRule;

/// The maximum nesting that is searched.
const DEEPEST: usize = 64;

/// The maximum number of attachment URLs that are kept from one resource.
const MAX_URLS: usize = 4;

/// The attachments and references of one resource.
#[derive(Debug, Default)]
pub struct Contents {
    /// The number of attachments.
    pub attachments: u64,
    /// The number of references.
    pub references: u64,
    /// The faults in them, each rule at most once.
    pub faults: Vec<LineFault>,
    /// The absolute URLs of attachments.
    pub urls: Vec<String>,
}

/// Searches `resource` and its contained resources.
pub fn look(resource: &Value) -> Contents {
    let mut seen = Contents::default();
    walk(resource, &mut String::new(), "", 0, &mut seen);
    seen
}

/// Returns whether an element with this name could be an Attachment. The keys of the value are checked too, because
/// other types use some of these names.
fn may_be_attachment(name: &str) -> bool {
    matches!(
        name,
        "attachment"
            | "photo"
            | "image"
            | "presentedForm"
            | "content"
            | "form"
            | "document"
            | "contentAttachment"
            | "valueAttachment"
            | "sourceAttachment"
            | "legallyBindingAttachment"
            | "defaultValueAttachment"
            | "legal"
            | "friendly"
            | "rule"
    ) || (name.ends_with("Attachment") && name.len() > "Attachment".len())
}

/// Returns whether an object has keys of an Attachment, and no other keys.
fn is_attachment(name: &str, value: &Value) -> bool {
    let Some(fields) = value.as_object().filter(|fields| !fields.is_empty()) else { return false };
    let known = |key: &String| {
        matches!(
            key.trim_start_matches('_'),
            "id" | "extension"
                | "contentType"
                | "language"
                | "data"
                | "url"
                | "size"
                | "hash"
                | "title"
                | "creation"
                | "height"
                | "width"
                | "frames"
                | "duration"
                | "pages"
        )
    };
    let sure = name == "attachment" || name.ends_with("Attachment") || name == "photo" || name == "presentedForm";
    let telling = ["contentType", "data", "url", "hash", "size"].iter().any(|key| fields.contains_key(*key));
    fields.keys().all(known) && (sure || telling)
}

fn walk(value: &Value, path: &mut String, name: &str, depth: usize, seen: &mut Contents) {
    if depth > DEEPEST {
        return;
    }
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let length = path.len();
                path.push_str(&format!("[{index}]"));
                walk(item, path, name, depth + 1, seen);
                path.truncate(length);
            }
        }
        Value::Object(fields) => {
            if may_be_attachment(name) && is_attachment(name, value) {
                attachment(value, path, seen);
            }
            for (key, field) in fields {
                let length = path.len();
                if length < 200 {
                    let shown = if is_element_name(key.as_bytes()) { key } else { "?" };
                    path.push_str(if length == 0 { "" } else { "." });
                    path.push_str(shown);
                }
                match field {
                    Value::String(text) if key == "reference" => reference(text, path, seen),
                    Value::Array(_) | Value::Object(_) => walk(field, path, key, depth + 1, seen),
                    _ => {}
                }
                path.truncate(length);
            }
        }
        _ => {}
    }
}

fn fault(seen: &mut Contents, rule: LineRule, path: &str, expected: &'static str, actual: &'static str) {
    if !seen.faults.iter().any(|known| known.rule == rule) {
        seen.faults.push(LineFault {
            rule,
            at: 0,
            path: path.to_owned(),
            expected: expected.into(),
            actual: actual.into(),
        });
    }
}

fn attachment(value: &Value, path: &str, seen: &mut Contents) {
    seen.attachments += 1;
    let text = |key: &str| value.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    // A data-absent-reason may replace a value.
    let withheld = |key: &str| {
        let extensions = value.get(format!("_{key}")).and_then(|twin| twin.get("extension")).and_then(Value::as_array);
        let mut urls = extensions.into_iter().flatten().filter_map(|extension| extension.get("url")?.as_str());
        urls.any(|url| url.ends_with("/data-absent-reason"))
    };
    let there = |key: &str| text(key).is_some() || withheld(key);
    if !there("contentType") {
        let actual = "none";
        fault(seen, LineRule::AttachmentWithoutType, &format!("{path}.contentType"), "a media type", actual);
    }
    if !there("data") && !there("url") {
        fault(seen, LineRule::AttachmentEmpty, path, "data or url", "neither");
    }
    let Some(url) = text("url") else { return };
    let absolute = url::Url::parse(url).is_ok_and(|url| !url.cannot_be_a_base() && url.has_host());
    if absolute {
        if seen.urls.len() < MAX_URLS {
            seen.urls.push(url.to_owned());
        }
        return;
    }
    let rule = match text("data") {
        Some(_) => LineRule::AttachmentUrlBesideData,
        None => LineRule::AttachmentUrlRelative,
    };
    fault(seen, rule, &format!("{path}.url"), "an absolute URL", "another string");
}

/// Checks the form of a literal reference: relative, absolute (also a URN), or to a contained resource.
fn reference(text: &str, path: &str, seen: &mut Contents) {
    seen.references += 1;
    let contained = text.starts_with('#');
    let absolute = text.split_once(':').is_some_and(|(scheme, rest)| {
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(word) && !rest.is_empty()
    });
    if !(contained || absolute || is_relative(text)) {
        let actual = match text {
            "" => "an empty string",
            _ if text.starts_with('/') => "a path that begins with a slash",
            _ if text.contains('?') => "a search",
            _ if text.contains('/') => "a path of another form",
            _ => "a string without a type",
        };
        let expected = "Type/id, an absolute URL or URN, or # and the id of a contained resource";
        fault(seen, LineRule::ReferenceForm, path, expected, actual);
    }
}

/// Returns whether `text` is `Type/id`, with or without a version.
fn is_relative(text: &str) -> bool {
    let mut parts = text.split(['/', '#']);
    let (kind, id) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let history = match (parts.next(), parts.next(), parts.next()) {
        (None, None, None) => true,
        (Some("_history"), Some(version), None) => is_id(version),
        // A fragment of the target resource.
        (Some(_), None, None) => text.contains('#'),
        _ => false,
    };
    // Another rule checks the characters of ids.
    is_type_name(kind) && !id.is_empty() && history
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rules(resource: Value) -> Vec<(LineRule, String)> {
        look(&resource).faults.into_iter().map(|fault| (fault.rule, fault.path)).collect()
    }

    #[test]
    fn attachments_are_found_in_any_element() {
        let seen = look(&json!({"resourceType": "Patient", "photo": [{"contentType": "image/png", "data": "AAAA"}],
            "extension": [{"url": "x", "valueAttachment": {"contentType": "a/b", "url": "https://h/1"}}]}));
        assert_eq!((seen.attachments, seen.faults.len(), seen.urls), (2, 0, vec!["https://h/1".to_owned()]));
        let document =
            |attachment: Value| json!({"resourceType": "DocumentReference", "content": [{"attachment": attachment}]});
        let at = |rest: &str| format!("content[0].attachment{rest}");
        for (attachment, rule, path) in [
            (json!({"url": "https://h/1"}), LineRule::AttachmentWithoutType, at(".contentType")),
            (json!({"contentType": "a/b", "title": "x"}), LineRule::AttachmentEmpty, at("")),
            (json!({"contentType": "a/b", "url": "Binary/1"}), LineRule::AttachmentUrlRelative, at(".url")),
            (json!({"contentType": "a/b", "url": "/x", "data": "AAAA"}), LineRule::AttachmentUrlBesideData, at(".url")),
        ] {
            assert_eq!(rules(document(attachment)), [(rule, path)]);
        }
        let twin = |url: &str| json!({"_data": {"extension": [{"url": url}]}, "contentType": "a/b"});
        assert_eq!(rules(document(twin("http://hl7.org/fhir/StructureDefinition/data-absent-reason"))), []);
        assert_eq!(rules(document(twin("https://h/kept-elsewhere"))), [(LineRule::AttachmentEmpty, at(""))]);
        // Elements of other types with the same name.
        assert_eq!(
            look(&json!({"resourceType": "Bundle", "link": [{"url": "a"}], "content": [{"url": "x", "more": 1}]}))
                .attachments,
            0
        );
        assert_eq!(look(&json!({"resourceType": "Composition", "form": {"coding": []}})).attachments, 0);
    }

    #[test]
    fn references_have_one_of_four_forms() {
        for good in [
            "Patient/1",
            "Patient/1/_history/2",
            "https://h/fhir/Patient/1",
            "http://h/any?thing",
            "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
            "#contained",
            "#",
        ] {
            assert_eq!(rules(json!({"subject": {"reference": good}})), [], "{good}");
        }
        for bad in
            ["", "1", "/Patient/1", "Patient", "patient/1", "Patient?identifier=1", "Patient/1/2", "fhir/r4/Patient/1"]
        {
            assert_eq!(
                rules(json!({"a": [{"reference": bad}]})),
                [(LineRule::ReferenceForm, "a[0].reference".to_owned())],
                "{bad}"
            );
        }
    }
}
