//! How long to wait before a request is repeated. Pure arithmetic: follows `Retry-After` within the time left of
//! `--max-wait`.

use std::time::Duration;

use http::StatusCode;

/// The longest wait without a `Retry-After`.
pub const MAX_WAIT: Duration = Duration::from_secs(30);
/// The wait in place of a `Retry-After` that is longer than the time left.
pub const MAX_UNHEEDED_WAIT: Duration = Duration::from_secs(120);
/// The longest wait for other jobs of this run.
pub const MAX_QUEUE_WAIT: Duration = Duration::from_secs(5);
/// After so many `Retry-After` headers in a row, the wait is at least our own backoff.
pub const MAX_HEEDED: u32 = 3;
/// After so many 503 responses in a row, the response counts as a refusal.
pub const MAX_TRIES: u32 = 5;

/// Returns the wait before the next request, at least `least` and at most `left`. `asked` is the `Retry-After`; without
/// it the wait grows with `attempt`, counted from 0.
pub fn pause(asked: Option<Duration>, attempt: u32, left: Duration, least: Duration) -> Duration {
    let wait = match asked {
        Some(asked) if asked <= left => asked.max(least),
        Some(_) => MAX_UNHEEDED_WAIT,
        None => backoff(attempt, least),
    };
    wait.min(left)
}

/// Returns the wait after `attempt` responses in a row that ask to wait. After [`MAX_HEEDED`] of them the wait also
/// grows up to `longest`; it is never shorter than `asked`.
pub fn pause_again(
    asked: Option<Duration>,
    attempt: u32,
    left: Duration,
    least: Duration,
    longest: Duration,
) -> Duration {
    let grown = backoff(attempt.saturating_sub(MAX_HEEDED), least).min(longest);
    pause(asked, attempt, left, least).max(grown).min(left)
}

/// Returns the least wait between two polls of a job that has run for `age`: a tenth of it, up to [`MAX_WAIT`].
pub fn spacing(age: Duration) -> Duration {
    (age / 10).min(MAX_WAIT)
}

/// `least`, half as much again, and so on, up to [`MAX_WAIT`]: 1 s, 1.5 s, 2.25 s.
fn backoff(attempt: u32, least: Duration) -> Duration {
    let factor = 1.5_f64.powi(i32::try_from(attempt.min(20)).unwrap_or(20));
    least.mul_f64(factor).min(MAX_WAIT)
}

/// Returns whether a response asks to wait, on the try `attempt`, counted from 0. 429 always asks to wait; 502, 503 and
/// 504 count as refusals after a few tries, all other statuses at once.
pub fn asks_to_wait(status: StatusCode, attempt: u32) -> bool {
    match status.as_u16() {
        429 => true,
        503 => attempt < MAX_TRIES,
        502 | 504 => attempt < 2,
        _ => false,
    }
}

/// The most tries of a probe that may be refused because other exports are running.
pub const MAX_PROBE_TRIES: u32 = 8;
/// How long a change on the target, such as a DELETE, may take to be visible.
pub const SETTLE_TIME: Duration = Duration::from_secs(5);
/// The wait between two requests that check for such a change.
pub const RECHECK_INTERVAL: Duration = Duration::from_millis(500);

/// Returns whether this response may refuse a kick-off because another export is running, and not because of the
/// request. `own` means the kick-off of a flow: it is sent again after an error without a reason. The words in the body
/// are used for nothing else.
pub fn may_be_busy(status: StatusCode, body: &[u8], own: bool) -> bool {
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
            let text = String::from_utf8_lossy(body.get(..MAX_BODY_READ).unwrap_or(body)).to_ascii_lowercase();
            WORDS.iter().any(|word| text.contains(word))
        }
        _ => false,
    }
}

/// The most bytes of a refusal that are searched for its reason.
const MAX_BODY_READ: usize = 4096;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::settings::run_settings::MIN_WAIT;

    #[test]
    fn a_wait_is_within_the_limits() {
        let left = Duration::from_secs(600);
        assert_eq!(pause(Some(Duration::ZERO), 0, left, MIN_WAIT), MIN_WAIT);
        assert_eq!(
            pause(Some(Duration::from_secs(300)), 0, left, MIN_WAIT),
            Duration::from_secs(300),
            "long but possible"
        );
        assert_eq!(pause(Some(Duration::from_secs(18_000)), 0, left, MIN_WAIT), MAX_UNHEEDED_WAIT);
        assert_eq!(
            pause(Some(Duration::from_secs(18_000)), 0, Duration::from_secs(40), MIN_WAIT),
            Duration::from_secs(40)
        );
        assert_eq!(pause(None, 0, left, MIN_WAIT), MIN_WAIT);
        assert_eq!(pause(None, u32::MAX, left, MIN_WAIT), MAX_WAIT);
        assert!(pause(None, 3, left, MIN_WAIT) > pause(None, 2, left, MIN_WAIT));
    }

    #[test]
    fn the_wait_grows_after_many_retry_after_headers() {
        let (left, one) = (Duration::from_secs(600), Duration::from_secs(1));
        let wait = |asked, attempt, longest| pause_again(asked, attempt, left, MIN_WAIT, longest);
        assert_eq!(wait(Some(one), MAX_HEEDED, MAX_WAIT), one, "as Retry-After says");
        assert!(wait(Some(one), MAX_HEEDED + 2, MAX_WAIT) > 2 * one);
        assert_eq!(wait(Some(Duration::ZERO), u32::MAX, MAX_WAIT), MAX_WAIT);
        assert_eq!(
            wait(Some(Duration::from_secs(120)), u32::MAX, MAX_WAIT),
            Duration::from_secs(120),
            "never shorter than Retry-After"
        );
        assert_eq!(wait(Some(one), u32::MAX, MAX_QUEUE_WAIT), MAX_QUEUE_WAIT);
        assert_eq!(pause_again(Some(one), u32::MAX, one, MIN_WAIT, MAX_WAIT), one, "never past the time left");
    }

    #[test]
    fn refusals_because_of_other_exports_are_recognized() {
        let may = |code, text: &str, own| may_be_busy(StatusCode::from_u16(code).unwrap(), text.as_bytes(), own);
        assert!(may(400, "Too many concurrent exports for this tenant (max 4)", false));
        assert!(may(409, "", true) && may(500, "", true), "no reason is given");
        assert!(!may(400, "unknown parameter _harnessBogus", true) && !may(500, "", false));
        assert!(
            !may(403, "too many", true) && !may(404, "running", true) && !may(429, "busy", true) && !may(202, "", true)
        );
        let long = format!("{}busy", "x".repeat(MAX_BODY_READ));
        assert!(!may(400, &long, false), "only the start of the body is read");
    }

    #[test]
    fn only_throttling_and_gateway_errors_are_retried() {
        let ask = |code, attempt| asks_to_wait(StatusCode::from_u16(code).unwrap(), attempt);
        assert!(ask(429, 1_000));
        assert!(ask(503, MAX_TRIES - 1) && !ask(503, MAX_TRIES));
        assert!(ask(502, 1) && !ask(502, 2));
        assert!(!ask(500, 0) && !ask(404, 0) && !ask(200, 0));
    }
}
