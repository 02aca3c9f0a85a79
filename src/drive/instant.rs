//! Writing instants the one way that tapes and kick-off parameters have them.

use std::time::SystemTime;

use time::OffsetDateTime;

/// RFC 3339, UTC, to the millisecond.
pub fn rfc3339(at: SystemTime) -> String {
    let at = OffsetDateTime::from(at);
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_instant_has_milliseconds_and_a_zone() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(784_111_777_042);
        assert_eq!(rfc3339(at), "1994-11-06T08:49:37.042Z");
    }
}
