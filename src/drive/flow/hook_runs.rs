//! Runs the hooks of a flow and reads the resources that they name.

use std::time::Duration;

use http::StatusCode;
use http::header::DATE;
use serde_json::Value;

use crate::base::instant::{Instant, rfc3339};
use crate::drive::budget::Budget;
use crate::drive::context::{FlowContext, millis};
use crate::drive::flow::state::HookedResource;
use crate::drive::flow::{recheck_missing, send};
use crate::drive::hooks::Failure;
use crate::measure::missing_resource::ResourceName;
use crate::recording::data_changes::{ChangeSeen, ChangeState, HookRun, OtherReads};
use crate::recording::model::Stop;
use crate::suite::flow::{HookMoment, HookName};

/// The name of these probes in the recording.
const PROBE: &str = "hooked";

/// The most lines of a hook's stderr that are shown.
const MAX_STDERR_LINES: usize = 5;

/// The wait after which a change has a later time, even if the target's times are in whole seconds.
const A_SECOND: Duration = Duration::from_millis(1100);

/// Runs the hooks of a moment and reads the resources that they name. Hooks start a second after `transaction_time` by
/// our clock, so that their changes are later even if the target counts whole seconds.
pub(crate) async fn run_hooks(
    context: &FlowContext<'_>,
    moment: HookMoment,
    transaction_time: Option<&str>,
) -> Result<(), Stop> {
    let hooks = &context.run.settings.hooks;
    let calls = context.planned.flow.hooks.iter().filter(|call| call.at == moment).map(|call| call.run);
    let calls: Vec<HookName> = calls.filter(|name| hooks.there.contains_key(name)).collect();
    let now = Instant::from(context.run.clock.now());
    if let Some(time) = transaction_time.and_then(Instant::parse).filter(|_| !calls.is_empty()) {
        let left = (time.millis() + 1000).saturating_sub(now.millis());
        // The clock of the target may be wrong: the wait stays short.
        let left = Duration::from_millis(u64::try_from(left).unwrap_or(0)).min(A_SECOND);
        if !left.is_zero() {
            context.wait(left, "until a second after the transactionTime").await?;
        }
    }
    let mut whole_seconds = false;
    for name in calls {
        context.check_halt()?;
        let began = context.run.clock.elapsed();
        let ended = tokio::select! {
            biased;
            () = context.run.session.interrupted() => None,
            ended = hooks.run(name, &context.run.settings.base) => Some(ended),
        };
        let took = context.run.clock.elapsed().saturating_sub(began);
        let (names, trouble) = match ended {
            Some(Ok(names)) => (names, None),
            Some(Err(Failure { trouble, stderr })) => {
                // The output is shown on the terminal only, because it may name patients.
                context.run.progress.note(&format!("note: {trouble}"));
                let stderr = context.run.session.recorder().redact_text(stderr.trim());
                let lines: Vec<&str> = stderr.lines().collect();
                // The last lines are the most useful.
                for line in lines.iter().skip(lines.len().saturating_sub(MAX_STDERR_LINES)) {
                    context.run.progress.note(&format!("  {name}: {line}"));
                }
                (Vec::new(), Some(trouble))
            }
            None => (Vec::new(), Some(format!("the hook {name} was stopped because the run ended"))),
        };
        let (at, took) = (millis(began), millis(took));
        context.record().waits.push((at, took, format!("until the hook {name} ends")));
        let run = HookRun { hook: name, at, took, named: names.len() as u64, trouble };
        context.run.data_changes().runs.push(run);
        context.check_halt()?;
        for named in names {
            let hooked = read_hooked(context, name, named).await?;
            whole_seconds |= matches!(&hooked.state, ChangeState::There(Some(date)) if !date.contains('.'));
            let mut changes = context.run.data_changes();
            for earlier in changes.resources.iter_mut().filter(|earlier| earlier.name == hooked.name) {
                earlier.named_again = true;
            }
            changes.resources.push(hooked);
        }
    }
    if whole_seconds && moment == HookMoment::Complete {
        context.wait(A_SECOND, "until a second after the change").await?;
    }
    if moment == HookMoment::Complete || moment == HookMoment::Start {
        record_runs(context);
    }
    Ok(())
}

/// Reads a resource that a hook named.
async fn read_hooked(context: &FlowContext<'_>, hook: HookName, name: ResourceName) -> Result<HookedResource, Stop> {
    let (read, state, value) = match hook {
        // A resource that makes exports fail may fail when it is read too.
        HookName::Fail => (None, ChangeState::There(None), None),
        _ => match read_resource(context, &name).await? {
            (read, ChangeState::NotFound { date, .. }, _) => {
                let others = read_another(context, &name).await?;
                (read, ChangeState::NotFound { date, others }, None)
            }
            seen => seen,
        },
    };
    Ok(HookedResource { hook, name, read, state, value, seen: ChangeSeen::Unseen, named_again: false })
}

/// Reads another exported resource, if there is one. A 404 alone does not show that the target serves reads.
async fn read_another(context: &FlowContext<'_>, name: &ResourceName) -> Result<OtherReads, Stop> {
    for source in &context.planned.needs {
        let Some(outcome) = context.outcome_of(source).await? else { continue };
        let resources = &outcome.resources;
        let mut all =
            resources.kinds().flat_map(|kind| resources.of(kind).map(move |(id, _)| (kind.to_owned(), id.to_owned())));
        if let Some(other) = all.find(|other| other != name) {
            return Ok(match read_resource(context, &other).await? {
                (_, ChangeState::There(_), _) => OtherReads::Served,
                _ => OtherReads::NotServed,
            });
        }
    }
    Ok(OtherReads::None)
}

/// Reads a resource; returns the exchange, the result, and the resource.
pub(crate) async fn read_resource(
    context: &FlowContext<'_>,
    (kind, id): &ResourceName,
) -> Result<(Option<u32>, ChangeState, Option<Value>), Stop> {
    let mut budget = Budget::new(context.run);
    let request = recheck_missing::read_request(context, PROBE, kind, id);
    let reply = send::send_with_retry(context, &mut budget, request, false).await?;
    let read = Some(reply.exchange);
    let whole = match reply.result {
        Ok(whole) => whole,
        Err(trouble) => return Ok((read, ChangeState::Unread(trouble.message), None)),
    };
    let value: Value = serde_json::from_slice(&whole.body).unwrap_or_default();
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let own = text("resourceType") == Some(kind) && text("id") == Some(id);
    Ok(match whole.status {
        StatusCode::OK if own => {
            let updated = value.pointer("/meta/lastUpdated").and_then(Value::as_str);
            // A value that is not an instant may contain anything, so it is not recorded.
            let updated = updated.filter(|text| Instant::parse(text).is_some()).map(str::to_owned);
            (read, ChangeState::There(updated), Some(value))
        }
        status @ (StatusCode::NOT_FOUND | StatusCode::GONE) => {
            let date = whole.headers.get(DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
            let date = date.map(rfc3339);
            let state = match status == StatusCode::GONE {
                true => ChangeState::Gone(date),
                false => ChangeState::NotFound { date, others: OtherReads::None },
            };
            (read, state, None)
        }
        StatusCode::OK => (read, ChangeState::Unread("the read returned another resource".to_owned()), None),
        status => (read, ChangeState::Unread(format!("the read returned {}", status.as_u16())), None),
    })
}

/// Records the runs of hooks so far.
pub(crate) fn record_runs(context: &FlowContext<'_>) {
    let own = context.planned.flow.of_hooks();
    let runs = context.run.data_changes().runs.iter().filter(|run| own.contains(&run.hook)).cloned().collect();
    let there = context.run.settings.hooks.there.keys().copied().collect();
    if let Some(hooked) = &mut context.record().hooked {
        (hooked.runs, hooked.there) = (runs, there);
    }
}
