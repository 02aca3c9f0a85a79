//! One flow from its beginning to its end: level and picks, kick-off, polls, files, DELETE, probes at their moments,
//! and tidying up whatever happens.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::Value;

use crate::base::instant::Instant;
use crate::base::vocabulary::ExportLevel;
use crate::drive::context::{FlowContext, RunContext, stop};
use crate::drive::export_levels;
use crate::drive::export_levels::{LEVELS, Offer};
use crate::drive::files::fetched::DownloadedFiles;
use crate::drive::flow::kickoff::{Job, Route};
use crate::drive::flow::poll::{PollStep, Polls};
use crate::drive::flow::probe::Sight;
use crate::drive::flow_results::FlowOutcome;
use crate::drive::progress::Event;
use crate::measure::resource_store::ResourceStore;
use crate::measure::{manifest_files, sample_values};
use crate::plan::model::{Depth, PlannedFlow};
use crate::recording::model::{Stop, StopKind};
use crate::suite::flow::{DeleteAt, HookMoment, Identity, Method, Moment, Needs, Probe, Send};
use crate::suite::param::{Param, SampleValueName};

/// Runs one flow of the plan to its end and writes how it went.
pub(crate) async fn run(run: &RunContext<'_>, planned: &PlannedFlow) {
    let flow = FlowContext::new(run, planned);
    let mut came = Came::default();
    let end = flow.converse(&mut came).await.err();
    flow.record().stop = end.clone();
    flow.show(Event::Ended { because: end.as_ref().map(|stop| stop.because.as_str()) });
    let record = flow.record().clone();
    let Came { span, shelf, transaction_time } = came;
    let (level, shelf) = (record.export, Arc::new(shelf));
    run.flow_results.over(flow.name(), FlowOutcome { stop: end, span, transaction_time, level, shelf });
    run.session.recorder().flow(record);
    flow.tidy_late().await;
}

/// A flow's title where parameters had to be left out.
fn without(title: &str, dropped_params: &[String]) -> String {
    format!("{title}, without {}, which was refused", dropped_params.join(", "))
}

/// What came with a flow.
#[derive(Default)]
struct Came {
    span: sample_values::Span,
    shelf: ResourceStore,
    transaction_time: Option<String>,
}

/// The flow that another picks from and is compared with.
#[derive(Clone, Debug)]
pub(crate) struct SourceFlow {
    /// Its name.
    pub flow: String,
    /// How it came out.
    pub outcome: FlowOutcome,
}

/// A flow whose kick-off says whether its level is offered: no parameters, nothing unusual.
fn is_plain(planned: &PlannedFlow) -> bool {
    let flow = &planned.flow;
    let own = flow.identity == Identity::Client;
    // That a Group of its own is not exported says nothing of the level.
    let usual = !matches!(flow.credentials, Some(Needs::Cohort | Needs::EmptyGroup | Needs::ForbiddenGroup));
    flow.method == Method::Get && flow.params.is_empty() && flow.headers.is_empty() && !flow.last && own && usual
}

impl<'a> FlowContext<'a> {
    /// The whole conversation. The error is why it ended early. Everything started is tidied up when it returns.
    async fn converse(&self, came: &mut Came) -> Result<(), Stop> {
        let flow = &self.planned.flow;
        self.can_begin().await?;
        // While the client's keys change, nobody else can ask for a token.
        let alone = self.turns_keys();
        self.await_turn(alone).await;
        if flow.probes_only {
            return self.probes_alone().await;
        }
        let level = self.level().await?;
        let mut dropped_params = Vec::new();
        if let Some(other) = &flow.same_request_as {
            // One that could not be asked says nothing of what would have been answered.
            if let Some(Err(refused)) = self.run.flow_results.kickoff(other).await
                && refused.kind != StopKind::NoPick
            {
                let because = format!("not asked for, since flow {other} had no job: {}", refused.because);
                return Err(Stop { because, ..refused });
            }
            dropped_params = self.run.dropped_params(other);
        }
        let source = self.source().await?;
        let probes = flow.probes.iter().flat_map(|probe| probe.params.values());
        if flow.params.values().chain(probes).flat_map(Param::picks).any(sample_values::is_of_members) {
            self.members().await.map_err(|why| stop(StopKind::NoPick, None, why))?;
        }
        let mut params = self.resolve(&flow.params, source.as_ref())?;
        let types = &self.run.settings.types;
        if !types.is_empty() && !params.iter().any(|(name, _)| name == "_type") {
            params.push(("_type".to_owned(), types.join(",")));
        }
        // One flow is one job that runs; the permit is held until it is tidied up.
        let Ok(_permit) = self.run.permits.acquire().await else {
            return Err(stop(StopKind::Limit, None, "the run was ended"));
        };
        self.check_halt()?;
        self.show(Event::Started);
        params.retain(|(name, _)| !dropped_params.contains(name));
        let route = Route { level, params, dropped_params, source };
        {
            let mut record = self.record();
            record.export = level;
            record.params = route.params.clone();
            record.posted = flow.method == Method::Post;
            if !route.dropped_params.is_empty() {
                record.title = without(&record.title, &route.dropped_params);
            }
            if flow.export == ExportLevel::Any {
                record.title = format!("{}, at {level} level", flow.title);
            }
        }
        let mut end = match self.ready_group().await {
            Ok(()) => self.with_route(&route, came).await,
            Err(stop) => Err(stop),
        };
        if self.is_of_nobody() {
            end = end.map_err(|stop| self.nobody_to_export(stop));
        }
        if self.planned.flow.credentials == Some(Needs::Cohort) && self.group().is_some() {
            // What a Group that was made is good for is asked by one test, which knows the answers that count.
            end = end.map_err(|stop| match stop.kind {
                StopKind::Answer => Stop { kind: StopKind::NoPick, ..stop },
                _ => stop,
            });
        }
        if self.has_probes(Moment::End) && self.group().is_some() {
            let sight = Sight { route: &route, job: None, files: &[], manifest: None };
            end = end.and(self.probe_all(Moment::End, sight).await);
        }
        if !flow.keep {
            self.tidy_all().await;
        }
        end
    }

    /// The probes of a flow that makes no export. Those that kick off go to the first level that the target offers.
    async fn probes_alone(&self) -> Result<(), Stop> {
        let kicks_off = |probe: &Probe| matches!(probe.send, Send::Kickoff | Send::KickoffPost);
        let level = match self.planned.flow.probes.iter().any(kicks_off) {
            true if self.run.no_way.is_some() => return Ok(()),
            true => self.level().await?,
            false => ExportLevel::Any,
        };
        if self.planned.flow.is_of_tls() && self.run.session.tls().origins().is_empty() {
            return Err(stop(StopKind::NotOffered, None, "the target is reached by plain http, as it may be here"));
        }
        self.show(Event::Started);
        self.record().export = level;
        let route = Route { level, params: Vec::new(), source: None, dropped_params: Vec::new() };
        let end = self.probe_all(Moment::Start, Sight { route: &route, job: None, files: &[], manifest: None }).await;
        if self.turns_keys() {
            self.run.session.tokens().restore_key().await;
        }
        self.tidy_all().await;
        end
    }

    /// From the first probe on.
    async fn with_route(&self, route: &Route, came: &mut Came) -> Result<(), Stop> {
        self.run_hooks(HookMoment::Start, None).await?;
        self.probe_all(Moment::Start, Sight { route, job: None, files: &[], manifest: None }).await?;
        let mut job = match self.resume(route).await {
            Some(job) => Ok(job),
            None => self.kick_off(route).await,
        };
        let mut route = route.clone();
        let droppable: Vec<String> = self.planned.flow.droppable_params.clone();
        if let Err(Stop { kind: StopKind::Declined, exchange: Some(refused), .. }) = &job
            && route.params.iter().any(|(name, _)| droppable.contains(name))
        {
            let refused = *refused;
            route.params.retain(|(name, _)| !droppable.contains(name));
            route.dropped_params.clone_from(&droppable);
            self.check_halt()?;
            job = self.kick_off(&route).await;
            if job.is_ok() {
                self.run.session.recorder().supersede(refused);
                let mut record = self.record();
                record.params = route.params.clone();
                record.title = without(&record.title, &droppable);
                self.run.drop_params(self.name(), &droppable);
            }
        }
        let route = &route;
        let how = job.as_ref().map(|_| route.level).map_err(Stop::clone);
        self.run.flow_results.kicked_off(self.name(), how);
        let job = job?;
        self.run.running.fetch_add(1, Ordering::Relaxed);
        let end = self.with_job(route, &job, came).await;
        self.run.running.fetch_sub(1, Ordering::Relaxed);
        end
    }

    /// From the accepted kick-off on.
    async fn with_job(&self, route: &Route, job: &Job, came: &mut Came) -> Result<(), Stop> {
        let sight = Sight { route, job: Some(job), files: &[], manifest: None };
        self.probe_all(Moment::Start, sight).await?;
        let flow = &self.planned.flow;
        let depth = self.planned.depth;
        if flow.delete == Some(DeleteAt::InProgress) {
            self.until_running(sight).await?;
            self.delete(job).await?;
            return self.probe_all(Moment::Deleted, sight).await;
        }
        let to_the_end = depth > Depth::Kickoff
            || self.has_probes(Moment::Complete)
            || (flow.delete == Some(DeleteAt::Complete) && self.has_probes(Moment::Deleted));
        if !to_the_end {
            return if self.has_probes(Moment::InProgress) { self.until_running(sight).await } else { Ok(()) };
        }
        let manifest = self.until_done(sight).await.map_err(|stop| self.failed_with_its_part(stop))?;
        let mut manifest = self.with_pages(job, manifest).await?;
        let at = manifest.get("transactionTime").and_then(Value::as_str);
        came.transaction_time = at.filter(|at| Instant::parse(at).is_some()).map(str::to_owned);
        self.run.sightings.manifest(&job.url, &manifest);
        let mut fetched = DownloadedFiles::default();
        let mut end = Ok(());
        if depth == Depth::Files {
            let mut shelf = ResourceStore::default();
            let wanted = self.wanted(job, &manifest);
            manifest_files::shorten(&mut manifest);
            end = self.fetch_all(route, wanted, &mut fetched, &mut shelf).await;
            came.span = fetched.span;
            came.shelf = shelf;
        }
        self.run_hooks(HookMoment::Complete, came.transaction_time.as_deref()).await?;
        self.check_halt()?;
        let files = self.probed_files(job, &manifest, &fetched);
        let done = Sight { files: &files, manifest: Some(&manifest), ..sight };
        self.probe_all(Moment::Complete, done).await?;
        if flow.delete == Some(DeleteAt::Complete) {
            self.delete(job).await?;
            self.probe_all(Moment::Deleted, done).await?;
        }
        end
    }

    /// Polls until the job is seen running, sends the probes of that moment, or until it is done.
    async fn until_running(&self, sight: Sight<'_>) -> Result<(), Stop> {
        let Some(job) = sight.job else { return Ok(()) };
        let mut polls = Polls::default();
        loop {
            match self.poll(job, &mut polls, self.poll_ask(&job.url)).await? {
                PollStep::Running => return self.probe_all(Moment::InProgress, sight).await,
                PollStep::Unsure => {}
                PollStep::Done(_) => return Ok(()),
            }
        }
    }

    /// Polls until the manifest; sends the probes of a running job after the first poll that shows it.
    async fn until_done(&self, sight: Sight<'_>) -> Result<Value, Stop> {
        let Some(job) = sight.job else { return Ok(Value::Null) };
        let mut polls = Polls::default();
        let (mut shown, mut parts) = (false, false);
        loop {
            let step = self.poll(job, &mut polls, self.poll_ask(&job.url)).await?;
            if let (PollStep::Running, false, Some(manifest)) = (&step, parts, polls.manifest()) {
                parts = self.probe_parts(job, &manifest.clone()).await?;
            }
            match step {
                PollStep::Running if !shown => {
                    shown = true;
                    self.probe_all(Moment::InProgress, sight).await?;
                    self.check_hope(&polls)?;
                    self.run_hooks(HookMoment::InProgress, None).await?;
                }
                PollStep::Running => self.check_hope(&polls)?,
                PollStep::Unsure => {}
                PollStep::Done(manifest) => return Ok(manifest),
            }
        }
    }

    /// The level at which the flow runs.
    async fn level(&self) -> Result<ExportLevel, Stop> {
        let own = matches!(self.planned.flow.credentials, Some(Needs::Cohort | Needs::EmptyGroup));
        let offer = if own { export_levels::offer_of_any } else { export_levels::offer };
        let offered = |level| offer(level, &self.run.declared, &self.run.settings);
        let level = self.planned.flow.export;
        if level != ExportLevel::Any {
            return match offered(level) {
                Offer::No(why) => Err(stop(StopKind::NotOffered, None, why)),
                Offer::Yes | Offer::Perhaps => Ok(level),
            };
        }
        let mut untried = None;
        let mut refused: Option<Stop> = None;
        let mut answered = None;
        for level in LEVELS.into_iter().filter(|level| !matches!(offered(*level), Offer::No(_))) {
            let plain = self.run.plan.flows.iter().find(|other| other.flow.export == level && is_plain(other));
            match plain {
                None => untried = untried.or(Some(level)),
                Some(plain) => match self.run.flow_results.kickoff(&plain.name).await {
                    Some(Ok(_)) => return Ok(level),
                    Some(Err(stop)) => {
                        if matches!(stop.kind, StopKind::Answer | StopKind::NotOffered) && stop.exchange.is_some() {
                            answered = answered.or(Some(level));
                        }
                        if refused.as_ref().is_none_or(|known| known.kind == StopKind::NotOffered) {
                            refused = Some(stop);
                        }
                    }
                    None => {}
                },
            }
        }
        // A server may take kick-offs by POST only, and only POST shows it.
        let by_post = answered.filter(|_| self.planned.flow.method == Method::Post);
        match (untried.or(by_post), refused) {
            (Some(level), _) => Ok(level),
            // A kick-off of a more unusual kind would be refused as the plain one was: one cause, one failure.
            (None, Some(refused)) => {
                Err(Stop { because: format!("no plain kick-off was accepted: {}", refused.because), ..refused })
            }
            (None, None) => Err(stop(StopKind::NotOffered, None, "the target offers no export at any level")),
        }
    }

    /// Names and values of parameters, picks chosen.
    pub(crate) fn resolve(
        &self,
        params: &BTreeMap<String, Param>,
        source: Option<&SourceFlow>,
    ) -> Result<Vec<(String, String)>, Stop> {
        let mut resolved = Vec::new();
        for (name, param) in params {
            for template in &param.0 {
                let value = template
                    .fill(&mut |pick| self.pick(pick, source))
                    .map_err(|why| stop(StopKind::NoPick, None, format!("no value for {name}: {why}")))?;
                resolved.push((name.clone(), value));
            }
        }
        Ok(resolved)
    }

    /// One picked value: the one that the settings name, else one of the source's data.
    fn pick(&self, pick: SampleValueName, source: Option<&SourceFlow>) -> Result<String, String> {
        if pick == SampleValueName::TransactionTime {
            let none = || format!("there is no instant in {}", pick.describe());
            return source.and_then(|source| source.outcome.transaction_time.clone()).ok_or_else(none);
        }
        if let Some(value) = self.run.settings.values.get(&pick) {
            return Ok(value.clone());
        }
        let Some(SourceFlow { outcome, .. }) = source else {
            return Err(format!("there is no data to pick {} from", pick.describe()));
        };
        match self.run.members().filter(|_| sample_values::is_of_members(pick)) {
            Some(members) => sample_values::of_members(pick, &outcome.shelf, &members?),
            None => sample_values::choose(pick, outcome.span, &outcome.shelf, self.run.clock.now()),
        }
    }

    /// The first of the flows that this one picks from or is compared with that went through; none where it needs none.
    ///
    /// # Errors
    /// None of them went through, and something must be picked that the settings do not name.
    async fn source(&self) -> Result<Option<SourceFlow>, Stop> {
        let mut why = "no flow that it is picked from is part of this run".to_owned();
        let mut first = true;
        // Only flows that stand before this one: those after it may be waiting for it.
        let before = self.run.plan.flows.iter().take_while(|other| other.name != self.planned.name);
        let before: Vec<&str> = before.map(|other| other.name.as_str()).collect();
        for flow in self.planned.needs.iter().filter(|flow| before.contains(&flow.as_str())) {
            match self.run.flow_results.outcome(flow).await {
                Some(outcome) if outcome.stop.is_none() => {
                    return Ok(Some(SourceFlow { flow: flow.clone(), outcome }));
                }
                Some(FlowOutcome { stop: Some(stop), .. }) if first => {
                    first = false;
                    why = format!("the flow {flow}, whose data it is picked from, ended early: {}", stop.because);
                }
                _ => {}
            }
        }
        let flow = &self.planned.flow;
        let params = flow.params.values();
        let named = |pick| self.run.settings.values.contains_key(&pick);
        match params.flat_map(Param::picks).all(named) {
            true => Ok(None),
            false => Err(stop(StopKind::NoPick, None, why)),
        }
    }
}
