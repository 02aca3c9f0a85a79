//! The formats of FHIR's primitive types that are strings in JSON (R4, datatypes). Values pass if the definitions are
//! unclear about them.

use crate::base::fhir_names::is_id;
use crate::base::instant::{Instant, days_in};
use crate::fhir::definitions::layout::ValueKind;

/// Returns whether `text`, unescaped and not empty, is a value of the kind.
#[inline]
pub(crate) fn fits(kind: ValueKind, text: &[u8]) -> bool {
    match kind {
        ValueKind::Code => code(text),
        ValueKind::Id => is_id(text),
        ValueKind::Uri => !text.iter().any(|b| is_space(*b)),
        ValueKind::Date => date(text).is_some_and(<[u8]>::is_empty),
        ValueKind::DateTime => date_time(text),
        ValueKind::Instant => instant(text),
        ValueKind::Time => time(text).is_some_and(<[u8]>::is_empty),
        ValueKind::Base64 => base64(text),
        ValueKind::Oid => oid(text),
        ValueKind::Uuid => uuid(text),
        _ => true,
    }
}

/// Describes the values of a kind.
pub(crate) fn looks(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Code => "a code: no leading or trailing white space, no two spaces together",
        ValueKind::Id => "an id: 1 to 64 letters, digits, - or .",
        ValueKind::Uri => "a URI without white space",
        ValueKind::Date => "a valid date: YYYY, YYYY-MM or YYYY-MM-DD",
        ValueKind::DateTime => "a valid dateTime: YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz",
        ValueKind::Instant => "a valid instant: YYYY-MM-DDThh:mm:ss.sss+zz:zz",
        ValueKind::Time => "a time: hh:mm:ss",
        ValueKind::Boolean => "true or false",
        ValueKind::Integer => "an integer from -2147483648 to 2147483647, without decimal point or exponent",
        ValueKind::PositiveInt => "an integer from 1 to 2147483647, without decimal point or exponent",
        ValueKind::UnsignedInt => "an integer from 0 to 2147483647, without decimal point or exponent",
        ValueKind::Decimal => "a number",
        ValueKind::Base64 => "base64",
        ValueKind::Oid => "an OID as a URI: urn:oid:1.2.3",
        ValueKind::Uuid => "a UUID as a URI in lower case: urn:uuid:01234567-89ab-cdef-0123-456789abcdef",
        ValueKind::Xhtml => "an XHTML div in a string",
        _ => "a string that is not empty",
    }
}

#[inline]
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Returns whether `text` has no white space at its ends, and nowhere two white space characters together.
fn code(text: &[u8]) -> bool {
    let mut after_space = true;
    for byte in text {
        let space = is_space(*byte);
        if space && after_space {
            return false;
        }
        after_space = space;
    }
    !after_space
}

/// Reads `length` digits from the front; returns their value and the rest.
#[inline]
fn digits(text: &[u8], length: usize) -> Option<(u32, &[u8])> {
    let (head, rest) = text.split_at_checked(length)?;
    let mut value = 0;
    for byte in head {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u32::from(byte - b'0');
    }
    Some((value, rest))
}

/// Reads a date, complete or partial, and returns the rest.
#[inline]
fn date(text: &[u8]) -> Option<&[u8]> {
    let (year, rest) = digits(text, 4)?;
    if year == 0 {
        return None;
    }
    let Some(rest) = rest.strip_prefix(b"-") else { return Some(rest) };
    let (month, rest) = digits(rest, 2)?;
    if !(1..=12).contains(&month) {
        return None;
    }
    let Some(rest) = rest.strip_prefix(b"-") else { return Some(rest) };
    let (day, rest) = digits(rest, 2)?;
    let last = days_in(i64::from(year), i64::from(month))?;
    (day >= 1 && i64::from(day) <= last).then_some(rest)
}

/// Reads a time of day with seconds, and returns the rest.
#[inline]
fn time(text: &[u8]) -> Option<&[u8]> {
    let (hour, rest) = digits(text, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(b":")?, 2)?;
    let (second, rest) = digits(rest.strip_prefix(b":")?, 2)?;
    // A leap second is allowed.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let Some(fraction) = rest.strip_prefix(b".") else { return Some(rest) };
    let length = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
    if length == 0 { None } else { fraction.get(length..) }
}

#[inline]
fn zone(text: &[u8]) -> bool {
    if text == b"Z" {
        return true;
    }
    let Some((b'+' | b'-', rest)) = text.split_first() else { return false };
    let Some((hour, rest)) = digits(rest, 2) else { return false };
    let Some((minute, rest)) = rest.strip_prefix(b":").and_then(|rest| digits(rest, 2)) else { return false };
    rest.is_empty() && (hour < 14 && minute < 60 || hour == 14 && minute == 0)
}

/// Returns whether the rest after a complete date is a time with a zone.
#[inline]
fn timed(rest: &[u8]) -> bool {
    rest.strip_prefix(b"T").and_then(time).is_some_and(zone)
}

fn date_time(text: &[u8]) -> bool {
    match date(text) {
        Some([]) => true,
        Some(rest) => text.len() - rest.len() == 10 && timed(rest),
        None => false,
    }
}

fn instant(text: &[u8]) -> bool {
    date(text).is_some_and(|rest| text.len() - rest.len() == 10 && timed(rest))
}

/// Checks for groups of four characters; white space does not count.
fn base64(text: &[u8]) -> bool {
    let (mut count, mut padding) = (0_usize, 0_usize);
    for byte in text {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => count += 1,
            b'=' => padding += 1,
            _ if is_space(*byte) => {}
            _ => return false,
        }
    }
    count > 0 && padding <= 2 && (count + padding).is_multiple_of(4)
}

fn oid(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"urn:oid:") else { return false };
    let mut arcs = rest.split(|b| *b == b'.');
    let first = arcs.next().is_some_and(|arc| matches!(arc, b"0" | b"1" | b"2"));
    let mut more = false;
    for arc in arcs {
        more = true;
        let good =
            arc.iter().all(u8::is_ascii_digit) && !arc.is_empty() && (arc.len() == 1 || arc.first() != Some(&b'0'));
        if !good {
            return false;
        }
    }
    first && more
}

fn uuid(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"urn:uuid:") else { return false };
    rest.len() == 36
        && rest.iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

/// Returns whether the integer `text`, as in JSON, is in the range of the kind.
#[inline]
pub(crate) fn whole(kind: ValueKind, text: &[u8]) -> bool {
    let (negative, digits) = match text.split_first() {
        Some((b'-', digits)) => (true, digits),
        _ => (false, text),
    };
    let mut value = 0_i64;
    for byte in digits {
        value = value * 10 + i64::from(byte.wrapping_sub(b'0'));
        if value > 2_147_483_648 {
            return false;
        }
    }
    match kind {
        ValueKind::PositiveInt => !negative && (1..=2_147_483_647).contains(&value),
        ValueKind::UnsignedInt => (!negative || value == 0) && value <= 2_147_483_647,
        _ => value <= if negative { 2_147_483_648 } else { 2_147_483_647 },
    }
}

/// Returns whether the date or time `start` is certainly after `end`. Two instants are compared as such, else the
/// dates. The zone of a date is unknown, so neighboring days are not ordered if only one of them has a zone.
pub(crate) fn is_after(start: &str, end: &str) -> bool {
    if let (Some(start), Some(end)) = (Instant::parse(start), Instant::parse(end)) {
        return start > end;
    }
    let slack = usize::from(start.len().min(end.len()) >= 10 && start.len() != end.len());
    let length = start.len().min(end.len()).min(10);
    match (start.get(..length), end.get(..length)) {
        (Some(start), Some(end)) if slack == 0 => start > end,
        // Only a difference in months is certain.
        (Some(start), Some(end)) => start.get(..7) > end.get(..7) && !neighbors(start, end),
        _ => false,
    }
}

/// Returns whether `start` is the first day of a month and `end` late in a month, so that a zone could change their
/// order.
fn neighbors(start: &str, end: &str) -> bool {
    start.get(8..10) == Some("01") && end.get(8..10).is_some_and(|day| day >= "28")
}

/// Describes a text by its shape, as in `a value of the form Aaa 99/99`: digits as 9, letters as a and A, other ASCII
/// characters unchanged; cut at 40 characters. The words make clear that the shape is not the value.
pub(crate) fn shape(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    if text.is_empty() {
        return "an empty string".to_owned();
    }
    let mut shape: String = text
        .chars()
        .take(40)
        .map(|c| match c {
            '0'..='9' => '9',
            c if c.is_uppercase() => 'A',
            c if c.is_alphabetic() => 'a',
            ' '..='~' => c,
            _ => '?',
        })
        .collect();
    if text.chars().nth(40).is_some() {
        shape.push_str("...");
    }
    format!("a value of the form {shape}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn each_format_accepts_valid_and_rejects_invalid_values() {
        let good: &[(ValueKind, &[&str])] = &[
            (ValueKind::Code, &["a", "a b", "<=", "4.0.1"]),
            (ValueKind::Id, &["a", "A-1.b", &"x".repeat(64)]),
            (ValueKind::Uri, &["urn:x", "#a", "http://a/b?c=d|1", "\u{e9}"]),
            (ValueKind::Date, &["2024", "2024-02", "2024-02-29", "0001-01-01", "9999-12-31", "2000-02-29"]),
            (
                ValueKind::DateTime,
                &[
                    "2024",
                    "2024-02",
                    "2024-02-29",
                    "2024-02-29T23:59:60Z",
                    "2015-02-07T13:28:17.239+14:00",
                    "1970-01-01T00:00:00-00:00",
                ],
            ),
            (
                ValueKind::Instant,
                &["2015-02-07T13:28:17.239+02:00", "2017-01-01T00:00:00Z", "2017-01-01T00:00:00.1234567890123Z"],
            ),
            (ValueKind::Time, &["00:00:00", "23:59:59.999", "12:00:60"]),
            (ValueKind::Base64, &["AAAA", "AAA=", "AA==", "AAAA\nBBBB", " AAAA "]),
            (ValueKind::Oid, &["urn:oid:1.2.3", "urn:oid:2.0.10"]),
            (ValueKind::Uuid, &["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"]),
        ];
        for (kind, texts) in good {
            for text in *texts {
                assert!(fits(*kind, text.as_bytes()), "{kind:?} {text}");
            }
        }
        let bad: &[(ValueKind, &[&str])] = &[
            (ValueKind::Code, &[" a", "a ", "a  b", " ", "a\t b"]),
            (ValueKind::Id, &["a_b", "a b", &"x".repeat(65), "\u{e9}"]),
            (ValueKind::Uri, &["a b", " ", "a\n"]),
            (
                ValueKind::Date,
                &[
                    "24",
                    "2024-2",
                    "2024-13",
                    "2023-02-29",
                    "2024-04-31",
                    "0000",
                    "2024-01-01T00:00:00Z",
                    "2024-",
                    "1900-02-29",
                ],
            ),
            (
                ValueKind::DateTime,
                &[
                    "2024-01-01T00:00",
                    "2024-01-01T00:00:00",
                    "2024-01T00:00:00Z",
                    "2024-01-01 00:00:00Z",
                    "2024-01-01T24:00:00Z",
                    "2024-01-01T00:00:00+14:01",
                    "2024-02-30",
                ],
            ),
            (
                ValueKind::Instant,
                &[
                    "2024-01-01",
                    "2024-01-01T00:00:00",
                    "2024-02-30T00:00:00Z",
                    "2024-01-01T00:00:00.Z",
                    "2024-01-01T00:00:00z",
                ],
            ),
            (ValueKind::Time, &["24:00:00", "12:00", "12:00:00Z", "1:00:00"]),
            (ValueKind::Base64, &["AAA", "AA=A", "A===", "====", "AA!A", "   "]),
            (ValueKind::Oid, &["1.2.3", "urn:oid:1", "urn:oid:3.1", "urn:oid:1.02", "urn:oid:1..2"]),
            (
                ValueKind::Uuid,
                &["urn:uuid:C757873D-ec9a-4326-a141-556f43239520", "c757873d-ec9a-4326-a141-556f43239520"],
            ),
        ];
        for (kind, texts) in bad {
            for text in *texts {
                assert!(!fits(*kind, text.as_bytes()), "{kind:?} {text}");
            }
        }
    }

    #[test]
    fn integers_have_the_ranges_of_their_kinds() {
        for (kind, good, bad) in [
            (
                ValueKind::Integer,
                ["0", "-2147483648", "2147483647", "-0"],
                ["2147483648", "-2147483649", "99999999999999999999", "5000000000"],
            ),
            (ValueKind::PositiveInt, ["1", "2", "10", "2147483647"], ["0", "-1", "2147483648", "99999999999999999999"]),
            (
                ValueKind::UnsignedInt,
                ["0", "-0", "7", "2147483647"],
                ["-1", "-3", "2147483648", "99999999999999999999"],
            ),
        ] {
            assert!(good.iter().all(|text| whole(kind, text.as_bytes())), "{kind:?}");
            assert!(!bad.iter().any(|text| whole(kind, text.as_bytes())), "{kind:?}");
        }
    }

    #[test]
    fn only_a_certain_order_counts_as_after() {
        for (start, end) in [
            ("2024", "2023"),
            ("2024-02", "2024-01-15"),
            ("2024-02-02", "2024-02-01"),
            ("2024-02-02T00:00:00Z", "2024-02-01T23:00:00Z"),
            ("2024-03-05", "2024-01-31T00:00:00Z"),
        ] {
            assert!(is_after(start, end), "{start} {end}");
        }
        for (start, end) in [
            ("2023", "2023"),
            ("2024-02-01", "2024"),
            ("2024-02-02", "2024-02-01T23:00:00-12:00"),
            ("2024-02-01", "2024-01-31T23:00:00-12:00"),
            ("2024-02-01T01:00:00+02:00", "2024-01-31T23:30:00Z"),
            ("x", "y"),
        ] {
            assert!(!is_after(start, end), "{start} {end}");
        }
    }

    #[test]
    fn shapes_contain_no_resource_content() {
        assert_eq!(shape("Ann 12/31/1999".as_bytes()), "a value of the form Aaa 99/99/9999");
        assert_eq!(shape("\u{c9}t\u{e9}\u{7}".as_bytes()), "a value of the form Aaa?");
        assert_eq!(shape(&[b'1'; 50]), format!("a value of the form {}...", "9".repeat(40)));
        assert_eq!(shape(b""), "an empty string");
    }
}
