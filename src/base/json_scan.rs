//! The JSON lexer. For speed it reads strings eight bytes at a time. `ndjson` describes what [`Malformed`] points at;
//! `fhir` validates resources and finds elements with it.

/// The text is not a valid JSON token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The first invalid byte; for an invalid escape its backslash; for a text that ends too early its length.
    pub at: usize,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Returns the highest bit of each byte of `word` that is a quote, a backslash or a control character. Only the lowest
/// set bit is reliable: its borrow may affect higher bytes.
#[inline]
fn special(word: u64) -> u64 {
    let quote = word ^ (ONES * b'"' as u64);
    let slash = word ^ (ONES * b'\\' as u64);
    ((quote.wrapping_sub(ONES) & !quote)
        | (slash.wrapping_sub(ONES) & !slash)
        | (word.wrapping_sub(ONES * 0x20) & !word))
        & HIGHS
}

/// Returns the end of the string that starts at `at`, after its closing quote, and whether it has escapes.
#[inline]
pub fn string(line: &[u8], at: usize) -> Result<(usize, bool), Malformed> {
    let mut next = at + 1;
    let mut escaped = false;
    loop {
        while let Some(chunk) = line.get(next..).and_then(<[u8]>::first_chunk::<8>) {
            let hit = special(u64::from_le_bytes(*chunk));
            if hit != 0 {
                next += (hit.trailing_zeros() / 8) as usize;
                break;
            }
            next += 8;
        }
        match line.get(next) {
            Some(b'"') => return Ok((next + 1, escaped)),
            Some(b'\\') => {
                escaped = true;
                next += escape(line, next)?;
            }
            Some(0x20..) => next += 1,
            _ => return Err(Malformed { at: next }),
        }
    }
}

/// Returns the end of the string at `at` if it has neither escapes nor white space, like most URIs, ids and codes.
#[inline]
pub fn solid(line: &[u8], at: usize) -> Option<usize> {
    let mut next = at + 1;
    while let Some(chunk) = line.get(next..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let hit = special(word) | (word.wrapping_sub(ONES * 0x21) & !word & HIGHS);
        if hit != 0 {
            next += (hit.trailing_zeros() / 8) as usize;
            return (line.get(next) == Some(&b'"')).then_some(next + 1);
        }
        next += 8;
    }
    None
}

/// Returns the length of the escape at `at`.
fn escape(line: &[u8], at: usize) -> Result<usize, Malformed> {
    match line.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(2),
        Some(b'u') => match line.get(at + 2..at + 6) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => Ok(6),
            _ => Err(Malformed { at }),
        },
        _ => Err(Malformed { at }),
    }
}

/// Returns the position of the first byte at or after `at` that is not white space.
#[inline]
pub fn space(line: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\r' | b'\n') = line.get(at) {
        at += 1;
    }
    at
}

/// Returns the end of the number at `at`, and whether it has neither a fraction nor an exponent.
#[inline]
pub fn number(line: &[u8], at: usize) -> Result<(usize, bool), Malformed> {
    let digits = |from: usize| {
        let mut end = from;
        while line.get(end).is_some_and(u8::is_ascii_digit) {
            end += 1;
        }
        end
    };
    let start = at + usize::from(line.get(at) == Some(&b'-'));
    let mut end = digits(start);
    if end == start || (line.get(start) == Some(&b'0') && end > start + 1) {
        return Err(Malformed { at: start });
    }
    let mut whole = true;
    if line.get(end) == Some(&b'.') {
        let after = digits(end + 1);
        if after == end + 1 {
            return Err(Malformed { at: after });
        }
        (end, whole) = (after, false);
    }
    if let Some(b'e' | b'E') = line.get(end) {
        let sign = usize::from(matches!(line.get(end + 1), Some(b'+' | b'-')));
        let after = digits(end + 1 + sign);
        if after == end + 1 + sign {
            return Err(Malformed { at: after });
        }
        (end, whole) = (after, false);
    }
    Ok((end, whole))
}

/// Returns the end of `word`, which must start at `at`.
#[inline]
pub fn literal(line: &[u8], at: usize, word: &[u8]) -> Result<usize, Malformed> {
    match line.get(at..at + word.len()) {
        Some(there) if there == word => Ok(at + word.len()),
        _ => Err(Malformed { at }),
    }
}

/// Returns the end of the value at `at`. It only tracks brackets and strings; it does not check that the text is JSON.
pub fn skip(line: &[u8], at: usize) -> Result<usize, Malformed> {
    let mut depth = 0_u32;
    let mut next = at;
    loop {
        match line.get(next).ok_or(Malformed { at: next })? {
            b'"' => next = string(line, next)?.0,
            b'{' | b'[' => {
                depth += 1;
                next += 1;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1).ok_or(Malformed { at: next })?;
                next += 1;
            }
            b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' => {
                next += 1;
                continue;
            }
            _ => {
                while line.get(next).is_some_and(|b| !matches!(b, b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n')) {
                    next += 1;
                }
            }
        }
        if depth == 0 {
            return Ok(next);
        }
    }
}

/// Calls `each` for each member of the object at `at` in valid JSON: the key without quotes, and the start and end of
/// the value. Stops when `each` returns false.
pub fn members<'l>(line: &'l [u8], at: usize, each: &mut dyn FnMut(&'l [u8], usize, usize) -> bool) {
    let mut walk = || -> Result<(), Malformed> {
        let mut next = space(line, literal(line, at, b"{")?);
        while line.get(next) == Some(&b'"') {
            let (end, _) = string(line, next)?;
            let key = line.get(next + 1..end - 1).unwrap_or_default();
            let value = space(line, literal(line, space(line, end), b":")?);
            let after = skip(line, value)?;
            if !each(key, value, after) {
                return Ok(());
            }
            next = space(line, after);
            if line.get(next) == Some(&b',') {
                next = space(line, next + 1);
            }
        }
        Ok(())
    };
    // Values other than objects have no members.
    let _ = walk();
}

/// Calls `each` with the start of each item of the array at `at` in valid JSON.
pub fn items(line: &[u8], at: usize, each: &mut dyn FnMut(usize)) {
    let mut walk = || -> Result<(), Malformed> {
        let mut next = space(line, literal(line, at, b"[")?);
        while line.get(next).is_some_and(|b| *b != b']') {
            each(next);
            next = space(line, skip(line, next)?);
            if line.get(next) == Some(&b',') {
                next = space(line, next + 1);
            }
        }
        Ok(())
    };
    let _ = walk();
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_strings_are_found() {
        for length in 0..40 {
            for (tail, escaped) in [("\"", false), ("\\n\"", true), ("\\u00e9\"x", true), ("\u{e9}\u{7f}\"", false)] {
                let text = format!("\"{}{tail}", "a".repeat(length));
                let end = text.rfind('"').unwrap() + 1;
                assert_eq!(string(text.as_bytes(), 0), Ok((end, escaped)), "{text}");
            }
            for tail in ["", "\u{1f}\"", "\\", "\\u12\"", "\\x\"", "\t\"", "\\\""] {
                let text = format!("\"{}{tail}", "a".repeat(length));
                assert!(string(text.as_bytes(), 0).is_err(), "{text:?}");
            }
        }
    }

    #[test]
    fn invalid_strings_have_a_position() {
        for (text, at) in [("\"ab", 3), ("\"a\tb\"", 2), ("\"a\\x\"", 2), ("\"a\\u12x4\"", 2), ("\"a\\", 2)] {
            assert_eq!(string(text.as_bytes(), 0), Err(Malformed { at }), "{text:?}");
        }
    }

    #[test]
    fn solid_strings_have_no_space() {
        for length in 0..20 {
            let plain = "a".repeat(length);
            assert_eq!(solid(format!("\"{plain}\"        ").as_bytes(), 0), Some(length + 2));
            for other in [" ", "\t", "\\n", "\u{1}"] {
                assert_eq!(solid(format!("\"{plain}{other}b\"        ").as_bytes(), 0), None);
            }
        }
    }

    #[test]
    fn numbers_are_json() {
        for (text, whole) in [("0", true), ("-12", true), ("1.50", false), ("1e9", false), ("-0.1E-3", false)] {
            assert_eq!(number(text.as_bytes(), 0), Ok((text.len(), whole)), "{text}");
        }
        for text in ["", "-", "01", "1.", ".5", "1e", "+1", "1e+"] {
            assert!(number(text.as_bytes(), 0).is_err(), "{text}");
        }
    }

    #[test]
    fn members_and_items_are_visited() {
        let line = br#"{ "a" : [1, {"b": "}"}, "x\"]"], "c":null , "d": {} }"#;
        let mut seen = Vec::new();
        members(line, 0, &mut |key, from, to| {
            seen.push((
                String::from_utf8_lossy(key).into_owned(),
                String::from_utf8_lossy(&line[from..to]).into_owned(),
            ));
            true
        });
        assert_eq!(seen.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["a", "c", "d"]);
        assert_eq!(seen[0].1, r#"[1, {"b": "}"}, "x\"]"]"#);
        let mut begins = Vec::new();
        items(seen[0].1.as_bytes(), 0, &mut |at| begins.push(at));
        assert_eq!(begins, [1, 4, 16]);
    }
}
