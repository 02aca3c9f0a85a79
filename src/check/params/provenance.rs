//! Checks of the Provenance of exported resources.

use crate::check::context::CheckContext;
use crate::check::missing::{besides, still_missing};
use crate::check::outcome::CheckOutcome;
use crate::check::params::unrequested::{output, unrequested};
use crate::check::reasons;
use crate::recording::comparison::{FoundCount, Lineage, Recheck};
use crate::recording::model::Exchange;

fn lineage<'a>(exchange: &Exchange, context: &CheckContext<'a>) -> Result<&'a Lineage, CheckOutcome> {
    let unrequested = unrequested(exchange, context)?;
    let none = || CheckOutcome::NotApplicable(reasons::NO_EXPORT_TO_COMPARE.to_owned());
    let lineage = unrequested.lineage.as_ref().ok_or_else(none)?;
    match lineage.all.expected.saturating_sub(gone(lineage)) {
        0 => Err(CheckOutcome::NotShown("the earlier export has no Provenance of the exported resources".to_owned())),
        _ => Ok(lineage),
    }
}

/// Returns how much of the missing Provenance was changed or deleted after the earlier export.
fn gone(lineage: &Lineage) -> u64 {
    lineage.recheck.as_ref().map_or(0, Recheck::gone)
}

fn missing(kept: FoundCount, what: &str, gone: u64, recheck: Option<&Recheck>) -> CheckOutcome {
    match still_missing(kept, gone, recheck) {
        Ok(0) => CheckOutcome::Holds,
        Ok(lost) => {
            let expected = kept.expected.saturating_sub(gone);
            let found = format!("{} of {expected}{}", expected.saturating_sub(lost), besides(gone));
            output(format!("all {expected} {what}"), found, lost)
        }
        Err(undecided) => undecided,
    }
}

/// `provenance-there`: the export has all Provenance of exported resources that the earlier export has.
pub(crate) fn provenance_there(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match lineage(exchange, context) {
        Ok(lineage) => {
            let what = "Provenance resources of the exported resources";
            missing(lineage.all, what, gone(lineage), lineage.recheck.as_ref())
        }
        Err(outcome) => outcome,
    }
}

/// `provenance-narrowed`: the export leaves some Provenance out.
pub(crate) fn provenance_narrowed(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match lineage(exchange, context) {
        Ok(Lineage { older: FoundCount { expected: 0, .. }, .. }) => {
            CheckOutcome::NotShown("each exported resource has at most one Provenance".to_owned())
        }
        Ok(lineage) => match lineage.all.expected.saturating_sub(gone(lineage)) {
            expected if lineage.all.found < expected => CheckOutcome::Holds,
            expected => output("an export without older Provenance", format!("all {expected} Provenance resources"), 1),
        },
        Err(outcome) => outcome,
    }
}

/// `provenance-newest`: the export has the newest Provenance of each resource, and no older one.
pub(crate) fn provenance_newest(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let lineage = match lineage(exchange, context) {
        Ok(lineage) => lineage,
        Err(outcome) => return outcome,
    };
    let what = "newest Provenance resources of the exported resources";
    match missing(lineage.newest, what, lineage.newest_gone, lineage.recheck.as_ref()) {
        CheckOutcome::Holds if lineage.older.found > 0 => {
            let expected = format!("none of the {} older Provenance resources", lineage.older.expected);
            output(expected, format!("{} of {}", lineage.older.found, lineage.older.expected), lineage.older.found)
        }
        outcome => outcome,
    }
}

/// `provenance-union`: the export has all Provenance, if the flow to compare with, which requests only the newest, has
/// less.
pub(crate) fn provenance_union(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let compared = context.compared.and_then(|compared| compared.unrequested_resources.as_ref()?.lineage.as_ref());
    match compared {
        Some(compared) if compared.all.found < compared.all.expected.saturating_sub(gone(compared)) => {
            provenance_there(exchange, context)
        }
        _ => CheckOutcome::NotApplicable(
            "the request for only the newest Provenance has no effect on this server".to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_provenance_is_a_violation_unless_it_may_be_deleted() {
        let kept = |expected, found| FoundCount { expected, found };
        let unclear = Recheck { asked: 1, ..Recheck::default() };
        assert_eq!(missing(kept(3, 3), "x", 0, Some(&unclear)), CheckOutcome::Holds);
        assert!(matches!(missing(kept(3, 2), "x", 0, Some(&unclear)), CheckOutcome::NotShown(_)));
        assert!(matches!(missing(kept(3, 2), "x", 0, None), CheckOutcome::Violated(_)));
        assert!(matches!(missing(kept(3, 1), "x", 0, Some(&unclear)), CheckOutcome::Violated(_)));
    }
}
