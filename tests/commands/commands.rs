//! The commands that send nothing, and the run against the built-in server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::path::Path;

use crate::support::{plimsoll, plimsoll_in, shown};

fn lines(args: &[&str]) -> Vec<String> {
    let output = plimsoll(args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", shown(&output));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// The names that `-- --list` prints.
fn names(args: &[&str]) -> Vec<String> {
    lines(args).iter().filter_map(|line| line.strip_suffix(": test").map(str::to_owned)).collect()
}

#[test]
fn help_texts() {
    for (name, line) in [
        ("help", vec!["--help"]),
        ("help-short", vec!["-h"]),
        ("help-run", vec!["run", "--help"]),
        ("help-serve", vec!["serve", "--help"]),
        ("help-init", vec!["init", "--help"]),
    ] {
        let output = plimsoll(&line);
        assert_eq!(output.status.code(), Some(0));
        insta::assert_snapshot!(name, shown(&output));
    }
    assert_eq!(plimsoll(&[]).status.code(), Some(2), "a missing command is an error");
}

#[test]
fn filters_before_and_after_the_dashes_narrow_together() {
    let all = names(&["run", "--", "--list"]);
    assert!(all.len() > 40, "{all:?}");
    let poll = names(&["run", "poll::", "--", "--list"]);
    assert!(!poll.is_empty() && poll.iter().all(|name| name.contains("poll::")), "{poll:?}");
    assert_eq!(poll, names(&["run", "--", "--list", "poll::"]));
    let both = names(&["run", "poll::", "--", "--list", "@system"]);
    assert!(!both.is_empty() && both.iter().all(|name| name.contains("poll::") && name.ends_with("@system")));
    let two = names(&["run", "poll::", "delete::", "--", "--list"]);
    assert_eq!(two.len(), poll.len() + names(&["run", "delete::", "--", "--list"]).len());
    let skipped = names(&["run", "poll::", "--", "--list", "--skip", "@system"]);
    assert!(skipped.len() < poll.len() && skipped.iter().all(|name| !name.contains("@system")));
    let one = poll[0].clone();
    assert_eq!(names(&["run", "--", "--list", "--exact", &one]), [one]);
}

#[test]
fn test_names_begin_with_the_spec_if_there_are_several() {
    let both = names(&["run", "--spec", "hl7-2.0.0", "--spec", "hl7-3.0.0", "--", "--list"]);
    assert!(both.iter().any(|name| name.starts_with("hl7-2.0.0::")));
    assert!(both.iter().all(|name| name.starts_with("hl7-2.0.0::") || name.starts_with("hl7-3.0.0::")));
}

#[test]
fn lists_are_available_as_json() {
    for args in [vec!["run", "--list", "--format", "json"], vec!["list", "--format", "json"]] {
        let list: serde_json::Value = serde_json::from_str(&lines(&args).join("\n")).unwrap();
        let first = &list.as_array().unwrap()[0];
        assert!(first["name"].is_string() && first["level"].is_string(), "{first}");
    }
    let coverage: serde_json::Value =
        serde_json::from_str(&lines(&["coverage", "--format", "json"]).join("\n")).unwrap();
    let row = &coverage["hl7-3.0.0"][0];
    assert!(row["id"].is_string() && row["tests"].is_array() && row.get("untested").is_some(), "{row}");
}

#[test]
fn faults_are_listed() {
    let list = lines(&["selftest", "--list"]);
    assert!(list.iter().any(|line| line.starts_with("defect  kickoff-200 ")), "{list:?}");
    assert!(list.iter().any(|line| line.starts_with("legal   legal-crlf ")), "{list:?}");
    let json = lines(&["selftest", "--list", "--fault", "kickoff-200", "--format", "json"]).join("\n");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["fault"], "kickoff-200");
    let unknown = plimsoll(&["selftest", "--list", "--fault", "no-such-fault"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(shown(&unknown).contains("`plimsoll selftest --list` lists all faults"), "{}", shown(&unknown));
}

#[test]
fn the_configuration_is_printed_with_origins_and_without_secrets() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let args =
        ["run", "https://mine.example/fhir", "--print-config", "--config", "fixtures/config/whole.toml", "--jobs", "1"];
    let variables = [("PLIMSOLL_TOKEN", "plimsoll-marked-secret"), ("PLIMSOLL_MAX_WAIT", "5m")];
    let output = plimsoll_in(root, &args, &variables);
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    assert!(!shown(&output).contains("plimsoll-marked-secret"));
    insta::assert_snapshot!("print-config", shown(&output));

    let json = plimsoll_in(root, &[&args[..], &["--format", "json"]].concat(), &variables);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["jobs"], serde_json::json!({"value": 1, "from": "command line"}));
    assert_eq!(json["max-wait"], serde_json::json!({"value": "5m", "from": "PLIMSOLL_MAX_WAIT"}));
    assert!(json["specs"]["from"].as_str().unwrap().contains("whole.toml:3"), "{json}");
}

#[test]
fn the_printed_configuration_can_be_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let whole = root.join("fixtures/config/whole.toml").to_str().unwrap().to_owned();
    let first = plimsoll_in(folder.path(), &["run", "--print-config", "--config", &whole], &[]);
    std::fs::write(folder.path().join("again.toml"), &first.stdout).unwrap();
    let second = plimsoll_in(folder.path(), &["run", "--print-config", "--config", "again.toml"], &[]);
    let values = |output: &std::process::Output| {
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        text.lines().map(|line| line.split("  # ").next().unwrap().trim_end().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(second.status.code(), Some(0), "{}", shown(&second));
    assert_eq!(values(&first), values(&second));
}

#[test]
fn a_filtered_run_and_its_replay_have_the_same_verdicts_and_reports() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| plimsoll_in(folder.path(), args, &[]);
    let of = |level: &str| format!("kickoff::accepted-202@{level}");
    let output = run(&["run", &of("system"), &of("patient"), &of("group"), "--report", "first"]);
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    for file in ["index.html", "junit.xml", "checklist.md", "run.json", "recording/recording.jsonl"] {
        assert!(folder.path().join("first").join(file).is_file(), "{file} is missing");
    }
    let replayed = run(&["replay", "first", "--report", "second"]);
    assert_eq!(replayed.status.code(), Some(0), "{}", shown(&replayed));
    let read = |name: &str| -> serde_json::Value {
        let text = std::fs::read_to_string(folder.path().join(name).join("run.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let (first, second) = (read("first"), read("second"));
    let recording = |name: &str| std::fs::read(folder.path().join(name).join("recording/recording.jsonl")).unwrap();
    assert_eq!(recording("first"), recording("second"), "a report folder contains its recording");
    let onto_itself = run(&["replay", "first", "--report", "first"]);
    assert_eq!(onto_itself.status.code(), Some(0), "{}", shown(&onto_itself));
    assert_eq!(recording("first"), recording("second"));
    assert_eq!(first["scope"], "filtered");
    assert_eq!(first["judgements"].to_string(), second["judgements"].to_string());
    assert!(first["exchanges"].as_array().unwrap().iter().all(|e| e["role"] != "poll"), "kick-off tests need no polls");
    assert_eq!(run(&["diff", "first", "second"]).status.code(), Some(0));
}
