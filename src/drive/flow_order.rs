//! When a flow may begin, and what it waits for.

use crate::drive::context::{FlowContext, Unreachable};
use crate::drive::flow::{cohort, members};
use crate::drive::stops::stop;
use crate::plan::model::PlannedFlow;
use crate::recording::model::{Phase, Stop, StopKind};
use crate::suite::flow::{Identity, Needs};

/// Prepares the Group that the flow exports.
pub(crate) async fn ready_group(context: &FlowContext<'_>) -> Result<(), Stop> {
    match context.planned.flow.credentials {
        Some(Needs::Cohort) => cohort::create_group(context).await,
        Some(Needs::EmptyGroup) => members::expect_no_members(context).await,
        _ => Ok(()),
    }
}

/// The job of a Group without members may fail, as its kick-off may be refused.
pub(crate) fn nobody_to_export(context: &FlowContext<'_>, stop: Stop) -> Stop {
    let failed = stop.exchange.and_then(|id| context.run.session.recorder().exchange(id)?.phase);
    match (&context.planned.flow.optional, failed) {
        (Some(optional), Some(Phase::Failed)) => {
            Stop { kind: StopKind::Declined, because: format!("{optional}: {}", stop.because), ..stop }
        }
        _ => stop,
    }
}

impl FlowContext<'_> {
    /// Waits for the flows that this one must not disturb, or be disturbed by.
    pub async fn await_turn(&self, alone: bool) {
        let flows = &self.run.plan.flows;
        let hooked = |other: &PlannedFlow| !other.flow.of_hooks().is_empty();
        let turns_keys = |other: &PlannedFlow| other.flow.credentials == Some(Needs::KeySet);
        let own = flows.iter().position(|other| other.name == self.planned.name).unwrap_or(flows.len());
        for (at, other) in flows.iter().enumerate().filter(|(at, _)| *at != own) {
            let waits = match (alone, self.is_hooked(), self.planned.flow.last) {
                (true, ..) => true,
                // Those that change something come one by one; what they did may be looked at side by side.
                (false, true, _) if hooked(other) => {
                    at < own && !(self.planned.flow.hooks.is_empty() && other.flow.hooks.is_empty())
                }
                (false, true, _) => !turns_keys(other),
                (false, false, last) => last && !other.flow.last,
            };
            if waits {
                self.run.flow_results.outcome(&other.name).await;
            }
        }
    }
}

/// Whether the run has what the flow needs.
pub(crate) async fn can_begin(context: &FlowContext<'_>) -> Result<(), Stop> {
    let flow = &context.planned.flow;
    if let Some(lacks) = flow.credentials.and_then(|needs| context.run.session.lacks(needs)) {
        return Err(stop(StopKind::NotOffered, None, lacks));
    }
    if let (Some(Needs::Cohort), Some(why)) = (flow.credentials, cohort::why_no_writes(context)) {
        return Err(stop(StopKind::NotOffered, None, why));
    }
    if let Some(lacks) = context.run.settings.hooks.lacks(&flow.of_hooks()) {
        return Err(stop(StopKind::NotOffered, None, lacks));
    }
    match &context.run.no_way {
        Some(Unreachable::Token(why)) if !flow.probes_only => {
            return Err(stop(StopKind::Credentials, None, why.clone()));
        }
        Some(Unreachable::Tls(why)) if !flow.is_of_tls() => {
            return Err(stop(StopKind::Transport, None, why.clone()));
        }
        _ => {}
    }
    if flow.identity == Identity::Narrow {
        let narrow = context.run.session.narrow().await;
        narrow.map_err(|why| {
            stop(StopKind::NotOffered, None, format!("no token for Patient resources alone was had: {why}"))
        })?;
    }
    Ok(())
}
