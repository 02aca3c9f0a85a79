//! Checks of the resources that filters and dates exclude, and of those that they must not exclude.

use std::collections::BTreeMap;

use crate::base::vocabulary::ExportLevel;
use crate::check::context::CheckContext;
use crate::check::exchange::{items, manifest_of, no_manifest, saturating_sum};
use crate::check::flow_files::whole_files;
use crate::check::missing::{besides, still_missing};
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::reasons;
use crate::recording::comparison::{FoundCount, Recheck};
use crate::recording::facts::LineFacts;
use crate::recording::model::Exchange;
use crate::suite::describe;
use crate::suite::model::FileList;
use crate::verdicts::finding_place::FindingPlace;

/// `only-matching`: no resource of the file certainly fails the filters for its type.
pub(crate) fn only_matching(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(facts) = context.index.facts(exchange) else {
        return CheckOutcome::Undecided(reasons::NO_FILE_FACTS.to_owned());
    };
    let Some(filtered) = &facts.filtered else {
        return CheckOutcome::NotApplicable("no filter applies to the resources of this file".to_owned());
    };
    if filtered.unmatched > 0 {
        let filters: Vec<&str> = sent(context).filter(|filter| applies(filter, &facts.lines)).collect();
        let place = filtered.lines.first().map_or(FindingPlace::Lines, |line| FindingPlace::Line(*line));
        let lines: Vec<String> = filtered.lines.iter().skip(1).map(u64::to_string).collect();
        let more = if lines.is_empty() { String::new() } else { format!("; more at lines {}", lines.join(", ")) };
        let of = saturating_sum([filtered.matched, filtered.unmatched, filtered.undecided].into_iter());
        let actual = format!("{} of {of} resources that do not match{more}", filtered.unmatched);
        let expected = format!("only resources that match {}", filters.join(" or "));
        let mut violation = Violation::new(place, expected, actual);
        violation.count = filtered.unmatched;
        return CheckOutcome::Violated(vec![violation]);
    }
    if filtered.matched == 0 {
        return CheckOutcome::NotShown(format!(
            "the export does not show whether the {} resources of this file match the filter",
            filtered.undecided
        ));
    }
    CheckOutcome::Holds
}

/// `all-expected`: the export has all resources of the flow to compare with that have a requested type and match the
/// filters and dates.
pub(crate) fn all_expected(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let Some(comparison) = &context.flow.comparison else {
        return CheckOutcome::NotApplicable(reasons::NO_EXPORT_TO_COMPARE.to_owned());
    };
    let recheck = comparison.recheck.as_ref();
    let gone_of = |kind: &str| recheck.map_or(0, |recheck| recheck.gone_of(kind));
    if comparison.types.iter().all(|(kind, kept)| kept.expected <= gone_of(kind)) {
        return CheckOutcome::NotShown(format!(
            "flow {} exported no resource that this request selects",
            comparison.flow
        ));
    }
    let files = whole_files(context, FileList::Output);
    if files.len() < items(manifest, "output").len() {
        return CheckOutcome::Undecided(reasons::OUTPUT_INCOMPLETE.to_owned());
    }
    // A line that cannot be read, or has no id, may be a missing resource. Another test judges the line.
    if files.values().any(|(_, facts)| !facts.lines.is_legible()) {
        return CheckOutcome::NotApplicable(reasons::INVALID_LINES.to_owned());
    }
    let gone = recheck.map_or(0, Recheck::gone);
    // The type, how many resources of it are expected, and how many of those were exported.
    let missing: Vec<(&str, u64, u64)> = comparison
        .types
        .iter()
        .filter_map(|(kind, kept)| {
            let expected = kept.expected.saturating_sub(gone_of(kind));
            (kept.found < expected).then_some((kind.as_str(), expected, kept.found))
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
        let wanted: Vec<String> = missing.iter().map(|(kind, expected, _)| format!("{expected} {kind}")).collect();
        let found: Vec<String> =
            missing.iter().map(|(kind, expected, found)| format!("{found} of {expected} {kind}")).collect();
        let mut violation = Violation::new(
            FindingPlace::body("/output"),
            format!(
                "all {} resources of {} that the request selects",
                describe::and(&wanted),
                reasons::export_of(context.index, &comparison.flow)
            ),
            format!("{}{}", describe::and(&found), besides(gone)),
        );
        violation.count = lost;
        violation
    })
}

/// `some-left-out`: some of the resources are missing that a date or filter certainly excludes and that no exported
/// resource refers to.
pub(crate) fn some_left_out(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    // The data of a patient may be older than the patient's membership.
    if context.flow.export == ExportLevel::Group && context.flow.params.iter().any(|(name, _)| name == "_since") {
        let why = "a Group export with _since may include older data of patients that were added later";
        return CheckOutcome::NotApplicable(why.to_owned());
    }
    let FoundCount { expected, found } = match spared(exchange, context) {
        Ok(spared) => spared,
        Err(outcome) => return outcome,
    };
    CheckOutcome::or_violation(found < expected, || {
        let wanted = format!("not all {expected} resources that {} excludes", sent_limits(context));
        Violation::new(FindingPlace::body("/output"), wanted, format!("all {expected}"))
    })
}

/// `none-beyond`: all resources are missing that a date or filter certainly excludes and that no exported resource
/// refers to.
pub(crate) fn none_beyond(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let FoundCount { expected, found } = match spared(exchange, context) {
        Ok(spared) => spared,
        Err(outcome) => return outcome,
    };
    CheckOutcome::or_violation(found == 0, || {
        let wanted = format!("none of the {expected} resources that {} excludes", sent_limits(context));
        Violation::new(FindingPlace::body("/output"), wanted, format!("{found} of {expected}"))
    })
}

fn spared(exchange: &Exchange, context: &CheckContext<'_>) -> Result<FoundCount, CheckOutcome> {
    if manifest_of(exchange).is_none() {
        return Err(no_manifest());
    }
    let Some(comparison) = &context.flow.comparison else {
        return Err(CheckOutcome::NotApplicable(reasons::NO_EXPORT_TO_COMPARE.to_owned()));
    };
    match comparison.spared.expected {
        0 => Err(CheckOutcome::NotShown(format!(
            "{} excludes no resource of flow {}",
            sent_limits(context),
            comparison.flow
        ))),
        _ => Ok(comparison.spared),
    }
}

/// Returns the parameters that exclude resources, in words.
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
        return CheckOutcome::NotApplicable(reasons::NO_EXPORT_TO_COMPARE.to_owned());
    };
    let (Some(own), Some(other)) = (types(context, &context.flow.name), types(context, &compared.name)) else {
        return CheckOutcome::Undecided(reasons::EXPORT_INCOMPLETE.to_owned());
    };
    if own.is_empty() {
        return CheckOutcome::NotShown(reasons::NOTHING_EXPORTED.to_owned());
    }
    let count = |kind: &str| other.get(kind).copied().unwrap_or_default();
    let more = own.iter().filter(|(kind, many)| **many > count(kind));
    CheckOutcome::from_violations(
        more.map(|(kind, many)| {
            let expected = format!("at most {} {kind} resources, as in flow {}", count(kind), compared.name);
            Violation::new(FindingPlace::body("/output"), expected, many.to_string())
        })
        .collect(),
    )
}

/// Returns the resources of a flow by type, if every output file was received completely.
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

/// Returns the filters that the kick-off sent.
fn sent<'a>(context: &CheckContext<'a>) -> impl Iterator<Item = &'a str> {
    context.flow.params.iter().filter(|(name, _)| name == "_typeFilter").map(|(_, value)| value.as_str())
}

fn applies(filter: &str, lines: &LineFacts) -> bool {
    filter.split_once('?').is_some_and(|(kind, _)| lines.types.contains_key(kind))
}
