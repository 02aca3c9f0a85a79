//! FHIR instants and HTTP dates.

use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Reads a FHIR instant: a date, a time to the second or finer, and a zone.
pub(super) fn parse(text: &str) -> Option<OffsetDateTime> {
    let shape = text.as_bytes();
    if shape.get(10) != Some(&b'T') || text.contains('z') {
        return None;
    }
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

/// Writes an instant in UTC, to the millisecond.
pub(super) fn show(at: OffsetDateTime) -> String {
    let at = at.to_offset(time::UtcOffset::UTC);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.millisecond()
    )
}

/// An HTTP date, `seconds` after `now` (before it, where negative).
pub(super) fn http_date(now: SystemTime, seconds: i64) -> String {
    httpdate::fmt_http_date(shift(now, seconds))
}

/// `now`, moved by `seconds`.
pub(super) fn shift(now: SystemTime, seconds: i64) -> SystemTime {
    let by = Duration::from_secs(seconds.unsigned_abs());
    let moved = if seconds < 0 { now.checked_sub(by) } else { now.checked_add(by) };
    moved.unwrap_or(now)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_needs_a_time_and_a_zone() {
        assert!(parse("2024-03-01").is_none());
        assert!(parse("2024-03-01T10:00:00").is_none());
        assert!(parse("2024-03-01 10:00:00Z").is_none());
        assert!(parse("not-a-date").is_none());
        let plain = parse("2024-03-01T10:00:00Z").unwrap();
        let shifted = parse("2024-03-01T15:30:00.000+05:30").unwrap();
        assert_eq!(plain, shifted);
        assert_eq!(show(shifted), "2024-03-01T10:00:00.000Z");
    }
}
