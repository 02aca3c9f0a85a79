//! Escapes texts of the server for the place where they are shown.

use std::fmt::Write;

use crate::base::unprintable::push_printable;

/// Escapes every character that is invisible, moves the cursor, changes the writing direction or is refused by XML:
/// `\n`, `\u{202e}`. Also escapes commands of build services (`::error::` at the start of a line, `##[` anywhere). The
/// result is one line.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before: [Option<char>; 2] = [None, None];
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let [_, last] = before;
        let starts_command = c == ':' && rest.peek() == Some(&':') && last.is_none_or(char::is_whitespace);
        let doubled_hash = c == '#' && last == Some('#');
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if starts_command || doubled_hash => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            _ => push_printable(&mut out, c),
        }
        before = [last, Some(c)];
    }
    out
}

/// Escapes a text for a cell of a Markdown table, as Markdown and as the HTML in it.
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let shown = visible(text);
    let mut rest = shown.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' => {
                out.push('\\');
                out.push(c);
            }
            // Markdown renderers make links of mentions and bare URLs.
            '@' => out.push_str("&#64;"),
            ':' if rest.peek() == Some(&'/') => out.push_str("&#58;"),
            _ => out.push(c),
        }
    }
    out.replace("www.", "www&#46;")
}

/// Quotes a text as one argument of a POSIX shell, in single quotes if necessary.
pub fn shell(text: &str) -> String {
    let shown = visible(text);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '=' | ',' | '@' | '+');
    if !shown.is_empty() && shown.chars().all(plain) {
        return shown;
    }
    format!("'{}'", shown.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_escaped() {
        assert_eq!(visible("a\u{1b}[31mb\u{202e}c\u{0}\r\n"), "a\\u{1b}[31mb\\u{202e}c\\u{0}\\r\\n");
        assert_eq!(visible("Zürich 東京"), "Zürich 東京");
    }

    #[test]
    fn commands_of_build_services_are_escaped() {
        assert_eq!(visible("::error::x"), "\\u{3a}:error::x");
        assert_eq!(visible("a\n::error::x"), "a\\n\\u{3a}:error::x");
        assert_eq!(visible("a ##[error]x"), "a #\\u{23}[error]x");
        assert_eq!(visible("poll::in-progress-202@patient"), "poll::in-progress-202@patient");
    }

    #[test]
    fn a_shell_reads_a_quoted_text_as_one_word() {
        assert_eq!(shell("GET"), "GET");
        assert_eq!(shell(""), "''");
        assert_eq!(shell("it's $HOME `id`"), r"'it'\''s $HOME `id`'");
        assert_eq!(shell("a\nb"), r"'a\nb'");
    }

    #[test]
    fn markdown_stays_in_its_cell() {
        assert_eq!(markdown("a|b <script> [x](http://y)"), "a\\|b &lt;script&gt; \\[x\\](http&#58;//y)");
    }
}
