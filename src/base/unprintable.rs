//! Characters that must be escaped before a text from a server is shown.

/// Whether a character is invisible, moves the cursor, changes the writing direction, is refused by XML, or is
/// displayed as something else.
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0xAD | 0x61C | 0x115F | 0x1160 | 0x180E | 0x3164 | 0xFEFF | 0xFFA0
            | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F
            | 0xFE00..=0xFE0F | 0xFFF9..=0xFFFB | 0xFFFE..=0xFFFF | 0xE0000..=0xE0FFF)
}

/// The text with every unprintable character as an escape: `\u{202e}`.
pub fn escape_unprintable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| push_printable(&mut out, c));
    out
}

/// Adds a character to a text, as an escape if it is unprintable.
pub fn push_printable(out: &mut String, c: char) {
    match is_unprintable(c) {
        true => out.extend(c.escape_unicode()),
        false => out.push(c),
    }
}

/// Returns the text on one line of at most `max` characters, without characters that control a terminal or end a
/// comment, because parts of it may be from a server.
pub fn one_line(text: &str, max: usize) -> String {
    let safe: String = text.chars().map(|c| if is_unprintable(c) { ' ' } else { c }).collect();
    match safe.char_indices().nth(max) {
        Some((cut, _)) => format!("{}...", safe.get(..cut).unwrap_or_default()),
        None => safe,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_or_hides_is_told_from_plain_text() {
        for c in ['\0', '\n', '\u{1b}', '\u{7f}', '\u{200b}', '\u{202e}', '\u{2066}', '\u{feff}', '\u{e0041}'] {
            assert!(is_unprintable(c), "{c:?}");
        }
        for c in ['a', ' ', 'ü', '東', '"', '\u{301}', '\u{1f600}'] {
            assert!(!is_unprintable(c), "{c:?}");
        }
        assert_eq!(escape_unprintable("a\u{1b}[2J\u{202e}ü"), "a\\u{1b}[2J\\u{202e}ü");
    }

    #[test]
    fn one_line_removes_control_characters_and_cuts() {
        assert_eq!(one_line("a\u{1b}[2Jb\nc\u{202e}d", 160), "a [2Jb c d");
        assert_eq!(one_line(&"x".repeat(1_000), 10), format!("{}...", "x".repeat(10)));
    }
}
