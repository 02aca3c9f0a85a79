//! The text of JSON strings.

/// Appends `raw`, the content of a valid JSON string, with its escapes decoded. Lone surrogates become U+FFFD.
pub fn unescape(raw: &[u8], out: &mut Vec<u8>) {
    let mut rest = raw;
    loop {
        let run = rest.iter().position(|b| *b == b'\\').unwrap_or(rest.len());
        let (plain, escape) = rest.split_at_checked(run).unwrap_or((rest, &[]));
        out.extend_from_slice(plain);
        let Some((_, tail)) = escape.split_first() else { return };
        let Some((kind, tail)) = tail.split_first() else { return };
        rest = tail;
        let plain = match kind {
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let first = unit(rest).unwrap_or(0xfffd);
                rest = rest.get(4..).unwrap_or_default();
                let low = rest.strip_prefix(b"\\u").and_then(unit);
                let mut units = vec![first];
                // A high surrogate and the low one after it are one character.
                if let (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) = (first, low) {
                    units.push(low);
                    rest = rest.get(6..).unwrap_or_default();
                }
                out.extend_from_slice(String::from_utf16_lossy(&units).as_bytes());
                continue;
            }
            other => *other,
        };
        out.push(plain);
    }
}

fn unit(digits: &[u8]) -> Option<u16> {
    u16::from_str_radix(std::str::from_utf8(digits.get(..4)?).ok()?, 16).ok()
}

/// The kind of JSON value that begins with `byte`, with its article.
pub fn shape(byte: Option<u8>) -> &'static str {
    match byte {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}
