//! The reference server as a process, and runs against it over the network.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::support::{Server, plimsoll_in, shown};

/// The marked secret.
const SECRET: &str = "plimsoll-marked-secret";

#[test]
fn a_protected_server_needs_its_token() {
    let server = Server::start(&["--auth", "token"], SECRET);
    let folder = tempfile::tempdir().unwrap();
    let run = |report: &str, variables: &[(&str, &str)]| {
        plimsoll_in(
            folder.path(),
            &["run", &server.base, "kickoff::accepted-202@system", "--report", report],
            variables,
        )
    };
    let with = run("with", &[("PLIMSOLL_TOKEN", SECRET)]);
    assert_eq!(with.status.code(), Some(0), "{}", shown(&with));
    assert!(!shown(&with).contains(SECRET));
    for file in ["index.html", "junit.xml", "checklist.md", "run.json", "recording/recording.jsonl"] {
        let text = std::fs::read_to_string(folder.path().join("with").join(file)).unwrap();
        assert!(!text.contains(SECRET), "{file} contains the token");
    }
    let without = run("without", &[]);
    assert_eq!(without.status.code(), Some(3), "{}", shown(&without));
    assert!(shown(&without).contains("note: the server requires credentials"), "{}", shown(&without));
}

#[test]
fn init_writes_a_configuration_that_a_run_can_use() {
    let server = Server::start(&["--spec", "hl7-2.0.0"], SECRET);
    let folder = tempfile::tempdir().unwrap();
    let init = plimsoll_in(folder.path(), &["init", &server.base], &[]);
    assert_eq!(init.status.code(), Some(0), "{}", shown(&init));
    let text = std::fs::read_to_string(folder.path().join("plimsoll.toml")).unwrap();
    assert!(text.contains(&format!("target = \"{}\"", server.base)), "{text}");
    assert!(text.contains("specs = [\"hl7-2.0.0\"]"), "{text}");
    assert!(text.contains("levels = [\"system\""), "{text}");
    let again = plimsoll_in(folder.path(), &["init", &server.base], &[]);
    assert_eq!(again.status.code(), Some(2), "an older file stays: {}", shown(&again));
    let run = plimsoll_in(folder.path(), &["run", "kickoff::accepted-202@system"], &[]);
    assert_eq!(run.status.code(), Some(0), "{}", shown(&run));
    assert!(shown(&run).contains("judging by hl7-2.0.0"), "{}", shown(&run));
}

#[test]
fn a_server_declares_the_spec_that_it_is_judged_by() {
    let server = Server::start(&["--spec", "hl7-2.0.0"], SECRET);
    let folder = tempfile::tempdir().unwrap();
    let run = plimsoll_in(folder.path(), &["run", &server.base, "kickoff::accepted-202@system"], &[]);
    assert_eq!(run.status.code(), Some(0), "{}", shown(&run));
    assert!(shown(&run).contains("judging by hl7-2.0.0, which the server declares"), "{}", shown(&run));
}

#[test]
fn an_unknown_group_is_no_violation() {
    let server = Server::start(&[], SECRET);
    let folder = tempfile::tempdir().unwrap();
    let args = ["run", &server.base, "kickoff::", "--group", "no-such-group", "--", "@group"];
    let run = plimsoll_in(folder.path(), &args, &[]);
    assert!(!shown(&run).contains("violated: "), "{}", shown(&run));
    assert!(shown(&run).contains("note: the kick-off of a group export returned 404"), "{}", shown(&run));
}

#[test]
fn the_australian_directory_is_served_and_declares_its_spec() {
    let server = Server::start(&["--spec", "au-hcpd-0.3.0-preview", "--auth", "token"], SECRET);
    let folder = tempfile::tempdir().unwrap();
    let run = plimsoll_in(
        folder.path(),
        &["run", &server.base, "poll::in-progress-202", "--jobs", "2", "--rate", "6000"],
        &[("PLIMSOLL_TOKEN", SECRET)],
    );
    assert_eq!(run.status.code(), Some(0), "{}", shown(&run));
    assert!(shown(&run).contains("test au-hcpd-0.3.0-preview::poll::in-progress-202"), "{}", shown(&run));
}

#[test]
fn a_full_name_selects_a_test_before_the_server_declares_its_spec() {
    let server = Server::start(&["--spec", "hl7-2.0.0"], SECRET);
    let folder = tempfile::tempdir().unwrap();
    let args = ["run", &server.base, "--", "--exact", "kickoff::accepted-202@system"];
    let run = plimsoll_in(folder.path(), &args, &[]);
    assert_eq!(run.status.code(), Some(0), "{}", shown(&run));
    assert!(shown(&run).contains("1 passed; 0 failed"), "{}", shown(&run));
}

#[test]
fn files_have_the_requested_number_of_lines() {
    // 12 patients, each in a file, all fetched by one run.
    let server = Server::start(&["--patients", "12", "--lines-per-file", "1"], SECRET);
    let folder = tempfile::tempdir().unwrap();
    let args = ["run", &server.base, "files::ndjson@system", "--types", "Patient", "--report", "report"];
    let run = plimsoll_in(folder.path(), &args, &[]);
    assert_eq!(run.status.code(), Some(0), "{}", shown(&run));
    let record = std::fs::read_to_string(folder.path().join("report/run.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let files = record["files"].as_array().unwrap();
    let alone = |file: &&serde_json::Value| file["lines"]["types"] == serde_json::json!({ "Patient": 1 });
    assert_eq!(files.iter().filter(alone).count(), 12, "{files:?}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_deletes_jobs_and_writes_the_reports() {
    let server = Server::start(&[], SECRET);
    let folder = tempfile::tempdir().unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .args(["run", &server.base, "--report", "report", "--rate", "6000"])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(run.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line == "system: started"), "the export starts");
    assert!(Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap().success());
    let rest: Vec<String> = lines.collect();
    assert_eq!(run.wait().unwrap().code(), Some(3), "{rest:?}");
    assert!(rest.iter().any(|line| line.starts_with("interrupted: deleting")), "{rest:?}");
    let read = |name: &str| std::fs::read_to_string(folder.path().join("report").join(name)).unwrap();
    let record: serde_json::Value = serde_json::from_str(&read("run.json")).unwrap();
    assert_eq!(record["early"], "the run was interrupted");
    assert_eq!(record["leftovers"], serde_json::json!([]));
    assert!(read("index.html").contains("interrupted"));
}

#[cfg(unix)]
#[test]
fn sigterm_stops_the_server_with_exit_code_0() {
    let mut server = Server::start(&[], SECRET);
    let kill = Command::new("kill").args(["-TERM", &server.child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_built_in_server_is_judged_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["run", "--auth", "smart", "auth::tls", "auth::token-", "kickoff::accepted", "--report", "r"];
    let run = plimsoll_in(folder.path(), &args, &[]);
    assert_eq!(run.status.code(), Some(0), "{}", shown(&run));
    let recording = std::fs::read_to_string(folder.path().join("r/recording/recording.jsonl")).unwrap();
    assert!(recording.contains("https://127.0.0.1:") && recording.contains(r#"{"agreed":"TLS 1.3"}"#), "{recording}");
    assert!(shown(&run).contains("auth::tls-spoken@transport"), "{}", shown(&run));

    let given = ["run", "--auth", "smart", "--client-id", "me", "--key-file", "nowhere"];
    let refused = plimsoll_in(folder.path(), &given, &[]);
    assert_eq!(refused.status.code(), Some(2), "{}", shown(&refused));

    // Every report states that certificates were not checked.
    let args = ["run", "--auth", "smart", "--insecure", "kickoff::accepted", "--report", "s"];
    let run = plimsoll_in(folder.path(), &args, &[]);
    assert_eq!(run.status.code(), Some(3), "{}", shown(&run));
    assert!(shown(&run).contains("--insecure"), "{}", shown(&run));
    for file in ["index.html", "junit.xml", "checklist.md", "run.json"] {
        let text = std::fs::read_to_string(folder.path().join("s").join(file)).unwrap();
        assert!(text.contains("--insecure"), "{file}");
    }
}
