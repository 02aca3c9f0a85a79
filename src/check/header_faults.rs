//! Says what is wrong with the value of a header that does not have its form.

use crate::check::show;
use crate::check::show::Shown;
use crate::suite::shapes::Shape;

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Returns what is wrong with a text that does not have the shape, as a clause; none for shapes that speak for
/// themselves.
fn why(shape: Shape, text: &str) -> Option<String> {
    let text = text.trim();
    match shape {
        Shape::HttpDate => Some(http_date(text)),
        Shape::RetryAfter | Shape::Digits if text.is_empty() => Some("the value is empty".to_owned()),
        Shape::RetryAfter if text.contains(':') || text.contains(',') => Some(http_date(text)),
        Shape::RetryAfter | Shape::Digits => Some(seconds(text).to_owned()),
        _ => None,
    }
}

/// Returns a header value for display, and what is wrong with it if it does not have the shape.
pub(crate) fn explained(shape: Shape, text: &str) -> Shown {
    match why(shape, text) {
        Some(why) => show::text(text).map(|shown| format!("{shown}: {why}")),
        None => show::text(text),
    }
}

/// Returns what is wrong with a number of seconds.
fn seconds(text: &str) -> &'static str {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let after_digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
    match text.as_bytes() {
        [b'-', rest @ ..] if !rest.is_empty() && rest.iter().all(u8::is_ascii_digit) => "the number is negative",
        [b'+', ..] => "the number has a sign",
        [b'"', .., b'"'] => "the value is in quotation marks",
        _ if text.split_once('.').is_some_and(|(whole, part)| digits(whole) && digits(part)) => {
            "the number of seconds is not whole"
        }
        _ if after_digits.len() < text.len() => "there is text after the number",
        _ => "the value is no number",
    }
}

/// Returns what is wrong with an HTTP date (RFC 9110, section 5.6.7) that cannot be read.
fn http_date(text: &str) -> String {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let text = text.trim();
    if text.is_empty() {
        return "the value is empty".to_owned();
    }
    if number(text.trim_start_matches('-')) {
        return "the value is a number, not a date".to_owned();
    }
    if text.get(..5).is_some_and(|start| start.ends_with('-') && number(start.trim_end_matches('-'))) {
        return "the value is an ISO 8601 date; an HTTP date looks like Sun, 06 Nov 1994 08:49:37 GMT".to_owned();
    }
    let Some((weekday, rest)) = text.split_once(',') else {
        return "the weekday with a comma is missing before the day".to_owned();
    };
    if !WEEKDAYS.contains(&weekday) {
        return format!("the weekday must be one of {}", WEEKDAYS.join(", "));
    }
    if !rest.starts_with(' ') {
        return "a space is missing after the comma".to_owned();
    }
    let parts: Vec<&str> = rest.split_whitespace().collect();
    let [day, month, year, time, zone @ ..] = parts.as_slice() else {
        return "a date needs day, month, year, time and GMT".to_owned();
    };
    if !number(day) {
        return "the day is no number".to_owned();
    }
    if !digits(day, 2) {
        return "the day needs two digits".to_owned();
    }
    if !MONTHS.contains(month) {
        return format!("the month must be one of {}", MONTHS.join(", "));
    }
    if !digits(year, 4) {
        return "the year needs four digits".to_owned();
    }
    let clock: Vec<&str> = time.split(':').collect();
    if clock.len() != 3 || !clock.iter().all(|part| digits(part, 2)) {
        return "the time needs two digits each for hour, minute and second".to_owned();
    }
    match zone {
        [] => "the zone GMT is missing".to_owned(),
        ["GMT"] if rest.contains("  ") => "there is more than one space between two parts".to_owned(),
        ["GMT"] => "there is no such day or time".to_owned(),
        _ => "the zone must be GMT".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_date_is_explained() {
        for (text, expected) in [
            ("Wed, 2 Dec 2026 10:00:00 GMT", "the day needs two digits"),
            ("Wed, 02 Dec 2026 10:00:00 UTC", "the zone must be GMT"),
            ("Wed, 02 Dec 2026 10:00:00 +0000", "the zone must be GMT"),
            ("Wed, 02 Dec 2026 10:00:00", "the zone GMT is missing"),
            ("Wed, 02 Dec 26 10:00:00 GMT", "the year needs four digits"),
            ("Wed, 02 Dec 2026 9:00:00 GMT", "the time needs two digits each for hour, minute and second"),
            ("Wed, 02 Dec 2026 10:00 GMT", "the time needs two digits each for hour, minute and second"),
            ("Wednesday, 02 Dec 2026 10:00:00 GMT", "the weekday must be one of Mon, Tue, Wed, Thu, Fri, Sat, Sun"),
            ("02 Dec 2026 10:00:00 GMT", "the weekday with a comma is missing before the day"),
            ("Wed, 42 Dec 2026 10:00:00 GMT", "there is no such day or time"),
            ("Wed, 02  Dec 2026 10:00:00 GMT", "there is more than one space between two parts"),
            ("1796205600", "the value is a number, not a date"),
            ("", "the value is empty"),
        ] {
            assert_eq!(http_date(text), expected, "{text}");
            assert!(httpdate::parse_http_date(text).is_err(), "{text}");
        }
        assert!(http_date("2026-12-02T10:00:00Z").starts_with("the value is an ISO 8601 date"));
        assert!(http_date("Wed, 02 Dez 2026 10:00:00 GMT").starts_with("the month must be one of Jan"));
    }

    #[test]
    fn a_wrong_number_of_seconds_is_explained() {
        for (text, expected) in [
            ("-1", "the number is negative"),
            ("+5", "the number has a sign"),
            ("1.5", "the number of seconds is not whole"),
            ("10s", "there is text after the number"),
            ("5 seconds", "there is text after the number"),
            ("\"5\"", "the value is in quotation marks"),
            ("soon", "the value is no number"),
            ("", "the value is empty"),
            ("Wed, 2 Dec 2026 10:00:00 GMT", "the day needs two digits"),
        ] {
            assert_eq!(why(Shape::RetryAfter, text).as_deref(), Some(expected), "{text}");
        }
    }
}
