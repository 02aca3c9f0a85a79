//! What a panic prints.

use crate::cli::output::say;

/// Makes a panic print its place and nothing else: its message may quote what a server sent, or a secret.
pub(crate) fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
        say(&format!("error: a defect of plimsoll itself{place}; nothing is decided. Please report this line"));
    }));
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

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
            .args([
                "--exact",
                "cli::panics::tests::panics_with_a_secret",
                "--ignored",
                "--nocapture",
                "--test-threads=1",
            ])
            .env("MARKED_SECRET", MARK)
            .output()
            .unwrap();
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(text.contains("error: a defect of plimsoll itself at src/cli/panics.rs"), "{text}");
        assert!(!text.contains(MARK), "{text}");
    }
}
