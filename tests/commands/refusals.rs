//! The messages for wrong input. Nothing is sent then.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crate::support::{plimsoll, plimsoll_in, shown};

/// The marked secret of the fixtures.
const SECRET: &str = "plimsoll-marked-secret";

#[test]
fn wrong_flag_values_are_refused_with_the_way_out() {
    for (name, line) in [
        ("flag-level", "run --levels practitioner"),
        ("flag-wait", "run --max-wait 10"),
        ("flag-size", "run --max-bytes lots"),
        ("flag-jobs", "run --jobs 0"),
        ("flag-origin", "run --allow-origin https://files.example.org/path"),
        ("flag-auth", "run --auth basic"),
        ("flag-type", "run --types patient"),
        ("flag-type-misspelled", "run --types Patinet"),
        ("flag-unknown", "run --sepc hl7-3.0.0"),
        ("unknown-spec", "run --spec hl7-9.9.9"),
        ("unknown-spec-coverage", "coverage --spec hl7-9.9.9"),
        ("second-url", "run https://a.example https://b.example"),
        ("url-with-query", "run https://a.example/fhir?x=1"),
        ("libtest-flag", "run -- --no-such-flag"),
        ("auth-without-target", "run --auth token --token-file nowhere"),
        ("missing-token-file", "run https://a.example --token-file nowhere"),
        ("smart-without-key", "run https://a.example --client-id me"),
        ("empty-group-exported", "run https://a.example --group g --empty-group g"),
        ("missing-config", "run --config nowhere.toml"),
        ("serve-spec", "serve --spec hl7-9.9.9"),
        ("serve-patients", "serve --spec au-hcpd-0.3.0-preview --patients 9"),
        ("diff-missing", "diff nowhere elsewhere"),
    ] {
        let output = plimsoll(&line.split(' ').collect::<Vec<_>>());
        assert_eq!(output.status.code(), Some(2), "{line}: {}", shown(&output));
        insta::assert_snapshot!(name, shown(&output));
    }
}

#[test]
fn a_token_on_the_command_line_is_refused_and_not_repeated() {
    for line in [vec!["run", "https://a.example", "--token", SECRET], vec!["run", "--token=plimsoll-marked-secret"]] {
        let output = plimsoll(&line);
        assert_eq!(output.status.code(), Some(2));
        assert!(!shown(&output).contains(SECRET), "{}", shown(&output));
        insta::assert_snapshot!("token-on-argv", shown(&output));
    }
    let output = plimsoll(&["run", "https://me:plimsoll-marked-secret@a.example/fhir"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!shown(&output).contains(SECRET), "{}", shown(&output));
    insta::assert_snapshot!("password-in-url", shown(&output));
}

#[test]
fn errors_in_a_configuration_are_shown_with_their_place() {
    for name in [
        "unknown-key",
        "unknown-level",
        "bad-wait",
        "bad-target",
        "no-jobs",
        "inline-token",
        "misspelt-token",
        "token-as-name",
        "unterminated",
        "unknown-known",
        "bad-day",
        "writes-in-file",
    ] {
        let output = plimsoll(&["run", "--list", "--config", &format!("fixtures/config/{name}.toml")]);
        assert_eq!(output.status.code(), Some(2), "{name}: {}", shown(&output));
        assert!(!shown(&output).contains(SECRET), "{name}: {}", shown(&output));
        insta::assert_snapshot!(format!("config-{name}"), shown(&output));
    }
}

#[test]
fn a_found_configuration_cannot_send_credentials_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("plimsoll.toml"), "target = \"https://theirs.example/fhir\"\n").unwrap();
    let output = plimsoll_in(folder.path(), &["run"], &[("PLIMSOLL_TOKEN", SECRET)]);
    assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
    assert!(!shown(&output).contains(SECRET));
    insta::assert_snapshot!("found-configuration", shown(&output));
}

#[test]
fn a_run_without_selected_tests_has_its_own_exit_code() {
    for line in [vec!["run", "no-such-test"], vec!["run", "--list", "no-such-test"], vec!["run", "--", "no-such-test"]]
    {
        let output = plimsoll(&line);
        assert_eq!(output.status.code(), Some(4), "{line:?}: {}", shown(&output));
    }
}

#[test]
fn a_server_that_does_not_respond_is_undetermined() {
    // Bound and closed again, so that the port is free and no server listens.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let output = plimsoll_in(folder.path(), &["run", &format!("http://127.0.0.1:{port}/fhir"), "kickoff"], &[]);
    assert_eq!(output.status.code(), Some(3), "{}", shown(&output));
    assert!(shown(&output).contains("no response from http://127.0.0.1"), "{}", shown(&output));
}
