//! Refuses flows that wait for each other, because they would never begin.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;

use crate::suite::flow::Flow;
use crate::suite::flow_order::{Stage, flow_order};
use crate::suite::load::read::{RawEntry, ReadStep};
use crate::suite::named::Named;
use crate::suite::refusal::{Refusal, Spot};

/// Why one flow waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum WaitReason {
    /// It names the other under `from`, at this index.
    From(usize),
    /// It makes the same request as the other.
    SameRequest,
    /// The other shows whether a level is offered.
    Level,
    /// It runs in a later stage.
    Turn,
}

/// One flow waits for another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wait {
    flow: String,
    other: String,
    reason: WaitReason,
}

/// Refuses each circle of flows that wait for each other.
pub(crate) fn wait_circles(entries: &[RawEntry<'_, Flow>], flows: &Named<Flow>, refusals: &mut Vec<Refusal>) {
    let mut waits = all_waits(flows);
    while let Some(circle) = shortest_circle(flows, &waits) {
        refusals.extend(refusal(entries, &circle));
        // An author can change names, so the circle is broken at its names. Other circles may remain.
        let by_name = |wait: &Wait| matches!(wait.reason, WaitReason::From(_) | WaitReason::SameRequest);
        let named = circle.iter().any(by_name);
        waits.retain(|wait| !(circle.contains(wait) && (by_name(wait) || !named)));
    }
}

fn all_waits(flows: &Named<Flow>) -> BTreeSet<Wait> {
    let order = flow_order(flows);
    let mut waits = BTreeSet::new();
    for (name, flow) in flows.iter() {
        let mut add = |other: &str, reason| {
            waits.insert(Wait { flow: name.clone(), other: other.to_owned(), reason });
        };
        flow.from.0.iter().enumerate().for_each(|(index, other)| add(other, WaitReason::From(index)));
        flow.same_request_as.iter().for_each(|other| add(other, WaitReason::SameRequest));
        if let Some(more) = order.get(name) {
            more.levels.iter().for_each(|(_, other)| add(other, WaitReason::Level));
            more.turn.iter().for_each(|other| add(other, WaitReason::Turn));
        }
    }
    waits
}

/// The shortest circle. It begins with its first flow in the order of the files.
fn shortest_circle(flows: &Named<Flow>, waits: &BTreeSet<Wait>) -> Option<Vec<Wait>> {
    let mut by_flow: BTreeMap<&str, Vec<&Wait>> = BTreeMap::new();
    for wait in waits {
        by_flow.entry(&wait.flow).or_default().push(wait);
    }
    let circles = flows.keys().filter_map(|name| circle_through(name, &by_flow));
    circles.min_by_key(Vec::len)
}

/// The shortest circle through one flow.
fn circle_through(name: &str, by_flow: &BTreeMap<&str, Vec<&Wait>>) -> Option<Vec<Wait>> {
    let mut open = VecDeque::from([name]);
    let mut reached_by: BTreeMap<&str, &Wait> = BTreeMap::new();
    while let Some(at) = open.pop_front() {
        for wait in by_flow.get(at).into_iter().flatten() {
            if reached_by.contains_key(wait.other.as_str()) {
                continue;
            }
            reached_by.insert(&wait.other, wait);
            open.push_back(&wait.other);
        }
        if reached_by.contains_key(name) {
            break;
        }
    }
    let mut circle = Vec::new();
    let mut at = name;
    loop {
        let wait = *reached_by.get(at)?;
        circle.push(wait.clone());
        at = &wait.flow;
        if at == name {
            circle.reverse();
            return Some(circle);
        }
    }
}

fn refusal(entries: &[RawEntry<'_, Flow>], circle: &[Wait]) -> Option<Refusal> {
    let names: Vec<String> = circle.iter().map(|wait| format!("`{}`", wait.flow)).collect();
    let title = match names.split_last()? {
        (only, []) => format!("flow {only} waits for itself"),
        (last, first) => format!("flows {} and {last} wait for each other", first.join(", ")),
    };
    let mut spots = circle.iter().filter_map(|wait| spot(entries, wait));
    let first = Refusal::new(title, spots.next()?);
    Some(spots.fold(first, Refusal::and).help(way_out(entries, circle)))
}

fn spot(entries: &[RawEntry<'_, Flow>], wait: &Wait) -> Option<Spot> {
    let Wait { flow, other, .. } = wait;
    let entry = entries.iter().find(|entry| entry.name == *flow)?;
    let stage = stage(entries, flow);
    let why = match (wait.reason, stage) {
        (WaitReason::From(_), _) => format!("`{flow}` begins after `{other}` has finished"),
        (WaitReason::SameRequest, _) => format!("`{flow}` begins after the kick-off of `{other}`"),
        (WaitReason::Level, _) => {
            format!("`{flow}` begins after the kick-off of `{other}`, which shows whether a level is offered")
        }
        (WaitReason::Turn, Stage::Alone) => {
            format!("`{flow}` changes the key set, so it begins after `{other}` has finished")
        }
        (WaitReason::Turn, Stage::Hooks) => format!("`{flow}` uses hooks, so it begins after `{other}` has finished"),
        (WaitReason::Turn, _) => format!("`{flow}` runs last, so it begins after `{other}` has finished"),
    };
    Some(Spot::new(entry.file, span(entry, wait.reason, stage), why))
}

fn span(entry: &RawEntry<'_, Flow>, reason: WaitReason, stage: Stage) -> Range<usize> {
    let hooks = entry.raw.as_ref().is_some_and(|flow| !flow.hooks.is_empty());
    match (reason, stage) {
        (WaitReason::From(index), _) => entry.place(&[ReadStep::Key("from"), ReadStep::Item(index)]),
        (WaitReason::SameRequest, _) => entry.place(&[ReadStep::Key("same-request-as")]),
        (WaitReason::Level, _) => entry.place(&[ReadStep::Key("export")]),
        (WaitReason::Turn, Stage::Alone) => entry.place(&[ReadStep::Key("credentials")]),
        (WaitReason::Turn, Stage::Hooks) => entry.key_place(&[], if hooks { "hooks" } else { "shows" }),
        (WaitReason::Turn, _) => entry.key_place(&[], "last"),
    }
}

fn stage(entries: &[RawEntry<'_, Flow>], flow: &str) -> Stage {
    let entry = entries.iter().find(|entry| entry.name == flow);
    entry.and_then(|entry| entry.raw.as_ref()).map_or(Stage::Together, Stage::of)
}

/// What the author can do: remove a name, or add `last` if that is enough.
fn way_out(entries: &[RawEntry<'_, Flow>], circle: &[Wait]) -> String {
    let named = circle.iter().find_map(|wait| {
        let Wait { flow, other, reason } = wait;
        match reason {
            WaitReason::From(_) => Some((wait, format!("remove `{other}` from `from` in flow `{flow}`"))),
            WaitReason::SameRequest => Some((wait, format!("remove `same-request-as` from flow `{flow}`"))),
            WaitReason::Level | WaitReason::Turn => None,
        }
    });
    let Some((wait, way)) = named else { return "remove one of these".to_owned() };
    let last_is_enough = circle.len() == 2
        && circle.iter().any(|other| other.reason == WaitReason::Turn)
        && stage(entries, &wait.flow) == Stage::Together
        && stage(entries, &wait.other) == Stage::Last;
    if last_is_enough { format!("{way}, or add last = true to flow `{}`", wait.flow) } else { way }
}
