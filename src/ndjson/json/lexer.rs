//! Reads strings, numbers and literals of JSON. `base::json_scan` finds the tokens; this file explains why a token is
//! malformed.

use std::borrow::Cow;

use crate::base::json_scan;

/// The result of reading a token.
pub(crate) enum Lexed<T> {
    /// It is well-formed.
    Good(T),
    /// The line ends within it.
    End { in_string: bool },
    /// It is malformed.
    Bad { at: usize, expected: &'static str, actual: Cow<'static, str> },
}

/// Reads a string from its opening quote at `at`. Returns its end, after the closing quote, and whether it has escapes.
/// A lone surrogate in an escape is well-formed by the grammar.
pub(crate) fn string(line: &[u8], at: usize) -> Lexed<(usize, bool)> {
    json_scan::string(line, at).map_or_else(|malformed| explain_string(line, malformed.at), Lexed::Good)
}

/// Explains why a string is malformed at the byte `at`.
#[cold]
fn explain_string(line: &[u8], at: usize) -> Lexed<(usize, bool)> {
    match (line.get(at), line.get(at + 1)) {
        (None, _) | (Some(b'\\'), None) => Lexed::End { in_string: true },
        (Some(b'\\'), Some(b'u')) => {
            let digits = line.get(at + 2..).unwrap_or_default().iter().take(4);
            if digits.copied().all(|b| b.is_ascii_hexdigit()) {
                return Lexed::End { in_string: true };
            }
            bad(at, "four hexadecimal digits after \\u", "another character")
        }
        (Some(b'\\'), _) => bad(at, "a JSON escape after a backslash", "another character"),
        _ => bad(at, "control characters escaped in strings", "an unescaped control character"),
    }
}

/// Reads a number from its first character at `at`; returns its end.
pub(crate) fn number(line: &[u8], at: usize) -> Lexed<usize> {
    match json_scan::number(line, at) {
        Ok((end, _)) => Lexed::Good(end),
        Err(malformed) => explain_number(line, at, malformed.at),
    }
}

/// Explains why the number at `at` is malformed at the byte `wrong` of the line.
#[cold]
fn explain_number(line: &[u8], at: usize, wrong: usize) -> Lexed<usize> {
    let start = at + usize::from(line.get(at) == Some(&b'-'));
    match line.get(wrong) {
        None => Lexed::End { in_string: false },
        Some(b'0') if wrong == start => bad(at, "a number without leading zeros", "a leading zero"),
        Some(_) if wrong == start => bad(at, "a digit after the minus sign", "another character"),
        Some(_) if line.get(wrong - 1) == Some(&b'.') => bad(at, "a digit after the decimal point", "none"),
        Some(_) => bad(at, "a digit in the exponent", "none"),
    }
}

/// Reads `word` at `at`; returns its end.
pub(crate) fn literal(line: &[u8], at: usize, word: &[u8]) -> Lexed<usize> {
    match json_scan::literal(line, at, word) {
        Ok(end) => Lexed::Good(end),
        Err(_) if word.starts_with(line.get(at..).unwrap_or_default()) => Lexed::End { in_string: false },
        Err(_) => bad(at, "a JSON value", "an unknown word"),
    }
}

/// Returns the end of a `NaN` or `Infinity` at `at`, with or without a sign.
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

/// Describes the character at `at`, without resource content.
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

/// Describes bytes that are not UTF-8. The bytes themselves are resource content and are not shown.
pub(crate) fn not_utf8(line: &[u8], at: usize) -> &'static str {
    match (line.get(at), line.get(at + 1)) {
        (Some(0xa0..), Some(next)) if next & 0xc0 != 0x80 => "a lone byte above 0x9F, as in Latin-1",
        _ => "bytes that are not a UTF-8 character",
    }
}
