//! Secrets are never written: the server repeats all credentials that it receives and sends marked secrets, and every
//! byte of the output and of the report folder is searched for them, after success, failure and Ctrl-C. `cli::panics`
//! tests panics.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// The behavior of the server.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    /// Exports, with marks wherever possible.
    Gives,
    /// Refuses every kick-off and repeats the credentials.
    Refuses,
    /// Returns no token and repeats the assertion.
    Distrusts,
    /// Its jobs never finish.
    Stalls,
}

/// The assertions and credentials that the server received.
type Shown = Arc<Mutex<BTreeSet<String>>>;

/// The marked secrets of the server: tokens, a cookie, a password, a signature, a job id.
const MARKS: [&str; 7] = [
    "markedAccessToken0123456789",
    "markedRefreshToken012345678",
    "markedCookie0123456789abcde",
    "markedPassword0123456789abc",
    "markedSignature0123456789ab",
    "markedIdToken0123456789abcd",
    "markedJobId0123456789abcdef",
];

struct Server {
    base: String,
    shown: Shown,
}

impl Server {
    fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let shown = Shown::default();
        let (place, seen) = (host.clone(), shown.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (host, seen) = (place.clone(), seen.clone());
                std::thread::spawn(move || drop(serve(stream.unwrap(), &host, mood, &seen)));
            }
        });
        Self { base: format!("http://{host}/fhir"), shown }
    }
}

/// Reads one request and sends a response.
fn serve(stream: TcpStream, host: &str, mood: Mood, seen: &Shown) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let (mut length, mut credentials) = (0, String::new());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or(0),
            "authorization" => credentials = value.trim().to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let assertion = url::form_urlencoded::parse(&body).find(|(name, _)| name == "client_assertion");
    let assertion = assertion.map(|(_, value)| value.into_owned()).unwrap_or_default();
    if let Some(token) = credentials.strip_prefix("Bearer ") {
        seen.lock().unwrap().insert(token.to_owned());
    }
    if !assertion.is_empty() {
        seen.lock().unwrap().insert(assertion.clone());
    }
    // A token is repeated only after the client has it. Before, the client cannot recognize it as a secret.
    let known = |text: &str| {
        if mood == Mood::Distrusts || seen.lock().unwrap().is_empty() {
            text.replace(MARKS[0], "none yet")
        } else {
            text.to_owned()
        }
    };
    let (status, headers, body) = response(&line, host, mood, &credentials, &assertion);
    let (headers, body) = (known(&headers), known(&body));
    let mut stream = stream;
    write!(stream, "HTTP/1.1 {status}\r\nSet-Cookie: session={}; HttpOnly\r\n", MARKS[2])?;
    write!(stream, "X-Shown: {credentials}\r\nWWW-Authenticate: Bearer token=\"{}\"\r\n", known(MARKS[0]))?;
    write!(stream, "{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn response(line: &str, host: &str, mood: Mood, credentials: &str, assertion: &str) -> (&'static str, String, String) {
    let json = |more: &str| format!("Content-Type: application/json\r\n{more}");
    let target = line.split(' ').nth(1).unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default().trim_start_matches("/fhir/");
    let within = format!("http://user:{}@{host}/fhir", MARKS[3]);
    let echo = |text: &str| {
        let said = format!("{text}: {credentials} {assertion} cookie {} at {within}/x?sig={}", MARKS[2], MARKS[4]);
        let issue = serde_json::json!([{ "severity": "error", "code": "login", "diagnostics": said }]);
        serde_json::json!({ "resourceType": "OperationOutcome", "issue": issue }).to_string()
    };
    match path {
        "metadata" => {
            let statement = serde_json::json!({
                "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1",
                "software": { "name": format!("server {}", MARKS[0]), "version": "1" },
                "rest": [{ "mode": "server", "operation": [{ "name": "export", "definition": "http://x/export" }] }],
            });
            ("200 OK", json(""), statement.to_string())
        }
        ".well-known/smart-configuration" => {
            let found =
                serde_json::json!({ "token_endpoint": format!("http://{host}/fhir/token"), "capabilities": [] });
            ("200 OK", json(""), found.to_string())
        }
        "token" if mood == Mood::Distrusts => {
            let text = format!("no: {assertion}");
            let refusal = serde_json::json!({ "error": assertion, "error_description": text, "seen": [assertion] });
            ("400 Bad Request", json(""), refusal.to_string())
        }
        "token" => {
            let given = serde_json::json!({
                "access_token": MARKS[0], "refresh_token": MARKS[1], "id_token": MARKS[5], "token_type": "bearer",
                "expires_in": 300, "scope": format!("system/*.read {}", MARKS[0]),
            });
            ("200 OK", json(&format!("X-Token: {}\r\n", MARKS[0])), given.to_string())
        }
        path if path.ends_with("$export") && mood == Mood::Refuses => {
            ("500 Internal Server Error", json(&format!("Location: {within}?token={}\r\n", MARKS[0])), echo("refused"))
        }
        path if path.ends_with("$export") => {
            let job = format!("Content-Location: {within}/jobs/{}?signature={}\r\n", MARKS[6], MARKS[4]);
            ("202 Accepted", job, String::new())
        }
        path if path.starts_with("jobs/") && line.starts_with("DELETE") => {
            ("202 Accepted", String::new(), String::new())
        }
        path if path.starts_with("jobs/") && mood == Mood::Stalls => {
            ("202 Accepted", format!("X-Progress: working for {credentials}\r\nRetry-After: 1\r\n"), String::new())
        }
        path if path.starts_with("jobs/") => {
            let file = format!("{within}/files/{}?signature={}", MARKS[6], MARKS[4]);
            let manifest = serde_json::json!({
                "transactionTime": "2026-01-01T00:00:00Z", "requiresAccessToken": true,
                "request": format!("http://{host}/fhir/$export?access_token={}", MARKS[0]),
                "output": [{ "type": "Patient", "url": file }], "error": [],
                "extension": { "seen": credentials, "cookie": MARKS[2] },
            });
            ("200 OK", json(""), manifest.to_string())
        }
        path if path.starts_with("files/") => {
            let patient = format!("{{\"resourceType\":\"Patient\",\"id\":\"p1\",\"language\":\"{}\"}}\n", MARKS[0]);
            ("200 OK", "Content-Type: application/fhir+ndjson\r\n".to_owned(), patient)
        }
        _ => ("404 Not Found", "Content-Type: text/html\r\n".to_owned(), format!("<h1>{credentials} {assertion}</h1>")),
    }
}

/// Returns a private key for ES384 as PEM, and texts that would reveal it.
fn key() -> (String, Vec<String>) {
    let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    let text = STANDARD.encode(made.as_ref());
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
    // The private scalar in every usual encoding.
    let scalar = &made.as_ref()[35..83];
    let hex: String = scalar.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut marks: Vec<String> = lines[..2].iter().map(|line| (*line).to_owned()).collect();
    marks.extend([URL_SAFE_NO_PAD.encode(scalar), STANDARD.encode(scalar), hex]);
    (pem, marks)
}

/// Collects every file below a folder, with its path.
fn written(folder: &Path, into: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            written(&path, into);
        } else {
            into.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
}

/// Runs against a server, searches everything that was written for secrets, and returns the exit code and the output.
fn searched(mood: Mood, credentials: &str, interrupted: bool) -> (Option<i32>, String) {
    let server = Server::start(mood);
    let folder = tempfile::tempdir().unwrap();
    let (pem, mut secrets) = key();
    let (key_file, token_file) = (folder.path().join("key.pem"), folder.path().join("token.txt"));
    std::fs::write(&key_file, pem).unwrap();
    std::fs::write(&token_file, MARKS[0]).unwrap();
    let work = folder.path().join("work");
    std::fs::create_dir(&work).unwrap();

    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PLIMSOLL_")) {
        command.env_remove(name);
    }
    command.current_dir(&work).env("NO_COLOR", "1").stdout(Stdio::piped()).stderr(Stdio::piped());
    command.args([
        "run",
        &server.base,
        "--report",
        "report",
        "--max-wait",
        "20s",
        "--deadline",
        "60s",
        "--rate",
        "6000",
        "--strict",
    ]);
    match credentials {
        "smart" => command.args(["--client-id", "me", "--key-id", "k1", "--key-file"]).arg(&key_file),
        _ => command.arg("--token-file").arg(&token_file),
    };
    let mut child = command.spawn().unwrap();
    if interrupted {
        // Interrupt while it polls, so that there are jobs to delete.
        let began = Instant::now();
        while server.shown.lock().unwrap().is_empty() && began.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(Duration::from_millis(1_500));
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    }
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        err.read_to_end(&mut bytes).unwrap();
        bytes
    });
    let mut output = Vec::new();
    out.read_to_end(&mut output).unwrap();
    let errors = reader.join().unwrap();
    let code = child.wait().unwrap().code();

    secrets.extend(MARKS.iter().map(|mark| (*mark).to_owned()));
    let shown = server.shown.lock().unwrap().clone();
    assert!(!shown.is_empty(), "the server received credentials");
    for secret in &shown {
        // The claims and the signature identify a JWT; its header is the same each time.
        let parts = secret.split('.').skip(usize::from(secret.contains('.')));
        secrets.extend(parts.filter(|part| part.len() >= 20).map(str::to_owned));
    }
    let mut files = vec![("standard output".to_owned(), output.clone()), ("standard error".to_owned(), errors.clone())];
    written(&work, &mut files);
    let mut found = Vec::new();
    for (name, bytes) in &files {
        let private = name.ends_with(".leftovers") || name.ends_with(".resume");
        for secret in &secrets {
            // The private lists contain the full URLs of jobs, so that the user can delete the jobs.
            let of_job = [MARKS[3], MARKS[4], MARKS[6]].contains(&secret.as_str());
            if holds(bytes, secret) && !(private && of_job) {
                found.push(format!("{name} holds {secret}"));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    let text = format!("{}\n{}", String::from_utf8_lossy(&output), String::from_utf8_lossy(&errors));
    (code, text)
}

fn under_success(credentials: &str) {
    let (code, text) = searched(Mood::Gives, credentials, false);
    assert!(matches!(code, Some(0 | 1)), "{code:?}\n{text}");
    assert!(text.contains("poll::complete-200"), "{text}");
}

#[test]
fn under_success_with_smart() {
    under_success("smart");
}

#[test]
fn under_success_with_a_token() {
    under_success("token");
}

#[test]
fn under_failure() {
    for credentials in ["smart", "token"] {
        let (code, text) = searched(Mood::Refuses, credentials, false);
        assert!(matches!(code, Some(1 | 3)), "{code:?}\n{text}");
    }
    let (code, text) = searched(Mood::Distrusts, "smart", false);
    assert!(matches!(code, Some(1 | 3)), "{code:?}\n{text}");
}

#[test]
fn under_an_interruption() {
    for credentials in ["smart", "token"] {
        let (code, text) = searched(Mood::Stalls, credentials, true);
        assert!(text.contains("interrupted"), "{text}");
        assert!(matches!(code, Some(1 | 3)), "{code:?}\n{text}");
    }
}

#[test]
fn a_password_in_a_url_is_refused_and_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("https://me:{}@a.example/fhir", MARKS[3]);
    for args in [vec!["run", &url], vec!["run", "https://a.example", "--token-url", &url, "--client-id", "me"]] {
        let output = crate::support::plimsoll_in(folder.path(), &args, &[]);
        let text = crate::support::shown(&output);
        assert!(text.contains("user name or password") && !text.contains(MARKS[3]), "{text}");
    }
    let file = folder.path().join("plimsoll.toml");
    for toml in [format!("target = \"{url}\""), format!("[auth]\ntoken = \"{}\"", MARKS[0])] {
        std::fs::write(&file, toml).unwrap();
        let text = crate::support::shown(&crate::support::plimsoll_in(folder.path(), &["run"], &[]));
        assert!(text.starts_with("exit 2") && !MARKS.iter().any(|mark| text.contains(mark)), "{text}");
    }
}
