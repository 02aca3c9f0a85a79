//! Checks of the Provenance of exported resources.

use crate::check::context::CheckContext;
use crate::check::missing::{is_small_part, may_have_changed};
use crate::check::outcome::CheckOutcome;
use crate::check::params::unrequested::{output, unrequested};
use crate::recording::facts::{KeptProfiles, Lineage};
use crate::recording::model::Exchange;

fn lineage(exchange: &Exchange, context: &CheckContext<'_>) -> Result<Lineage, CheckOutcome> {
    let census = unrequested(exchange, context)?;
    let none = || CheckOutcome::NotApplicable("there is no earlier export to compare its Provenance with".to_owned());
    let lineage = census.lineage.ok_or_else(none)?;
    match lineage.all.expected {
        0 => Err(CheckOutcome::NotShown("what came has no Provenance in the earlier export".to_owned())),
        _ => Ok(lineage),
    }
}

fn missing(kept: KeptProfiles, what: &str, unsure: bool) -> CheckOutcome {
    let lost = kept.expected.saturating_sub(kept.found);
    if lost == 0 {
        return CheckOutcome::Holds;
    }
    if unsure && is_small_part(lost, kept.expected) {
        return CheckOutcome::NotShown(may_have_changed(lost));
    }
    output(format!("all {} {what}", kept.expected), format!("without {lost} of them"), lost)
}

/// `provenance-there`: all Provenance of exported resources, as far as an earlier export has it.
pub(crate) fn provenance_there(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match lineage(exchange, context) {
        Ok(lineage) => missing(lineage.all, "Provenance resources of what came", lineage.unsure),
        Err(outcome) => outcome,
    }
}

/// `provenance-narrowed`: the export leaves some Provenance out.
pub(crate) fn provenance_narrowed(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match lineage(exchange, context) {
        Ok(Lineage { older: KeptProfiles { expected: 0, .. }, .. }) => {
            CheckOutcome::NotShown("each resource that came has one Provenance at most".to_owned())
        }
        Ok(Lineage { all, .. }) => match all.found < all.expected {
            true => CheckOutcome::Holds,
            false => output("an export without older Provenance", format!("all {}", all.expected), 1),
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
    match missing(lineage.newest, "Provenance resources that are the newest of what came", lineage.unsure) {
        CheckOutcome::Holds if lineage.older.found > 0 => {
            let expected = format!("none of the {} Provenance resources that are older", lineage.older.expected);
            output(expected, format!("{} of them", lineage.older.found), lineage.older.found)
        }
        outcome => outcome,
    }
}

/// `provenance-union`: all Provenance, if the flow to compare with, which asks for the newest only, leaves some out.
pub(crate) fn provenance_union(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let compared = context.compared.and_then(|compared| compared.census.as_ref()?.lineage);
    match compared {
        Some(compared) if compared.all.found < compared.all.expected => provenance_there(exchange, context),
        _ => CheckOutcome::NotApplicable("the value that leaves more out has no effect here by itself".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_may_have_gone_meanwhile_and_much_has_not() {
        assert!(is_small_part(1, 5) && !is_small_part(2, 5) && is_small_part(3, 60) && !is_small_part(4, 60));
        let kept = |expected, found| KeptProfiles { expected, found };
        assert_eq!(missing(kept(3, 3), "x", true), CheckOutcome::Holds);
        assert!(matches!(missing(kept(3, 2), "x", true), CheckOutcome::NotShown(_)));
        assert!(matches!(missing(kept(3, 2), "x", false), CheckOutcome::Violated(_)));
        assert!(matches!(missing(kept(3, 1), "x", true), CheckOutcome::Violated(_)));
    }
}
