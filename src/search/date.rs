//! Dates in searches. A date stands for a range of time (FHIR R4, search, date).

use crate::base::instant::Instant;

/// How a date is compared with the value of a criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DateComparison {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    StartsAfter,
    EndsBefore,
}

/// A range of time, in milliseconds since 1970. The end is excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    from: i64,
    to: i64,
    /// Whether it was written without a zone, so the actual range may be up to `ZONE` earlier or later.
    floating: bool,
}

/// A value such as `ge2020-01-01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DateTest {
    comparison: DateComparison,
    range: Range,
}

/// The largest offset of a zone from UTC, in milliseconds.
const ZONE: i64 = 14 * 3_600_000;

impl DateTest {
    /// Parses a value; none if it is not a date, or if the spec does not define its comparison (`ap`).
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        let (comparison, rest) = match value.get(..2).unwrap_or_default() {
            "eq" => (DateComparison::Equal, value.get(2..)?),
            "ne" => (DateComparison::NotEqual, value.get(2..)?),
            "gt" => (DateComparison::Greater, value.get(2..)?),
            "ge" => (DateComparison::GreaterOrEqual, value.get(2..)?),
            "lt" => (DateComparison::Less, value.get(2..)?),
            "le" => (DateComparison::LessOrEqual, value.get(2..)?),
            "sa" => (DateComparison::StartsAfter, value.get(2..)?),
            "eb" => (DateComparison::EndsBefore, value.get(2..)?),
            _ => (DateComparison::Equal, value),
        };
        Some(Self { comparison, range: Range::parse(rest)? })
    }

    /// Whether `range` passes; none if that depends on a zone that one of the two dates does not name.
    pub(crate) fn passes(self, range: Range) -> Option<bool> {
        let first = self.compares(range, 0);
        // Two dates without a zone are compared by the calendar.
        let certain = self.range.floating == range.floating
            || (self.compares(range, ZONE) == first && self.compares(range, -ZONE) == first);
        certain.then_some(first)
    }

    fn compares(self, range: Range, shift: i64) -> bool {
        let (from, to) = (range.from.saturating_add(shift), range.to.saturating_add(shift));
        let own = self.range;
        let within = own.from <= from && to <= own.to;
        match self.comparison {
            DateComparison::Equal => within,
            DateComparison::NotEqual => !within,
            DateComparison::Greater => to > own.to,
            DateComparison::GreaterOrEqual => to > own.to || within,
            DateComparison::Less => from < own.from,
            DateComparison::LessOrEqual => from < own.from || within,
            DateComparison::StartsAfter => from >= own.to,
            DateComparison::EndsBefore => to <= own.from,
        }
    }
}

impl Range {
    /// Parses a FHIR date, dateTime or instant.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let at = |text: &str| Instant::parse(text).map(Instant::millis);
        match text.len() {
            4 => {
                let year: i64 = text.parse().ok().filter(|year| (1..=9998).contains(year))?;
                let (from, to) = (at(&format!("{text}-01-01T00:00:00Z"))?, format!("{:04}-01-01T00:00:00Z", year + 1));
                Some(Self { from, to: at(&to)?, floating: true })
            }
            7 => {
                let (year, month) = text.split_once('-')?;
                let (year, month): (i64, i64) = (year.parse().ok()?, month.parse().ok()?);
                let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
                let (from, to) = (format!("{text}-01T00:00:00Z"), format!("{next_year:04}-{next:02}-01T00:00:00Z"));
                Some(Self { from: at(&from)?, to: at(&to)?, floating: true })
            }
            10 => {
                let from = at(&format!("{text}T00:00:00Z"))?;
                Some(Self { from, to: from + 86_400_000, floating: true })
            }
            _ => {
                // Search allows minutes without seconds, and no zone; resources always have both.
                let zoned = Self::moment(text, false);
                zoned.or_else(|| Self::moment(&format!("{text}Z"), true))
            }
        }
    }

    /// The range of a FHIR Period, which may lack its start or its end; none if it lacks both, or if one is invalid.
    pub(crate) fn period(start: Option<&str>, end: Option<&str>) -> Option<Self> {
        let start = start.map(Self::parse);
        let end = end.map(Self::parse);
        if start.is_none() && end.is_none() {
            return None;
        }
        let floats = |range: &Option<Option<Self>>| matches!(range, Some(Some(range)) if range.floating);
        let floating = floats(&start) || floats(&end);
        let from = start.map_or(Some(i64::MIN), |start| start.map(|start| start.from))?;
        let to = end.map_or(Some(i64::MAX), |end| end.map(|end| end.to))?;
        Some(Self { from, to, floating })
    }

    fn moment(text: &str, floating: bool) -> Option<Self> {
        if let Some(instant) = Instant::parse(text) {
            let from = instant.millis();
            // A second without a fraction means the whole second.
            let length = if text.contains('.') { 1 } else { 1000 };
            return Some(Self { from, to: from + length, floating });
        }
        let (minutes, zone) = text.split_at_checked(16)?;
        let from = Instant::parse(&format!("{minutes}:00{zone}"))?.millis();
        Some(Self { from, to: from + 60_000, floating })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn passes(test: &str, value: &str) -> Option<bool> {
        DateTest::parse(test).unwrap().passes(Range::parse(value).unwrap())
    }

    #[test]
    fn a_date_stands_for_a_range() {
        for (test, value, expected) in [
            ("2020", "2020-06-01T00:00:00Z", Some(true)),
            ("2020", "2021-06-01T00:00:00Z", Some(false)),
            ("2020", "2020-01-01T05:00:00Z", None),
            ("2020-02", "2020-02-15", Some(true)),
            ("ge2020-02-01", "2020-02-10", Some(true)),
            ("ge2020-02-01T00:00:00Z", "2020-02-01T00:00:00Z", Some(true)),
            ("gt2020-02-01T00:00:00Z", "2020-02-01T00:00:00Z", Some(false)),
            ("lt2020-02-01T00:00:00Z", "2020-01-31T23:59:59.999Z", Some(true)),
            ("le2020-02-01T00:00:00Z", "2020-02-01T00:00:00.500Z", Some(true)),
            ("ne2020-02-01T10:00:00Z", "2020-02-01T10:00:00Z", Some(false)),
            ("sa2020-02-01T10:00Z", "2020-02-01T10:01:00Z", Some(true)),
            ("eb2020-02-01T10:00Z", "2020-02-01T10:00:00Z", Some(false)),
            ("2020-12", "2020-12-15", Some(true)),
            ("1980-05-05", "1980-05-06", Some(false)),
            ("1980-05-05", "1980-05-05T20:00:00Z", None),
        ] {
            assert_eq!(passes(test, value), expected, "{test} on {value}");
        }
    }

    #[test]
    fn invalid_dates_are_refused() {
        for value in ["", "x", "ap2020", "2020-13", "2020-02-30", "20", "0000", "2020-1-1", "ge"] {
            assert_eq!(DateTest::parse(value), None, "{value}");
        }
    }

    #[test]
    fn a_period_may_be_open() {
        let test = DateTest::parse("ge2020-01-01T00:00:00Z").unwrap();
        let open = Range::period(Some("2019-01-01T00:00:00Z"), None).unwrap();
        assert_eq!(test.passes(open), Some(true));
        assert_eq!(Range::period(None, None), None);
        assert_eq!(Range::period(Some("x"), None), None);
    }
}
