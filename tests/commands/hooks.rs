//! Hooks through the public command: a server of our own that can be written to, and programs that write to it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::support::{Server, plimsoll_in, shown};
use plimsoll::reference::data::mutator::FAILING_TAG;
use serde_json::{Value, json};

/// The mark that stands for a secret.
const SECRET: &str = "plimsoll-marked-secret";
const TESTS: [&str; 3] = ["changes-come", "deletions-told", "failures-told"];

/// A server that can be written to.
fn writable(args: &[&str]) -> Server {
    Server::start(&[&["--writable"], args].concat(), SECRET)
}

/// Sends a request over a socket, and gives the body of the answer.
fn ask(base: &str, method: &str, name: &str, body: &str) -> String {
    let address = base.trim_start_matches("http://").split('/').next().unwrap();
    let mut socket = TcpStream::connect(address).unwrap();
    let head = format!(
        "{method} /fhir/{name} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {SECRET}\r\n\
         Content-Type: application/fhir+json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{method} {name}: {answer}");
    body.to_owned()
}

/// Does for the hooks of a folder what they ask for, so that these need no more than a shell.
struct Hands {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Hands {
    fn of(folder: &Path, base: &str) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let (done, folder, base) = (Arc::clone(&ended), folder.to_owned(), base.to_owned());
        let thread = std::thread::spawn(move || {
            while !done.load(Ordering::Relaxed) {
                if std::fs::rename(folder.join("ask"), folder.join("asked")).is_ok() {
                    let asked = std::fs::read_to_string(folder.join("asked")).unwrap();
                    std::fs::write(folder.join("part"), serve(&base, asked.trim())).unwrap();
                    std::fs::rename(folder.join("part"), folder.join("answer")).unwrap();
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        Self { ended, thread: Some(thread) }
    }
}

impl Drop for Hands {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn serve(base: &str, asked: &str) -> String {
    let edit = |name: &str, edit: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_str(&ask(base, "GET", name, "")).unwrap();
        edit(&mut value);
        ask(base, "PUT", name, &value.to_string());
        name.to_owned()
    };
    match asked {
        "change" => edit("Patient/sailor-02", &|value| value["language"] = json!("en")),
        "fail" => edit("Observation/reading-02-1", &|value| {
            value["meta"]["tag"] = json!([{ "system": FAILING_TAG.0, "code": FAILING_TAG.1 }]);
        }),
        "delete" => {
            ask(base, "DELETE", "Condition/ailment-02", "");
            "Condition/ailment-02".to_owned()
        }
        other => panic!("asked for {other}"),
    }
}

/// A hook that asks for what its argument says, and prints what it is told. It leaves its variables behind.
const HOOK: &str = "#!/bin/sh\nset > variables\necho \"$1\" > part-ask && mv part-ask ask\n\
                    while ! test -e answer; do sleep 0.02; done\ncat answer && echo && rm answer\n";

fn script(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn configured(folder: &Path, base: &str, more: &str) {
    let text = format!(
        "target = \"{base}\"\nspecs = [\"hl7-3.0.0\"]\n\n[hooks]\nchange = [\"./hook\", \"change\"]\n\
         delete = [\"./hook\", \"delete\"]\nfail = [\"./hook\", \"fail\"]\n{more}"
    );
    std::fs::write(folder.join("plimsoll.toml"), text).unwrap();
}

fn run(folder: &Path, more: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let args = [&["run", "--report", "report"], more, &TESTS].concat();
    let output = plimsoll_in(folder, &args, variables);
    (output.status.code().unwrap(), shown(&output))
}

#[test]
fn hooks_change_a_server_and_its_exports_are_judged() {
    let server = writable(&["--auth", "token"]);
    let folder = tempfile::tempdir().unwrap();
    script(&folder.path().join("hook"), HOOK);
    configured(folder.path(), &server.base, "");
    let _hands = Hands::of(folder.path(), &server.base);
    // The token goes to a server that the user names, not to one that a file found names.
    let (code, text) =
        run(folder.path(), &["--allow-hooks", "--config", "plimsoll.toml"], &[("PLIMSOLL_TOKEN", SECRET)]);
    assert_eq!(code, 0, "{text}");
    for test in [
        "manifest::deletions-told@since-change",
        "manifest::failures-told@some-fail",
        "files::changes-come@after-change",
        "files::changes-come@since-change",
    ] {
        let line = text.lines().find(|line| line.contains(test) && line.starts_with("test ")).unwrap();
        assert!(line.ends_with("... ok"), "{line}\n{text}");
    }
    let seen = std::fs::read_to_string(folder.path().join("variables")).unwrap();
    assert!(seen.contains(&format!("PLIMSOLL_BASE='{}'", server.base)) || seen.contains(&server.base), "{seen}");
    assert!(!seen.contains(SECRET) && !seen.contains("PLIMSOLL_TOKEN"), "{seen}");
    let recording = std::fs::read_to_string(folder.path().join("report/recording/recording.jsonl")).unwrap();
    for name in ["sailor-02", "ailment-02", "reading-02-1", SECRET] {
        assert!(!recording.contains(name), "the recording names {name}");
    }
}

#[test]
fn a_server_that_sends_old_files_and_drops_errors_is_found_out() {
    let server = writable(&["--fault", "data-stale-reuse,manifest-errors-dropped,manifest-deletions-untold"]);
    let folder = tempfile::tempdir().unwrap();
    script(&folder.path().join("hook"), HOOK);
    configured(folder.path(), &server.base, "");
    let _hands = Hands::of(folder.path(), &server.base);
    let (code, text) = run(folder.path(), &["--allow-hooks"], &[]);
    assert_eq!(code, 1, "{text}");
    for failed in ["---- files::changes-come@after-change ----", "---- manifest::failures-told@some-fail ----"] {
        assert!(text.contains(failed), "{text}");
    }
    assert!(text.contains("SHOULD not met: deleted lists what was deleted since _since"), "{text}");
}

#[test]
fn a_file_that_lies_there_runs_nothing() {
    let server = writable(&[]);
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    script(&folder.path().join("hook"), "#!/bin/sh\ntouch mark\necho Patient/sailor-02\n");
    configured(folder.path(), &server.base, "");
    for variables in [&[][..], &[("PLIMSOLL_ALLOW_HOOKS", "true")][..]] {
        let (_, text) = run(folder.path(), &[], variables);
        assert!(!mark.exists(), "{text}");
        assert_eq!(text.matches("(change, delete, fail) are not run; --allow-hooks runs them").count(), 1, "{text}");
        assert!(text.contains("those of plimsoll.toml are not run without") && text.contains("5 ignored"), "{text}");
    }
    let text = std::fs::read_to_string(folder.path().join("plimsoll.toml")).unwrap();
    std::fs::write(folder.path().join("plimsoll.toml"), format!("allow-hooks = true\n{text}")).unwrap();
    for more in [&[][..], &["--allow-hooks"]] {
        let (code, text) = run(folder.path(), more, &[]);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains("cannot allow commands to be run") && !mark.exists(), "{text}");
    }
}

/// A hook that fails leaves its tests undecided, and is no finding against the server.
fn hook_in_trouble(hook: &str, says: &str) {
    let server = writable(&[]);
    let folder = tempfile::tempdir().unwrap();
    script(&folder.path().join("hook"), hook);
    configured(folder.path(), &server.base, "timeout = \"1s\"\n");
    let (code, text) = run(folder.path(), &["--allow-hooks"], &[]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains(&format!("undetermined: {says}")) && !text.contains("violated:"), "{text}");
    assert_eq!(text.contains("  change: sailor-02 will not move"), hook.contains("exit 3"), "{text}");
    let recording = std::fs::read_to_string(folder.path().join("report/recording/recording.jsonl")).unwrap();
    assert!(
        recording.contains(says) && !recording.contains("will not move"),
        "the output of a hook is for the terminal alone"
    );
}

#[test]
fn a_hook_that_fails_is_no_finding_against_the_server() {
    let hook = "#!/bin/sh\necho 'sailor-02 will not move' >&2\nexit 3\n";
    hook_in_trouble(hook, "the hook change ended with exit status 3");
}

#[test]
fn a_hook_that_does_not_end_is_no_finding_against_the_server() {
    hook_in_trouble("#!/bin/sh\nexec sleep 1000\n", "the hook change was not done after 1 s and was ended");
}

#[test]
fn a_hook_that_prints_other_lines_is_no_finding_against_the_server() {
    hook_in_trouble("#!/bin/sh\necho all of them\n", "the hook change printed a line 1 that is no Type/id");
}

#[test]
fn a_hook_that_prints_nothing_is_no_finding_against_the_server() {
    hook_in_trouble("#!/bin/sh\n", "the hook change named no resource");
}

#[test]
fn a_changed_resource_that_no_export_holds_is_not_missed() {
    let server = writable(&[]);
    let folder = tempfile::tempdir().unwrap();
    configured(folder.path(), &server.base, "");
    script(&folder.path().join("hook"), "#!/bin/sh\necho Patient/nobody\n");
    let (code, text) = run(folder.path(), &["--allow-hooks"], &[]);
    assert!(text.contains("0 failed") && text.contains("is in no earlier export of this run"), "{code} {text}");
}

#[test]
fn flags_and_keys_without_a_use_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (code, text) = run(folder.path(), &["--allow-hooks"], &[]);
    assert!(code == 2 && text.contains("no command to run: name some under [hooks]"), "{text}");
    std::fs::write(folder.path().join("plimsoll.toml"), "[hooks]\nchange = [\"./hook\"]\n").unwrap();
    let (code, text) = run(folder.path(), &["--allow-hooks"], &[]);
    assert!(code == 2 && text.contains("give its BASE-URL"), "{text}");
    for (wrong, says) in [
        ("change = []", "a hook needs a program to run"),
        ("change = [\" \"]", "has no name"),
        ("change = \"./hook\"", "invalid type"),
        ("chnage = [\"./hook\"]", "unknown field `chnage`, expected one of `change`, `delete`, `fail`, `timeout`"),
    ] {
        std::fs::write(folder.path().join("plimsoll.toml"), format!("[hooks]\n{wrong}\n")).unwrap();
        let (code, text) = run(folder.path(), &["--list"], &[]);
        assert!(code == 2 && text.contains(says), "{wrong}: {text}");
    }
}
