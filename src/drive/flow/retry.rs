//! How long to wait before asking again. Pure arithmetic: a server's `Retry-After` is honoured in both its forms
//! (RFC 9110, section 10.2.3), within what is left of `--max-wait`.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header::RETRY_AFTER};

/// The longest wait that is chosen without the server's asking.
pub const LONGEST: Duration = Duration::from_secs(30);
/// The wait in place of a `Retry-After` that lies beyond the time left.
pub const ABSURD: Duration = Duration::from_secs(120);
/// The longest wait while it is our own jobs that stand in the way.
pub const QUEUEING: Duration = Duration::from_secs(5);
/// How often a target that asks for patience gets exactly the wait that it asked for; one that asks on and on has no idea.
pub const FAITHFUL: u32 = 3;
/// How often a 5xx in a row is tried before it is believed.
pub const TRIES: u32 = 5;

/// What a `Retry-After` asks for at `now`: whole seconds, or a date; a date that has passed asks for nothing. `None` if
/// it is absent or unreadable.
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than fit are as absurd as the largest number.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::from(u32::MAX))));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or(Duration::ZERO))
}

/// The wait before the next request, at least `least` and never past `left`. `asked` is what the server asked for;
/// without it the wait grows with `attempt`, which counts from 0.
pub fn pause(asked: Option<Duration>, attempt: u32, left: Duration, least: Duration) -> Duration {
    let wait = match asked {
        Some(asked) if asked <= left => asked.max(least),
        Some(_) => ABSURD,
        None => backoff(attempt, least),
    };
    wait.min(left)
}

/// The same, after `attempt` answers in a row that asked for patience: what was asked for is believed [`FAITHFUL`] times.
/// From then on the wait is no shorter than one that grows up to `longest`, and never shorter than what was asked for.
pub fn pause_again(
    asked: Option<Duration>,
    attempt: u32,
    left: Duration,
    least: Duration,
    longest: Duration,
) -> Duration {
    let grown = backoff(attempt.saturating_sub(FAITHFUL), least).min(longest);
    pause(asked, attempt, left, least).max(grown).min(left)
}

/// `least`, half as much again, and so on, up to [`LONGEST`]: 1 s, 1.5 s, 2.25 s.
fn backoff(attempt: u32, least: Duration) -> Duration {
    let factor = 1.5_f64.powi(i32::try_from(attempt.min(20)).unwrap_or(20));
    least.mul_f64(factor).min(LONGEST)
}

/// Whether an answer asks for patience rather than that it refuses, on the try `attempt`, counted from 0. 429 is a
/// request for patience however often it comes; 502, 503 and 504 are believed after a few tries, anything else at once.
pub fn asks_for_patience(status: StatusCode, attempt: u32) -> bool {
    match status.as_u16() {
        429 => true,
        503 => attempt < TRIES,
        502 | 504 => attempt < 2,
        _ => false,
    }
}

/// How often a probe is sent again that may have been refused for the sake of other exports.
pub const PROBE_TRIES: u32 = 8;

/// Whether a kick-off that met this answer may have been refused because another export runs, and not for what it asked.
/// `own` is a flow's own kick-off: one that fails without a reason is worth another try. The words of the answer decide
/// nothing but whether we come again.
pub fn may_be_for_others(status: StatusCode, body: &[u8], own: bool) -> bool {
    const WORDS: [&str; 10] = [
        "throttled",
        "conflict",
        "concurrent",
        "in progress",
        "in-progress",
        "already",
        "another export",
        "running",
        "too many",
        "busy",
    ];
    match status.as_u16() {
        409 | 423 | 425 | 500 if own => true,
        400 | 409 | 422 | 423 | 425 | 500 => {
            let said = String::from_utf8_lossy(body.get(..READ).unwrap_or(body)).to_ascii_lowercase();
            WORDS.iter().any(|word| said.contains(word))
        }
        _ => false,
    }
}

/// So much of a refusal is read for its reason, in bytes.
const READ: usize = 4096;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::settings::run_settings::MIN_WAIT;

    fn asked(value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        // Sun, 06 Nov 1994 08:49:37 GMT
        retry_after(&headers, SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777))
    }

    #[test]
    fn both_forms_of_retry_after_are_read_and_prose_is_not() {
        assert_eq!(asked("7"), Some(Duration::from_secs(7)));
        assert_eq!(asked(" 0 "), Some(Duration::ZERO));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:47 GMT"), Some(Duration::from_secs(10)));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:27 GMT"), Some(Duration::ZERO), "a date that has passed");
        assert_eq!(asked("99999999999999999999999"), Some(Duration::from_secs(u64::from(u32::MAX))));
        for garbage in ["", "soon", "-1", "1.5", "1 s"] {
            assert_eq!(asked(garbage), None, "{garbage:?}");
        }
    }

    #[test]
    fn a_wait_is_neither_busy_nor_past_what_is_left() {
        let left = Duration::from_secs(600);
        assert_eq!(pause(Some(Duration::ZERO), 0, left, MIN_WAIT), MIN_WAIT);
        assert_eq!(
            pause(Some(Duration::from_secs(300)), 0, left, MIN_WAIT),
            Duration::from_secs(300),
            "long but possible"
        );
        assert_eq!(pause(Some(Duration::from_secs(18_000)), 0, left, MIN_WAIT), ABSURD);
        assert_eq!(
            pause(Some(Duration::from_secs(18_000)), 0, Duration::from_secs(40), MIN_WAIT),
            Duration::from_secs(40)
        );
        assert_eq!(pause(None, 0, left, MIN_WAIT), MIN_WAIT);
        assert_eq!(pause(None, u32::MAX, left, MIN_WAIT), LONGEST);
        assert!(pause(None, 3, left, MIN_WAIT) > pause(None, 2, left, MIN_WAIT));
    }

    #[test]
    fn who_asks_for_patience_on_and_on_is_asked_more_rarely() {
        let (left, one) = (Duration::from_secs(600), Duration::from_secs(1));
        let wait = |asked, attempt, longest| pause_again(asked, attempt, left, MIN_WAIT, longest);
        assert_eq!(wait(Some(one), FAITHFUL, LONGEST), one, "as it was asked for");
        assert!(wait(Some(one), FAITHFUL + 2, LONGEST) > 2 * one);
        assert_eq!(wait(Some(Duration::ZERO), u32::MAX, LONGEST), LONGEST);
        assert_eq!(wait(Some(Duration::from_secs(120)), u32::MAX, LONGEST), Duration::from_secs(120), "never less");
        assert_eq!(wait(Some(one), u32::MAX, QUEUEING), QUEUEING);
        assert_eq!(pause_again(Some(one), u32::MAX, one, MIN_WAIT, LONGEST), one, "never past the time left");
    }

    #[test]
    fn refusals_that_may_be_for_others_are_told_from_those_of_what_was_asked() {
        let may = |code, said: &str, own| may_be_for_others(StatusCode::from_u16(code).unwrap(), said.as_bytes(), own);
        assert!(may(400, "Too many concurrent exports for this tenant (max 4)", false));
        assert!(may(409, "", true) && may(500, "", true), "no reason is given");
        assert!(!may(400, "unknown parameter _harnessBogus", true) && !may(500, "", false));
        assert!(
            !may(403, "too many", true) && !may(404, "running", true) && !may(429, "busy", true) && !may(202, "", true)
        );
        let long = format!("{}busy", "x".repeat(READ));
        assert!(!may(400, &long, false), "no more is read than that");
    }

    #[test]
    fn patience_is_for_throttling_and_gateways_only() {
        let ask = |code, attempt| asks_for_patience(StatusCode::from_u16(code).unwrap(), attempt);
        assert!(ask(429, 1_000));
        assert!(ask(503, TRIES - 1) && !ask(503, TRIES));
        assert!(ask(502, 1) && !ask(502, 2));
        assert!(!ask(500, 0) && !ask(404, 0) && !ask(200, 0));
    }
}
