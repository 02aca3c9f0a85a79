//! What clap prints when it ends the program: help, or an error in the command line.

use std::io::Write;

use crate::verdicts::exit;

/// Prints clap's help or error message and returns the exit code.
pub(crate) fn print_clap_error(error: &clap::Error) -> u8 {
    // A failed write means that the reader closed the stream.
    let text = error.to_string();
    let bare = without_users(&text);
    let _ = if bare == text { error.print() } else { std::io::stderr().write_all(bare.as_bytes()) };
    u8::try_from(error.exit_code()).unwrap_or(exit::USAGE)
}

/// Removes user names and passwords from the URLs in a text: clap repeats the value that it refuses.
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
}
