//! Runs one flow: level and sample values, kick-off, polls, manifest, files, DELETE, probes, clean-up.

use std::sync::Arc;

use serde_json::Value;

use crate::base::instant::Instant;
use crate::base::vocabulary::ExportLevel;
use crate::drive::context::{FlowContext, RunContext};
use crate::drive::files::fetched::DownloadedFiles;
use crate::drive::files::{download, fetched, wanted};
use crate::drive::flow::job::{Job, Route};
use crate::drive::flow::poll::{PollStep, Polls};
use crate::drive::flow::probe_request::ProbeInputs;
use crate::drive::flow::{cleanup, delete, hook_runs, kickoff, measure_export, pages, poll, probe, route};
use crate::drive::flow_order;
use crate::drive::flow_results::FlowOutcome;
use crate::drive::progress::Event;
use crate::drive::stops::stop;
use crate::measure::manifest_files;
use crate::measure::resource_store::ResourceStore;
use crate::measure::sample_values::Span;
use crate::plan::model::{Depth, PlannedFlow};
use crate::recording::model::{Stop, StopKind};
use crate::suite::flow::{DeleteAt, HookMoment, Method, Moment, Probe};

/// The results of an export that later flows need.
#[derive(Default)]
struct ExportResult {
    span: Span,
    resources: ResourceStore,
    transaction_time: Option<String>,
}

/// Runs one flow of the plan, records how it ended, and deletes what it started.
pub(crate) async fn run(run: &RunContext<'_>, planned: &PlannedFlow) {
    let context = FlowContext::new(run, planned);
    let mut result = ExportResult::default();
    let end = run_flow(&context, &mut result).await.err();
    context.record().stop = end.clone();
    context.show(Event::Ended { because: end.as_ref().map(|stop| stop.because.as_str()) });
    let record = context.record().clone();
    let ExportResult { span, resources, transaction_time } = result;
    let (level, resources) = (record.export, Arc::new(resources));
    run.flow_results.over(context.name(), FlowOutcome { stop: end, span, transaction_time, level, resources });
    run.session.recorder().flow(record);
    cleanup::clean_up_late(&context).await;
}

/// Runs the flow without clean-up at its end. The error is why it ended early.
async fn run_flow(context: &FlowContext<'_>, result: &mut ExportResult) -> Result<(), Stop> {
    let flow = &context.planned.flow;
    flow_order::can_begin(context).await?;
    flow_order::await_turn(context).await?;
    context.check_halt()?;
    if flow.probes_only {
        return run_probes_only(context).await;
    }
    let route = route::choose(context).await?;
    // A flow runs one job, and holds the permit until that job is deleted.
    let _permit = context.permit().await?;
    context.check_halt()?;
    if let Some((exchange, status)) = context.run.target.refuses_polls() {
        let because =
            format!("the flow started no export, because the polls of two jobs of this run returned {status}");
        return Err(stop(StopKind::Credentials, Some(exchange), because));
    }
    context.show(Event::Started);
    record_route(context, &route);
    let mut end = match flow_order::ready_group(context).await {
        Ok(()) => export(context, &route, result).await,
        Err(stop) => Err(stop),
    };
    if context.has_probes(Moment::End) && context.group().is_some() {
        end = end.and(probe::send_probes(context, Moment::End, ProbeInputs::before_kickoff(&route)).await);
    }
    if !flow.keep {
        cleanup::clean_up(context).await;
    }
    end
}

/// Runs a flow that makes no export, but only sends probes. Kick-off probes use the first level that the target offers.
async fn run_probes_only(context: &FlowContext<'_>) -> Result<(), Stop> {
    let kicks_off = |probe: &Probe| probe.send.kicks_off();
    let level = match context.planned.flow.probes.iter().any(kicks_off) {
        true if context.run.no_way.is_some() => return Ok(()),
        true => route::choose_level(context).await?,
        false => ExportLevel::Any,
    };
    if context.planned.flow.is_of_tls() && context.run.session.tls().origins().is_empty() {
        return Err(stop(
            StopKind::NotOffered,
            None,
            "the server is reached by plain HTTP, which is permitted on localhost and with --allow-http",
        ));
    }
    context.show(Event::Started);
    context.record().export = level;
    let route = Route { level, params: Vec::new(), source: None, dropped_params: Vec::new() };
    let end = probe::send_probes(context, Moment::Start, ProbeInputs::before_kickoff(&route)).await;
    if context.changes_keys() {
        context.run.session.tokens().restore_key().await;
    }
    cleanup::clean_up(context).await;
    end
}

/// Runs the export: hooks and probes before it, the kick-off, and the job.
async fn export(context: &FlowContext<'_>, route: &Route, result: &mut ExportResult) -> Result<(), Stop> {
    hook_runs::run_hooks(context, HookMoment::Start, None).await?;
    probe::send_probes(context, Moment::Start, ProbeInputs::before_kickoff(route)).await?;
    let mut route = route.clone();
    let job = match kickoff::resume(context, &route).await {
        Some(job) => Ok(job),
        None => kick_off(context, &mut route).await,
    };
    let how = job.as_ref().map(|_| route.level).map_err(Stop::clone);
    context.run.flow_results.kicked_off(context.name(), how);
    let end = follow(context, &route, &job?, result).await;
    let refused = end.as_ref().err().is_some_and(|stop| kickoff::is_refused_late(context, stop));
    if !refused || !drop_params(context, &mut route) {
        return end;
    }
    context.check_halt()?;
    let job = kickoff::kick_off(context, &route).await?;
    note_dropped_params(context, &route);
    follow(context, &route, &job, result).await
}

/// Runs the flow from the accepted kick-off, while the job counts as running.
async fn follow(context: &FlowContext<'_>, route: &Route, job: &Job, result: &mut ExportResult) -> Result<(), Stop> {
    context.run.target.job_began();
    let end = follow_job(context, route, job, result).await;
    context.run.target.job_left();
    end
}

/// Removes the parameters that the target may refuse from the request. Returns false if it has none.
fn drop_params(context: &FlowContext<'_>, route: &mut Route) -> bool {
    let droppable = &context.planned.flow.droppable_params;
    let may_refuse = context.planned.flow.optional.is_some();
    if !may_refuse || !route.params.iter().any(|(name, _)| droppable.contains(name)) {
        return false;
    }
    route.params.retain(|(name, _)| !droppable.contains(name));
    route.dropped_params.clone_from(droppable);
    true
}

/// Records that the target accepted the request only without some parameters.
fn note_dropped_params(context: &FlowContext<'_>, route: &Route) {
    let mut record = context.record();
    record.params = route.params.clone();
    record.dropped_params.clone_from(&route.dropped_params);
    context.run.drop_params(context.name(), &route.dropped_params);
}

/// Sends the kick-off. If the target refuses it and may refuse some of its parameters, it is sent again without those.
async fn kick_off(context: &FlowContext<'_>, route: &mut Route) -> Result<Job, Stop> {
    let first = kickoff::kick_off(context, route).await;
    let Some(refused) = first.as_ref().err().and_then(|stop| kickoff::refused_by_status(context, stop)) else {
        return first;
    };
    if !drop_params(context, route) {
        return first;
    }
    context.check_halt()?;
    let job = kickoff::kick_off(context, route).await?;
    context.run.session.recorder().supersede(refused);
    note_dropped_params(context, route);
    Ok(job)
}

/// Runs the flow from the accepted kick-off: polls, manifest, files, DELETE, and the probes of each moment.
async fn follow_job(
    context: &FlowContext<'_>,
    route: &Route,
    job: &Job,
    result: &mut ExportResult,
) -> Result<(), Stop> {
    let flow = &context.planned.flow;
    let depth = context.planned.depth;
    let running = ProbeInputs { job: Some(job), ..ProbeInputs::before_kickoff(route) };
    probe::send_probes(context, Moment::Start, running).await?;
    if flow.delete == Some(DeleteAt::InProgress) {
        poll_until_running(context, job, running).await?;
        delete::delete(context, job).await?;
        return probe::send_probes(context, Moment::Deleted, running).await;
    }
    let needs_manifest = depth > Depth::Kickoff
        || context.has_probes(Moment::Complete)
        || (flow.delete == Some(DeleteAt::Complete) && context.has_probes(Moment::Deleted));
    if !needs_manifest {
        return match context.has_probes(Moment::InProgress) {
            true => poll_until_running(context, job, running).await,
            false => Ok(()),
        };
    }
    let manifest = poll_until_done(context, job, running).await?;
    let mut manifest = pages::with_pages(context, job, manifest).await?;
    let transaction_time = manifest.get("transactionTime").and_then(Value::as_str);
    result.transaction_time = transaction_time.filter(|at| Instant::parse(at).is_some()).map(str::to_owned);
    context.run.url_entropy.manifest(&job.url, &manifest);
    let mut fetched = DownloadedFiles::default();
    let mut end = Ok(());
    if depth == Depth::Files {
        let wanted = wanted::wanted_files(context, job, &manifest);
        manifest_files::shorten(&mut manifest);
        let downloaded = download::download_all(context, route, wanted, &mut fetched).await;
        end = measure_export::measure(context, route, &downloaded, &mut fetched).await;
        result.span = fetched.span;
        result.resources = downloaded.resources;
    }
    hook_runs::run_hooks(context, HookMoment::Complete, result.transaction_time.as_deref()).await?;
    context.check_halt()?;
    let files = fetched::probed_files(job, &manifest, &fetched);
    let complete = ProbeInputs { files: &files, manifest: Some(&manifest), ..running };
    probe::send_probes(context, Moment::Complete, complete).await?;
    if flow.delete == Some(DeleteAt::Complete) {
        // A refused DELETE does not hide why files were not read.
        if let Err(stop) = delete::delete(context, job).await {
            return end.and(Err(stop));
        }
        probe::send_probes(context, Moment::Deleted, complete).await?;
    }
    end
}

/// Polls until a response shows the job running, then sends the probes of that moment. No probes are sent if the job
/// completes first.
async fn poll_until_running(context: &FlowContext<'_>, job: &Job, inputs: ProbeInputs<'_>) -> Result<(), Stop> {
    let mut polls = Polls::default();
    loop {
        match poll::poll(context, job, &mut polls, poll::poll_request(context, &job.url)).await? {
            PollStep::Running => return probe::send_probes(context, Moment::InProgress, inputs).await,
            PollStep::Unsure => {}
            PollStep::Done(_) => return Ok(()),
        }
    }
}

/// Polls until the manifest is returned. The first poll that shows the job running is followed by the probes and hooks
/// of that moment.
async fn poll_until_done(context: &FlowContext<'_>, job: &Job, inputs: ProbeInputs<'_>) -> Result<Value, Stop> {
    let mut polls = Polls::default();
    let (mut seen_running, mut partial_probed) = (false, false);
    loop {
        let step = poll::poll(context, job, &mut polls, poll::poll_request(context, &job.url)).await?;
        if let (PollStep::Running, false, Some(manifest)) = (&step, partial_probed, polls.manifest()) {
            partial_probed = probe::probe_partial_manifest(context, job, &manifest.clone()).await?;
        }
        match step {
            PollStep::Running if !seen_running => {
                seen_running = true;
                probe::send_probes(context, Moment::InProgress, inputs).await?;
                poll::check_jobs_finish(context, &polls)?;
                hook_runs::run_hooks(context, HookMoment::InProgress, None).await?;
            }
            PollStep::Running => poll::check_jobs_finish(context, &polls)?,
            PollStep::Unsure => {}
            PollStep::Done(manifest) => return Ok(manifest),
        }
    }
}

/// Records the request of the flow.
fn record_route(context: &FlowContext<'_>, route: &Route) {
    let flow = &context.planned.flow;
    let mut record = context.record();
    record.export = route.level;
    record.params = route.params.clone();
    record.posted = flow.method == Method::Post;
    record.dropped_params.clone_from(&route.dropped_params);
    record.level_chosen = flow.export == ExportLevel::Any;
}
