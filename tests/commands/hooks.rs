//! Hooks through the command line: a writable reference server, and programs that write to it.
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

/// The marked secret.
const SECRET: &str = "plimsoll-marked-secret";
const TESTS: [&str; 3] = ["changes-come", "deletions-told", "failures-told"];

/// Starts a writable server.
fn writable(args: &[&str]) -> Server {
    Server::start(&[&["--writable"], args].concat(), SECRET)
}

/// Sends a request over a socket and returns the body of the response.
fn request(base: &str, method: &str, name: &str, body: &str) -> String {
    let address = base.trim_start_matches("http://").split('/').next().unwrap();
    let mut socket = TcpStream::connect(address).unwrap();
    let head = format!(
        "{method} /fhir/{name} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {SECRET}\r\n\
         Content-Type: application/fhir+json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(head.as_bytes()).unwrap();
    let mut response = String::new();
    socket.read_to_string(&mut response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{method} {name}: {response}");
    body.to_owned()
}

/// Changes the server for the hooks of a folder, so that the hooks need only a shell.
struct Helper {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Helper {
    fn of(folder: &Path, base: &str) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let (done, folder, base) = (Arc::clone(&ended), folder.to_owned(), base.to_owned());
        let thread = std::thread::spawn(move || {
            while !done.load(Ordering::Relaxed) {
                if std::fs::rename(folder.join("action"), folder.join("action-read")).is_ok() {
                    let action = std::fs::read_to_string(folder.join("action-read")).unwrap();
                    std::fs::write(folder.join("part"), apply(&base, action.trim())).unwrap();
                    std::fs::rename(folder.join("part"), folder.join("result")).unwrap();
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        Self { ended, thread: Some(thread) }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn apply(base: &str, action: &str) -> String {
    let edit = |name: &str, edit: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_str(&request(base, "GET", name, "")).unwrap();
        edit(&mut value);
        request(base, "PUT", name, &value.to_string());
        name.to_owned()
    };
    match action {
        "change" => edit("Patient/sailor-02", &|value| value["language"] = json!("en")),
        "fail" => edit("Observation/reading-02-1", &|value| {
            value["meta"]["tag"] = json!([{ "system": FAILING_TAG.0, "code": FAILING_TAG.1 }]);
        }),
        "delete" => {
            request(base, "DELETE", "Condition/ailment-02", "");
            "Condition/ailment-02".to_owned()
        }
        other => panic!("unknown action {other}"),
    }
}

/// A hook that requests the action of its argument and prints the result. It writes its variables to a file.
const HOOK: &str = "#!/bin/sh\nset > variables\necho \"$1\" > part-action && mv part-action action\n\
                    while ! test -e result; do sleep 0.02; done\ncat result && echo && rm result\n";

fn script(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn configure(folder: &Path, base: &str, more: &str) {
    let text = format!(
        "target = \"{base}\"\nspecs = [\"hl7-3.0.0\"]\n\n[hooks]\nchange = [\"./hook\", \"change\"]\n\
         delete = [\"./hook\", \"delete\"]\nfail = [\"./hook\", \"fail\"]\n{more}"
    );
    std::fs::write(folder.join("plimsoll.toml"), text).unwrap();
}

fn run(folder: &Path, more: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let args = [&["run", "--report", "report", "--rate", "6000"], more, &TESTS].concat();
    let output = plimsoll_in(folder, &args, variables);
    (output.status.code().unwrap(), shown(&output))
}

#[test]
fn hooks_change_a_server_and_its_exports_are_judged() {
    let server = writable(&["--auth", "token"]);
    let folder = tempfile::tempdir().unwrap();
    script(&folder.path().join("hook"), HOOK);
    configure(folder.path(), &server.base, "");
    let _helper = Helper::of(folder.path(), &server.base);
    // The token is sent only to a server of a named file or of the command line, not of a plimsoll.toml that was found.
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
fn a_server_that_sends_old_files_and_drops_errors_fails() {
    let server = writable(&["--fault", "data-stale-reuse,manifest-errors-dropped,manifest-deletions-untold"]);
    let folder = tempfile::tempdir().unwrap();
    script(&folder.path().join("hook"), HOOK);
    configure(folder.path(), &server.base, "");
    let _helper = Helper::of(folder.path(), &server.base);
    let (code, text) = run(folder.path(), &["--allow-hooks"], &[]);
    assert_eq!(code, 1, "{text}");
    for failed in ["---- files::changes-come@after-change ----", "---- manifest::failures-told@some-fail ----"] {
        assert!(text.contains(failed), "{text}");
    }
    assert!(text.contains("SHOULD not met: deleted lists the resources deleted since _since"), "{text}");
}

#[test]
fn hooks_of_a_found_file_do_not_run() {
    let server = writable(&[]);
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    script(&folder.path().join("hook"), "#!/bin/sh\ntouch mark\necho Patient/sailor-02\n");
    configure(folder.path(), &server.base, "");
    for variables in [&[][..], &[("PLIMSOLL_ALLOW_HOOKS", "true")][..]] {
        let (_, text) = run(folder.path(), &[], variables);
        assert!(!mark.exists(), "{text}");
        assert_eq!(text.matches("(change, delete, fail) are not run; --allow-hooks runs them").count(), 1, "{text}");
        assert!(text.contains("changes the server's data. Give --allow-hooks") && text.contains("5 ignored"), "{text}");
    }
    let text = std::fs::read_to_string(folder.path().join("plimsoll.toml")).unwrap();
    std::fs::write(folder.path().join("plimsoll.toml"), format!("allow-hooks = true\n{text}")).unwrap();
    for more in [&[][..], &["--allow-hooks"]] {
        let (code, text) = run(folder.path(), more, &[]);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains("allow-hooks is not permitted in a configuration file") && !mark.exists(), "{text}");
    }
}

/// A hook that fails leaves its tests undecided, and is no finding against the server.
fn hook_in_trouble(hook: &str, says: &str) {
    let server = writable(&[]);
    let folder = tempfile::tempdir().unwrap();
    script(&folder.path().join("hook"), hook);
    configure(folder.path(), &server.base, "timeout = \"1s\"\n");
    let (code, text) = run(folder.path(), &["--allow-hooks"], &[]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains(&format!("Undetermined: {says}")) && !text.contains("violated:"), "{text}");
    assert_eq!(text.contains("  change: sailor-02 will not move"), hook.contains("exit 3"), "{text}");
    let recording = std::fs::read_to_string(folder.path().join("report/recording/recording.jsonl")).unwrap();
    assert!(
        recording.contains(says) && !recording.contains("will not move"),
        "the output of a hook is shown only on the terminal"
    );
}

#[test]
fn a_hook_that_fails_is_no_finding_against_the_server() {
    let hook = "#!/bin/sh\necho 'sailor-02 will not move' >&2\nexit 3\n";
    hook_in_trouble(hook, "the hook change ended with exit status 3");
}

#[test]
fn a_hook_that_does_not_end_is_no_finding_against_the_server() {
    hook_in_trouble("#!/bin/sh\nexec sleep 1000\n", "the hook change was still running after 1 s and was stopped");
}

#[test]
fn a_hook_that_prints_other_lines_is_no_finding_against_the_server() {
    hook_in_trouble("#!/bin/sh\necho all of them\n", "the hook change printed something other than Type/id on line 1");
}

#[test]
fn a_hook_that_prints_nothing_is_no_finding_against_the_server() {
    hook_in_trouble("#!/bin/sh\n", "the hook change named no resource");
}

#[test]
fn a_changed_resource_that_no_export_holds_is_not_missed() {
    let server = writable(&[]);
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), &server.base, "");
    script(&folder.path().join("hook"), "#!/bin/sh\necho Patient/nobody\n");
    let (code, text) = run(folder.path(), &["--allow-hooks"], &[]);
    assert!(text.contains("0 failed") && text.contains("no earlier export at this level has the"), "{code} {text}");
}

#[test]
fn hooks_without_effect_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (code, text) = run(folder.path(), &["--allow-hooks"], &[]);
    assert!(code == 2 && text.contains("no command to run: name some under [hooks]"), "{text}");
    std::fs::write(folder.path().join("plimsoll.toml"), "[hooks]\nchange = [\"./hook\"]\n").unwrap();
    let (code, text) = run(folder.path(), &["--allow-hooks"], &[]);
    assert!(code == 2 && text.contains("give its BASE-URL"), "{text}");
    for (wrong, says) in [
        ("change = []", "a hook needs a program to run"),
        ("change = [\" \"]", "the program name of this hook is empty"),
        ("change = \"./hook\"", "invalid type"),
        ("chnage = [\"./hook\"]", "unknown field `chnage`, expected one of `change`, `delete`, `fail`, `timeout`"),
    ] {
        std::fs::write(folder.path().join("plimsoll.toml"), format!("[hooks]\n{wrong}\n")).unwrap();
        let (code, text) = run(folder.path(), &["--list"], &[]);
        assert!(code == 2 && text.contains(says), "{wrong}: {text}");
    }
}
