//! Runs the binary as a user does, in the environment of the test.
// No test file uses all of these functions.
#![allow(dead_code)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// Runs `plimsoll` with these arguments in the root of the repository.
pub fn plimsoll(args: &[&str]) -> Output {
    plimsoll_in(Path::new(env!("CARGO_MANIFEST_DIR")), args, &[])
}

/// Runs `plimsoll` with these arguments in `folder`, with these variables and without the PLIMSOLL_* variables of the
/// caller.
pub fn plimsoll_in(folder: &Path, args: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PLIMSOLL_") {
            command.env_remove(name);
        }
    }
    command.args(args).current_dir(folder).env("COLUMNS", "100").env("NO_COLOR", "1");
    command.envs(variables.iter().copied()).output().expect("the binary runs")
}

/// Returns the exit code and both streams as a text.
pub fn shown(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    let mut parts = vec![format!("exit {}", output.status.code().unwrap_or(-1))];
    for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        if !bytes.is_empty() {
            parts.push(format!("--- {name}\n{}", text(bytes)));
        }
    }
    parts.join("\n")
}

/// The reference server as a process that stops with the test.
pub struct Server {
    pub child: Child,
    pub base: String,
}

impl Server {
    /// Starts `plimsoll serve` with these arguments on a free port; `token` is the token of a protected server.
    pub fn start(args: &[&str], token: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
            .args(["serve", "--addr", "127.0.0.1:0"])
            .args(args)
            .env("PLIMSOLL_TOKEN", token)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        let mut base = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut base).expect("it prints its base URL");
        Self { child, base: base.trim_end().to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
