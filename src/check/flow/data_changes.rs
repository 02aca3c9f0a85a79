//! Checks of data that hooks changed: exports have the changes, list deletions and report failures.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::base::instant::Instant;
use crate::check::context::CheckContext;
use crate::check::exchange::{items, manifest_of, no_manifest, response};
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::reasons;
use crate::recording::data_changes::{ChangeSeen, ChangeState, ChangedResource, Hooked, OtherReads, SecondRead};
use crate::recording::model::Exchange;
use crate::suite::flow::HookName;
use crate::suite::model::FileList;
use crate::verdicts::finding_place::FindingPlace;

/// Returns the changes that the hooks of the flow made, and the manifest's `transactionTime`; none if it is not an
/// instant.
///
/// # Errors
/// The outcome, if the run has no hook of this name.
fn hooked<'a>(
    exchange: &'a Exchange,
    context: &CheckContext<'a>,
    name: HookName,
) -> Result<(&'a Hooked, Option<&'a str>), CheckOutcome> {
    let Some(manifest) = manifest_of(exchange) else { return Err(no_manifest()) };
    let Some(hooked) = context.flow.hooked.as_ref() else {
        return Err(CheckOutcome::Undecided("the recording has no facts about the hooks of this flow".to_owned()));
    };
    if !hooked.there.contains(&name) {
        return Err(CheckOutcome::NotApplicable(format!(
            "the run has no hook {name}. Configure a command as {name} under [hooks], and give --allow-hooks"
        )));
    }
    let at = manifest.get("transactionTime").and_then(Value::as_str).filter(|at| Instant::parse(at).is_some());
    Ok((hooked, at))
}

/// Returns the outcome if a member of the manifest must be an array and is not. Other tests judge that.
fn not_an_array(exchange: &Exchange, list: &str, needed: bool) -> Option<CheckOutcome> {
    let there = manifest_of(exchange).and_then(|manifest| manifest.get(list));
    let odd = match there {
        None => needed,
        Some(value) => !value.is_array() && (needed || !value.is_null()),
    };
    odd.then(|| CheckOutcome::NotShown(format!("{list} is not an array")))
}

/// Returns whether `transactionTime` is more than five seconds after the Date of its response. Other tests judge that.
fn in_the_future(exchange: &Exchange, end: &str) -> bool {
    let date = response(exchange).and_then(|answer| httpdate::parse_http_date(answer.header("date")?).ok());
    let end = Instant::parse(end);
    date.zip(end).is_some_and(|(date, end)| end > Instant::from(date).plus_seconds(5))
}

/// Combines the outcomes of all changed resources. Violations have priority over undecided outcomes, and those over
/// outcomes that hold. If no resource was judged, the first reason counts.
fn combine(hooked: &Hooked, name: HookName, each: impl Fn(&ChangedResource) -> CheckOutcome) -> CheckOutcome {
    let (mut violations, mut unknown, mut reason, mut holds) = (Vec::new(), None, None, false);
    for thing in hooked.things.iter().filter(|thing| thing.hook == name) {
        match each(thing) {
            CheckOutcome::Holds => holds = true,
            CheckOutcome::Violated(found) => violations.extend(found),
            CheckOutcome::Undecided(why) => unknown = unknown.or(Some(why)),
            CheckOutcome::NotApplicable(why) | CheckOutcome::NotShown(why) => reason = reason.or(Some(why)),
        }
    }
    let trouble = hooked.runs.iter().filter(|run| run.hook == name).find_map(|run| run.trouble.clone());
    match (violations.is_empty(), trouble.or(unknown), holds) {
        (false, ..) => CheckOutcome::Violated(violations),
        (true, Some(why), _) => CheckOutcome::Undecided(why),
        (true, None, true) => CheckOutcome::Holds,
        (true, None, false) => {
            let none = || format!("the hook {name} did not run before the job finished");
            CheckOutcome::NotShown(reason.unwrap_or_else(none))
        }
    }
}

/// Names the exchange that read a resource.
fn read(thing: &ChangedResource) -> String {
    thing.read.map(|id| format!("exchange {id}")).unwrap_or_default()
}

/// What the read of a resource shows. A 404 shows that the resource is gone only if the target serves other reads.
fn shown(state: &ChangeState) -> ChangeState {
    let unread = |why: &str| ChangeState::Unread(format!("the read returned 404, and {why}"));
    match state {
        ChangeState::NotFound { date, others: OtherReads::Served } => ChangeState::Gone(date.clone()),
        ChangeState::NotFound { others: OtherReads::NotServed, .. } => unread("so are those of other resources"),
        ChangeState::NotFound { others: OtherReads::None, .. } => unread("nothing shows that reads are served"),
        state => state.clone(),
    }
}

/// Returns the outcome if a resource cannot be judged.
fn why_unjudged(thing: &ChangedResource) -> Option<CheckOutcome> {
    if let ChangeState::Unread(why) = shown(&thing.state) {
        let why =
            format!("the {} that the hook {} named cannot be read: {why} ({})", thing.kind, thing.hook, read(thing));
        return Some(CheckOutcome::Undecided(why));
    }
    if !thing.exported {
        return Some(CheckOutcome::NotShown(format!(
            "no earlier export at this level has the {} that the hook {} named. Let the hook name a resource that the \
             server exports",
            thing.kind, thing.hook
        )));
    }
    changed_again(thing).then(|| {
        CheckOutcome::NotShown(format!(
            "a second read does not show the {} as the hook {} left it",
            thing.kind, thing.hook
        ))
    })
}

/// Returns whether a second read does not show that the resource is still as the hook left it.
fn changed_again(thing: &ChangedResource) -> bool {
    thing.second_read.is_some_and(|seen| match thing.hook {
        HookName::Change => seen != SecondRead::Same,
        HookName::Delete => seen != SecondRead::Gone,
        HookName::Fail => seen == SecondRead::Gone,
    })
}

/// Returns whether `date` is certainly not after `end`. A date without fractions may be up to a second later.
fn is_not_after(date: &str, end: &str) -> Option<bool> {
    let (at, until) = (Instant::parse(date)?, Instant::parse(end)?);
    let cut = !date.contains('.') && end.contains('.');
    Some(if cut { at.plus_seconds(1) <= until } else { at <= until })
}

/// Returns whether `date` is a second or more before `end`.
fn is_well_before(date: &str, end: &str) -> bool {
    Instant::parse(date).zip(Instant::parse(end)).is_some_and(|(at, until)| at.plus_seconds(1) <= until)
}

/// Returns the `_since` of the kick-off.
fn since<'a>(context: &CheckContext<'a>) -> Option<&'a str> {
    let params = &context.flow.params;
    params.iter().find(|(name, _)| name == "_since").map(|(_, value)| value.as_str())
}

/// `changes-come`: if the target dates a change at or before `transactionTime`, the output has that state or a later
/// one.
pub(crate) fn changes_come(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let (hooked, end) = match hooked(exchange, context, HookName::Change) {
        Ok((hooked, Some(end))) => (hooked, end),
        Ok((_, None)) => return CheckOutcome::NotShown(reasons::NO_TRANSACTION_TIME.to_owned()),
        Err(outcome) => return outcome,
    };
    if in_the_future(exchange, end) {
        return CheckOutcome::NotShown("transactionTime is in the future".to_owned());
    }
    combine(hooked, HookName::Change, |thing| change(thing, end, since(context), hooked.meanwhile))
}

fn change(thing: &ChangedResource, end: &str, since: Option<&str>, meanwhile: bool) -> CheckOutcome {
    let kind = &thing.kind;
    let state = shown(&thing.state);
    let date = match &state {
        ChangeState::There(Some(date)) if thing.exported && !changed_again(thing) => date,
        ChangeState::There(None) if thing.exported && !changed_again(thing) => {
            return CheckOutcome::NotShown(format!("the changed {kind} has no meta.lastUpdated"));
        }
        ChangeState::Gone(_) => {
            return CheckOutcome::NotShown(format!("the changed {kind} no longer exists when it is read"));
        }
        _ => {
            return why_unjudged(thing)
                .unwrap_or(CheckOutcome::NotShown(format!("the state of the {kind} is unknown")));
        }
    };
    if is_not_after(date, end) != Some(true) {
        return CheckOutcome::NotShown(format!("the {kind} was changed at {date}, after transactionTime {end}"));
    }
    // The target may include or exclude a change in the same second as transactionTime.
    if meanwhile && !is_well_before(date, end) {
        let why =
            format!("the {kind} was changed at {date}, too close to transactionTime {end}; the next export shows it");
        return CheckOutcome::NotShown(why);
    }
    let before = since.filter(|since| Instant::parse(date) <= Instant::parse(since));
    if let Some(since) = before {
        // A change before the first export must be in that export; this one requests only later changes.
        let reported = is_well_before(date, since);
        let missing = match thing.seen_before {
            Some(ChangeSeen::Unseen) => true,
            Some(ChangeSeen::Absent | ChangeSeen::Stale) => !reported,
            _ => false,
        };
        return match (missing, thing.seen) {
            (true, ChangeSeen::Absent | ChangeSeen::Stale) => lost(
                format!(
                    "the {kind} as changed at {date} ({}), in the export up to {since} or in this one",
                    read(thing)
                ),
                "this state in neither export",
            ),
            _ => CheckOutcome::NotShown(format!("the {kind} was changed at {date}, not after _since {since}")),
        };
    }
    let expected = || format!("the {kind} as changed at {date} ({}), not after transactionTime {end}", read(thing));
    match thing.seen {
        ChangeSeen::Fresh => CheckOutcome::Holds,
        ChangeSeen::Stale => lost(expected(), "an earlier state of it"),
        ChangeSeen::Absent => lost(expected(), "an export without it"),
        ChangeSeen::Unsure => {
            CheckOutcome::NotShown(format!("the exported {kind} has no version or date to compare its state"))
        }
        ChangeSeen::Unseen => CheckOutcome::NotShown(reasons::OUTPUT_INCOMPLETE.to_owned()),
    }
}

fn lost(expected: String, actual: &str) -> CheckOutcome {
    CheckOutcome::Violated(vec![Violation::new(FindingPlace::body("/output"), expected, actual)])
}

/// `deletions-told`: `deleted` lists what was deleted since `_since`, by the dates of the target's responses.
pub(crate) fn deletions_told(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let (hooked, end) = match hooked(exchange, context, HookName::Delete) {
        Ok((hooked, Some(end))) => (hooked, end),
        Ok((_, None)) => return CheckOutcome::NotShown(reasons::NO_TRANSACTION_TIME.to_owned()),
        Err(outcome) => return outcome,
    };
    if let Some(outcome) = not_an_array(exchange, "deleted", false) {
        return outcome;
    }
    let listed = context.index.files(&context.flow.name, FileList::Deleted);
    // Other tests judge malformed lines.
    let readable = listed.iter().all(|(_, facts)| facts.is_some_and(|f| f.whole && f.lines.findings.is_empty()));
    combine(hooked, HookName::Delete, |thing| {
        let kind = &thing.kind;
        if thing.deleted {
            return CheckOutcome::Holds;
        }
        if let Some(outcome) = why_unjudged(thing) {
            return outcome;
        }
        match &shown(&thing.state) {
            ChangeState::Gone(Some(date)) if is_not_after(date, end) == Some(true) => {
                let after = since(context).is_some_and(|since| Instant::parse(date) > Instant::parse(since));
                if !after {
                    return CheckOutcome::NotShown(format!(
                        "the {kind} was deleted at {date} or before, so possibly not after _since"
                    ));
                }
            }
            ChangeState::Gone(Some(date)) => {
                return CheckOutcome::NotShown(format!(
                    "the {kind} is known to be deleted only at {date}, after transactionTime {end}"
                ));
            }
            ChangeState::Gone(None) => {
                return CheckOutcome::NotShown(format!("the response has no Date to show when the {kind} was deleted"));
            }
            _ => return CheckOutcome::NotShown(format!("the {kind} still exists when it is read")),
        }
        if !readable {
            return CheckOutcome::NotShown("not every file under deleted can be read".to_owned());
        }
        let expected = format!("the deleted {kind} ({}) in a file under deleted", read(thing));
        CheckOutcome::Violated(vec![Violation::new(FindingPlace::body("/deleted"), expected, "no entry for it")])
    })
}

/// `failures-told`: if a resource that the hook made fail is missing, the error files have an OperationOutcome.
pub(crate) fn failures_told(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let hooked = match hooked(exchange, context, HookName::Fail) {
        Ok((hooked, _)) => hooked,
        Err(outcome) => return outcome,
    };
    if let Some(outcome) = not_an_array(exchange, "error", true) {
        return outcome;
    }
    let listed = manifest_of(exchange).map(|manifest| items(manifest, "error").len()).unwrap_or_default();
    let files = context.index.files(&context.flow.name, FileList::Error);
    let unread = files.len() < listed || files.iter().any(|(_, facts)| facts.is_none_or(|facts| !facts.whole));
    let outcomes: u64 = files.iter().filter_map(|(_, facts)| *facts).map(|facts| facts.lines.resources).sum();
    let outcome = combine(hooked, HookName::Fail, |thing| {
        if let Some(outcome) = why_unjudged(thing) {
            return outcome;
        }
        match thing.seen {
            ChangeSeen::Absent => {}
            ChangeSeen::Unseen => return CheckOutcome::NotShown(reasons::OUTPUT_INCOMPLETE.to_owned()),
            _ => return CheckOutcome::NotShown(format!("the {} was exported", thing.kind)),
        }
        match (listed, outcomes) {
            (1.., 1..) => CheckOutcome::Holds,
            (1.., 0) if unread => CheckOutcome::NotShown(reasons::ERRORS_INCOMPLETE.to_owned()),
            _ => {
                let expected = format!("an OperationOutcome under error about the missing {}", thing.kind);
                let actual = if listed == 0 { "no error file" } else { "no OperationOutcome in the error files" };
                CheckOutcome::Violated(vec![Violation::new(FindingPlace::body("/error"), expected, actual)])
            }
        }
    });
    // One finding per list, however many resources are missing.
    match outcome {
        CheckOutcome::Violated(violations) => {
            let mut seen = BTreeSet::new();
            CheckOutcome::Violated(violations.into_iter().filter(|one| seen.insert(one.expected.clone())).collect())
        }
        outcome => outcome,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn thing(date: &str, came: ChangeSeen) -> ChangedResource {
        ChangedResource {
            hook: HookName::Change,
            kind: "Patient".to_owned(),
            id: "0".to_owned(),
            exported: true,
            read: Some(7),
            state: ChangeState::There(Some(date.to_owned())),
            seen: came,
            seen_before: None,
            deleted: false,
            second_read: None,
        }
    }

    fn word(outcome: &CheckOutcome) -> &'static str {
        match outcome {
            CheckOutcome::Holds => "yes",
            CheckOutcome::Violated(_) => "no",
            CheckOutcome::Undecided(_) => "unknown",
            CheckOutcome::NotApplicable(_) | CheckOutcome::NotShown(_) => "no data",
        }
    }

    #[test]
    fn changes_up_to_the_transaction_time_must_be_exported() {
        let end = "2026-01-01T12:00:05.500Z";
        for (date, came, meanwhile, says) in [
            ("2026-01-01T12:00:05.500Z", ChangeSeen::Fresh, false, "yes"),
            ("2026-01-01T12:00:05.500Z", ChangeSeen::Stale, false, "no"),
            ("2026-01-01T12:00:05.501Z", ChangeSeen::Stale, false, "no data"),
            ("2026-01-01T13:00:04.000+01:00", ChangeSeen::Absent, false, "no"),
            ("2026-01-01T12:00:05Z", ChangeSeen::Absent, false, "no data"),
            ("2026-01-01T12:00:04Z", ChangeSeen::Absent, false, "no"),
            ("2026-01-01T12:00:05.000Z", ChangeSeen::Absent, true, "no data"),
            ("2026-01-01T12:00:04.000Z", ChangeSeen::Absent, true, "no"),
            ("2026-01-01T12:00:04.000Z", ChangeSeen::Unsure, false, "no data"),
            ("2026-01-01T12:00:04.000Z", ChangeSeen::Unseen, false, "no data"),
        ] {
            assert_eq!(word(&change(&thing(date, came), end, None, meanwhile)), says, "{date} {came} {meanwhile}");
        }
        let unknown = ChangedResource { exported: false, ..thing("2026-01-01T12:00:00.000Z", ChangeSeen::Absent) };
        assert_eq!(word(&change(&unknown, end, None, false)), "no data");
        let unread =
            ChangedResource { state: ChangeState::Unread("it was 403".into()), ..thing("", ChangeSeen::Absent) };
        assert_eq!(word(&change(&unread, end, None, false)), "unknown");
        let moved = ChangedResource {
            second_read: Some(SecondRead::Changed),
            ..thing("2026-01-01T12:00:00.000Z", ChangeSeen::Stale)
        };
        assert_eq!(word(&change(&moved, end, None, false)), "no data");
    }

    #[test]
    fn changes_missing_from_both_exports_are_violations() {
        let (since, end) = (Some("2026-01-01T12:00:05.000Z"), "2026-01-01T12:00:09.000Z");
        let (near, long) = ("2026-01-01T12:00:04.500Z", "2026-01-01T12:00:01.000Z");
        for (date, before, came, says) in [
            // The first export has it, or a finding there reports that it is missing.
            (near, ChangeSeen::Fresh, ChangeSeen::Absent, "no data"),
            (long, ChangeSeen::Absent, ChangeSeen::Absent, "no data"),
            (near, ChangeSeen::Absent, ChangeSeen::Absent, "no"),
            (near, ChangeSeen::Stale, ChangeSeen::Stale, "no"),
            (near, ChangeSeen::Stale, ChangeSeen::Fresh, "no data"),
            // Changed after the first export, but not after its transaction time.
            (long, ChangeSeen::Unseen, ChangeSeen::Absent, "no"),
            ("2026-01-01T12:00:06.000Z", ChangeSeen::Unseen, ChangeSeen::Absent, "no"),
            ("2026-01-01T12:00:06.000Z", ChangeSeen::Unseen, ChangeSeen::Fresh, "yes"),
        ] {
            let thing = ChangedResource { seen_before: Some(before), ..thing(date, came) };
            assert_eq!(word(&change(&thing, end, since, false)), says, "{date} {before} {came}");
        }
    }

    #[test]
    fn a_failed_hook_leaves_its_test_undecided() {
        let run = |trouble: Option<&str>| crate::recording::data_changes::HookRun {
            hook: HookName::Change,
            at: 0,
            took: 0,
            named: 1,
            trouble: trouble.map(str::to_owned),
        };
        let things = vec![thing("2026-01-01T12:00:00.000Z", ChangeSeen::Fresh)];
        let good = Hooked { runs: vec![run(None)], things, ..Hooked::default() };
        assert_eq!(word(&combine(&good, HookName::Change, |_| CheckOutcome::Holds)), "yes");
        let bad = Hooked { runs: vec![run(None), run(Some("it ended with exit status 1"))], ..good.clone() };
        assert_eq!(word(&combine(&bad, HookName::Change, |_| CheckOutcome::Holds)), "unknown");
        let violated = || CheckOutcome::Violated(vec![Violation::new(FindingPlace::Nowhere, "", "")]);
        assert_eq!(
            word(&combine(&bad, HookName::Change, |_| violated())),
            "no",
            "a violation counts although a hook failed"
        );
        assert_eq!(word(&combine(&good, HookName::Delete, |_| CheckOutcome::Holds)), "no data");
    }
}
