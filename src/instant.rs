//! FHIR instants: date, time to the second or finer, zone.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The instant that `text` writes, if it is one: `YYYY-MM-DDThh:mm:ss`, any number of fraction digits, `Z` or an offset.
/// A leap second counts as the second before it.
pub fn parse(text: &str) -> Option<OffsetDateTime> {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|b| b.iter().all(u8::is_ascii_digit));
    let is = |at: usize, byte: u8| bytes.get(at) == Some(&byte);
    let head = digits(0..4) && is(4, b'-') && digits(5..7) && is(7, b'-') && digits(8..10) && is(10, b'T');
    let clock = digits(11..13) && is(13, b':') && digits(14..16) && is(16, b':') && digits(17..19);
    if !(head && clock) || !text.is_ascii() {
        return None;
    }
    let mut rest = text.get(19..)?;
    let mut fraction = "";
    if let Some(after) = rest.strip_prefix('.') {
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        if end == 0 {
            return None;
        }
        // Nine digits are all that can be told apart; the rest is legal and dropped.
        (fraction, rest) = (after.get(..end.min(9))?, after.get(end..)?);
    }
    if rest == "z" {
        return None;
    }
    let seconds = if text.get(17..19)? == "60" { "59" } else { text.get(17..19)? };
    let point = if fraction.is_empty() { "" } else { "." };
    OffsetDateTime::parse(&format!("{}{seconds}{point}{fraction}{rest}", text.get(..17)?), &Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants() {
        for good in [
            "2026-02-07T13:28:17Z",
            "2026-02-07T13:28:17.239+02:00",
            "2026-02-07T13:28:17.1234567890123-11:30",
            "2016-12-31T23:59:60Z",
        ] {
            assert!(parse(good).is_some(), "{good}");
        }
        for bad in [
            "2026-02-07",
            "2026-02-07T13:28Z",
            "2026-02-07T13:28:17",
            "2026-02-30T13:28:17Z",
            "2026-02-07 13:28:17Z",
            "2026-02-07T13:28:17.Z",
            "2026-02-07T13:28:17z",
            "2026-02-07T25:28:17Z",
            "2026-02-07T13:28:17+0200",
            "",
            "now",
        ] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }
}
