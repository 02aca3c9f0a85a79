//! Checks of what filters and dates leave out, and of what they must not leave out.

use std::collections::BTreeMap;

use crate::check::context::CheckContext;
use crate::check::exchange::{items, manifest_of, no_manifest, saturating_sum};
use crate::check::flow_files::whole_files;
use crate::check::missing::{besides, still_missing};
use crate::check::outcome::{CheckOutcome, Violation};
use crate::recording::comparison::{FoundCount, Recheck};
use crate::recording::facts::LineFacts;
use crate::recording::model::Exchange;
use crate::suite::model::FileList;
use crate::verdicts::finding_place::FindingPlace;

/// `only-matching`: no resource of the file certainly fails the filters for its type.
pub(crate) fn only_matching(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(facts) = context.index.facts(exchange) else {
        return CheckOutcome::Undecided("the recording holds no facts of this file".to_owned());
    };
    let Some(filtered) = &facts.filtered else {
        return CheckOutcome::NotApplicable("no filter concerns the resources of this file".to_owned());
    };
    if filtered.unmatched > 0 {
        let filters: Vec<&str> = sent(context).filter(|filter| concerns(filter, &facts.lines)).collect();
        let place = filtered.lines.first().map_or(FindingPlace::Lines, |line| FindingPlace::Line(*line));
        let lines: Vec<String> = filtered.lines.iter().skip(1).map(u64::to_string).collect();
        let also = if lines.is_empty() { String::new() } else { format!("; also at lines {}", lines.join(", ")) };
        let of = saturating_sum([filtered.matched, filtered.unmatched, filtered.undecided].into_iter());
        let actual = format!("{} of {of} resources do not pass{also}", filtered.unmatched);
        let mut broken = Violation::new(place, format!("only what passes {}", filters.join(" or ")), actual);
        broken.count = filtered.unmatched;
        return CheckOutcome::Violated(vec![broken]);
    }
    if filtered.matched == 0 {
        return CheckOutcome::NotShown(format!(
            "whether the {} resources of this file pass the filter cannot be told from the export",
            filtered.undecided
        ));
    }
    CheckOutcome::Holds
}

/// `all-expected`: the export has everything of the requested types that the flow to compare with has and that passes the
/// filters and dates.
pub(crate) fn all_expected(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let Some(comparison) = &context.flow.comparison else {
        return CheckOutcome::NotApplicable(
            "there is no earlier export at the same level to compare it with".to_owned(),
        );
    };
    let recheck = comparison.recheck.as_ref();
    let gone_of = |kind: &str| recheck.map_or(0, |recheck| recheck.gone_of(kind));
    if comparison.types.iter().all(|(kind, kept)| kept.expected <= gone_of(kind)) {
        return CheckOutcome::NotShown(format!("nothing that flow {} exported is asked for here", comparison.flow));
    }
    let files = whole_files(context, FileList::Output);
    if files.len() < items(manifest, "output").len() {
        return CheckOutcome::Undecided("not every output file was read whole".to_owned());
    }
    // A line that cannot be read or has no id may be what is missing; another test judges it.
    if files.values().any(|(_, facts)| !facts.lines.is_legible()) {
        return CheckOutcome::NotApplicable(
            "lines that are wrong for themselves may hold what was asked for".to_owned(),
        );
    }
    let gone = recheck.map_or(0, Recheck::gone);
    let missing: Vec<String> = comparison
        .types
        .iter()
        .filter_map(|(kind, kept)| {
            let expected = kept.expected.saturating_sub(gone_of(kind));
            let lost = expected.saturating_sub(kept.found);
            (lost > 0).then(|| format!("{lost} of {expected} of type {kind}"))
        })
        .collect();
    let all = comparison.types.values().fold(FoundCount::default(), |sum, kept| FoundCount {
        expected: sum.expected.saturating_add(kept.expected),
        found: sum.found.saturating_add(kept.found),
    });
    let lost = match still_missing(all, gone, recheck) {
        Ok(lost) => lost,
        Err(undecided) => return undecided,
    };
    CheckOutcome::or_violation(missing.is_empty(), || {
        let expected = format!("everything that was asked for and that flow {} exported", comparison.flow);
        let missing = format!("without {}{}", missing.join(", "), besides(gone));
        let mut broken = Violation::new(FindingPlace::body("/output"), expected, missing);
        broken.count = lost;
        broken
    })
}

/// `some-left-out`: of the resources that a date or filter certainly leaves out, and that no exported resource refers
/// to, some are missing.
pub(crate) fn some_left_out(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let FoundCount { expected, found } = match spared(exchange, context) {
        Ok(spared) => spared,
        Err(outcome) => return outcome,
    };
    CheckOutcome::or_violation(found < expected, || {
        let wanted = "an export without what was not asked for".to_owned();
        let actual = format!("all {expected} resources that {} leaves out", sent_limits(context));
        Violation::new(FindingPlace::body("/output"), wanted, actual)
    })
}

/// `none-beyond`: all of them are missing.
pub(crate) fn none_beyond(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let FoundCount { expected, found } = match spared(exchange, context) {
        Ok(spared) => spared,
        Err(outcome) => return outcome,
    };
    CheckOutcome::or_violation(found == 0, || {
        let wanted = format!("none of the {expected} resources that {} leaves out", sent_limits(context));
        Violation::new(FindingPlace::body("/output"), wanted, format!("{found} of them"))
    })
}

fn spared(exchange: &Exchange, context: &CheckContext<'_>) -> Result<FoundCount, CheckOutcome> {
    if manifest_of(exchange).is_none() {
        return Err(no_manifest());
    }
    let Some(comparison) = &context.flow.comparison else {
        return Err(CheckOutcome::NotApplicable(
            "there is no earlier export at the same level to compare it with".to_owned(),
        ));
    };
    match comparison.spared.expected {
        0 => Err(CheckOutcome::NotShown(format!(
            "{} leaves nothing out of flow {}",
            sent_limits(context),
            comparison.flow
        ))),
        _ => Ok(comparison.spared),
    }
}

/// The parameters that leave resources out.
fn sent_limits(context: &CheckContext<'_>) -> String {
    let limits =
        context.flow.params.iter().filter(|(name, _)| matches!(name.as_str(), "_since" | "_until" | "_typeFilter"));
    let texts: Vec<String> = limits.map(|(name, value)| format!("{name}={value}")).collect();
    texts.join(" or ")
}

/// `within-compared`: the export has at most as many resources of each type as the flow to compare with.
pub(crate) fn within_compared(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    if manifest_of(exchange).is_none() {
        return no_manifest();
    }
    let Some(compared) = context.compared else {
        return CheckOutcome::NotApplicable("no export at the same level was made to compare it with".to_owned());
    };
    let (Some(own), Some(other)) = (types(context, &context.flow.name), types(context, &compared.name)) else {
        return CheckOutcome::Undecided("one of the two exports was not read whole".to_owned());
    };
    if own.is_empty() {
        return CheckOutcome::NotShown("nothing came back".to_owned());
    }
    let count = |kind: &str| other.get(kind).copied().unwrap_or_default();
    let more = own.iter().filter(|(kind, many)| **many > count(kind));
    CheckOutcome::from_violations(
        more.map(|(kind, many)| {
            let expected = format!("at most the {} of type {kind} of flow {}", count(kind), compared.name);
            Violation::new(FindingPlace::body("/output"), expected, many.to_string())
        })
        .collect(),
    )
}

/// The resources of a flow by type, if every output file was read whole.
fn types(context: &CheckContext<'_>, flow: &str) -> Option<BTreeMap<String, u64>> {
    let (_, manifest) = context.index.manifest(flow)?;
    let files = context.index.files(flow, FileList::Output);
    if files.len() < items(manifest, "output").len() {
        return None;
    }
    let mut all = BTreeMap::new();
    for (_, facts) in files {
        for (kind, many) in &facts.filter(|facts| facts.whole)?.lines.types {
            let known: &mut u64 = all.entry(kind.clone()).or_default();
            *known = known.saturating_add(*many);
        }
    }
    Some(all)
}

/// The filters that the kick-off sent.
fn sent<'a>(context: &CheckContext<'a>) -> impl Iterator<Item = &'a str> {
    context.flow.params.iter().filter(|(name, _)| name == "_typeFilter").map(|(_, value)| value.as_str())
}

fn concerns(filter: &str, lines: &LineFacts) -> bool {
    filter.split_once('?').is_some_and(|(kind, _)| lines.types.contains_key(kind))
}
