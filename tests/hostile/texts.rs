//! Texts with a special meaning for a terminal, a browser, a build service, an XML parser or a file system.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use plimsoll::report::escape::visible;
use plimsoll::transport::message::Incoming;
use serde_json::{Value, json};

use crate::server::{HostileServer, Moment, once};
use crate::trial::{self, Trial, TrialResult};

const MB: usize = 1_000_000;

/// Texts that are harmful if they are shown without escaping.
const TEXTS: [&str; 9] = [
    "\u{1b}[2J\u{1b}[31mred\u{1b}]0;title\u{7}\u{9b}31m\u{8}\u{8}",
    "one\n::error file=app.js,line=1::owned\r\n##vso[task.setvariable variable=x]y\n##[error]z\nsection_end:1:x\r",
    "::add-mask::x",
    "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg/onload=alert(3)>",
    "]]><!-- --><!DOCTYPE x [<!ENTITY y SYSTEM \"file:///etc/passwd\">]>&y;",
    "../../../../tmp/plimsoll-was-here\0.ndjson",
    "\u{202e}evil\u{2066}\u{200b}\u{feff}\u{2028}\u{2029}\u{85}\u{fffe}\u{ffff}\u{b}\u{c}\u{0}\u{1}\u{7f}",
    "| a | b |\n# head\n[x](javascript:alert(1)) @everyone `$(id)` $(touch /tmp/plimsoll-was-here)'; touch x; '",
    "##teamcity[buildProblem description='x']",
];

/// A server with `text` in place of the texts in its responses.
fn server_with_text(text: &'static str) -> HostileServer {
    HostileServer::unchanged().change_body(move |moment, headers, status, body| {
        let headers = head(moment, headers, text);
        let whole = match serde_json::from_slice::<Value>(&body) {
            Ok(mut value) if moment != Moment::File => {
                replace_texts(&mut value, text, moment);
                Bytes::from(value.to_string())
            }
            _ if moment == Moment::File => lines(&body, text),
            _ => body,
        };
        Some(Incoming { status, headers, body: once(whole) })
    })
}

/// Adds headers with the characters of the text that HTTP allows.
fn head(moment: Moment, mut headers: HeaderMap, text: &str) -> HeaderMap {
    let bytes: Vec<u8> = text.bytes().filter(|b| *b >= 0x20 && *b != 0x7f).collect();
    let value = HeaderValue::from_bytes(&bytes).unwrap();
    for name in ["x-progress", "server", "x-note", "etag", "warning"] {
        headers.insert(name, value.clone());
    }
    if moment != Moment::Poll && moment != Moment::Kickoff {
        headers.insert("retry-after", value.clone());
        headers.insert("expires", value.clone());
    }
    headers
}

/// Replaces the texts that the run does not need to continue.
fn replace_texts(value: &mut Value, text: &str, moment: Moment) {
    let Some(object) = value.as_object_mut() else { return };
    if object.get("resourceType").and_then(Value::as_str) == Some("OperationOutcome") {
        *value = json!({"resourceType": "OperationOutcome", "issue": [
            {"severity": text, "code": text, "diagnostics": text, "details": {"text": text}, "expression": [text]}
        ]});
        return;
    }
    match moment {
        Moment::Metadata => {
            object.insert("software".to_owned(), json!({"name": text, "version": text}));
            object.insert("fhirVersion".to_owned(), json!(text));
        }
        Moment::Poll => {
            for item in object.get_mut("output").and_then(Value::as_array_mut).into_iter().flatten() {
                item["type"] = json!(text);
                item["count"] = json!(text);
                item[text] = json!({text: text});
            }
            for key in ["request", "transactionTime", "outputOrganizedBy", "requiresAccessToken"] {
                object.insert(key.to_owned(), json!(text));
            }
            object.insert("extension".to_owned(), json!({text: [text, {text: text}]}));
            object.insert(text.to_owned(), json!(text));
        }
        _ => {}
    }
}

/// Adds lines of resources that have the text as type and id, and one line that is the text itself.
fn lines(body: &[u8], text: &str) -> Bytes {
    let bad = json!({"resourceType": text, "id": text, "meta": {"lastUpdated": text, "versionId": text}, text: text});
    let mut whole = body.to_vec();
    whole.extend_from_slice(format!("{bad}\n{text}\n{{\"resourceType\":\"{text}\"}}\n").as_bytes());
    Bytes::from(whole)
}

/// Fails if a text was shown without escaping.
fn assert_harmless(name: &str, shown: &str) {
    let lines = shown.lines().map(str::trim_start);
    for line in lines {
        assert!(!line.starts_with("::"), "{name}: a command of a build service: {line:?}");
        assert!(!line.starts_with("section_"), "{name}: a section of a build service: {line:?}");
    }
    for marker in ["##vso[", "##[", "##teamcity["] {
        assert!(!shown.contains(marker), "{name}: {marker}");
    }
    let hidden = |c: char| {
        let moves = (c < ' ' && c != '\n') || ('\u{7f}'..='\u{9f}').contains(&c);
        moves
            || matches!(c, '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    assert!(!shown.chars().any(hidden), "{name}: {:?}", shown.chars().find(|c| hidden(*c)));
}

/// Reads XML to its end as a strict parser does, and fails if it is not well-formed.
fn assert_well_formed(xml: &str) {
    let mut reader = quick_xml::Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    loop {
        match reader.read_event().expect("well-formed XML") {
            quick_xml::events::Event::Eof => break,
            quick_xml::events::Event::Text(text) => drop(text.decode().expect("text of XML")),
            quick_xml::events::Event::DocType(_) => panic!("the XML declares entities"),
            quick_xml::events::Event::Start(start) | quick_xml::events::Event::Empty(start) => {
                for attribute in start.attributes() {
                    attribute.expect("an attribute");
                }
            }
            _ => {}
        }
    }
    let legal = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(xml.chars().all(legal), "a character that XML 1.0 does not allow");
    assert!(!xml.contains("&#x0;") && !xml.contains("&#0;") && !xml.contains("&#27;") && !xml.contains("&#x1b;"));
}

/// Checks the terminal text and all reports.
fn check_reports(name: &str, result: &TrialResult) {
    assert_harmless(&format!("{name}: terminal"), &result.terminal);
    let page = result.report("index.html");
    assert_harmless(&format!("{name}: index.html"), &page);
    for tag in ["<script", "<img", "<svg/", "<!ENTITY", "onerror=alert(2)>", "href=\"javascript:"] {
        assert!(!page.contains(tag), "{name}: {tag} in index.html");
    }
    let xml = result.report("junit.xml");
    assert_well_formed(&xml);
    for marker in ["##vso[", "##[", "##teamcity[", "\n::"] {
        assert!(!xml.contains(marker), "{name}: {marker} in junit.xml");
    }
    let list = result.report("checklist.md");
    assert_harmless(&format!("{name}: checklist.md"), &list);
    assert!(
        !list.contains("<script") && !list.replace("\\](", "").contains("](javascript:") && !list.contains("@everyone"),
        "{name}"
    );
    serde_json::from_str::<Value>(&result.report("run.json")).unwrap();
    // Each entry is one line, whatever text it contains.
    let recording = result.report("recording/recording.jsonl");
    assert!(recording.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{name}: recording");
    let parts: std::collections::BTreeSet<String> = std::fs::read_dir(result.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(
        parts.into_iter().collect::<Vec<_>>(),
        ["checklist.md", "index.html", "junit.xml", "recording", "run.json"]
    );
}

#[test]
fn texts_of_a_server_are_harmless_in_reports() {
    if trial::passed_in_own_process() {
        return;
    }
    for text in TEXTS {
        let result = Trial::whole().against(server_with_text(text));
        let name: String = visible(text).chars().take(16).collect::<String>().replace('|', "/");
        result.within(&format!("text {name}"), 800, 8 << 20, 200 * MB);
        check_reports(&name, &result);
    }
}

#[test]
fn error_pages_are_harmless_in_reports() {
    if trial::passed_in_own_process() {
        return;
    }
    for text in TEXTS {
        for (status, media) in
            [(500, "text/html"), (400, "application/json"), (404, "application/fhir+json"), (200, "text/plain")]
        {
            let page = format!("<html><head><title>{text}</title></head><body>{text}</body></html>\n{text}");
            let server = HostileServer::unchanged().change_body(move |moment, _, _, _| {
                let mut headers = head(Moment::Other, HeaderMap::new(), text);
                headers.insert("content-type", media.parse().unwrap());
                let status = StatusCode::from_u16(status).unwrap();
                let body = if media == "application/json" { text.to_owned() } else { page.clone() };
                (moment != Moment::Metadata).then(|| Incoming { status, headers, body: once(body) })
            });
            let result = Trial::whole().against(server);
            let name: String = visible(text).chars().take(16).collect::<String>().replace('|', "/");
            result.within(&format!("page {status} {name}"), 400, 4 << 20, 100 * MB);
            check_reports(&name, &result);
        }
    }
}

#[test]
fn files_are_kept_in_their_folder_whatever_the_name_of_their_type() {
    if trial::passed_in_own_process() {
        return;
    }
    for text in ["../../escaped", "/tmp/escaped", "..\\escaped", "a/b", "con", "\0", "~/x", "."] {
        let kept = tempfile::tempdir().unwrap();
        let inner = kept.path().join("kept");
        let server = HostileServer::unchanged().change_body(move |moment, headers, status, body| {
            let mut manifest: Value = serde_json::from_slice(&body).ok().filter(|_| moment == Moment::Poll)?;
            for item in manifest.get_mut("output")?.as_array_mut()? {
                item["type"] = json!(text);
            }
            Some(Incoming { status, headers, body: once(manifest.to_string()) })
        });
        let result = Trial::of(&|name| name.starts_with("files::") && name.ends_with("@system"))
            .with(|settings| settings.keep_files = Some(inner.clone()))
            .against(server);
        result.within(&format!("type {text:?}"), 100, 4 << 20, 100 * MB);
        let top: Vec<_> = std::fs::read_dir(kept.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(top, ["kept"], "{text:?}");
        let mut files = 0;
        for folder in std::fs::read_dir(&inner).unwrap() {
            for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
                let name = file.unwrap().file_name().into_string().unwrap();
                assert!(
                    name.starts_with("output-") || name.starts_with("error-") || name.starts_with("deleted-"),
                    "{name}"
                );
                files += 1;
            }
        }
        assert!(files > 3, "{files} files kept");
    }
}

#[test]
fn unusual_chunks_change_no_verdict() {
    if trial::passed_in_own_process() {
        return;
    }
    use futures_util::{StreamExt, stream};
    for size in [1, 2, 3, 7] {
        // Chunks split characters, JSON and gzip members; there are also empty chunks.
        let server = HostileServer::unchanged().change_body(move |_, headers, status, body| {
            let pieces: Vec<Bytes> =
                body.chunks(size).flat_map(|piece| [Bytes::copy_from_slice(piece), Bytes::new()]).collect();
            let body = stream::iter(pieces).map(Ok).boxed();
            Some(Incoming { status, headers, body })
        });
        let result = Trial::whole().against(server);
        result.within(&format!("pieces of {size} bytes"), 400, 4 << 20, 200 * MB);
        assert_eq!(result.outcome(), plimsoll::verdicts::judged_run::Conformance::Conformant, "{}", result.terminal);
    }
}
