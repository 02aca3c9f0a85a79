//! Chooses the request of a flow: its level, its parameters, and the earlier flow that provides sample values.

use std::collections::BTreeMap;

use crate::base::vocabulary::ExportLevel;
use crate::drive::context::FlowContext;
use crate::drive::export_levels;
use crate::drive::export_levels::{LEVELS, Offer};
use crate::drive::flow::job::{Route, SourceFlow};
use crate::drive::flow::members;
use crate::drive::flow_results::FlowOutcome;
use crate::drive::stops::stop;
use crate::measure::sample_values;
use crate::recording::model::{Stop, StopKind};
use crate::suite::flow::{Method, Needs};
use crate::suite::param::{Param, SampleValueName};

/// Chooses the request of the flow. Waits for the flows that it depends on.
pub(crate) async fn choose(context: &FlowContext<'_>) -> Result<Route, Stop> {
    let flow = &context.planned.flow;
    let level = choose_level(context).await?;
    let mut dropped_params = Vec::new();
    if let Some(other) = &flow.same_request_as {
        // A flow without a sample value sent no kick-off, so the response to it is not known.
        if let Some(Err(refused)) = context.kickoff_of(other).await?
            && refused.kind != StopKind::NoPick
        {
            let because = format!("flow {other}, which sends the same request, started no job: {}", refused.because);
            return Err(Stop { because, ..refused });
        }
        dropped_params = context.run.dropped_params(other);
    }
    let source = find_source(context).await?;
    let probes = flow.probes.iter().flat_map(|probe| probe.params.values());
    if flow.params.values().chain(probes).flat_map(Param::sample_values).any(sample_values::is_of_members) {
        members::members(context).await.map_err(|why| stop(StopKind::NoPick, None, why))?;
    }
    let mut params = resolve(context, &flow.params, source.as_ref())?;
    let types = &context.run.settings.types;
    if !types.is_empty() && !params.iter().any(|(name, _)| name == "_type") {
        params.push(("_type".to_owned(), types.join(",")));
    }
    params.retain(|(name, _)| !dropped_params.contains(name));
    Ok(Route { level, params, dropped_params, source })
}

/// Chooses the export level.
pub(crate) async fn choose_level(context: &FlowContext<'_>) -> Result<ExportLevel, Stop> {
    let own = matches!(context.planned.flow.credentials, Some(Needs::Cohort | Needs::EmptyGroup));
    let offer = if own { export_levels::offer_of_any } else { export_levels::offer };
    let offered = |level| offer(level, &context.run.declared, &context.run.settings);
    let level = context.planned.flow.export;
    if level != ExportLevel::Any {
        return match offered(level) {
            Offer::No(why) => Err(stop(StopKind::NotOffered, None, why)),
            Offer::Yes | Offer::Perhaps => Ok(level),
        };
    }
    let mut untried = None;
    let mut refused: Option<Stop> = None;
    let mut responded = None;
    for level in LEVELS.into_iter().filter(|level| !matches!(offered(*level), Offer::No(_))) {
        match context.planned.waits.levels.iter().find(|(known, _)| *known == level) {
            None => untried = untried.or(Some(level)),
            Some((_, plain)) => match context.kickoff_of(plain).await? {
                Some(Ok(_)) => return Ok(level),
                Some(Err(stop)) => {
                    if matches!(stop.kind, StopKind::Answer | StopKind::NotOffered) && stop.exchange.is_some() {
                        responded = responded.or(Some(level));
                    }
                    if refused.as_ref().is_none_or(|known| known.kind == StopKind::NotOffered) {
                        refused = Some(stop);
                    }
                }
                None => {}
            },
        }
    }
    // The server may accept kick-offs by POST only.
    let by_post = responded.filter(|_| context.planned.flow.method == Method::Post);
    match (untried.or(by_post), refused) {
        (Some(level), _) => Ok(level),
        // The server would refuse this kick-off for the same reason, so it is not sent: one cause, one failure.
        (None, Some(refused)) => Err(Stop {
            because: format!("the plain kick-off, without parameters, failed: {}", refused.because),
            ..refused
        }),
        (None, None) => Err(stop(StopKind::NotOffered, None, "the server offers no export at any level")),
    }
}

/// Returns the names and values of parameters, with sample values filled in.
pub(crate) fn resolve(
    context: &FlowContext<'_>,
    params: &BTreeMap<String, Param>,
    source: Option<&SourceFlow>,
) -> Result<Vec<(String, String)>, Stop> {
    let mut resolved = Vec::new();
    for (name, param) in params {
        for template in &param.0 {
            let value = template.fill(&mut |pick| sample_value(context, pick, source)).map_err(|why| {
                stop(StopKind::NoPick, None, format!("there is no value for the parameter {name}: {why}"))
            })?;
            resolved.push((name.clone(), value));
        }
    }
    Ok(resolved)
}

/// Returns a sample value: the one of the settings, or one from the data of the source flow.
fn sample_value(
    context: &FlowContext<'_>,
    pick: SampleValueName,
    source: Option<&SourceFlow>,
) -> Result<String, String> {
    if pick == SampleValueName::TransactionTime {
        let none = || format!("{} is not a valid instant", pick.describe());
        return source.and_then(|source| source.outcome.transaction_time.clone()).ok_or_else(none);
    }
    if let Some(value) = context.run.settings.values.get(&pick) {
        return Ok(value.clone());
    }
    let Some(SourceFlow { outcome, .. }) = source else {
        return Err(format!("the run has no exported data to choose {} from", pick.describe()));
    };
    match context.run.members().filter(|_| sample_values::is_of_members(pick)) {
        Some(members) => sample_values::of_members(pick, &outcome.resources, &members?),
        None => sample_values::choose(pick, outcome.span, &outcome.resources, context.run.clock.now()),
    }
}

/// Returns the first source flow that completed: it provides sample values, and the export is compared with it. `None`
/// if the flow needs none.
///
/// # Errors
/// No source flow completed, and the flow needs a sample value that the settings do not name.
pub(crate) async fn find_source(context: &FlowContext<'_>) -> Result<Option<SourceFlow>, Stop> {
    let mut why = "the run includes no flow that provides its sample values".to_owned();
    let mut first = true;
    for flow in &context.planned.needs {
        match context.outcome_of(flow).await? {
            Some(outcome) if outcome.stop.is_none() => {
                return Ok(Some(SourceFlow { flow: flow.clone(), outcome }));
            }
            Some(FlowOutcome { stop: Some(stop), .. }) if first => {
                first = false;
                why = format!("flow {flow}, which provides its sample values, ended early: {}", stop.because);
            }
            _ => {}
        }
    }
    let flow = &context.planned.flow;
    let params = flow.params.values();
    let named = |pick| context.run.settings.values.contains_key(&pick);
    match params.flat_map(Param::sample_values).all(named) {
        true => Ok(None),
        false => Err(stop(StopKind::NoPick, None, why)),
    }
}
