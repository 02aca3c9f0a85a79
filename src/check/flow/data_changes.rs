//! Checks of data that hooks change: exports show changes, list deletions and report failures.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::base::instant::Instant;
use crate::check::context::CheckContext;
use crate::check::exchange::{items, manifest_of, no_manifest, response};
use crate::check::outcome::{CheckOutcome, Violation};
use crate::recording::data_changes::{ChangeSeen, ChangeState, ChangedResource, Hooked, OtherReads, SecondRead};
use crate::recording::model::Exchange;
use crate::suite::flow::HookName;
use crate::suite::model::FileList;
use crate::verdicts::finding_place::FindingPlace;

/// What the hooks of this name did, and the manifest's `transactionTime`.
fn hooked<'a>(
    exchange: &'a Exchange,
    context: &CheckContext<'a>,
    name: HookName,
) -> Result<(&'a Hooked, Option<&'a str>), CheckOutcome> {
    let Some(manifest) = manifest_of(exchange) else { return Err(no_manifest()) };
    let Some(hooked) = context.flow.hooked.as_ref() else {
        return Err(CheckOutcome::Undecided("the recording does not say what hooks did".to_owned()));
    };
    if !hooked.there.contains(&name) {
        return Err(CheckOutcome::NotApplicable(format!(
            "it takes a command under [hooks] as {name}, and there is none"
        )));
    }
    let at = manifest.get("transactionTime").and_then(Value::as_str).filter(|at| Instant::parse(at).is_some());
    Ok((hooked, at))
}

/// The outcome if a member of the manifest should be an array and is not; other tests judge that.
fn not_an_array(exchange: &Exchange, list: &str, needed: bool) -> Option<CheckOutcome> {
    let there = manifest_of(exchange).and_then(|manifest| manifest.get(list));
    let odd = match there {
        None => needed,
        Some(value) => !value.is_array() && (needed || !value.is_null()),
    };
    odd.then(|| CheckOutcome::NotShown(format!("{list} is no array")))
}

/// Whether `transactionTime` is more than five seconds after the Date of its response; other tests judge that.
fn in_the_future(exchange: &Exchange, end: &str) -> bool {
    let date = response(exchange).and_then(|answer| httpdate::parse_http_date(answer.header("date")?).ok());
    let end = Instant::parse(end);
    date.zip(end).is_some_and(|(date, end)| end > Instant::from(date).plus_seconds(5))
}

/// Combines the outcomes of all changed resources: violations come before undecided ones, those before ones that hold,
/// and if none says anything, the first reason counts.
fn combine(hooked: &Hooked, name: HookName, each: impl Fn(&ChangedResource) -> CheckOutcome) -> CheckOutcome {
    let (mut broken, mut unknown, mut reason, mut held) = (Vec::new(), None, None, false);
    for thing in hooked.things.iter().filter(|thing| thing.hook == name) {
        match each(thing) {
            CheckOutcome::Holds => held = true,
            CheckOutcome::Violated(found) => broken.extend(found),
            CheckOutcome::Undecided(why) => unknown = unknown.or(Some(why)),
            CheckOutcome::NotApplicable(why) | CheckOutcome::NotShown(why) => reason = reason.or(Some(why)),
        }
    }
    let trouble = hooked.runs.iter().filter(|run| run.hook == name).find_map(|run| run.trouble.clone());
    match (broken.is_empty(), trouble.or(unknown), held) {
        (false, ..) => CheckOutcome::Violated(broken),
        (true, Some(why), _) => CheckOutcome::Undecided(why),
        (true, None, true) => CheckOutcome::Holds,
        (true, None, false) => {
            let none = || format!("the hook {name} was not run before the job was over");
            CheckOutcome::NotShown(reason.unwrap_or_else(none))
        }
    }
}

/// The exchange that read a resource.
fn read(thing: &ChangedResource) -> String {
    thing.read.map(|id| format!("exchange {id}")).unwrap_or_default()
}

/// What the read of a resource shows. A 404 shows that the resource is gone only if the target serves other reads.
fn shown(state: &ChangeState) -> ChangeState {
    let unread = |why: &str| ChangeState::Unread(format!("the read was answered 404, and {why}"));
    match state {
        ChangeState::NotFound { date, others: OtherReads::Served } => ChangeState::Gone(date.clone()),
        ChangeState::NotFound { others: OtherReads::NotServed, .. } => unread("so are those of other resources"),
        ChangeState::NotFound { others: OtherReads::None, .. } => unread("nothing shows that reads are served"),
        state => state.clone(),
    }
}

/// The outcome if a resource cannot be judged.
fn why_unjudged(thing: &ChangedResource) -> Option<CheckOutcome> {
    if let ChangeState::Unread(why) = shown(&thing.state) {
        let why = format!("what the hook {} touched cannot be read: {why} ({})", thing.hook, read(thing));
        return Some(CheckOutcome::Undecided(why));
    }
    if !thing.exported {
        return Some(CheckOutcome::NotShown(format!(
            "the {} that the hook {} named is in no earlier export of this run at this level; have it name what the \
             target exports",
            thing.kind, thing.hook
        )));
    }
    moved_on(thing)
        .then(|| CheckOutcome::NotShown(format!("the {} is not as the hook {} left it", thing.kind, thing.hook)))
}

/// Whether a second read shows that the resource is no longer as the hook left it, or cannot show that it is.
fn moved_on(thing: &ChangedResource) -> bool {
    thing.second_read.is_some_and(|seen| match thing.hook {
        HookName::Change => seen != SecondRead::Same,
        HookName::Delete => seen != SecondRead::Gone,
        HookName::Fail => seen == SecondRead::Gone,
    })
}

/// Whether `date` is certainly not after `end`. A date cut to the second may be later than it says.
fn is_over(date: &str, end: &str) -> Option<bool> {
    let (at, until) = (Instant::parse(date)?, Instant::parse(end)?);
    let cut = !date.contains('.') && end.contains('.');
    Some(if cut { at.plus_seconds(1) <= until } else { at <= until })
}

/// Whether `date` is a second or more before `end`.
fn is_long_over(date: &str, end: &str) -> bool {
    Instant::parse(date).zip(Instant::parse(end)).is_some_and(|(at, until)| at.plus_seconds(1) <= until)
}

/// The `_since` of the kick-off.
fn since<'a>(context: &CheckContext<'a>) -> Option<&'a str> {
    let params = &context.flow.params;
    params.iter().find(|(name, _)| name == "_since").map(|(_, value)| value.as_str())
}

/// `changes-come`: a change dated up to `transactionTime` by the target is in the output in that state or a later one.
pub(crate) fn changes_come(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let (hooked, end) = match hooked(exchange, context, HookName::Change) {
        Ok((hooked, Some(end))) => (hooked, end),
        Ok((_, None)) => return CheckOutcome::NotShown("transactionTime is no instant".to_owned()),
        Err(outcome) => return outcome,
    };
    if in_the_future(exchange, end) {
        return CheckOutcome::NotShown("transactionTime lies in the future".to_owned());
    }
    combine(hooked, HookName::Change, |thing| change(thing, end, since(context), hooked.meanwhile))
}

fn change(thing: &ChangedResource, end: &str, since: Option<&str>, meanwhile: bool) -> CheckOutcome {
    let kind = &thing.kind;
    let state = shown(&thing.state);
    let date = match &state {
        ChangeState::There(Some(date)) if thing.exported && !moved_on(thing) => date,
        ChangeState::There(None) if thing.exported && !moved_on(thing) => {
            return CheckOutcome::NotShown(format!("the target does not say when the {kind} was changed"));
        }
        ChangeState::Gone(_) => {
            return CheckOutcome::NotShown(format!("the {kind} that was changed is not there when it is read"));
        }
        _ => return why_unjudged(thing).unwrap_or(CheckOutcome::NotShown(format!("nothing is known of the {kind}"))),
    };
    if is_over(date, end) != Some(true) {
        return CheckOutcome::NotShown(format!("the {kind} was changed at {date}, after transactionTime {end}"));
    }
    // The target may count an instant of the same second on either side.
    if meanwhile && !is_long_over(date, end) {
        let why =
            format!("the {kind} was changed at {date}, too near to transactionTime {end}; the next export shows it");
        return CheckOutcome::NotShown(why);
    }
    let before = since.filter(|since| Instant::parse(date) <= Instant::parse(since));
    if let Some(since) = before {
        // A change up to the first export must be in that export; this one asks only for later changes.
        let told = is_long_over(date, since);
        let lacked = match thing.seen_before {
            Some(ChangeSeen::Unseen) => true,
            Some(ChangeSeen::Absent | ChangeSeen::Stale) => !told,
            _ => false,
        };
        return match (lacked, thing.seen) {
            (true, ChangeSeen::Absent | ChangeSeen::Stale) => lost(
                format!("the {kind} changed at {date} ({}) in the export up to {since} or in this one", read(thing)),
                "in neither as it is since",
            ),
            _ => CheckOutcome::NotShown(format!("the {kind} was changed at {date}, not after _since {since}")),
        };
    }
    let expected =
        || format!("the {kind} as it is since {date} ({}), which is not after transactionTime {end}", read(thing));
    match thing.seen {
        ChangeSeen::Fresh => CheckOutcome::Holds,
        ChangeSeen::Stale => lost(expected(), "an earlier state of it"),
        ChangeSeen::Absent => lost(expected(), "an export without it"),
        ChangeSeen::Unsure => {
            CheckOutcome::NotShown(format!("nothing tells the state of the {kind} that came from others"))
        }
        ChangeSeen::Unseen => CheckOutcome::NotShown("not all output files came whole".to_owned()),
    }
}

fn lost(expected: String, actual: &str) -> CheckOutcome {
    CheckOutcome::Violated(vec![Violation::new(FindingPlace::body("/output"), expected, actual)])
}

/// `deletions-told`: `deleted` lists what was deleted since `_since`, as the target's responses date it.
pub(crate) fn deletions_told(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let (hooked, end) = match hooked(exchange, context, HookName::Delete) {
        Ok((hooked, Some(end))) => (hooked, end),
        Ok((_, None)) => return CheckOutcome::NotShown("transactionTime is no instant".to_owned()),
        Err(outcome) => return outcome,
    };
    if let Some(outcome) = not_an_array(exchange, "deleted", false) {
        return outcome;
    }
    let listed = context.index.files(&context.flow.name, FileList::Deleted);
    // Other tests judge malformed lines.
    let legible = listed.iter().all(|(_, facts)| facts.is_some_and(|f| f.whole && f.lines.findings.is_empty()));
    combine(hooked, HookName::Delete, |thing| {
        let kind = &thing.kind;
        if thing.deleted {
            return CheckOutcome::Holds;
        }
        if let Some(outcome) = why_unjudged(thing) {
            return outcome;
        }
        match &shown(&thing.state) {
            ChangeState::Gone(Some(date)) if is_over(date, end) == Some(true) => {
                let after = since(context).is_some_and(|since| Instant::parse(date) > Instant::parse(since));
                if !after {
                    return CheckOutcome::NotShown(format!(
                        "the {kind} was gone at {date}, and not certainly after _since"
                    ));
                }
            }
            ChangeState::Gone(Some(date)) => {
                return CheckOutcome::NotShown(format!("the {kind} was gone at {date}, after transactionTime {end}"));
            }
            ChangeState::Gone(None) => return CheckOutcome::NotShown(format!("no Date says when the {kind} was gone")),
            _ => return CheckOutcome::NotShown(format!("the {kind} is still there when it is read")),
        }
        if !legible {
            return CheckOutcome::NotShown("not all files of deletions can be read".to_owned());
        }
        let expected = format!("the {kind} that is gone ({}), under deleted", read(thing));
        CheckOutcome::Violated(vec![Violation::new(
            FindingPlace::body("/deleted"),
            expected,
            "a manifest that does not tell of it",
        )])
    })
}

/// `failures-told`: if a resource that was made to fail is missing, the error files hold an OperationOutcome.
pub(crate) fn failures_told(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let hooked = match hooked(exchange, context, HookName::Fail) {
        Ok((hooked, _)) => hooked,
        Err(outcome) => return outcome,
    };
    if let Some(outcome) = not_an_array(exchange, "error", true) {
        return outcome;
    }
    let told = manifest_of(exchange).map(|manifest| items(manifest, "error").len()).unwrap_or_default();
    let files = context.index.files(&context.flow.name, FileList::Error);
    let unread = files.len() < told || files.iter().any(|(_, facts)| facts.is_none_or(|facts| !facts.whole));
    let outcomes: u64 = files.iter().filter_map(|(_, facts)| *facts).map(|facts| facts.lines.resources).sum();
    let outcome = combine(hooked, HookName::Fail, |thing| {
        if let Some(outcome) = why_unjudged(thing) {
            return outcome;
        }
        match thing.seen {
            ChangeSeen::Absent => {}
            ChangeSeen::Unseen => return CheckOutcome::NotShown("not all output files came whole".to_owned()),
            _ => return CheckOutcome::NotShown(format!("the {} was exported all the same", thing.kind)),
        }
        match (told, outcomes) {
            (1.., 1..) => CheckOutcome::Holds,
            (1.., 0) if unread => CheckOutcome::NotShown("not all error files came whole".to_owned()),
            _ => {
                let expected = format!("a file of OperationOutcomes that tells of the {} that is missing", thing.kind);
                let actual = if told == 0 { "no file" } else { "no OperationOutcome in the files" };
                CheckOutcome::Violated(vec![Violation::new(FindingPlace::body("/error"), expected, actual)])
            }
        }
    });
    // One finding per list, however many resources are missing.
    match outcome {
        CheckOutcome::Violated(broken) => {
            let mut seen = BTreeSet::new();
            CheckOutcome::Violated(broken.into_iter().filter(|one| seen.insert(one.expected.clone())).collect())
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
    fn what_was_changed_up_to_the_transaction_time_must_be_there() {
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
    fn what_falls_between_two_exports_is_lost() {
        let (since, end) = (Some("2026-01-01T12:00:05.000Z"), "2026-01-01T12:00:09.000Z");
        let (near, long) = ("2026-01-01T12:00:04.500Z", "2026-01-01T12:00:01.000Z");
        for (date, before, came, says) in [
            // The first export has it, or a finding there says that it has not.
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
    fn a_hook_in_trouble_leaves_its_test_undecided() {
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
        let broken = || CheckOutcome::Violated(vec![Violation::new(FindingPlace::Nowhere, "", "")]);
        assert_eq!(word(&combine(&bad, HookName::Change, |_| broken())), "no", "what is seen to be broken is broken");
        assert_eq!(word(&combine(&good, HookName::Delete, |_| CheckOutcome::Holds)), "no data");
    }
}
