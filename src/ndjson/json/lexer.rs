//! The tokens of JSON: strings, numbers, literals; and words for what stands where something else should.

use std::borrow::Cow;

/// What came of reading a token.
pub(crate) enum Lexed<T> {
    /// It is well-formed.
    Good(T),
    /// The line ends within it.
    End { in_string: bool },
    /// It is not.
    Bad { at: usize, expected: &'static str, actual: Cow<'static, str> },
}

/// Reads a string from its opening quote at `at`. Gives where it ends, after the closing quote, and whether it has
/// escapes. A lone surrogate in an escape is well-formed by the grammar.
pub(crate) fn string(line: &[u8], at: usize) -> Lexed<(usize, bool)> {
    let mut next = at + 1;
    let mut escaped = false;
    loop {
        let rest = line.get(next..).unwrap_or_default();
        let Some(length) = rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1f)) else {
            return Lexed::End { in_string: true };
        };
        next += length;
        match line.get(next) {
            Some(b'"') => return Lexed::Good((next + 1, escaped)),
            Some(b'\\') => {
                escaped = true;
                match line.get(next + 1) {
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => next += 2,
                    Some(b'u') => {
                        let digits = line.get(next + 2..).unwrap_or_default().iter().take(4);
                        let good = digits.clone().take_while(|b| b.is_ascii_hexdigit()).count();
                        if good < digits.count() {
                            return bad(next, "four hexadecimal digits after \\u", "something else");
                        }
                        if good < 4 {
                            return Lexed::End { in_string: true };
                        }
                        next += 6;
                    }
                    None => return Lexed::End { in_string: true },
                    Some(_) => return bad(next, "an escape that JSON knows", "a backslash and another character"),
                }
            }
            _ => return bad(next, "control characters of a string escaped", "one as it is"),
        }
    }
}

/// Reads a number from its first character at `at`; gives where it ends.
pub(crate) fn number(line: &[u8], at: usize) -> Lexed<usize> {
    let digits =
        |from: usize| from + line.get(from..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count();
    let start = if line.get(at) == Some(&b'-') { at + 1 } else { at };
    let mut end = digits(start);
    match line.get(start) {
        None => return Lexed::End { in_string: false },
        Some(b'0') if end > start + 1 => return bad(at, "a number without leading zeros", "a leading zero"),
        Some(b'0'..=b'9') => {}
        Some(_) => return bad(at, "a digit after the minus sign", "something else"),
    }
    if line.get(end) == Some(&b'.') {
        let after = digits(end + 1);
        if after == end + 1 {
            return lacking(line, after, at, "a digit after the decimal point");
        }
        end = after;
    }
    if let Some(b'e' | b'E') = line.get(end) {
        let sign = usize::from(matches!(line.get(end + 1), Some(b'+' | b'-')));
        let after = digits(end + 1 + sign);
        if after == end + 1 + sign {
            return lacking(line, after, at, "a digit in the exponent");
        }
        end = after;
    }
    Lexed::Good(end)
}

fn lacking(line: &[u8], end: usize, at: usize, expected: &'static str) -> Lexed<usize> {
    if end >= line.len() { Lexed::End { in_string: false } } else { bad(at, expected, "none") }
}

/// Reads `word` at `at`; gives where it ends.
pub(crate) fn literal(line: &[u8], at: usize, word: &[u8]) -> Lexed<usize> {
    let rest = line.get(at..).unwrap_or_default();
    if rest.starts_with(word) {
        Lexed::Good(at + word.len())
    } else if word.starts_with(rest) {
        Lexed::End { in_string: false }
    } else {
        bad(at, "a JSON value", "an unknown word")
    }
}

/// The end of a `NaN` or `Infinity`, of any sign, at `at`.
pub(crate) fn not_a_number(line: &[u8], at: usize) -> Option<usize> {
    let sign = usize::from(matches!(line.get(at), Some(b'-' | b'+')));
    let rest = line.get(at + sign..)?;
    let word: &[u8] = match rest.first()? {
        b'N' => b"NaN",
        b'I' => b"Infinity",
        _ => return None,
    };
    let end = at + sign + word.len();
    (rest.starts_with(word) && !line.get(end).is_some_and(u8::is_ascii_alphanumeric)).then_some(end)
}

fn bad<T>(at: usize, expected: &'static str, actual: &'static str) -> Lexed<T> {
    Lexed::Bad { at, expected, actual: actual.into() }
}

/// What stands at `at`, without showing it where it may be content.
pub(crate) fn found(line: &[u8], at: usize) -> Cow<'static, str> {
    let Some(byte) = line.get(at).copied() else { return "the end of the line".into() };
    match byte {
        b'"' => "a string".into(),
        b'0'..=b'9' => "a digit".into(),
        b'a'..=b'z' | b'A'..=b'Z' => "a letter".into(),
        0x21..=0x7e => format!("the character {}", char::from(byte)).into(),
        0..=0x20 | 0x7f => format!("the control character U+{byte:04X}").into(),
        _ => "a character outside ASCII".into(),
    }
}

/// What the bytes that are not UTF-8 may be. The bytes themselves are content, and not shown.
pub(crate) fn not_utf8(line: &[u8], at: usize) -> &'static str {
    match (line.get(at), line.get(at + 1)) {
        (Some(0xa0..), Some(next)) if next & 0xc0 != 0x80 => "a lone byte above 0x9F, as in Latin-1",
        _ => "bytes that make up no character",
    }
}
