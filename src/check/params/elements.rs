//! Checks of the elements that resources have after `_elements`.

use std::collections::BTreeMap;

use crate::check::context::CheckContext;
use crate::check::exchange::saturating_sum;
use crate::check::outcome::CheckOutcome;
use crate::check::params::unrequested::{output, unrequested};
use crate::check::reasons;
use crate::recording::comparison::{FoundCount, Trimmed};
use crate::recording::model::Exchange;

fn trimmed<'a>(exchange: &Exchange, context: &CheckContext<'a>) -> Result<&'a Trimmed, CheckOutcome> {
    let unrequested = unrequested(exchange, context)?;
    let none = || CheckOutcome::NotApplicable(reasons::NO_EXPORT_TO_COMPARE.to_owned());
    unrequested.trimmed.as_ref().ok_or_else(none)
}

/// `elements-trimmed`: some line lost elements that `_elements` does not name.
pub(crate) fn elements_trimmed(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match trimmed(exchange, context) {
        Err(outcome) => outcome,
        Ok(Trimmed { trimmable: 0, .. }) => {
            CheckOutcome::NotShown("no exported line has an element that may be left out".to_owned())
        }
        Ok(Trimmed { trimmed: 0, trimmable, .. }) => output(
            "lines without the elements that _elements does not name",
            format!("{trimmable} lines with all elements"),
            *trimmable,
        ),
        Ok(_) => CheckOutcome::Holds,
    }
}

/// `elements-kept`: every line has the elements that `_elements` names.
pub(crate) fn elements_kept(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match trimmed(exchange, context) {
        Ok(trimmed) => all_kept(
            &trimmed.listed,
            "with the elements that _elements names",
            "no line of the earlier export has an element that _elements names",
        ),
        Err(outcome) => outcome,
    }
}

/// `elements-mandatory`: no line lost a mandatory element.
pub(crate) fn elements_mandatory(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match trimmed(exchange, context) {
        Ok(Trimmed { mandatory: Some(mandatory), .. }) => {
            let nothing = "no line of the earlier export has a mandatory element";
            all_kept(mandatory, "with its mandatory elements", nothing)
        }
        Ok(_) => CheckOutcome::NotApplicable("Plimsoll knows the mandatory elements only of FHIR R4".to_owned()),
        Err(outcome) => outcome,
    }
}

/// Checks that no line lost an element. `nothing` is the reason if the earlier export has no such element.
fn all_kept(kept: &BTreeMap<String, FoundCount>, how: &str, nothing: &str) -> CheckOutcome {
    if kept.values().all(|kept| kept.expected == 0) {
        return CheckOutcome::NotShown(nothing.to_owned());
    }
    let lost = kept.iter().filter(|(_, kept)| kept.found < kept.expected);
    let lost: Vec<(&String, u64, u64)> = lost.map(|(of, k)| (of, k.expected - k.found, k.expected)).collect();
    if lost.is_empty() {
        return CheckOutcome::Holds;
    }
    let shown: Vec<String> = lost.iter().map(|(of, lost, all)| format!("{of} in {lost} of {all} lines")).collect();
    let count = saturating_sum(lost.iter().map(|(_, lost, _)| *lost));
    output(format!("each line {how}"), format!("missing elements: {}", shown.join(", ")), count)
}

/// `elements-tagged`: every line that lost elements is tagged SUBSETTED.
pub(crate) fn elements_tagged(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match trimmed(exchange, context) {
        Err(outcome) => outcome,
        Ok(Trimmed { trimmed: 0, .. }) => CheckOutcome::NotApplicable("no line lost an element".to_owned()),
        Ok(Trimmed { untagged: 0, .. }) => CheckOutcome::Holds,
        Ok(Trimmed { untagged, trimmed, .. }) => output(
            "meta.tag SUBSETTED in each line that lost elements",
            format!("{untagged} of {trimmed} such lines without it"),
            *untagged,
        ),
    }
}
