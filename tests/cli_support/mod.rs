//! Runs the binary as a user would, in an environment of the test's own.
// Each test file uses what it needs of this.
#![allow(dead_code)]

use std::path::Path;
use std::process::{Command, Output};

/// `plimsoll` with these arguments, in the repository's root.
pub fn plimsoll(args: &[&str]) -> Output {
    plimsoll_in(Path::new(env!("CARGO_MANIFEST_DIR")), args, &[])
}

/// `plimsoll` with these arguments, in `folder`, with these variables beside none of the caller's own settings.
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

/// Exit code and both streams, as a person would see them.
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
