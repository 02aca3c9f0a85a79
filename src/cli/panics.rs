//! The message of a panic.

use crate::cli::output::say;

/// Makes a panic print only its place: the panic message may contain data of the server, or a secret.
pub(crate) fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
        say(&format!("error: plimsoll has a bug{place}; nothing was judged. Please report this line"));
    }));
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    const MARK: &str = "marked-secret-of-a-panic";

    /// The test below runs this in another process.
    #[test]
    #[ignore = "it panics on purpose"]
    fn panics_with_a_secret() {
        quiet_panics();
        let secret = std::env::var("MARKED_SECRET").unwrap();
        panic!("the server sent {secret}");
    }

    #[test]
    fn a_panic_prints_its_place_and_not_its_message() {
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
        assert!(text.contains("error: plimsoll has a bug at src/cli/panics.rs"), "{text}");
        assert!(!text.contains(MARK), "{text}");
    }
}
