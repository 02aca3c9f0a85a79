//! What is kept of a body: the shape always, the content only of what is no resource.

use serde_json::{Map, Value, json};

use crate::measure::manifest_files::MAX_FILES;
use crate::recording::model::{Body, BodyKind};
use crate::recording::shape::{is_manifest, without_bom};
use crate::redact::redactor::Redactor;

/// JSON bodies longer than this are not kept.
const MAX_BYTES: usize = 1 << 20;
/// Lists longer than this are cut where a body holds more than [`MAX_ITEMS`] items in all.
const MAX_LEN_LIST: usize = 1_000;
/// The most items of lists that are kept whole.
const MAX_ITEMS: usize = 10_000;
/// Strings longer than this are cut.
const MAX_LEN_TEXT: usize = 4_096;
/// Characters of an excerpt.
const EXCERPT: usize = 200;
/// JSON is kept no deeper than this.
const DEEPEST: usize = 64;

/// How serde_json names the error of JSON that it does not read because of its depth. No type says so.
const TOO_DEEP: &str = "recursion limit";

impl Redactor {
    /// Looks at a body, content coding undone, that came with `status` and the media type `media`.
    pub(crate) fn body(&self, status: u16, media: Option<&str>, bytes: &[u8]) -> Body {
        let mut body = Body { bytes: bytes.len() as u64, ..Body::default() };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return body;
        }
        let says_json =
            media.is_some_and(|media| media == "application/json" || media.ends_with("+json") || media == "text/json");
        let says_lines = media.is_some_and(|media| media.ends_with("ndjson"));
        let parsed = serde_json::from_slice::<Value>(without_bom(bytes));
        body.kind = kind(bytes, parsed.is_ok());
        match parsed {
            Ok(value) => {
                self.json(&mut body, value, bytes.len());
                // It is read all the same, and is not what JSON may be sent as (RFC 8259, 8.1).
                let marked = without_bom(bytes).len() < bytes.len();
                body.not_json = marked.then(|| "a byte order mark stands before it".to_owned());
            }
            Err(error) if says_json && !says_lines => {
                let why = error.to_string();
                body.too_deep = why.starts_with(TOO_DEEP);
                body.not_json = Some(self.text(&why));
            }
            Err(_) => {}
        }
        let text = || String::from_utf8_lossy(bytes.get(..MAX_BYTES).unwrap_or(bytes));
        match body.kind {
            BodyKind::Html => body.excerpt = title(&text()).map(|title| self.excerpt(&title)),
            BodyKind::Text | BodyKind::Xml if status >= 400 => body.excerpt = Some(self.excerpt(&text())),
            _ => {}
        }
        body
    }

    fn excerpt(&self, text: &str) -> String {
        // Redacted before it is cut: half a secret would no longer be known for one.
        self.text(text.trim()).chars().take(EXCERPT).flat_map(shown).collect()
    }

    fn json(&self, body: &mut Body, value: Value, length: usize) {
        let resource = value.get("resourceType").and_then(Value::as_str).map(str::to_owned);
        let reduced = match resource.as_deref() {
            Some("OperationOutcome") => pick(&value, &["resourceType", "issue"]),
            Some("CapabilityStatement") => capability(&value),
            Some("Group") => cohort(&value),
            // How many there are is no content.
            Some("Bundle") if value.get("entry").is_none() => pick(&value, &["resourceType", "total"]),
            Some(_) => Value::Null,
            None => value,
        };
        body.resource_type = resource.map(|name| {
            if name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric()) {
                name
            } else {
                "[not a type]".to_owned()
            }
        });
        if reduced.is_null() {
            return;
        }
        // A manifest is judged item by item, so it is kept as far as it is driven.
        let manifest = is_manifest(&reduced);
        if length > MAX_BYTES && !manifest && body.resource_type.as_deref() != Some("CapabilityStatement") {
            body.excerpt = Some(format!("[{length} bytes of JSON, too long to keep]"));
            return;
        }
        let mut cut = 0;
        let crowded = items(&reduced) > MAX_ITEMS;
        // What stands for all to read: the CapabilityStatement, and where tokens are had.
        let public =
            body.resource_type.as_deref() == Some("CapabilityStatement") || reduced.get("token_endpoint").is_some();
        let longest = match (manifest, crowded) {
            (true, _) => MAX_FILES,
            (false, true) => MAX_LEN_LIST,
            (false, false) => usize::MAX,
        };
        let keep = Keep { public, longest };
        body.json = Some(self.value_of(reduced, "", keep, 0, &mut cut));
        if cut > 0 {
            body.excerpt = Some(format!("[lists cut to their first {longest} items, {cut} items left out]"));
        }
    }

    fn value_of(&self, value: Value, key: &str, keep: Keep, depth: usize, cut: &mut usize) -> Value {
        if depth > DEEPEST {
            return Value::String("[nested too deeply to keep]".to_owned());
        }
        match value {
            Value::String(text) => Value::String(self.string(&text, key, keep)),
            Value::Array(list) => {
                *cut += list.len().saturating_sub(keep.longest);
                let kept = list.into_iter().take(keep.longest);
                Value::Array(kept.map(|item| self.value_of(item, key, keep, depth + 1, cut)).collect())
            }
            Value::Object(map) => {
                let inner = map.get("resourceType").and_then(Value::as_str);
                if depth > 0 && inner.is_some_and(|name| name != "OperationOutcome") {
                    // A resource within: never kept.
                    return Value::Object(Map::from_iter([(
                        "resourceType".to_owned(),
                        Value::String("[a resource]".to_owned()),
                    )]));
                }
                let secret = |key: &str| {
                    matches!(key, "access_token" | "refresh_token" | "id_token" | "client_secret" | "client_assertion")
                };
                let members = map.into_iter().map(|(key, value)| {
                    let value = if secret(&key) {
                        Value::String(crate::redact::redactor::REDACTED.to_owned())
                    } else {
                        self.value_of(value, &key, keep, depth + 1, cut)
                    };
                    (self.text(&key), value)
                });
                Value::Object(members.collect())
            }
            other => other,
        }
    }

    fn string(&self, text: &str, key: &str, keep: Keep) -> String {
        let text = if keep.public {
            self.words(&self.secrets(text))
        } else if matches!(key, "url" | "request" | "location" | "Location" | "href" | "continuesInFile")
            && !text.contains("://")
            && !text.contains(char::is_whitespace)
        {
            // As a URL even where it is a relative one.
            self.url_text(text)
        } else {
            self.text(text)
        };
        match text.char_indices().nth(MAX_LEN_TEXT) {
            Some((at, _)) => format!("{}[cut]", text.get(..at).unwrap_or_default()),
            None => text,
        }
    }
}

/// How JSON is kept.
#[derive(Clone, Copy)]
struct Keep {
    /// URLs stand there for all to read.
    public: bool,
    longest: usize,
}

/// What the bytes look like.
fn kind(bytes: &[u8], json: bool) -> BodyKind {
    if json {
        return BodyKind::Json;
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return BodyKind::Binary };
    let text = text.trim_start_matches('\u{feff}').trim_start();
    // A text with a terminal's escapes in it is still a text.
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
    // One broken line does not make a file of lines something else: the first ones tell.
    if lines.next().is_some_and(object) && text.lines().nth(1).is_some() {
        return BodyKind::Ndjson;
    }
    BodyKind::Text
}

/// The title of a page, white space folded.
fn title(page: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let open = lower.find("<title")?;
    let start = open + lower.get(open..)?.find('>')? + 1;
    let end = start + lower.get(start..)?.find("</title")?;
    let title = page.get(start..end)?.split_whitespace().collect::<Vec<_>>().join(" ");
    (!title.is_empty()).then_some(title)
}

/// A character as it may be shown: those that move or hide others are written out.
fn shown(c: char) -> Vec<char> {
    if crate::base::unprintable::is_unprintable(c) { c.escape_unicode().collect() } else { vec![c] }
}

/// The number of items of all lists within.
fn items(value: &Value) -> usize {
    match value {
        Value::Array(list) => list.len() + list.iter().map(items).sum::<usize>(),
        Value::Object(map) => map.values().map(items).sum(),
        _ => 0,
    }
}

fn pick(value: &Value, names: &[&str]) -> Value {
    let members = names.iter().filter_map(|name| Some(((*name).to_owned(), value.get(*name)?.clone())));
    Value::Object(members.collect())
}

/// What matters of one type in a CapabilityStatement. Of search parameters that is what filters of ours use.
fn resource(one: &Value) -> Value {
    let mut out = pick(one, &["type", "operation", "supportedProfile", "extension"]);
    let patient = one.get("type").and_then(Value::as_str) == Some("Patient");
    let params = one.get("searchParam").and_then(Value::as_array).filter(|_| patient);
    if let (Some(params), Some(map)) = (params, out.as_object_mut()) {
        let params = params.iter().map(|param| pick(param, &["name", "extension"]));
        map.insert("searchParam".to_owned(), Value::Array(params.collect()));
    }
    out
}

/// Of a Group that claims the profile of cohorts, or has a member filter: the names of its profiles and of its modifier
/// extensions, which are no one's data. Of any other: nothing.
fn cohort(value: &Value) -> Value {
    let profiles: Vec<&str> = value
        .pointer("/meta/profile")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(|profile| profile.contains("/bulk-cohort-group"))
        .collect();
    let extensions = value.get("modifierExtension").and_then(Value::as_array).into_iter().flatten();
    let extensions: Vec<Value> = extensions.map(|one| pick(one, &["url"])).collect();
    let filter =
        |one: &Value| one.get("url").and_then(Value::as_str).is_some_and(|url| url.ends_with("/member-filter"));
    if profiles.is_empty() && !extensions.iter().any(filter) {
        return Value::Null;
    }
    json!({"resourceType": "Group", "meta": {"profile": profiles}, "modifierExtension": extensions})
}

/// What matters of a CapabilityStatement, which may be megabytes long.
fn capability(value: &Value) -> Value {
    let mut out = pick(
        value,
        &[
            "resourceType",
            "url",
            "version",
            "status",
            "kind",
            "software",
            "fhirVersion",
            "format",
            "instantiates",
            "implementationGuide",
        ],
    );
    let rest = value.get("rest").and_then(Value::as_array).map(|rest| {
        let part = |rest: &Value| {
            let mut out = pick(rest, &["mode", "security", "operation"]);
            let resources = rest
                .get("resource")
                .and_then(Value::as_array)
                .map(|list| Value::Array(list.iter().map(resource).collect()));
            if let (Some(resources), Some(map)) = (resources, out.as_object_mut()) {
                map.insert("resource".to_owned(), resources);
            }
            out
        };
        Value::Array(rest.iter().map(part).collect())
    });
    if let (Some(rest), Some(map)) = (rest, out.as_object_mut()) {
        map.insert("rest".to_owned(), rest);
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use url::Url;

    use super::*;

    fn look(status: u16, media: &str, text: &str) -> Body {
        let redactor = Redactor::new(&Url::parse("https://fhir.example.org/r4").unwrap());
        redactor.body(status, Some(media), text.as_bytes())
    }

    #[test]
    fn resources_leave_their_type_alone() {
        let body = look(200, "application/fhir+json", r#"{"resourceType":"Patient","id":"MARKED"}"#);
        assert_eq!((body.kind, body.json, body.excerpt), (BodyKind::Json, None, None));
        assert_eq!(body.resource_type.as_deref(), Some("Patient"));
        let lines = "{\"resourceType\":\"Patient\",\"id\":\"MARKED\"}\n{\"resourceType\":\"Patient\"}\n";
        let body = look(500, "application/fhir+ndjson", lines);
        assert_eq!(body, Body { bytes: lines.len() as u64, kind: BodyKind::Ndjson, ..Body::default() });
        let body = look(200, "application/json", r#"[{"resourceType":"Patient","id":"MARKED"}]"#);
        assert_eq!(body.json, Some(json!([{"resourceType": "[a resource]"}])));
        let odd = look(200, "application/json", r#"{"resourceType":"MARKED name of a person"}"#);
        assert_eq!((odd.resource_type.as_deref(), odd.json), (Some("[not a type]"), None));
    }

    #[test]
    fn what_a_body_is_is_seen_by_looking() {
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
            assert_eq!(look(200, "text/plain", text).kind, kind, "{text:?}");
        }
        let redactor = Redactor::new(&Url::parse("https://fhir.example.org/r4").unwrap());
        assert_eq!(redactor.body(200, None, &[0xff, 0xfe, 0]).kind, BodyKind::Binary);
    }

    #[test]
    fn excerpts_are_short_escaped_and_of_errors_only() {
        assert_eq!(look(200, "text/plain", "fine").excerpt, None);
        let text = format!("\u{202e}bad\u{1b}[2J {}", "x".repeat(1000));
        let excerpt = look(500, "text/plain", &text).excerpt.unwrap();
        assert!(excerpt.starts_with("\\u{202e}bad\\u{1b}[2J xxx"), "{excerpt}");
        assert!(excerpt.chars().count() < EXCERPT + 20);
        let page = look(200, "text/html", "<html><TITLE a=b>\n Sign \n in</title><p>MARKED");
        assert_eq!(page.excerpt.as_deref(), Some("Sign in"));
        assert_eq!(look(200, "text/html", "<html><title>open").excerpt, None);
    }

    #[test]
    fn broken_json_is_told_with_its_place() {
        let body = look(200, "application/json", "{\"a\":\n MARKED}");
        assert_eq!(body.not_json.as_deref(), Some("expected value at line 2 column 2"));
        assert_eq!(look(200, "text/plain", "{broken").not_json, None);
        let deep = "[".repeat(100_000);
        let deep = look(200, "application/json", &deep);
        assert!(deep.not_json.is_some() && deep.too_deep && !body.too_deep);
    }

    #[test]
    fn long_lists_are_cut_and_long_bodies_left_out() {
        let list = |items: usize| json!({"entry": vec![1; items]}).to_string();
        let kept = look(200, "application/json", &list(9_000));
        assert_eq!(kept.json.unwrap()["entry"].as_array().unwrap().len(), 9_000);
        let cut = look(200, "application/json", &list(12_000));
        assert_eq!(cut.json.unwrap()["entry"].as_array().unwrap().len(), 1_000);
        assert_eq!(cut.excerpt.as_deref(), Some("[lists cut to their first 1000 items, 11000 items left out]"));
        let long = look(200, "application/json", &json!({"a": "x".repeat(MAX_BYTES)}).to_string());
        assert_eq!((long.kind, long.json), (BodyKind::Json, None));
    }

    #[test]
    fn a_manifest_is_kept_whole_and_a_mark_before_it_is_passed_over() {
        let url = format!("https://files.example.org/{}", "x".repeat(200));
        let manifest = json!({"error": [], "output": vec![json!({"type": "Patient", "url": url}); 12_000]}).to_string();
        assert!(manifest.len() > MAX_BYTES);
        for text in [manifest.clone(), format!("\u{feff}{manifest}")] {
            let kept = look(200, "application/json", &text);
            assert_eq!(kept.json.unwrap()["output"].as_array().unwrap().len(), 12_000);
            assert_eq!(kept.excerpt, None);
            assert_eq!(kept.not_json.is_some(), text.starts_with('\u{feff}'));
        }
        let list = json!({"error": [], "output": vec![1; MAX_FILES + 2]}).to_string();
        let cut = look(200, "application/json", &list);
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
        let kept = look(200, "application/fhir+json", &statement.to_string()).json.unwrap();
        assert_eq!(kept["rest"][0]["operation"], statement["rest"][0]["operation"]);
        assert_eq!(kept["instantiates"], statement["instantiates"]);
        assert!(!kept.to_string().contains("MARKED"));
        let smart = json!({"token_endpoint": "https://auth.example.org/tenant-17a/token"});
        assert_eq!(look(200, "application/json", &smart.to_string()).json, Some(smart));
    }
}
