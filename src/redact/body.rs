//! Decides what the recording keeps of a body: always its size and kind, and its content only if it is not a resource.

use serde_json::{Map, Value};

use crate::base::unprintable::escape_unprintable;
use crate::measure::manifest_files::MAX_FILES;
use crate::recording::model::{Body, BodyKind};
use crate::recording::shape::{is_manifest, without_bom};
use crate::redact::kept_members::kept_members;
use crate::redact::redactor::Redactor;
use crate::redact::secrets::REDACTED;

/// The longest JSON body that is kept, in bytes.
const MAX_BYTES: usize = 1 << 20;
/// The length to which lists are cut if a body has more than [`MAX_ITEMS`] items in total.
const MAX_LEN_LIST: usize = 1_000;
/// The most items of all lists of a body that is kept uncut.
const MAX_ITEMS: usize = 10_000;
/// The length to which strings are cut.
const MAX_LEN_TEXT: usize = 4_096;
/// The most characters of an excerpt.
const MAX_LEN_EXCERPT: usize = 200;
/// The deepest nesting of JSON that is kept.
const MAX_DEPTH: usize = 64;

/// The start of serde_json's error for JSON that is nested too deeply. No error type shows it.
const TOO_DEEP: &str = "recursion limit";

/// Returns what may be kept of a decoded body that was received with `status` and the media type `media`.
pub(crate) fn describe_body(redactor: &Redactor, status: u16, media: Option<&str>, bytes: &[u8]) -> Body {
    let mut body = Body { bytes: bytes.len() as u64, ..Body::default() };
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return body;
    }
    let is_json_type =
        media.is_some_and(|media| media == "application/json" || media.ends_with("+json") || media == "text/json");
    let is_lines_type = media.is_some_and(|media| media.ends_with("ndjson"));
    let parsed = serde_json::from_slice::<Value>(without_bom(bytes));
    body.kind = kind(bytes, parsed.is_ok());
    match parsed {
        Ok(value) => {
            keep_json(redactor, &mut body, value, bytes.len());
            // RFC 8259 (8.1) forbids a byte order mark, but we read JSON after it.
            let marked = without_bom(bytes).len() < bytes.len();
            body.not_json = marked.then(|| "a byte order mark precedes it".to_owned());
        }
        Err(error) if is_json_type && !is_lines_type => {
            let why = error.to_string();
            body.too_deep = why.starts_with(TOO_DEEP);
            body.not_json = Some(redactor.text(&why));
        }
        Err(_) => {}
    }
    let text = || String::from_utf8_lossy(bytes.get(..MAX_BYTES).unwrap_or(bytes));
    match body.kind {
        BodyKind::Html => body.excerpt = title(&text()).map(|title| excerpt(redactor, &title)),
        BodyKind::Text | BodyKind::Xml if status >= 400 => body.excerpt = Some(excerpt(redactor, &text())),
        _ => {}
    }
    body
}

fn excerpt(redactor: &Redactor, text: &str) -> String {
    // Redact before cutting: a part of a secret would not be recognized.
    escape_unprintable(&redactor.text(text.trim()).chars().take(MAX_LEN_EXCERPT).collect::<String>())
}

fn keep_json(redactor: &Redactor, body: &mut Body, value: Value, length: usize) {
    let resource = value.get("resourceType").and_then(Value::as_str).map(str::to_owned);
    let kept = kept_members(value);
    body.resource_type = resource.map(|name| {
        if name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric()) {
            name
        } else {
            "[not a type]".to_owned()
        }
    });
    if kept.is_null() {
        return;
    }
    // A manifest is judged item by item, so as many items are kept as files are downloaded.
    let manifest = is_manifest(&kept);
    let capability_statement = body.resource_type.as_deref() == Some("CapabilityStatement");
    if length > MAX_BYTES && !manifest && !capability_statement {
        body.excerpt = Some(format!("[{length} bytes of JSON, too long to keep]"));
        return;
    }
    // The CapabilityStatement and the document that names the token endpoint are public.
    let public = capability_statement || kept.get("token_endpoint").is_some();
    let max_items = match (manifest, items(&kept) > MAX_ITEMS) {
        (true, _) => MAX_FILES,
        (false, true) => MAX_LEN_LIST,
        (false, false) => usize::MAX,
    };
    let mut json = JsonRedactor { redactor, public, max_items, cut: 0 };
    body.json = Some(json.value(kept, "", 0));
    if json.cut > 0 {
        let cut = json.cut;
        body.excerpt = Some(format!("[lists cut to their first {max_items} items, {cut} items left out]"));
    }
}

/// Redacts one JSON body.
struct JsonRedactor<'r> {
    redactor: &'r Redactor,
    /// Whether the URLs in the body are public.
    public: bool,
    /// The most items of a list.
    max_items: usize,
    /// The items left out so far.
    cut: usize,
}

impl JsonRedactor<'_> {
    fn value(&mut self, value: Value, key: &str, depth: usize) -> Value {
        if depth > MAX_DEPTH {
            return Value::String("[nested too deeply to keep]".to_owned());
        }
        match value {
            Value::String(text) => Value::String(self.string(&text, key)),
            Value::Array(list) => {
                self.cut += list.len().saturating_sub(self.max_items);
                let kept = list.into_iter().take(self.max_items);
                Value::Array(kept.map(|item| self.value(item, key, depth + 1)).collect())
            }
            Value::Object(map) => {
                let inner = map.get("resourceType").and_then(Value::as_str);
                if depth > 0 && inner.is_some_and(|name| name != "OperationOutcome") {
                    // A nested resource is never kept.
                    return Value::Object(Map::from_iter([(
                        "resourceType".to_owned(),
                        Value::String("[a resource]".to_owned()),
                    )]));
                }
                let secret = |key: &str| {
                    matches!(key, "access_token" | "refresh_token" | "id_token" | "client_secret" | "client_assertion")
                };
                let members = map.into_iter().map(|(key, value)| {
                    let value = match secret(&key) {
                        true => Value::String(REDACTED.to_owned()),
                        false => self.value(value, &key, depth + 1),
                    };
                    (self.redactor.text(&key), value)
                });
                Value::Object(members.collect())
            }
            other => other,
        }
    }

    fn string(&self, text: &str, key: &str) -> String {
        let text = if key == "request" && !text.contains(char::is_whitespace) {
            // It is compared with the kick-off.
            self.redactor.kickoff_text(text)
        } else if self.public {
            self.redactor.public_text(text)
        } else if matches!(key, "url" | "request" | "location" | "Location" | "href" | "continuesInFile")
            && !text.contains("://")
            && !text.contains(char::is_whitespace)
        {
            // A relative URL is also redacted as a URL.
            self.redactor.url_text(text)
        } else {
            self.redactor.text(text)
        };
        match text.char_indices().nth(MAX_LEN_TEXT) {
            Some((at, _)) => format!("{}[cut]", text.get(..at).unwrap_or_default()),
            None => text,
        }
    }
}

/// Returns the kind of a body, by its bytes.
fn kind(bytes: &[u8], json: bool) -> BodyKind {
    if json {
        return BodyKind::Json;
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return BodyKind::Binary };
    let text = text.trim_start_matches('\u{feff}').trim_start();
    // A text may contain some escape sequences of a terminal.
    let start = || text.chars().take(512);
    let control = start().filter(|c| c.is_control() && !c.is_whitespace()).count();
    if start().any(|c| c == '\0') || control * 8 > start().count() {
        return BodyKind::Binary;
    }
    let start = start().collect::<String>().to_ascii_lowercase();
    if start.starts_with("<!doctype html")
        || start.starts_with("<html")
        || start.starts_with('<') && start.contains("<html")
    {
        return BodyKind::Html;
    }
    if start.starts_with('<') {
        return BodyKind::Xml;
    }
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let object = |line: &str| serde_json::from_str::<Map<String, Value>>(line).is_ok();
    // The first line decides. An invalid later line does not change the kind.
    if lines.next().is_some_and(object) && text.lines().nth(1).is_some() {
        return BodyKind::Ndjson;
    }
    BodyKind::Text
}

/// Returns the title of a page, with white space collapsed.
fn title(page: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let open = lower.find("<title")?;
    let start = open + lower.get(open..)?.find('>')? + 1;
    let end = start + lower.get(start..)?.find("</title")?;
    let title = page.get(start..end)?.split_whitespace().collect::<Vec<_>>().join(" ");
    (!title.is_empty()).then_some(title)
}

/// Returns the number of items in all nested lists.
fn items(value: &Value) -> usize {
    match value {
        Value::Array(list) => list.len() + list.iter().map(items).sum::<usize>(),
        Value::Object(map) => map.values().map(items).sum(),
        _ => 0,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;
    use url::Url;

    use super::*;

    fn describe(status: u16, media: &str, text: &str) -> Body {
        let redactor = Redactor::new(&Url::parse("https://fhir.example.org/r4").unwrap());
        describe_body(&redactor, status, Some(media), text.as_bytes())
    }

    #[test]
    fn only_the_type_of_a_resource_is_kept() {
        let body = describe(200, "application/fhir+json", r#"{"resourceType":"Patient","id":"MARKED"}"#);
        assert_eq!((body.kind, body.json, body.excerpt), (BodyKind::Json, None, None));
        assert_eq!(body.resource_type.as_deref(), Some("Patient"));
        let lines = "{\"resourceType\":\"Patient\",\"id\":\"MARKED\"}\n{\"resourceType\":\"Patient\"}\n";
        let body = describe(500, "application/fhir+ndjson", lines);
        assert_eq!(body, Body { bytes: lines.len() as u64, kind: BodyKind::Ndjson, ..Body::default() });
        let body = describe(200, "application/json", r#"[{"resourceType":"Patient","id":"MARKED"}]"#);
        assert_eq!(body.json, Some(json!([{"resourceType": "[a resource]"}])));
        let odd = describe(200, "application/json", r#"{"resourceType":"MARKED name of a person"}"#);
        assert_eq!((odd.resource_type.as_deref(), odd.json), (Some("[not a type]"), None));
    }

    #[test]
    fn the_bytes_of_a_body_decide_its_kind() {
        for (text, kind) in [
            ("", BodyKind::Empty),
            (" \r\n", BodyKind::Empty),
            ("[]", BodyKind::Json),
            ("<!DOCTYPE html><p>x", BodyKind::Html),
            ("\u{feff}<html>", BodyKind::Html),
            ("<?xml version=\"1.0\"?><a/>", BodyKind::Xml),
            ("{\"a\":1}\n{broken", BodyKind::Ndjson),
            ("{broken", BodyKind::Text),
            ("\u{1f}\u{8b}", BodyKind::Binary),
        ] {
            assert_eq!(describe(200, "text/plain", text).kind, kind, "{text:?}");
        }
        let redactor = Redactor::new(&Url::parse("https://fhir.example.org/r4").unwrap());
        assert_eq!(describe_body(&redactor, 200, None, &[0xff, 0xfe, 0]).kind, BodyKind::Binary);
    }

    #[test]
    fn excerpts_are_short_escaped_and_only_of_errors() {
        assert_eq!(describe(200, "text/plain", "fine").excerpt, None);
        let text = format!("\u{202e}bad\u{1b}[2J {}", "x".repeat(1000));
        let excerpt = describe(500, "text/plain", &text).excerpt.unwrap();
        assert!(excerpt.starts_with("\\u{202e}bad\\u{1b}[2J xxx"), "{excerpt}");
        assert!(excerpt.chars().count() < MAX_LEN_EXCERPT + 20);
        let page = describe(200, "text/html", "<html><TITLE a=b>\n Sign \n in</title><p>MARKED");
        assert_eq!(page.excerpt.as_deref(), Some("Sign in"));
        assert_eq!(describe(200, "text/html", "<html><title>open").excerpt, None);
    }

    #[test]
    fn invalid_json_is_reported_with_its_position() {
        let body = describe(200, "application/json", "{\"a\":\n MARKED}");
        assert_eq!(body.not_json.as_deref(), Some("expected value at line 2 column 2"));
        assert_eq!(describe(200, "text/plain", "{broken").not_json, None);
        let deep = "[".repeat(100_000);
        let deep = describe(200, "application/json", &deep);
        assert!(deep.not_json.is_some() && deep.too_deep && !body.too_deep);
    }

    #[test]
    fn long_lists_are_cut_and_long_bodies_are_not_kept() {
        let list = |items: usize| json!({"entry": vec![1; items]}).to_string();
        let kept = describe(200, "application/json", &list(9_000));
        assert_eq!(kept.json.unwrap()["entry"].as_array().unwrap().len(), 9_000);
        let cut = describe(200, "application/json", &list(12_000));
        assert_eq!(cut.json.unwrap()["entry"].as_array().unwrap().len(), 1_000);
        assert_eq!(cut.excerpt.as_deref(), Some("[lists cut to their first 1000 items, 11000 items left out]"));
        let long = describe(200, "application/json", &json!({"a": "x".repeat(MAX_BYTES)}).to_string());
        assert_eq!((long.kind, long.json), (BodyKind::Json, None));
    }

    #[test]
    fn a_manifest_is_kept_uncut_with_or_without_a_byte_order_mark() {
        let url = format!("https://files.example.org/{}", "x".repeat(200));
        let manifest = json!({"error": [], "output": vec![json!({"type": "Patient", "url": url}); 12_000]}).to_string();
        assert!(manifest.len() > MAX_BYTES);
        for text in [manifest.clone(), format!("\u{feff}{manifest}")] {
            let kept = describe(200, "application/json", &text);
            assert_eq!(kept.json.unwrap()["output"].as_array().unwrap().len(), 12_000);
            assert_eq!(kept.excerpt, None);
            assert_eq!(kept.not_json.is_some(), text.starts_with('\u{feff}'));
        }
        let list = json!({"error": [], "output": vec![1; MAX_FILES + 2]}).to_string();
        let cut = describe(200, "application/json", &list);
        assert_eq!(cut.excerpt.as_deref(), Some("[lists cut to their first 100000 items, 2 items left out]"));
    }

    #[test]
    fn public_documents_keep_their_urls() {
        let statement = json!({
            "resourceType": "CapabilityStatement",
            "text": {"div": "MARKED"},
            "instantiates": ["http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data|2.0.0"],
            "rest": [{"mode": "server", "documentation": "MARKED", "operation": [{"name": "export", "definition": "https://x.org/a1b2c3"}],
                "resource": [{"type": "Group", "operation": [{"name": "export"}], "searchParam": ["MARKED"]}]}],
        });
        let kept = describe(200, "application/fhir+json", &statement.to_string()).json.unwrap();
        assert_eq!(kept["rest"][0]["operation"], statement["rest"][0]["operation"]);
        assert_eq!(kept["instantiates"], statement["instantiates"]);
        assert!(!kept.to_string().contains("MARKED"));
        let smart = json!({"token_endpoint": "https://auth.example.org/tenant-17a/token"});
        assert_eq!(describe(200, "application/json", &smart.to_string()).json, Some(smart));
    }
}
