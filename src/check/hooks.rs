//! Checks of what hooks did to the target: whether exports show what was changed, tell what was deleted, and own up to
//! what failed.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::base::instant::Instant;
use crate::check::context::{CheckContext, CheckOutcome, Violation, items, manifest_of, no_manifest, response};
use crate::recording::data_changes::{ChangeSeen, ChangeState, ChangedResource, Hooked, SecondRead};
use crate::recording::model::Exchange;
use crate::suite::flow::HookName;
use crate::suite::model::FileList;

/// What hooks of this name did, and the manifest's `transactionTime`.
fn hooked<'a>(
    exchange: &'a Exchange,
    context: &CheckContext<'a>,
    name: HookName,
) -> Result<(&'a Hooked, Option<&'a str>), CheckOutcome> {
    let Some(manifest) = manifest_of(exchange) else { return Err(no_manifest()) };
    let Some(hooked) = context.flow.hooked.as_ref() else {
        return Err(CheckOutcome::Unknown("the recording does not say what hooks did".to_owned()));
    };
    if !hooked.there.contains(&name) {
        return Err(CheckOutcome::Nothing(format!("it takes a command under [hooks] as {name}, and there is none")));
    }
    let at = manifest.get("transactionTime").and_then(Value::as_str).filter(|at| Instant::parse(at).is_some());
    Ok((hooked, at))
}

/// Why a list of the manifest says nothing: it is there and no list, which other tests tell.
fn no_list(exchange: &Exchange, list: &str, needed: bool) -> Option<CheckOutcome> {
    let there = manifest_of(exchange).and_then(|manifest| manifest.get(list));
    let odd = match there {
        None => needed,
        Some(value) => !value.is_array() && (needed || !value.is_null()),
    };
    odd.then(|| CheckOutcome::NoData(format!("{list} is no array")))
}

/// Whether `transactionTime` lies more than seconds after the answer that tells it, which other tests tell.
fn in_the_future(exchange: &Exchange, end: &str) -> bool {
    let date = response(exchange).and_then(|answer| httpdate::parse_http_date(answer.header("date")?).ok());
    let end = Instant::parse(end);
    date.zip(end).is_some_and(|(date, end)| end > Instant::from(date).plus_seconds(5))
}

/// The sum of what was found of each thing: what is broken before what nobody can tell, that before what holds, and
/// where nothing could be said of any the first reason.
fn sum(hooked: &Hooked, name: HookName, each: impl Fn(&ChangedResource) -> CheckOutcome) -> CheckOutcome {
    let (mut broken, mut unknown, mut reason, mut held) = (Vec::new(), None, None, false);
    for thing in hooked.things.iter().filter(|thing| thing.hook == name) {
        match each(thing) {
            CheckOutcome::Yes => held = true,
            CheckOutcome::No(found) => broken.extend(found),
            CheckOutcome::Unknown(why) => unknown = unknown.or(Some(why)),
            CheckOutcome::Nothing(why) | CheckOutcome::NoData(why) => reason = reason.or(Some(why)),
        }
    }
    let trouble = hooked.runs.iter().filter(|run| run.hook == name).find_map(|run| run.trouble.clone());
    match (broken.is_empty(), trouble.or(unknown), held) {
        (false, ..) => CheckOutcome::No(broken),
        (true, Some(why), _) => CheckOutcome::Unknown(why),
        (true, None, true) => CheckOutcome::Yes,
        (true, None, false) => {
            let none = || format!("the hook {name} was not run before the job was over");
            CheckOutcome::NoData(reason.unwrap_or_else(none))
        }
    }
}

/// Where a resource was read.
fn read(thing: &ChangedResource) -> String {
    thing.read.map(|id| format!("exchange {id}")).unwrap_or_default()
}

/// Why nothing can be said of what a hook named.
fn beside_the_point(thing: &ChangedResource) -> Option<CheckOutcome> {
    if let ChangeState::Unread(why) = &thing.state {
        let why = format!("what the hook {} touched cannot be read: {why} ({})", thing.hook, read(thing));
        return Some(CheckOutcome::Unknown(why));
    }
    if !thing.exported {
        return Some(CheckOutcome::NoData(format!(
            "the {} that the hook {} named is in no earlier export of this run at this level; have it name what the \
             target exports",
            thing.kind, thing.hook
        )));
    }
    moved_on(thing)
        .then(|| CheckOutcome::NoData(format!("the {} is not as the hook {} left it", thing.kind, thing.hook)))
}

/// Whether a second read shows that the resource is no longer as the hook left it, or cannot show that it is.
fn moved_on(thing: &ChangedResource) -> bool {
    thing.second_read.is_some_and(|seen| match thing.hook {
        HookName::Change => seen != SecondRead::Same,
        HookName::Delete => seen != SecondRead::Gone,
        HookName::Fail => seen == SecondRead::Gone,
    })
}

/// Whether `date` certainly is not after `end`: one that is cut to the second may be later than it says.
fn is_over(date: &str, end: &str) -> Option<bool> {
    let (at, until) = (Instant::parse(date)?, Instant::parse(end)?);
    let cut = !date.contains('.') && end.contains('.');
    Some(if cut { at.plus_seconds(1) <= until } else { at <= until })
}

/// Whether `date` is a second or more before `end`.
fn is_long_over(date: &str, end: &str) -> bool {
    Instant::parse(date).zip(Instant::parse(end)).is_some_and(|(at, until)| at.plus_seconds(1) <= until)
}

/// The instant that the kick-off asked for changes since.
fn since<'a>(context: &CheckContext<'a>) -> Option<&'a str> {
    let params = &context.flow.params;
    params.iter().find(|(name, _)| name == "_since").map(|(_, value)| value.as_str())
}

/// `changes-come`: what was changed, by the target's own dates, not after `transactionTime` is in the output as it then
/// was, or later.
pub fn changes_come(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let (hooked, end) = match hooked(exchange, context, HookName::Change) {
        Ok((hooked, Some(end))) => (hooked, end),
        Ok((_, None)) => return CheckOutcome::NoData("transactionTime is no instant".to_owned()),
        Err(held) => return held,
    };
    if in_the_future(exchange, end) {
        return CheckOutcome::NoData("transactionTime lies in the future".to_owned());
    }
    sum(hooked, HookName::Change, |thing| change(thing, end, since(context), hooked.meanwhile))
}

fn change(thing: &ChangedResource, end: &str, since: Option<&str>, meanwhile: bool) -> CheckOutcome {
    let kind = &thing.kind;
    let date = match &thing.state {
        ChangeState::There(Some(date)) if thing.exported && !moved_on(thing) => date,
        ChangeState::There(None) if thing.exported && !moved_on(thing) => {
            return CheckOutcome::NoData(format!("the target does not say when the {kind} was changed"));
        }
        ChangeState::Gone(_) => {
            return CheckOutcome::NoData(format!("the {kind} that was changed is not there when it is read"));
        }
        _ => return beside_the_point(thing).unwrap_or(CheckOutcome::NoData(format!("nothing is known of the {kind}"))),
    };
    if is_over(date, end) != Some(true) {
        return CheckOutcome::NoData(format!("the {kind} was changed at {date}, after transactionTime {end}"));
    }
    // An instant of the same second may lie on either side, as the target counts.
    if meanwhile && !is_long_over(date, end) {
        let why =
            format!("the {kind} was changed at {date}, too near to transactionTime {end}; the next export shows it");
        return CheckOutcome::NoData(why);
    }
    let before = since.filter(|since| Instant::parse(date) <= Instant::parse(since));
    if let Some(since) = before {
        // What is no later than the first export must be in that one; this one is asked for what came after.
        let told = is_long_over(date, since);
        let lacked = match thing.came_before {
            Some(ChangeSeen::Unseen) => true,
            Some(ChangeSeen::Absent | ChangeSeen::Stale) => !told,
            _ => false,
        };
        return match (lacked, thing.came) {
            (true, ChangeSeen::Absent | ChangeSeen::Stale) => lost(
                format!("the {kind} changed at {date} ({}) in the export up to {since} or in this one", read(thing)),
                "in neither as it is since",
            ),
            _ => CheckOutcome::NoData(format!("the {kind} was changed at {date}, not after _since {since}")),
        };
    }
    let expected =
        || format!("the {kind} as it is since {date} ({}), which is not after transactionTime {end}", read(thing));
    match thing.came {
        ChangeSeen::Fresh => CheckOutcome::Yes,
        ChangeSeen::Stale => lost(expected(), "an earlier state of it"),
        ChangeSeen::Absent => lost(expected(), "an export without it"),
        ChangeSeen::Unsure => {
            CheckOutcome::NoData(format!("nothing tells the state of the {kind} that came from others"))
        }
        ChangeSeen::Unseen => CheckOutcome::NoData("not all output files came whole".to_owned()),
    }
}

fn lost(expected: String, actual: &str) -> CheckOutcome {
    CheckOutcome::No(vec![Violation::new("body", "body /output", expected, actual)])
}

/// `deletions-told`: what was deleted since `_since`, by the target's own answers, is listed under `deleted`.
pub fn deletions_told(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let (hooked, end) = match hooked(exchange, context, HookName::Delete) {
        Ok((hooked, Some(end))) => (hooked, end),
        Ok((_, None)) => return CheckOutcome::NoData("transactionTime is no instant".to_owned()),
        Err(held) => return held,
    };
    if let Some(held) = no_list(exchange, "deleted", false) {
        return held;
    }
    let listed = context.index.files(&context.flow.name, FileList::Deleted);
    // What a line does not say as it must, other tests tell.
    let legible = listed.iter().all(|(_, facts)| facts.is_some_and(|f| f.whole && f.lines.findings.is_empty()));
    sum(hooked, HookName::Delete, |thing| {
        let kind = &thing.kind;
        if thing.deleted {
            return CheckOutcome::Yes;
        }
        if let Some(held) = beside_the_point(thing) {
            return held;
        }
        match &thing.state {
            ChangeState::Gone(Some(date)) if is_over(date, end) == Some(true) => {
                let after = since(context).is_some_and(|since| Instant::parse(date) > Instant::parse(since));
                if !after {
                    return CheckOutcome::NoData(format!(
                        "the {kind} was gone at {date}, and not certainly after _since"
                    ));
                }
            }
            ChangeState::Gone(Some(date)) => {
                return CheckOutcome::NoData(format!("the {kind} was gone at {date}, after transactionTime {end}"));
            }
            ChangeState::Gone(None) => return CheckOutcome::NoData(format!("no Date says when the {kind} was gone")),
            _ => return CheckOutcome::NoData(format!("the {kind} is still there when it is read")),
        }
        if !legible {
            return CheckOutcome::NoData("not all files of deletions can be read".to_owned());
        }
        let expected = format!("the {kind} that is gone ({}), under deleted", read(thing));
        CheckOutcome::No(vec![Violation::new("body", "body /deleted", expected, "a manifest that does not tell of it")])
    })
}

/// `failures-told`: where what was made to fail did not come, the error files hold an OperationOutcome.
pub fn failures_told(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let hooked = match hooked(exchange, context, HookName::Fail) {
        Ok((hooked, _)) => hooked,
        Err(held) => return held,
    };
    if let Some(held) = no_list(exchange, "error", true) {
        return held;
    }
    let told = manifest_of(exchange).map(|manifest| items(manifest, "error").len()).unwrap_or_default();
    let files = context.index.files(&context.flow.name, FileList::Error);
    let unread = files.len() < told || files.iter().any(|(_, facts)| facts.is_none_or(|facts| !facts.whole));
    let outcomes: u64 = files.iter().filter_map(|(_, facts)| *facts).map(|facts| facts.lines.resources).sum();
    let held = sum(hooked, HookName::Fail, |thing| {
        if let Some(held) = beside_the_point(thing) {
            return held;
        }
        match thing.came {
            ChangeSeen::Absent => {}
            ChangeSeen::Unseen => return CheckOutcome::NoData("not all output files came whole".to_owned()),
            _ => return CheckOutcome::NoData(format!("the {} was exported all the same", thing.kind)),
        }
        match (told, outcomes) {
            (1.., 1..) => CheckOutcome::Yes,
            (1.., 0) if unread => CheckOutcome::NoData("not all error files came whole".to_owned()),
            _ => {
                let expected = format!("a file of OperationOutcomes that tells of the {} that is missing", thing.kind);
                let actual = if told == 0 { "no file" } else { "no OperationOutcome in the files" };
                CheckOutcome::No(vec![Violation::new("body", "body /error", expected, actual)])
            }
        }
    });
    // One list, one finding, however much is missing.
    match held {
        CheckOutcome::No(broken) => {
            let mut seen = BTreeSet::new();
            CheckOutcome::No(broken.into_iter().filter(|one| seen.insert(one.expected.clone())).collect())
        }
        held => held,
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
            came,
            came_before: None,
            deleted: false,
            second_read: None,
        }
    }

    fn word(held: &CheckOutcome) -> &'static str {
        match held {
            CheckOutcome::Yes => "yes",
            CheckOutcome::No(_) => "no",
            CheckOutcome::Unknown(_) => "unknown",
            CheckOutcome::Nothing(_) | CheckOutcome::NoData(_) => "no data",
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
            // The first export has it, or it is told there that it has not.
            (near, ChangeSeen::Fresh, ChangeSeen::Absent, "no data"),
            (long, ChangeSeen::Absent, ChangeSeen::Absent, "no data"),
            (near, ChangeSeen::Absent, ChangeSeen::Absent, "no"),
            (near, ChangeSeen::Stale, ChangeSeen::Stale, "no"),
            (near, ChangeSeen::Stale, ChangeSeen::Fresh, "no data"),
            // Changed when the first export was over, and yet not after its time.
            (long, ChangeSeen::Unseen, ChangeSeen::Absent, "no"),
            ("2026-01-01T12:00:06.000Z", ChangeSeen::Unseen, ChangeSeen::Absent, "no"),
            ("2026-01-01T12:00:06.000Z", ChangeSeen::Unseen, ChangeSeen::Fresh, "yes"),
        ] {
            let thing = ChangedResource { came_before: Some(before), ..thing(date, came) };
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
        assert_eq!(word(&sum(&good, HookName::Change, |_| CheckOutcome::Yes)), "yes");
        let bad = Hooked { runs: vec![run(None), run(Some("it ended with exit status 1"))], ..good.clone() };
        assert_eq!(word(&sum(&bad, HookName::Change, |_| CheckOutcome::Yes)), "unknown");
        let broken = || CheckOutcome::No(vec![Violation::new("body", "", "", "")]);
        assert_eq!(word(&sum(&bad, HookName::Change, |_| broken())), "no", "what is seen to be broken is broken");
        assert_eq!(word(&sum(&good, HookName::Delete, |_| CheckOutcome::Yes)), "no data");
    }
}
