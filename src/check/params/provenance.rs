//! Checks of the Provenance of exported resources.

use crate::check::context::CheckContext;
use crate::check::missing::{besides, still_missing};
use crate::check::outcome::CheckOutcome;
use crate::check::params::unrequested::{output, unrequested};
use crate::recording::comparison::{FoundCount, Lineage, Recheck};
use crate::recording::model::Exchange;

fn lineage<'a>(exchange: &Exchange, context: &CheckContext<'a>) -> Result<&'a Lineage, CheckOutcome> {
    let unrequested = unrequested(exchange, context)?;
    let none = || CheckOutcome::NotApplicable("there is no earlier export to compare its Provenance with".to_owned());
    let lineage = unrequested.lineage.as_ref().ok_or_else(none)?;
    match lineage.all.expected.saturating_sub(gone(lineage)) {
        0 => Err(CheckOutcome::NotShown("what came has no Provenance in the earlier export".to_owned())),
        _ => Ok(lineage),
    }
}

/// The missing Provenance that was seen to be changed or deleted.
fn gone(lineage: &Lineage) -> u64 {
    lineage.recheck.as_ref().map_or(0, Recheck::gone)
}

fn missing(kept: FoundCount, what: &str, gone: u64, recheck: Option<&Recheck>) -> CheckOutcome {
    match still_missing(kept, gone, recheck) {
        Ok(0) => CheckOutcome::Holds,
        Ok(lost) => {
            let expected = format!("all {} {what}", kept.expected.saturating_sub(gone));
            output(expected, format!("without {lost} of them{}", besides(gone)), lost)
        }
        Err(undecided) => undecided,
    }
}

/// `provenance-there`: all Provenance of exported resources, as far as an earlier export has it.
pub(crate) fn provenance_there(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match lineage(exchange, context) {
        Ok(lineage) => {
            missing(lineage.all, "Provenance resources of what came", gone(lineage), lineage.recheck.as_ref())
        }
        Err(outcome) => outcome,
    }
}

/// `provenance-narrowed`: the export leaves some Provenance out.
pub(crate) fn provenance_narrowed(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match lineage(exchange, context) {
        Ok(Lineage { older: FoundCount { expected: 0, .. }, .. }) => {
            CheckOutcome::NotShown("each resource that came has one Provenance at most".to_owned())
        }
        Ok(lineage) => match lineage.all.expected.saturating_sub(gone(lineage)) {
            expected if lineage.all.found < expected => CheckOutcome::Holds,
            expected => output("an export without older Provenance", format!("all {expected}"), 1),
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
    let what = "Provenance resources that are the newest of what came";
    match missing(lineage.newest, what, lineage.newest_gone, lineage.recheck.as_ref()) {
        CheckOutcome::Holds if lineage.older.found > 0 => {
            let expected = format!("none of the {} Provenance resources that are older", lineage.older.expected);
            output(expected, format!("{} of them", lineage.older.found), lineage.older.found)
        }
        outcome => outcome,
    }
}

/// `provenance-union`: all Provenance, if the flow to compare with, which asks for the newest only, leaves some out.
pub(crate) fn provenance_union(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let compared = context.compared.and_then(|compared| compared.unrequested_resources.as_ref()?.lineage.as_ref());
    match compared {
        Some(compared) if compared.all.found < compared.all.expected.saturating_sub(gone(compared)) => {
            provenance_there(exchange, context)
        }
        _ => CheckOutcome::NotApplicable("the value that leaves more out has no effect here by itself".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_provenance_is_violated_unless_it_may_be_gone() {
        let kept = |expected, found| FoundCount { expected, found };
        let unclear = Recheck { asked: 1, ..Recheck::default() };
        assert_eq!(missing(kept(3, 3), "x", 0, Some(&unclear)), CheckOutcome::Holds);
        assert!(matches!(missing(kept(3, 2), "x", 0, Some(&unclear)), CheckOutcome::NotShown(_)));
        assert!(matches!(missing(kept(3, 2), "x", 0, None), CheckOutcome::Violated(_)));
        assert!(matches!(missing(kept(3, 1), "x", 0, Some(&unclear)), CheckOutcome::Violated(_)));
    }
}
