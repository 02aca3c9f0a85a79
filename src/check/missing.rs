//! Counts missing resources of an earlier export, without those that changed or were deleted after it.

use crate::check::outcome::CheckOutcome;
use crate::recording::comparison::{FoundCount, Recheck};

/// Returns the number of missing resources, without the `gone` ones, which a second read showed as changed or deleted.
///
/// # Errors
/// The outcome, if nothing shows whether the server still has the rest.
pub(crate) fn still_missing(kept: FoundCount, gone: u64, recheck: Option<&Recheck>) -> Result<u64, CheckOutcome> {
    let expected = kept.expected.saturating_sub(gone);
    let lost = expected.saturating_sub(kept.found);
    match recheck.filter(|recheck| lost > 0 && recheck.asked > 0 && recheck.there == 0) {
        Some(recheck) if recheck.unknown() > 0 && is_small_part(lost, expected) => {
            Err(CheckOutcome::NotShown(may_have_changed(lost)))
        }
        Some(recheck) if recheck.unknown() == 0 => Err(CheckOutcome::NotShown(format!(
            "{lost} missing resources were not read again; all {} that were read again had been deleted or changed \
             after the earlier export",
            recheck.asked
        ))),
        _ => Ok(lost),
    }
}

/// Returns the end of a finding about resources that are not counted as missing.
pub(crate) fn besides(gone: u64) -> String {
    match gone {
        0 => String::new(),
        gone => format!("; {gone} more were deleted or changed after the earlier export and are not counted"),
    }
}

/// Returns whether so few resources are missing that they may have been deleted between the exports.
fn is_small_part(lost: u64, of: u64) -> bool {
    lost <= (of / 20).max(1)
}

/// Returns why missing resources are not a violation.
fn may_have_changed(lost: u64) -> String {
    format!("{lost} missing resources may have been deleted or changed after the earlier export; reads do not show it")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn only_a_small_part_may_have_been_deleted() {
        assert!(is_small_part(1, 5) && !is_small_part(2, 5) && is_small_part(3, 60) && !is_small_part(4, 60));
    }

    #[test]
    fn only_resources_that_were_read_again_are_excluded() {
        let recheck = |asked, there, changed, deleted| Recheck {
            asked,
            there,
            changed: [("Patient".to_owned(), changed)].into(),
            deleted: [("Patient".to_owned(), deleted)].into(),
        };
        let lost = |expected, found, seen: &Recheck| {
            still_missing(FoundCount { expected, found }, seen.gone(), Some(seen)).map_err(
                |undecided| match undecided {
                    CheckOutcome::NotShown(why) => why,
                    other => panic!("{other:?}"),
                },
            )
        };
        assert_eq!(lost(10, 7, &recheck(3, 0, 1, 2)), Ok(0), "all missing resources are gone");
        assert_eq!(lost(20, 10, &recheck(2, 1, 0, 1)), Ok(9), "one still exists, and eight were not read");
        let unread = lost(20, 10, &recheck(6, 0, 2, 4)).unwrap_err();
        assert!(unread.starts_with("4 missing resources were not read again; all 6 that were"), "{unread}");
        let unclear = lost(60, 57, &recheck(3, 0, 0, 1)).unwrap_err();
        assert!(unclear.starts_with("2 missing resources may have been deleted"), "{unclear}");
        assert_eq!(lost(60, 40, &recheck(6, 0, 0, 5)), Ok(15), "too many to have been deleted between the exports");
        assert_eq!(still_missing(FoundCount { expected: 3, found: 2 }, 0, None).ok(), Some(1));
    }
}
