//! Checks of what came back against what was asked for, and against what an earlier flow holds.

use std::collections::BTreeMap;

use crate::check::context::{CheckContext, CheckOutcome, Violation, items, manifest_of, no_manifest};
use crate::check::files::whole;
use crate::check::ownership::{besides, still_missing};
use crate::recording::facts::{KeptProfiles, Recheck};
use crate::recording::model::Exchange;
use crate::suite::line_rules::LineRule;
use crate::suite::model::FileList;

/// `only-matching`: no resource of the file certainly fails the filters that were sent for its type.
pub fn only_matching(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(facts) = context.index.facts(exchange) else {
        return CheckOutcome::Unknown("the recording holds no facts of this file".to_owned());
    };
    let Some(filtered) = &facts.filtered else {
        return CheckOutcome::Nothing("no filter concerns the resources of this file".to_owned());
    };
    if filtered.unmatched > 0 {
        let filters: Vec<&str> = sent(context).filter(|filter| concerns(filter, &facts.lines)).collect();
        let place = filtered.lines.first().map_or_else(|| "lines".to_owned(), |line| format!("line {line}"));
        let lines: Vec<String> = filtered.lines.iter().skip(1).map(u64::to_string).collect();
        let also = if lines.is_empty() { String::new() } else { format!("; also at lines {}", lines.join(", ")) };
        let of = crate::check::context::sum([filtered.matched, filtered.unmatched, filtered.undecided].into_iter());
        let actual = format!("{} of {of} resources do not pass{also}", filtered.unmatched);
        let mut broken = Violation::new("none", place, format!("only what passes {}", filters.join(" or ")), actual);
        broken.count = filtered.unmatched;
        return CheckOutcome::No(vec![broken]);
    }
    if filtered.matched == 0 {
        return CheckOutcome::NoData(format!(
            "whether the {} resources of this file pass the filter cannot be told from the export",
            filtered.undecided
        ));
    }
    CheckOutcome::Yes
}

/// `all-expected`: of the types asked for, everything that the flow compared with holds, and that passes the filters and
/// dates that were sent, came back.
pub fn all_expected(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let Some(comparison) = &context.flow.comparison else {
        return CheckOutcome::Nothing("there is no earlier export at the same level to compare it with".to_owned());
    };
    let recheck = comparison.recheck.as_ref();
    let gone_of = |kind: &str| recheck.map_or(0, |recheck| recheck.gone_of(kind));
    if comparison.types.iter().all(|(kind, kept)| kept.expected <= gone_of(kind)) {
        return CheckOutcome::NoData(format!("nothing that flow {} exported is asked for here", comparison.flow));
    }
    let files = whole(context, FileList::Output);
    if files.len() < items(manifest, "output").len() {
        return CheckOutcome::Unknown("not every output file was read whole".to_owned());
    }
    // A line that cannot be read, or has no id, may hold what seems to be missing; its own test says what is wrong.
    if files.values().any(|(_, facts)| !facts.lines.is_legible()) {
        return CheckOutcome::Nothing("lines that are wrong for themselves may hold what was asked for".to_owned());
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
    let all = comparison.types.values().fold(KeptProfiles::default(), |sum, kept| KeptProfiles {
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
        let mut broken = Violation::new("body", "body /output", expected, missing);
        broken.count = lost;
        broken
    })
}

/// Whether some output file has lines that cannot be told for what they are.
pub(crate) fn unreadable(context: &CheckContext<'_>) -> bool {
    let files = context.index.files(&context.flow.name, FileList::Output);
    files.iter().filter_map(|(_, facts)| *facts).any(|facts| !facts.lines.is_legible())
}

/// `some-left-out`: of the resources that a date or a filter certainly leaves out, and that nothing asked for refers to,
/// some did not come.
pub fn some_left_out(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let KeptProfiles { expected, found } = match spared(exchange, context) {
        Ok(spared) => spared,
        Err(held) => return held,
    };
    CheckOutcome::or_violation(found < expected, || {
        let wanted = "an export without what was not asked for".to_owned();
        let actual = format!("all {expected} resources that {} leaves out", sent_limits(context));
        Violation::new("body", "body /output", wanted, actual)
    })
}

/// `none-beyond`: of those, none came.
pub fn none_beyond(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let KeptProfiles { expected, found } = match spared(exchange, context) {
        Ok(spared) => spared,
        Err(held) => return held,
    };
    CheckOutcome::or_violation(found == 0, || {
        let wanted = format!("none of the {expected} resources that {} leaves out", sent_limits(context));
        Violation::new("body", "body /output", wanted, format!("{found} of them"))
    })
}

fn spared(exchange: &Exchange, context: &CheckContext<'_>) -> Result<KeptProfiles, CheckOutcome> {
    if manifest_of(exchange).is_none() {
        return Err(no_manifest());
    }
    let Some(comparison) = &context.flow.comparison else {
        return Err(CheckOutcome::Nothing(
            "there is no earlier export at the same level to compare it with".to_owned(),
        ));
    };
    match comparison.spared.expected {
        0 => Err(CheckOutcome::NoData(format!(
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

/// `only-types-returned` and, with `referenced`, `only-types-or-referenced`: no resource of a type that was not asked for.
pub fn only_types_returned(exchange: &Exchange, context: &CheckContext<'_>, referenced: bool) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let asked: Vec<&str> = params(context, "_type");
    if asked.is_empty() {
        return CheckOutcome::Nothing("no type was asked for".to_owned());
    }
    let Some(census) = &context.flow.census else {
        return CheckOutcome::Unknown("the recording does not say what came without having been asked for".to_owned());
    };
    let files = context.index.files(&context.flow.name, FileList::Output);
    let mixed = |rule: LineRule| rule == LineRule::ResourceTypeOther;
    if files.iter().filter_map(|(_, facts)| *facts).any(|facts| facts.lines.findings.iter().any(|f| mixed(f.rule))) {
        return CheckOutcome::Nothing("a file holds another type than its item names; its own test says so".to_owned());
    }
    let foreign: Vec<String> = census
        .foreign
        .iter()
        .map(|(kind, (came, alone))| (kind, if referenced { *alone } else { *came }))
        // Messages among the output are judged elsewhere.
        .filter(|(kind, count)| *count > 0 && kind.as_str() != "OperationOutcome")
        .map(|(kind, count)| format!("{count} of type {kind}"))
        .collect();
    if foreign.is_empty() {
        // What is not held is counted by type all the same.
        let strange = |kind: &String| !asked.contains(&kind.as_str()) && kind.as_str() != "OperationOutcome";
        let more = files.iter().filter_map(|(_, facts)| *facts).any(|facts| facts.lines.types.keys().any(strange));
        let read = whole(context, FileList::Output).len() >= items(manifest, "output").len();
        return match (read, more && !census.whole) {
            (false, _) => CheckOutcome::Unknown("not every output file was read whole".to_owned()),
            (true, true) => {
                CheckOutcome::NoData("more came than is held, so that what refers to others is not known".to_owned())
            }
            (true, false) => CheckOutcome::Yes,
        };
    }
    if referenced && !census.whole {
        return CheckOutcome::NoData("more came than is held, so that what refers to others is not known".to_owned());
    }
    let but = if referenced { ", and what these refer to" } else { "" };
    let expected = format!("resources of type {}{but}", asked.join(", "));
    CheckOutcome::No(vec![Violation::new("body", "body /output", expected, foreign.join(", "))])
}

/// `only-patients-asked`: no resource of a patient who was not listed.
pub fn only_patients_asked(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    if manifest_of(exchange).is_none() {
        return no_manifest();
    }
    let asked = params(context, "patient");
    if asked.is_empty() {
        return CheckOutcome::Nothing("no patient was asked for".to_owned());
    }
    let Some(census) = &context.flow.census else {
        return CheckOutcome::Unknown("the recording does not say what came without having been asked for".to_owned());
    };
    if census.strangers.is_empty() {
        return match census.whole {
            true => CheckOutcome::Yes,
            false => CheckOutcome::NoData("more came than is held, so that some may be of other patients".to_owned()),
        };
    }
    let strangers: Vec<String> =
        census.strangers.iter().map(|(kind, count)| format!("{count} of type {kind}")).collect();
    let expected = format!("resources of {} alone", asked.join(", "));
    let actual = format!("resources of other patients: {}", strangers.join(", "));
    let mut broken = Violation::new("body", "body /output", expected, actual);
    broken.count = crate::check::context::sum(census.strangers.values().copied());
    CheckOutcome::No(vec![broken])
}

fn params<'a>(context: &CheckContext<'a>, wanted: &str) -> Vec<&'a str> {
    let sent = context.flow.params.iter().filter(|(name, _)| name == wanted);
    sent.flat_map(|(_, value)| value.split(',')).map(str::trim).collect()
}

/// `within-beside`: of no type more came back than with the flow beside.
pub fn within_compared(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    if manifest_of(exchange).is_none() {
        return no_manifest();
    }
    let Some(compared) = context.compared else {
        return CheckOutcome::Nothing("no export at the same level was made to compare it with".to_owned());
    };
    let (Some(own), Some(other)) = (types(context, &context.flow.name), types(context, &compared.name)) else {
        return CheckOutcome::Unknown("one of the two exports was not read whole".to_owned());
    };
    if own.is_empty() {
        return CheckOutcome::NoData("nothing came back".to_owned());
    }
    let count = |kind: &str| other.get(kind).copied().unwrap_or_default();
    let more = own.iter().filter(|(kind, many)| **many > count(kind));
    CheckOutcome::from_violations(
        more.map(|(kind, many)| {
            let expected = format!("at most the {} of type {kind} of flow {}", count(kind), compared.name);
            Violation::new("body", "body /output", expected, many.to_string())
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

fn concerns(filter: &str, lines: &crate::recording::facts::LineFacts) -> bool {
    filter.split_once('?').is_some_and(|(kind, _)| lines.types.contains_key(kind))
}
