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
    }
}
