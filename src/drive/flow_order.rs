//! Decides when a flow can begin. The plan names the flows that it waits for.

use crate::drive::context::{FlowContext, Unreachable};
use crate::drive::flow::{cohort, members};
use crate::drive::stops::stop;
use crate::recording::model::{Stop, StopKind};
use crate::suite::flow::{Identity, Needs};

/// Prepares the Group that the flow exports.
pub(crate) async fn ready_group(context: &FlowContext<'_>) -> Result<(), Stop> {
    match context.planned.flow.credentials {
        Some(Needs::Cohort) => cohort::create_group(context).await,
        Some(Needs::EmptyGroup) => members::expect_no_members(context).await,
        _ => Ok(()),
    }
}

/// Waits until the flows have ended that run before this one. The error is that the run is being ended.
pub(crate) async fn await_turn(context: &FlowContext<'_>) -> Result<(), Stop> {
    for other in &context.planned.waits.turn {
        context.outcome_of(other).await?;
    }
    Ok(())
}

/// Checks that the run has the credentials, permissions and hooks that the flow needs. The error names what is missing.
pub(crate) async fn can_begin(context: &FlowContext<'_>) -> Result<(), Stop> {
    let flow = &context.planned.flow;
    if let Some(lacks) = flow.credentials.and_then(|needs| context.run.session.tokens().lacks(needs)) {
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
        let narrow = context.run.session.tokens().prepare_narrow().await;
        narrow.map_err(|why| {
            stop(StopKind::NotOffered, None, format!("the server issued no token for Patient resources only: {why}"))
        })?;
    }
    Ok(())
}
