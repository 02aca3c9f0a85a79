//! The command line: reads what is asked for, has it done, and turns what came of it into an exit code.

use std::fmt;
use std::io::Write;
use std::process::ExitCode;

use clap::FromArgMatches;

use crate::cli::args::{Cli, Command, DefinitionsArgs, DefinitionsCommand};
use crate::verdicts::exit;

/// Why a command was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CliError {
    /// The exit code.
    pub code: u8,
    /// What to say: a fragment, or a message that begins with `error:`.
    pub text: String,
}

impl CliError {
    /// The command line, the configuration or a suite is wrong.
    pub fn usage(text: impl Into<String>) -> Self {
        Self { code: exit::USAGE, text: text.into() }
    }

    /// Something could not be decided.
    pub fn undetermined(text: impl Into<String>) -> Self {
        Self { code: exit::UNDETERMINED, text: text.into() }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text.starts_with("error") {
            true => f.write_str(&self.text),
            false => write!(f, "error: {}", self.text),
        }
    }
}

/// The whole program: arguments of the process in, exit code out.
pub fn main() -> ExitCode {
    quiet_panics();
    // A defect of ours decides nothing.
    let code = std::panic::catch_unwind(|| carry_out(std::env::args_os().collect()));
    ExitCode::from(code.unwrap_or(exit::UNDETERMINED))
}

fn carry_out(mut line: Vec<std::ffi::OsString>) -> u8 {
    // `plimsoll https://...` is what people type first.
    if line.get(1).and_then(|word| word.to_str()).is_some_and(|word| word.contains("://")) {
        line.insert(1, "run".into());
    }
    let parsed = crate::cli::args::command()
        .try_get_matches_from(line)
        .and_then(|matches| Cli::from_arg_matches(&matches).map(|cli| (cli, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(e) => return clap_ended(&e),
    };
    let Some((_, matches)) = matches.subcommand() else { return exit::USAGE };
    let done = match cli.command {
        Command::Run(args) => crate::cli::run::run(&args, matches),
        Command::Init(args) => crate::cli::init::init(&args, matches),
        Command::Replay(args) => crate::cli::replay::replay(&args),
        Command::Serve(args) => crate::cli::serve::serve(&args),
        Command::Ndjson(args) => crate::cli::ndjson::check(&args),
        Command::Definitions(DefinitionsArgs { command: DefinitionsCommand::Build(args) }) => {
            crate::cli::definitions::make(&args)
        }
        Command::List(args) => crate::cli::show::list(&args),
        Command::Explain(args) => crate::cli::show::explain(&args),
        Command::Coverage(args) => crate::cli::show::coverage(&args),
        Command::Selftest(args) => crate::cli::selftest::selftest(&args),
        Command::Diff(args) => crate::cli::diff::diff(&args),
    };
    done.unwrap_or_else(|refusal| {
        say(&refusal.to_string());
        refusal.code
    })
}

/// Prints what clap has to say, help or a mistake, and gives the code for it.
pub(crate) fn clap_ended(error: &clap::Error) -> u8 {
    // Whoever closed the stream does not want to read it.
    let text = error.to_string();
    let bare = without_users(&text);
    let _ = if bare == text { error.print() } else { std::io::stderr().write_all(bare.as_bytes()) };
    u8::try_from(error.exit_code()).unwrap_or(exit::USAGE)
}

/// A text with the user parts of the URLs in it left out: clap repeats the value that it refuses.
fn without_users(text: &str) -> String {
    let mut parts = text.split("://");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| c.is_whitespace() || matches!(c, '/' | '\'' | '"')).unwrap_or(part.len());
        let (authority, rest) = part.split_at_checked(end).unwrap_or((part, ""));
        let bare = authority.rsplit_once('@').map_or(authority.to_owned(), |(_, host)| format!("...@{host}"));
        out.push_str(&format!("://{bare}{rest}"));
    }
    out
}

/// Writes a result to standard output. A reader that went away, such as `head`, is no error.
pub(crate) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes a line to standard error.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Has a panic say where it was and nothing else: its message may quote what a server sent, or a secret.
fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
        say(&format!("error: a defect of plimsoll itself{place}; nothing is decided. Please report this line"));
    }));
}

/// A runtime for one command.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| CliError::undetermined(format!("no runtime could be started: {e}")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn users_and_passwords_are_left_out() {
        let text = "invalid value 'https://me:hunter2@a.example/x@y' for '--token-url <URL>', see https://b.example";
        let bare = "invalid value 'https://...@a.example/x@y' for '--token-url <URL>', see https://b.example";
        assert_eq!(without_users(text), bare);
        assert_eq!(without_users("no URL at all"), "no URL at all");
    }

    const MARK: &str = "marked-secret-of-a-panic";

    /// Run by the test below in a process of its own.
    #[test]
    #[ignore = "it panics on purpose"]
    fn panics_with_a_secret() {
        quiet_panics();
        let secret = std::env::var("MARKED_SECRET").unwrap();
        panic!("the server said {secret}");
    }

    #[test]
    fn the_hook_for_panics_says_where_and_not_what() {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "cli::tests::panics_with_a_secret", "--ignored", "--nocapture", "--test-threads=1"])
            .env("MARKED_SECRET", MARK)
            .output()
            .unwrap();
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(text.contains("error: a defect of plimsoll itself at src/cli/mod.rs"), "{text}");
        assert!(!text.contains(MARK), "{text}");
    }
}
