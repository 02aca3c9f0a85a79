//! Text that means something to whoever shows it: a terminal, a browser, a build service, an XML parser, a file system.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use plimsoll::report::escape::visible;
use plimsoll::transport::message::Incoming;
use serde_json::{Value, json};

use crate::server::{Lair, Moment, once};
use crate::trial::{self, Came, Trial};

const MB: usize = 1_000_000;

/// Texts that do harm where they are shown as they are.
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

/// An honest server whose every text is `text`.
fn speaking(text: &'static str) -> Lair {
    Lair::honest().bend(move |moment, headers, status, body| {
        let headers = head(moment, headers, text);
        let whole = match serde_json::from_slice::<Value>(&body) {
            Ok(mut value) if moment != Moment::File => {
                taint(&mut value, text, moment);
                Bytes::from(value.to_string())
            }
            _ if moment == Moment::File => lines(&body, text),
            _ => body,
        };
        Some(Incoming { status, headers, body: once(whole) })
    })
}

/// What of the text a header can carry.
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

/// Replaces the texts that the run does not need to go on.
fn taint(value: &mut Value, text: &str, moment: Moment) {
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

/// Lines of resources whose types and ids are the text, and one that is the text itself.
fn lines(body: &[u8], text: &str) -> Bytes {
    let bad = json!({"resourceType": text, "id": text, "meta": {"lastUpdated": text, "versionId": text}, text: text});
    let mut whole = body.to_vec();
    whole.extend_from_slice(format!("{bad}\n{text}\n{{\"resourceType\":\"{text}\"}}\n").as_bytes());
    Bytes::from(whole)
}

/// What shows that a text was left as it was, whatever the sink.
fn harmless(name: &str, shown: &str) {
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

/// Reads XML to its end, as a strict parser does.
fn well_formed(xml: &str) {
    let mut reader = quick_xml::Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    loop {
        match reader.read_event().expect("well-formed XML") {
            quick_xml::events::Event::Eof => break,
            quick_xml::events::Event::Text(text) => drop(text.decode().expect("text of XML")),
            quick_xml::events::Event::DocType(_) => panic!("somebody declared entities"),
            quick_xml::events::Event::Start(start) | quick_xml::events::Event::Empty(start) => {
                for attribute in start.attributes() {
                    attribute.expect("an attribute");
                }
            }
            _ => {}
        }
    }
    let legal = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(xml.chars().all(legal), "a character that XML 1.0 does not have");
    assert!(!xml.contains("&#x0;") && !xml.contains("&#0;") && !xml.contains("&#27;") && !xml.contains("&#x1b;"));
}

fn look_through(name: &str, came: &Came) {
    harmless(&format!("{name}: terminal"), &came.terminal);
    let page = came.report("index.html");
    harmless(&format!("{name}: index.html"), &page);
    for tag in ["<script", "<img", "<svg/", "<!ENTITY", "onerror=alert(2)>", "href=\"javascript:"] {
        assert!(!page.contains(tag), "{name}: {tag} in index.html");
    }
    let xml = came.report("junit.xml");
    well_formed(&xml);
    for marker in ["##vso[", "##[", "##teamcity[", "\n::"] {
        assert!(!xml.contains(marker), "{name}: {marker} in junit.xml");
    }
    let list = came.report("checklist.md");
    harmless(&format!("{name}: checklist.md"), &list);
    assert!(
        !list.contains("<script") && !list.replace("\\](", "").contains("](javascript:") && !list.contains("@everyone"),
        "{name}"
    );
    serde_json::from_str::<Value>(&came.report("run.json")).unwrap();
    // One line an entry, whatever stands in it.
    let recording = came.report("recording/recording.jsonl");
    assert!(recording.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{name}: recording");
    let parts: std::collections::BTreeSet<String> = std::fs::read_dir(came.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(
        parts.into_iter().collect::<Vec<_>>(),
        ["checklist.md", "index.html", "junit.xml", "recording", "run.json"]
    );
}

#[test]
fn whatever_a_server_says_is_harmless_where_it_is_shown() {
    if trial::passed_in_own_process() {
        return;
    }
    for text in TEXTS {
        let came = Trial::whole().against(speaking(text));
        let name: String = visible(text).chars().take(16).collect::<String>().replace('|', "/");
        came.within(&format!("text {name}"), 800, 8 << 20, 200 * MB);
        look_through(&name, &came);
    }
}

#[test]
fn an_error_that_is_a_page_is_harmless_where_it_is_shown() {
    if trial::passed_in_own_process() {
        return;
    }
    for text in TEXTS {
        for (status, media) in
            [(500, "text/html"), (400, "application/json"), (404, "application/fhir+json"), (200, "text/plain")]
        {
            let page = format!("<html><head><title>{text}</title></head><body>{text}</body></html>\n{text}");
            let server = Lair::honest().bend(move |moment, _, _, _| {
                let mut headers = head(Moment::Other, HeaderMap::new(), text);
                headers.insert("content-type", media.parse().unwrap());
                let status = StatusCode::from_u16(status).unwrap();
                let body = if media == "application/json" { text.to_owned() } else { page.clone() };
                (moment != Moment::Metadata).then(|| Incoming { status, headers, body: once(body) })
            });
            let came = Trial::whole().against(server);
            let name: String = visible(text).chars().take(16).collect::<String>().replace('|', "/");
            came.within(&format!("page {status} {name}"), 400, 4 << 20, 100 * MB);
            look_through(&name, &came);
        }
    }
}

#[test]
fn files_are_kept_where_they_belong_whatever_their_type_is_called() {
    if trial::passed_in_own_process() {
        return;
    }
    for text in ["../../escaped", "/tmp/escaped", "..\\escaped", "a/b", "con", "\0", "~/x", "."] {
        let kept = tempfile::tempdir().unwrap();
        let inner = kept.path().join("kept");
        let server = Lair::honest().bend(move |moment, headers, status, body| {
            let mut manifest: Value = serde_json::from_slice(&body).ok().filter(|_| moment == Moment::Poll)?;
            for item in manifest.get_mut("output")?.as_array_mut()? {
                item["type"] = json!(text);
            }
            Some(Incoming { status, headers, body: once(manifest.to_string()) })
        });
        let came = Trial::of(&|name| name.starts_with("files::") && name.ends_with("@system"))
            .with(|settings| settings.keep_files = Some(inner.clone()))
            .against(server);
        came.within(&format!("type {text:?}"), 100, 4 << 20, 100 * MB);
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
fn odd_pieces_change_nothing() {
    if trial::passed_in_own_process() {
        return;
    }
    use futures_util::{StreamExt, stream};
    for size in [1, 2, 3, 7] {
        // Cuts within characters, within JSON, within gzip members; and pieces without a byte.
        let server = Lair::honest().bend(move |_, headers, status, body| {
            let pieces: Vec<Bytes> =
                body.chunks(size).flat_map(|piece| [Bytes::copy_from_slice(piece), Bytes::new()]).collect();
            let body = stream::iter(pieces).map(Ok).boxed();
            Some(Incoming { status, headers, body })
        });
        let came = Trial::whole().against(server);
        came.within(&format!("pieces of {size} bytes"), 400, 4 << 20, 200 * MB);
        assert_eq!(came.outcome(), plimsoll::verdicts::judged_run::Conformance::Conformant, "{}", came.terminal);
    }
}
