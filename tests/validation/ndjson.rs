//! Tests of the NDJSON reader: every bad fixture violates its own rule and no other, with any size of chunks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use plimsoll::ndjson::command::files::{CheckOptions, check, check_with};
use plimsoll::ndjson::command::progress::NdjsonProgress;
use plimsoll::ndjson::decode::Coding;
use plimsoll::ndjson::expected::Expected;
use plimsoll::ndjson::identity::{Identity, RunKey};
use plimsoll::ndjson::limits::Limits;
use plimsoll::ndjson::reader::{FileReader, Finished, ReaderOptions};
use plimsoll::recording::facts::LineFacts;
use plimsoll::recording::model::TroubleKind;
use plimsoll::suite::line_rules::LineRule;
use plimsoll::suite::model::FileList;

fn fixtures(kind: &str) -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/ndjson").join(kind);
    let mut all: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().split('.').next().unwrap().to_owned(), path))
        .collect();
    all.sort();
    assert!(all.len() > 10);
    all
}

/// Returns the list of a fixture by its name; most fixtures are output files.
fn expected(name: &str) -> Expected {
    let list = match name.split("--").next().unwrap() {
        "error" | "outcome-without-issue" => FileList::Error,
        "deleted" | "not-transaction" | "bundle-without-entry" | "entry-without-request" | "entry-not-delete" => {
            FileList::Deleted
        }
        _ => FileList::Output,
    };
    Expected { list, announced: name.starts_with("resource-type-other").then(|| "Patient".to_owned()) }
}

fn limits() -> Limits {
    Limits { max_line: 1 << 16, ..Limits::default() }
}

fn options(name: &str) -> ReaderOptions {
    ReaderOptions {
        limits: limits(),
        identity: Some(Identity::new(&RunKey::new())),
        ..ReaderOptions::new(expected(name))
    }
}

fn read(bytes: &[u8], step: usize, options: ReaderOptions) -> Finished {
    let mut reader = FileReader::new(options);
    for chunk in bytes.chunks(step) {
        if reader.push(chunk).is_err() {
            break;
        }
    }
    reader.finish(true)
}

fn text(text: &str) -> LineFacts {
    read(text.as_bytes(), 1 << 16, options("")).lines
}

fn rules(facts: &LineFacts) -> Vec<&'static str> {
    facts.findings.iter().map(|finding| finding.rule.as_str()).collect()
}

fn coding(path: &Path) -> Coding {
    if path.extension().is_some_and(|e| e == "gz") { Coding::Gzip } else { Coding::Identity }
}

#[test]
fn good_files_have_no_findings() {
    for (name, path) in fixtures("good") {
        let bytes = std::fs::read(&path).unwrap();
        let finished = read(&bytes, 1 << 16, ReaderOptions { coding: coding(&path), ..options(&name) });
        assert!(finished.whole, "{name}");
        assert_eq!(finished.lines.findings, [], "{name}");
        assert_eq!(finished.lines.resources, finished.lines.lines, "{name}");
        assert_eq!(finished.lines.resources > 0, name != "empty", "{name}");
    }
}

#[test]
fn every_rule_has_bad_files_and_each_breaks_that_rule_alone() {
    let mut seen = BTreeSet::new();
    let mut messages = String::new();
    for (name, path) in fixtures("bad") {
        let finished = read(&std::fs::read(&path).unwrap(), 1 << 16, options(&name));
        let rule = name.split("--").next().unwrap();
        assert_eq!(rules(&finished.lines), [rule], "{name}: {:#?}", finished.lines.findings);
        seen.insert(rule.to_owned());
        for f in &finished.lines.findings {
            let lines = (finished.lines.lines, finished.lines.resources);
            writeln!(
                messages,
                "{name}\n  {}:{} +{} path '{}', {} times, also {:?}, {} lines, {} resources\n  expected {}\n  found    {}",
                f.line, f.column, f.offset, f.path, f.count, f.also, lines.0, lines.1, f.expected, f.actual
            )
            .unwrap();
        }
    }
    let elsewhere = |rule: &LineRule| rule.is_of_definitions() || rule.is_of_profiles() || rule.is_of_insides();
    for rule in LineRule::ALL.iter().filter(|rule| !elsewhere(rule)) {
        assert!(seen.contains(rule.as_str()), "no bad file for {rule}");
    }
    insta::assert_snapshot!(messages);
}

#[test]
fn chunks_change_nothing() {
    for (name, path) in fixtures("good").into_iter().chain(fixtures("bad")) {
        let bytes = std::fs::read(&path).unwrap();
        let key = RunKey::new();
        let run = |step| {
            let (identity, hashes) = (Some(Identity::new(&key)), Some(key.clone()));
            read(&bytes, step, ReaderOptions { coding: coding(&path), identity, hashes, ..options(&name) })
        };
        let whole = run(bytes.len().max(1));
        for step in [1, 2, 7, 1000] {
            assert_eq!(run(step), whole, "{name} in chunks of {step}");
        }
    }
}

#[test]
fn gzip_changes_nothing_but_the_coding() {
    for (name, path) in fixtures("bad") {
        let bytes = std::fs::read(&path).unwrap();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&bytes).unwrap();
        let packed = encoder.finish().unwrap();
        let key = RunKey::new();
        let keyed = || ReaderOptions { identity: Some(Identity::new(&key)), ..options(&name) };
        let plain = read(&bytes, 4096, keyed());
        let unpacked = read(&packed, 13, ReaderOptions { coding: Coding::Gzip, ..keyed() });
        assert_eq!(unpacked.coding, Some("gzip"));
        assert_eq!(Finished { coding: None, ..unpacked }, plain, "{name}");
    }
}

#[test]
fn findings_show_no_content() {
    let secrets = ["Müller", "Zoë", "family\":", "a_b", "xxx", "<b>", "\u{1b}", "502"];
    for (name, path) in fixtures("bad") {
        let finished = read(&std::fs::read(&path).unwrap(), 1 << 16, options(&name));
        let shown = serde_json::to_string(&finished.lines.findings).unwrap();
        for secret in secrets {
            assert!(!shown.contains(secret), "{name} shows {secret}: {shown}");
        }
    }
}

#[test]
fn facts_are_counted() {
    let lines = r#"{"resourceType":"Patient","id":"a","meta":{"lastUpdated":"2024-01-01T12:00:00.25+02:00"}}
{"resourceType":"Patient","id":"b","meta":{"lastUpdated":"2024-01-01T10:00:02Z"}}
{"resourceType":"Observation","id":"a","meta":{"lastUpdated":"no date"}}
{"resourceType":"Patient","id":"c","meta":{"lastUpdated":"2024-01-01T10:00:01.3Z"}}"#;
    let options = ReaderOptions { transaction_time: Some("2024-01-01T12:00:00.300+02:00".to_owned()), ..options("") };
    let finished = read(lines.as_bytes(), 10, ReaderOptions { hashes: Some(RunKey::new()), ..options });
    let facts = finished.lines;
    assert_eq!((facts.lines, facts.blank, facts.resources, facts.dated), (4, 0, 4, 3));
    assert_eq!((facts.bytes, facts.crlf, facts.final_newline), (lines.len() as u64, false, false));
    let types: Vec<_> = facts.types.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(types, [("Observation", 1), ("Patient", 3)]);
    assert_eq!(facts.earliest.as_deref(), Some("2024-01-01T10:00:00.250Z"));
    assert_eq!(facts.latest.as_deref(), Some("2024-01-01T10:00:02.000Z"));
    // One second of tolerance: 10:00:01.3 is just within it.
    assert_eq!((facts.after_transaction_time, facts.first_after_transaction_time), (1, Some(2)));
    assert_eq!(finished.identity.unwrap().len(), (4usize * 8).div_ceil(3) * 4);
    let empty = read(b"", 1, ReaderOptions::new(expected("")));
    assert_eq!(empty.sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert!(empty.lines.final_newline && empty.whole);
}

#[test]
fn duplicate_and_deleted_resources_are_found_across_the_files_of_a_flow() {
    let key = RunKey::new();
    let (index, other_index) = (Identity::new(&key), Identity::new(&key));
    let run = |list, body: &str, index: &Identity, hashes: bool| {
        let base = ReaderOptions::new(Expected { list, announced: None });
        let hashes = hashes.then(|| key.clone());
        read(body.as_bytes(), 64, ReaderOptions { identity: Some(index.clone()), hashes, ..base })
    };
    let patient = |id: &str, version: &str| {
        format!("{{\"resourceType\":\"Patient\",\"id\":\"{id}\",\"meta\":{{\"versionId\":\"{version}\"}}}}\n")
    };
    // The deleted file is read first here; the overlap is counted at the end.
    let urls = [
        "Patient/1",
        "https://a.example.org/fhir/Patient/2/_history/4",
        "Patient/9",
        "Patient?identifier=1",
        "Patient/1",
    ];
    let entries: Vec<_> =
        urls.iter().map(|url| format!("{{\"request\":{{\"method\":\"DELETE\",\"url\":\"{url}\"}}}}")).collect();
    let bundle =
        format!("{{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{}]}}\n", entries.join(","));
    let deleted = run(FileList::Deleted, &bundle, &index, false);
    assert_eq!(rules(&deleted.lines), [] as [&str; 0]);

    let first = run(FileList::Output, &(patient("1", "1") + &patient("2", "1") + &patient("3", "1")), &index, true);
    let second = run(FileList::Output, &(patient("3", "1") + &patient("2", "2")), &index, true);
    let other_flow = run(FileList::Output, &(patient("3", "1") + &patient("2", "2")), &other_index, true);
    assert_eq!(rules(&first.lines), [] as [&str; 0]);
    assert_eq!(rules(&second.lines), ["duplicate-id", "two-versions"]);
    assert_eq!(rules(&other_flow.lines), [] as [&str; 0]);
    assert_eq!(second.identity, other_flow.identity);
    assert_ne!(first.identity, second.identity);
    assert_eq!(index.held(&deleted.deleted), 2);
}

#[test]
fn error_files_need_outcomes_and_deleted_files_need_bundles_without_required_ids() {
    let run = |name: &str, body: &str| rules(&read(body.as_bytes(), 64, options(name)).lines).join(" ");
    let outcome = r#"{"resourceType":"OperationOutcome","id":"_","issue":[{"code":"x","severity":"error"}]}"#;
    assert_eq!(run("error", "{\"resourceType\":\"Patient\",\"id\":\"1\"}\n"), "resource-type-other");
    assert_eq!(run("error", "{\"resourceType\":\"OperationOutcome\"}\n"), "outcome-without-issue");
    assert_eq!(run("error", outcome), "id-format");
    let entry = r#"{"request":{"method":"DELETE","url":"Patient/1"}}"#;
    let bundle = format!("{{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{entry}]}}\n");
    assert_eq!(run("deleted", &bundle), "");
    assert_eq!(run("deleted", "{\"resourceType\":\"Patient\"}\n"), "resource-type-other");
}

#[test]
fn one_cause_is_one_finding() {
    let a = r#"{"resourceType":"Patient","id":"a"}"#;
    let b = r#"{"resourceType":"Patient","id":"b"}"#;
    let finding = |body: &str| {
        let facts = text(body);
        let shown: Vec<_> =
            facts.findings.iter().map(|f| format!("{} {}:{} x{}", f.rule, f.line, f.column, f.count)).collect();
        format!("{} | {} of {}", shown.join(", "), facts.resources, facts.lines)
    };
    let pretty = |id: &str| format!("{{\n \"resourceType\": \"Patient\",\n \"id\": \"{id}\"\n}}\n");
    let cases: &[(String, &str)] = &[
        // A pretty-printed file of a thousand resources; one of three malformed.
        ((0..1000).map(|n| pretty(&n.to_string())).collect(), "pretty-printed 1:1 x1000 | 1000 of 4000"),
        (
            pretty("x") + &pretty("y").replace("\"id\":", "\"id\"") + &pretty("z"),
            "pretty-printed 1:1 x3, not-json 7:7 x1 | 2 of 12",
        ),
        // Pretty-printed and cut off: two causes.
        (pretty("x") + &pretty("y").replace("}\n", ""), "pretty-printed 1:1 x2, not-json 7:11 x1 | 1 of 7"),
        (
            (pretty("x") + &pretty("y")).trim_end_matches("\n}\n").to_owned(),
            "pretty-printed 1:1 x2, cut-off 7:11 x1 | 1 of 7",
        ),
        // A malformed line does not affect its neighbors.
        (format!("{a}\n{{\"resourceType\":\"Pat\n{b}\n"), "not-json 2:21 x1 | 2 of 3"),
        (format!("{a}\n{{\"resourceType\":\"Pat\n\"garbage\n{b}\n"), "not-json 2:21 x2 | 2 of 4"),
        (format!("{a}\n{{\"resourceType\":\ngarbage\n{b}\n"), "not-json 2:17 x2 | 2 of 4"),
        (format!("{{\n{a}\n{b}\n"), "not-json 1:2 x1 | 2 of 3"),
        // Arrays.
        (format!("[{a}]\n{b}\n"), "not-object 1:1 x1 | 1 of 2"),
        (format!("[{a}]\n\n"), "array 1:1 x1, blank-line 2:1 x1 | 0 of 1"),
        (format!("{a}\n[\n{b}\n]\n"), "not-json 2:2 x2 | 2 of 4"),
        (format!("[\n{a},\n{b}\n]\n"), "array 1:1 x1 | 2 of 4"),
        // Several rules at once.
        (
            format!("\u{feff}{a}\r\n\r\n{a},"),
            "bom 1:1 x1, blank-line 2:1 x1, duplicate-id 3:32 x1, trailing-comma 3:36 x1 | 2 of 2",
        ),
        (format!("{a}]\n"), "not-json 1:36 x1 | 0 of 1"),
        ("\u{feff}".to_owned(), "bom 1:1 x1 | 0 of 0"),
    ];
    for (body, expected) in cases {
        assert_eq!(&finding(body), expected, "{body:.200}");
    }
}

#[test]
fn an_interrupted_transfer_is_not_a_fault_of_the_file() {
    let body = b"{\"resourceType\":\"Patient\",\"id\":\"a\"}\n{\"resourceType\":\"Pat";
    let mut reader = FileReader::new(options(""));
    reader.push(body).unwrap();
    assert_eq!((reader.lines(), reader.bytes(), reader.wire_bytes()), (1, body.len() as u64, body.len() as u64));
    let finished = reader.finish(false);
    assert!(!finished.whole);
    assert_eq!(rules(&finished.lines), [] as [&str; 0]);
    assert_eq!(finished.lines.resources, 1);
}

#[test]
fn damaged_codings_are_errors_and_earlier_lines_still_count() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    for n in 0..100_000 {
        writeln!(encoder, "{{\"resourceType\":\"Patient\",\"id\":\"{n}\"}}").unwrap();
    }
    let bytes = encoder.finish().unwrap();
    let gzip = || ReaderOptions { coding: Coding::Gzip, ..options("") };
    let whole = read(&bytes, 1 << 14, gzip());
    assert_eq!((whole.whole, whole.lines.resources, rules(&whole.lines).len()), (true, 100_000, 0));

    let cut = read(&bytes[..bytes.len() / 2], 1 << 14, gzip());
    assert_eq!((cut.whole, cut.broken.unwrap().kind), (false, TroubleKind::Cut));
    assert!(cut.lines.resources > 25_000 && cut.lines.findings.is_empty());

    let small = Limits { max_decoded: 100_000, ..limits() };
    let mut reader = FileReader::new(ReaderOptions { limits: small, ..gzip() });
    let trouble = reader.push(&bytes).unwrap_err();
    assert_eq!((trouble.kind, reader.push(b"more").unwrap_err()), (TroubleKind::Limit, trouble));
    let stopped = reader.finish(true);
    assert!(!stopped.whole && stopped.lines.bytes <= 100_000 && stopped.lines.findings.is_empty());
}

#[test]
fn hostile_shapes_are_bounded() {
    // Values that never close, and a pretty-printed object that is too large to buffer.
    assert_eq!(rules(&text(&"[\n".repeat(300_000))), ["array"]);
    assert_eq!(rules(&text(&"{\"a\":\n".repeat(50_000))), ["pretty-printed", "too-deep"]);
    let long = format!("{{\"resourceType\":\"Bundle\",\"entry\":[\n{}{{}}]}}\n", "{\"x\":\n1},\n".repeat(120_000));
    let facts = text(&(long + "{\"resourceType\":\"Patient\",\"id\":\"a\"}\n"));
    assert_eq!((rules(&facts), facts.resources), (vec!["pretty-printed"], 1));
    // A thousand types do not become a thousand entries of the recording.
    let name = |n: u32| -> String { format!("{n:03}").bytes().map(|b| char::from(b - b'0' + b'a')).collect() };
    let many: String = (0..1000).map(|n| format!("{{\"resourceType\":\"T{}\",\"id\":\"{n}\"}}\n", name(n))).collect();
    let facts = text(&many);
    assert_eq!((facts.types.len(), facts.types["(other)"]), (257, 744));
}

#[test]
fn the_command_reads_files_folders_and_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let line = b"{\"resourceType\":\"Patient\",\"id\":\"a\"}\n";
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(line).unwrap();
    put("b/two.ndjson.gz", &encoder.finish().unwrap());
    let a = put("a.ndjson", line);
    put("notes.txt", b"no ndjson");
    put("c.jsonl", &[&line[..], b"{\"resourceType\":\"Patient\"\n", b"NaN\n", b"1,\n"].concat());
    let all = CheckOptions::default();
    let report = check(&[folder.path().to_owned()], &all).unwrap();
    assert_eq!(report.exit_code(), 1);
    let within = format!("{}/", folder.path().display());
    insta::assert_snapshot!("command_text", report.text().replace(&within, ""));
    insta::assert_snapshot!("command_json", serde_json::to_string_pretty(&report).unwrap().replace(&within, ""));

    assert_eq!(check(&[a.clone(), a.clone()], &all).unwrap().exit_code(), 0);
    let together = CheckOptions { together: true, ..all.clone() };
    assert_eq!(check(&[a.clone(), a.clone()], &together).unwrap().exit_code(), 1);
    let typed = CheckOptions { announced: Some("Observation".to_owned()), ..all.clone() };
    assert_eq!(check(&[a], &typed).unwrap().files[0].findings[0].rule, LineRule::ResourceTypeOther);

    let report = check_with(&["-".into()], &all, &mut &line[..], &NdjsonProgress::default()).unwrap();
    assert_eq!(report.text().lines().next(), Some("-: clean, 1 line, 36 bytes, 1 Patient"));
    assert!(report.text().lines().nth(1).is_some_and(|line| line.starts_with("not checked: profiles")));
    let missing = check(&[folder.path().join("none.ndjson")], &all).unwrap_err();
    assert!(missing.ends_with("give a readable file or folder") && missing.contains("none.ndjson"), "{missing}");
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    let empty = check(&[folder.path().join("empty")], &all).unwrap_err();
    assert!(empty.ends_with("contains no .ndjson file; give the files themselves"), "{empty}");
    assert!(check(&[], &all).is_err());
    let cut = put("cut.ndjson", b"\x1f\x8b\x08\x00");
    let report = check(&[cut], &all).unwrap();
    assert_eq!((report.exit_code(), report.files[0].broken.is_some()), (1, true));
}

#[test]
fn readers_can_be_sent_to_other_threads() {
    fn send<T: Send>() {}
    send::<FileReader>();
    send::<Identity>();
}
