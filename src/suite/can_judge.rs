//! Whether a built-in check can judge the exchanges that a test looks at.

use crate::suite::check_names::{CheckName, CheckPlaces};
use crate::suite::on::On;
use crate::suite::on::Reach;

/// Whether `check` can judge the exchanges that `on` names.
pub(crate) fn can_judge(check: CheckName, on: &On) -> bool {
    let places = check.places();
    let Some(row) = on.row() else { return true };
    let own = match row.reach {
        Reach::Kickoff => CheckPlaces::Kickoffs,
        Reach::Manifest => CheckPlaces::Manifests,
        Reach::Files => CheckPlaces::Files,
        Reach::Delete => CheckPlaces::Any,
    };
    places == CheckPlaces::Any || places == own
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn checks_judge_their_places_and_all_probes() {
        for (check, on, can) in [
            (CheckName::CountEqualsLines, "manifest", true),
            (CheckName::CountEqualsLines, "poll.complete", true),
            (CheckName::CountEqualsLines, "file.output", false),
            (CheckName::CountEqualsLines, "probe.again", true),
            (CheckName::Delivered, "file.output", true),
            (CheckName::Delivered, "kickoff", false),
            (CheckName::OneLocation, "kickoff.optional", true),
            (CheckName::OneLocation, "delete", false),
            (CheckName::ModernTls, "kickoff", false),
            (CheckName::ModernTls, "probe.tls", true),
            (CheckName::ErrorStatus, "delete", true),
        ] {
            assert_eq!(can_judge(check, &On::from_word(on).unwrap()), can, "{check} on {on}");
        }
    }
}
