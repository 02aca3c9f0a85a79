//! FHIR instants: a date, a time to the second or finer, and a zone (FHIR R4, datatypes, `instant`).

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// A point in time, to the nanosecond. An earlier instant is less than a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    seconds: i64,
    nanos: u32,
}

impl Instant {
    /// Parses an instant such as `2024-02-29T12:00:00.123+01:00`. Fraction digits after the ninth are ignored; the zone
    /// is `Z` or an offset of at most 14 hours. Returns `None` for any other text and for days that do not exist.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text.as_bytes();
        let year = digits(&mut rest, 4)?;
        byte(&mut rest, b"-")?;
        let month = digits(&mut rest, 2)?;
        byte(&mut rest, b"-")?;
        let day = digits(&mut rest, 2)?;
        byte(&mut rest, b"T")?;
        let hour = digits(&mut rest, 2)?;
        byte(&mut rest, b":")?;
        let minute = digits(&mut rest, 2)?;
        byte(&mut rest, b":")?;
        let second = digits(&mut rest, 2)?;
        let nanos = fraction(&mut rest)?;
        let offset = zone(&mut rest)?;
        // FHIR allows leap seconds.
        if !rest.is_empty() || hour > 23 || minute > 59 || second > 60 || day == 0 || day > days_in(year, month)? {
            return None;
        }
        let seconds = days_before(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset * 60;
        Some(Self { seconds, nanos })
    }

    /// The instant, truncated to the millisecond.
    fn to_the_millisecond(self) -> Self {
        Self { nanos: self.nanos - self.nanos % 1_000_000, ..self }
    }

    /// The instant `millis` milliseconds after 1970-01-01T00:00:00Z.
    pub fn from_millis(millis: i64) -> Self {
        // The remainder is between 0 and 999.
        let nanos = u32::try_from(millis.rem_euclid(1000)).unwrap_or_default() * 1_000_000;
        Self { seconds: millis.div_euclid(1000), nanos }
    }

    /// Milliseconds since 1970-01-01T00:00:00Z, truncated.
    pub fn millis(self) -> i64 {
        self.seconds.saturating_mul(1000).saturating_add(i64::from(self.nanos / 1_000_000))
    }

    /// The instant halfway to `later`, to the millisecond; none if `later` is less than two milliseconds later.
    pub fn middle(self, later: Self) -> Option<Self> {
        let nanos = |at: Self| i128::from(at.seconds) * 1_000_000_000 + i128::from(at.nanos);
        let (from, to) = (nanos(self), nanos(later));
        if to - from < 2_000_000 {
            return None;
        }
        let millis = (from + (to - from) / 2).div_euclid(1_000_000);
        i64::try_from(millis).ok().map(Self::from_millis)
    }

    /// The start of the day, in UTC.
    pub fn start_of_day(self) -> Self {
        Self { seconds: self.seconds - self.seconds.rem_euclid(86_400), nanos: 0 }
    }

    /// The instant `seconds` later.
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self { seconds: self.seconds.saturating_add(seconds), nanos: self.nanos }
    }
}

impl From<SystemTime> for Instant {
    fn from(at: SystemTime) -> Self {
        match at.duration_since(UNIX_EPOCH) {
            Ok(since) => Self { seconds: since.as_secs().try_into().unwrap_or(i64::MAX), nanos: since.subsec_nanos() },
            // A system clock before 1970 is wrong.
            Err(_) => Self { seconds: 0, nanos: 0 },
        }
    }
}

/// Formats `at` for recordings and kick-off parameters: RFC 3339, UTC, to the millisecond.
pub fn rfc3339(at: SystemTime) -> String {
    Instant::from(at).to_the_millisecond().to_string()
}

/// RFC 3339 in UTC, with milliseconds, or with nanoseconds if milliseconds are not exact.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.seconds.div_euclid(86_400));
        let of_day = self.seconds.rem_euclid(86_400);
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        match self.nanos % 1_000_000 {
            0 => write!(f, ".{:03}Z", self.nanos / 1_000_000),
            _ => write!(f, ".{:09}Z", self.nanos),
        }
    }
}

fn byte(rest: &mut &[u8], any_of: &[u8]) -> Option<u8> {
    let (first, tail) = rest.split_first()?;
    any_of.contains(first).then(|| *rest = tail)?;
    Some(*first)
}

fn digits(rest: &mut &[u8], count: usize) -> Option<i64> {
    let (head, tail) = rest.split_at_checked(count)?;
    *rest = tail;
    head.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
}

fn fraction(rest: &mut &[u8]) -> Option<u32> {
    if byte(rest, b".").is_none() {
        return Some(0);
    }
    let (mut nanos, mut scale, mut any) = (0, 100_000_000, false);
    while let Some(digit) = byte(rest, b"0123456789") {
        nanos += u32::from(digit - b'0') * scale;
        scale /= 10;
        any = true;
    }
    any.then_some(nanos)
}

/// Parses a zone; returns minutes east of UTC.
fn zone(rest: &mut &[u8]) -> Option<i64> {
    let sign = match byte(rest, b"Z+-")? {
        b'Z' => return Some(0),
        b'+' => 1,
        _ => -1,
    };
    let hours = digits(rest, 2)?;
    byte(rest, b":")?;
    let minutes = digits(rest, 2)?;
    (minutes <= 59 && hours * 60 + minutes <= 14 * 60).then_some(sign * (hours * 60 + minutes))
}

/// The number of days in a month; none if the month does not exist.
#[inline]
pub fn days_in(year: i64, month: i64) -> Option<i64> {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => Some(29),
        2 => Some(28),
        _ => None,
    }
}

/// Days from 1970-01-01 to a date. The calculation starts years in March, so the leap day is the last day of a year.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The inverse of [`days_before`].
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days - era * 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn wall_time_has_milliseconds_and_a_zone() {
        let at = UNIX_EPOCH + std::time::Duration::from_nanos(784_111_777_042_999_999);
        assert_eq!(rfc3339(at), "1994-11-06T08:49:37.042Z");
    }

    fn utc(text: &str) -> String {
        Instant::parse(text).unwrap().to_string()
    }

    #[test]
    fn instants_are_normalized() {
        assert_eq!(utc("1970-01-01T00:00:00Z"), "1970-01-01T00:00:00.000Z");
        assert_eq!(utc("2024-02-29T23:30:00.5-01:00"), "2024-03-01T00:30:00.500Z");
        assert_eq!(utc("2024-01-01T00:00:00.1234567+05:30"), "2023-12-31T18:30:00.123456700Z");
        assert_eq!(utc("2024-01-01T00:00:00.123456789999Z"), "2024-01-01T00:00:00.123456789Z");
        assert_eq!(utc("2016-12-31T23:59:60Z"), "2017-01-01T00:00:00.000Z");
        assert_eq!(utc("1899-12-31T00:00:00+14:00"), "1899-12-30T10:00:00.000Z");
    }

    #[test]
    fn invalid_instants_are_refused() {
        for text in [
            "",
            "2024",
            "2024-01-01",
            "2024-01-01T00:00Z",
            "2024-01-01T00:00:00",
            "2024-01-01 00:00:00Z",
            "2024-01-01T00:00:00.Z",
            "2023-02-29T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-00-01T00:00:00Z",
            "2024-01-00T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:00:61Z",
            "2024-01-01T00:00:00+15:00",
            "2024-01-01T00:00:00z",
            "2024-01-01T00:00:00Zx",
            "-024-01-01T00:00:00Z",
            "2024-01-01T00:00:00+0100",
        ] {
            assert_eq!(Instant::parse(text), None, "{text}");
        }
    }

    #[test]
    fn instants_are_ordered_by_time() {
        let (a, b) =
            (Instant::parse("2024-01-01T12:00:00+02:00").unwrap(), Instant::parse("2024-01-01T10:00:00.001Z").unwrap());
        assert!(a < b);
        assert_eq!(a, Instant::parse("2024-01-01T10:00:00.000Z").unwrap());
        assert!(a.plus_seconds(1) > b);
    }

    #[test]
    fn days_convert_to_dates_and_back() {
        for days in -146_097..146_097 {
            let (y, m, d) = civil(days);
            assert_eq!(days_before(y, m, d), days);
            assert!(d >= 1 && d <= days_in(y, m).unwrap());
        }
    }

    #[test]
    fn instant_arithmetic() {
        let at = |text: &str| Instant::parse(text).unwrap();
        assert_eq!(Instant::from_millis(-1).to_string(), "1969-12-31T23:59:59.999Z");
        assert_eq!(Instant::from_millis(1_709_208_000_123), at("2024-02-29T12:00:00.123Z"));
        assert_eq!(at("2024-02-29T01:00:00.5+02:00").start_of_day(), at("2024-02-28T00:00:00Z"));
        let middle = at("2020-01-01T00:00:00Z").middle(at("2020-01-01T00:00:00.003Z"));
        assert_eq!(middle, Some(at("2020-01-01T00:00:00.001Z")));
        assert_eq!(at("2020-01-01T00:00:00Z").middle(at("2020-01-01T00:00:00.001Z")), None);
    }
}
