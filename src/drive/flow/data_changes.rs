//! Records how exports show the resources that hooks named.

use serde_json::Value;

use crate::base::instant::Instant;
use crate::base::vocabulary::ExportLevel;
use crate::drive::context::FlowContext;
use crate::drive::flow::hook_runs;
use crate::drive::flow::job::Route;
use crate::drive::flow::state::{ExportedChanges, HookedResource};
use crate::measure::missing_resource::{ResourceName, same_version};
use crate::ndjson::identity::Identity;
use crate::plan::model::PlannedFlow;
use crate::recording::data_changes::{ChangeSeen, ChangeState, ChangedResource, Hooked, OtherReads, SecondRead};
use crate::recording::model::Stop;
use crate::suite::flow::{HookMoment, HookName};

/// Compares an exported resource with the same resource as it was read after the hook.
fn compare_states(line: &Value, read: &Value) -> ChangeSeen {
    let text = |value: &'_ Value, at: &str| value.pointer(at).and_then(Value::as_str).map(str::to_owned);
    let number = |value| text(value, "/meta/versionId").and_then(|version| version.parse::<u64>().ok());
    if let (Some(own), Some(wanted)) = (number(line), number(read)) {
        return if own >= wanted { ChangeSeen::Fresh } else { ChangeSeen::Stale };
    }
    let version = |value| text(value, "/meta/versionId");
    if version(line).is_some() && version(line) == version(read) {
        return ChangeSeen::Fresh;
    }
    let date = |value| text(value, "/meta/lastUpdated").and_then(|date| Instant::parse(&date));
    match (date(line), date(read)) {
        (Some(own), Some(wanted)) if own >= wanted => return ChangeSeen::Fresh,
        // One of the dates may be truncated to whole seconds.
        (Some(own), Some(wanted)) if own.plus_seconds(1) <= wanted => return ChangeSeen::Stale,
        _ => {}
    }
    let bare = |value: &Value| {
        let mut value = value.clone();
        value.as_object_mut().map(|fields| fields.remove("meta"));
        value
    };
    if bare(line) == bare(read) { ChangeSeen::Fresh } else { ChangeSeen::Unsure }
}

/// Returns the resources that the files of this flow are searched for.
pub(crate) fn hooked_names(context: &FlowContext<'_>) -> Vec<ResourceName> {
    if !context.is_hooked() {
        return Vec::new();
    }
    context.run.data_changes().resources.iter().map(|hooked| hooked.name.clone()).collect()
}

/// Returns whether the run must keep the identities of this flow's resources, because hooks may name some of them.
fn keeps_identities(context: &FlowContext<'_>) -> bool {
    let needed = |other: &PlannedFlow| {
        !other.flow.of_hooks().is_empty() && other.needs.iter().any(|need| need == context.name())
    };
    !context.run.settings.hooks.there.is_empty() && (context.is_hooked() || context.run.plan.flows.iter().any(needed))
}

/// Records how the files of this flow show the resources that hooks named. `index` has all resources of the output.
pub(crate) async fn record_changes(
    context: &FlowContext<'_>,
    route: &Route,
    index: &Identity,
    found: &ExportedChanges,
) -> Result<(), Stop> {
    if keeps_identities(context) {
        context.run.data_changes().exported.push((route.level, index.clone()));
    }
    if !context.is_hooked() {
        return Ok(());
    }
    let own: Vec<HookName> = context.planned.flow.of_hooks();
    let hooked: Vec<HookedResource> = {
        let changes = context.run.data_changes();
        changes.resources.iter().filter(|one| own.contains(&one.hook) && !one.named_again).cloned().collect()
    };
    let mut things = Vec::new();
    for one in hooked {
        things.push(changed_resource(context, route, &one, found).await?);
    }
    let meanwhile = context.planned.flow.hooks.iter().any(|call| call.at == HookMoment::InProgress);
    context.record().hooked = Some(Hooked { things, meanwhile, ..Hooked::default() });
    hook_runs::record_runs(context);
    Ok(())
}

/// Compares one resource with the files of this flow. If the change is missing, the resource is read once more.
async fn changed_resource(
    context: &FlowContext<'_>,
    route: &Route,
    hooked: &HookedResource,
    found: &ExportedChanges,
) -> Result<ChangedResource, Stop> {
    let hash = context.run.key.hash(&hooked.name.0, &hooked.name.1);
    let lines: Vec<&Value> =
        found.output.iter().filter(|(name, _)| *name == hooked.name).map(|(_, line)| line).collect();
    let states = lines.iter().map(|line| match &hooked.value {
        Some(read) => compare_states(line, read),
        None => ChangeSeen::Unsure,
    });
    // Of several versions the best counts. Another test reports duplicates.
    let came =
        states.min_by_key(|came| ChangeSeen::ALL.iter().position(|known| known == came)).unwrap_or(match found.whole {
            true => ChangeSeen::Absent,
            false => ChangeSeen::Unseen,
        });
    let shows = context.planned.flow.shows.contains(&hooked.hook);
    let exported = {
        let mut changes = context.run.data_changes();
        let same = |own: &&mut HookedResource| own.name == hooked.name && !own.named_again && !shows;
        if let Some(own) = changes.resources.iter_mut().find(same) {
            own.seen = came;
        }
        let held = |(level, index): &(ExportLevel, Identity)| *level == route.level && index.held(&[hash]) > 0;
        changes.exported.iter().any(held)
    };
    let deleted = found.deleted.contains(&hash);
    let missed = match hooked.hook {
        HookName::Change | HookName::Fail => came != ChangeSeen::Fresh,
        HookName::Delete => !deleted,
    };
    let second_read = match missed && exported {
        true => read_again(context, hooked).await?,
        false => None,
    };
    Ok(ChangedResource {
        hook: hooked.hook,
        kind: hooked.name.0.clone(),
        id: format!("{hash:016x}"),
        exported,
        read: hooked.read,
        state: hooked.state.clone(),
        seen: came,
        seen_before: shows.then_some(hooked.seen),
        deleted,
        second_read,
    })
}

/// Reads a resource once more and compares it with the first read. `None` if the first read failed.
async fn read_again(context: &FlowContext<'_>, hooked: &HookedResource) -> Result<Option<SecondRead>, Stop> {
    match &hooked.state {
        ChangeState::Unread(_) => return Ok(None),
        ChangeState::NotFound { others, .. } if *others != OtherReads::Served => return Ok(None),
        _ => {}
    }
    let (_, now, value) = hook_runs::read_resource(context, &hooked.name).await?;
    Ok(Some(match (now, &hooked.value, &value) {
        (ChangeState::Gone(_) | ChangeState::NotFound { .. }, ..) => SecondRead::Gone,
        (ChangeState::Unread(_), ..) => SecondRead::Unread,
        (ChangeState::There(_), Some(read), Some(now)) => match same_version(read, now).unwrap_or(read == now) {
            true => SecondRead::Same,
            false => SecondRead::Changed,
        },
        (ChangeState::There(_), ..) => SecondRead::There,
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn states_are_compared_by_version_date_and_content() {
        let state = |version: Option<&str>, date: Option<&str>, mark: u32| json!({"meta": {"versionId": version, "lastUpdated": date}, "mark": mark});
        let read = state(Some("2"), Some("2026-01-01T12:00:05.500Z"), 2);
        for (line, came) in [
            (state(Some("2"), None, 2), ChangeSeen::Fresh),
            (state(Some("10"), None, 3), ChangeSeen::Fresh),
            (state(Some("1"), None, 1), ChangeSeen::Stale),
            (state(None, Some("2026-01-01T12:00:05.500Z"), 2), ChangeSeen::Fresh),
            (state(None, Some("2026-01-01T13:00:06+01:00"), 3), ChangeSeen::Fresh),
            (state(None, Some("2026-01-01T12:00:01Z"), 1), ChangeSeen::Stale),
            (state(None, Some("2026-01-01T12:00:05Z"), 2), ChangeSeen::Fresh),
            (state(None, Some("2026-01-01T12:00:05Z"), 1), ChangeSeen::Unsure),
            (state(None, None, 2), ChangeSeen::Fresh),
            (state(None, None, 1), ChangeSeen::Unsure),
        ] {
            assert_eq!(compare_states(&line, &read), came, "{line}");
        }
        let tagged = state(Some("b"), Some("2026-01-01T12:00:05Z"), 2);
        assert_eq!(compare_states(&state(Some("b"), None, 2), &tagged), ChangeSeen::Fresh);
        assert_eq!(compare_states(&state(Some("a"), Some("2026-01-01T11:00:00Z"), 1), &tagged), ChangeSeen::Stale);
    }
}
