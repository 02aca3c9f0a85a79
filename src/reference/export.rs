//! Kick-off, poll and DELETE.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::Value;

use crate::base::instant::rfc3339;
use crate::base::vocabulary::ExportLevel;
use crate::reference::data::deleted;
use crate::reference::data::filter::sift;
use crate::reference::data::fixtures::Gone;
use crate::reference::data::population::{Population, Reach, Selection};
use crate::reference::data::rows::Rows;
use crate::reference::fault::behavior::Behavior;
use crate::reference::jobs::{Job, JobFile, MAX_JOBS};
use crate::reference::options::Personality;
use crate::reference::params;
use crate::reference::params::{ExportRequest, Preferences, Reader};
use crate::reference::personality::smile::Filter;
use crate::reference::reply::{Context, Point, ServerReply, outcome};
use crate::reference::security::auth::Grant;
use crate::reference::server::{Server, ServerRequest};

/// How faults name a Group that a client made.
const MADE: &str = "made-by-client";

fn refused(status: StatusCode, code: &str, text: &str) -> Box<ServerReply> {
    Box::new(ServerReply::refusal(Point::KickoffRefused, status, code, text))
}

impl Server {
    /// Answers a kick-off at the level `reach`.
    pub(crate) fn kick_off(&self, ask: &ServerRequest, reach: Reach) -> ServerReply {
        let (level, group) = match &reach {
            Reach::System => (ExportLevel::System, None),
            Reach::Patients => (ExportLevel::Patient, None),
            // Of those that clients make, the ids are random.
            Reach::Group(id) if self.cohort_members(id).is_some() => (ExportLevel::Group, Some(MADE.to_owned())),
            Reach::Group(id) => (ExportLevel::Group, Some(id.clone())),
        };
        let mut context = Context { level: Some(level), group, ..Context::default() };
        context.params = params::of_query(&ask.query);
        context.posted = ask.method == Method::POST;
        match self.start(ask, reach, &mut context) {
            Ok(reply) => reply.of(context),
            Err(refusal) => refusal.of(context),
        }
    }

    fn start(&self, ask: &ServerRequest, reach: Reach, context: &mut Context) -> Result<ServerReply, Box<ServerReply>> {
        let (methods, allow): (&[Method], _) = match self.options.spec.edition() {
            1 => (&[Method::GET], "GET"),
            _ => (&[Method::GET, Method::POST], "GET, POST"),
        };
        if !methods.contains(&ask.method) {
            let text = format!("an export is kicked off by {}", allow.replace(", ", " or "));
            let refusal = refused(StatusCode::METHOD_NOT_ALLOWED, "not-supported", &text);
            return Err(Box::new(refusal.with("allow", allow)));
        }
        self.headers_fit(ask)?;
        if ask.method == Method::POST {
            match params::of_body(&ask.body) {
                Ok(_) if self.does(Behavior::IgnorePostParameters) => {}
                Ok(more) => context.params.extend(more),
                Err(_) if self.does(Behavior::AnyPostBody) => {}
                Err(refusal) => return Err(refusal),
            }
        }
        let fails = self.group_is_there(&reach)?;
        let Preferences { lenient, separate, .. } = Preferences::read(&ask.headers);
        let separate = separate && self.pages_and_parts() && !self.does(Behavior::OneStatus);
        let does = |behavior| self.does(behavior);
        let now = self.options.clock.now();
        let population = self.population_of_job(now);
        let reader = Reader { spec: self.options.spec, population: &population, lenient, does: &does };
        self.may_read(&ask.grant, &reach)?;
        let cohort = if let Reach::Group(id) = &reach { self.cohort_members(id) } else { None };
        let mut wanted = reader.read(reach, &ask.method, &context.params)?;
        if let Some(members) = cohort {
            wanted.selection.reach = Reach::Patients;
            let listed = wanted.selection.patients.take();
            let is_listed = |id: &String| listed.as_ref().is_none_or(|listed| listed.contains(id));
            wanted.selection.patients = Some(members.into_iter().filter(is_listed).collect());
        }
        self.keep_to_scope(&ask.grant, &mut wanted)?;

        let owner = if self.does(Behavior::JobsShared) { &None } else { &ask.grant.client };
        let likeness = format!("{} {} {lenient} {separate} {:?} {owner:?}", ask.method, ask.target, context.params);
        let mut jobs = self.jobs();
        jobs.tidy(now, self.options.keep);
        let reuses =
            self.does(Behavior::ReuseJobs) || self.does(Behavior::JobsShared) || self.smile_reuses(&ask.headers);
        if let Some(same) = jobs.alike(&likeness).filter(|_| reuses) {
            context.job = Some(same.id.clone());
            return Ok(self.accepted(&same.id, same.separate));
        }
        if self.does(Behavior::OneJobAtATime) && jobs.any_runs(now) {
            let refusal = refused(StatusCode::TOO_MANY_REQUESTS, "throttled", "another export is running");
            return Err(Box::new(refusal.with("retry-after", "1")));
        }
        let refusals = [
            (Behavior::SecondJobFails, StatusCode::INTERNAL_SERVER_ERROR, "exception"),
            (Behavior::SecondJobRefused, StatusCode::BAD_REQUEST, "invalid"),
        ];
        for (behavior, status, code) in refusals {
            if self.does(behavior) && jobs.any_runs(now) {
                return Err(refused(status, code, "too many concurrent exports, at most 1"));
            }
        }
        if jobs.len() >= MAX_JOBS {
            let text = "too many jobs; delete some, or come again later";
            let refusal = refused(StatusCode::TOO_MANY_REQUESTS, "throttled", text);
            return Err(Box::new(refusal.with("retry-after", "60")));
        }
        let mut files = self.files_of(&wanted, &population);
        if let Some(older) = jobs.alike(&likeness).filter(|_| self.does(Behavior::OldFilesAgain)) {
            files.clone_from(&older.files);
        }
        if self.does(Behavior::RepeatFindsNothing) && self.spent(&format!("export {likeness}")) {
            files.retain(|file| file.point != Point::FileOutput);
        }
        let outputs = files.iter().filter(|file| file.point == Point::FileOutput).count();
        let job = Job {
            id: self.job_id(now)?,
            shelf: self.folder()?,
            started: now,
            stamp: self.stamp_of_job(now),
            runs: self.runs(),
            fails: fails
                .or_else(|| self.failure_of_all(&wanted, &population))
                .or(wanted.spoiled.clone())
                .or_else(|| self.does(Behavior::JobsFail).then(|| "the export failed".to_owned())),
            request: self.request_shown(ask),
            likeness,
            incremental: wanted.selection.since.is_some(),
            organizer: wanted.organizer,
            files,
            owner: ask.grant.client.clone(),
            token: ask.grant.token.clone(),
            late: self.does(Behavior::HoldsItsEnd).then(|| Box::new(wanted.clone())),
            first_page: (wanted.partial && outputs > 1).then_some(outputs / 2),
            separate,
            context: context.clone(),
            polls: VecDeque::new(),
            deleted: false,
        };
        context.job = Some(job.id.clone());
        {
            let mut notes = self.notes();
            notes.started += 1;
            notes.latest = Some(now);
        }
        let reply = self.accepted(&job.id, separate);
        jobs.insert(job);
        Ok(reply)
    }

    /// A Group is exported to those who may read it; SMART names them by scope.
    fn may_read(&self, grant: &Grant, reach: &Reach) -> Result<(), Box<ServerReply>> {
        if matches!(reach, Reach::Group(_)) && !grant.covers("Group") && !self.does(Behavior::GroupReadUnasked) {
            return Err(refused(StatusCode::FORBIDDEN, "forbidden", "the token does not let read Groups"));
        }
        let kept = self.options.kept_group.as_deref().filter(|_| !self.does(Behavior::KeptGroupExported));
        if matches!(reach, Reach::Group(id) if Some(id.as_str()) == kept) {
            return Err(refused(StatusCode::FORBIDDEN, "forbidden", "the client may not export this Group"));
        }
        Ok(())
    }

    /// Narrows an export to what the token covers. What it does not cover and was asked for by name is refused.
    fn keep_to_scope(&self, grant: &Grant, wanted: &mut ExportRequest) -> Result<(), Box<ServerReply>> {
        let Some(covered) = &grant.types else { return Ok(()) };
        let covers = |kind: &str| covered.iter().any(|one| one == kind);
        let types = &mut wanted.selection.types;
        match types {
            Some(asked) if asked.iter().all(|kind| covers(kind)) => {}
            Some(asked) if self.does(Behavior::ForeignTypesDropped) => asked.retain(|kind| covers(kind)),
            Some(_) => {
                let text = "_type names resources that the token does not cover";
                return Err(refused(StatusCode::FORBIDDEN, "forbidden", text));
            }
            None => *types = Some(covered.iter().cloned().collect()),
        }
        Ok(())
    }

    /// The honest server takes missing headers for those it needs; faults do not.
    fn headers_fit(&self, ask: &ServerRequest) -> Result<(), Box<ServerReply>> {
        let line = ask.headers.get("prefer").and_then(|line| line.to_str().ok());
        if self.does(Behavior::ExactPrefer) && line.is_some_and(|line| line != "respond-async") {
            return Err(refused(StatusCode::BAD_REQUEST, "invalid", "Prefer must be respond-async"));
        }
        if self.does(Behavior::RequirePrefer) && !Preferences::read(&ask.headers).asynchronous {
            return Err(refused(StatusCode::BAD_REQUEST, "required", "Prefer: respond-async is needed"));
        }
        let forgets = !self.is_smile() || self.does(Behavior::PreferForgotten);
        if !forgets && !Preferences::read(&ask.headers).asynchronous {
            let text = "HAPI-0513: Must request async processing for $export";
            return Err(refused(StatusCode::BAD_REQUEST, "processing", text));
        }
        let accept = ask.headers.get("accept").and_then(|line| line.to_str().ok());
        if self.does(Behavior::RequireAccept) && !accept.is_some_and(|line| line.contains("application/fhir+json")) {
            return Err(refused(StatusCode::NOT_ACCEPTABLE, "required", "Accept: application/fhir+json is needed"));
        }
        Ok(())
    }

    /// Why the job will fail, where an unknown Group lets it.
    fn group_is_there(&self, reach: &Reach) -> Result<Option<String>, Box<ServerReply>> {
        let Reach::Group(id) = reach else { return Ok(None) };
        let known = self.population().members(id).is_some() || self.cohort_members(id).is_some();
        if known || self.does(Behavior::UnknownGroupEmpty) {
            return Ok(None);
        }
        let shown: String = id.chars().take(80).collect();
        let text = format!("there is no Group {shown}");
        if self.does(Behavior::UnknownGroupFails) {
            return Ok(Some(text));
        }
        Err(refused(StatusCode::NOT_FOUND, "not-found", &text))
    }

    pub(crate) fn runs(&self) -> Option<Duration> {
        if self.does(Behavior::NeverCompletes) {
            None
        } else if self.does(Behavior::CompleteAtOnce) {
            Some(Duration::ZERO)
        } else {
            Some(self.options.job_time)
        }
    }

    /// Whether the server knows what STU 3 brought: manifests in parts, and a status beside that of the poll.
    fn pages_and_parts(&self) -> bool {
        self.options.spec.edition() >= 3 && self.options.spec != Personality::Smile
    }

    fn accepted(&self, id: &str, separate: bool) -> ServerReply {
        let reply = self.plainly_accepted(id);
        match separate {
            true => reply.with("preference-applied", "respond-async, separate-export-status"),
            false => reply,
        }
    }

    fn plainly_accepted(&self, id: &str) -> ServerReply {
        if self.is_hapi() {
            let reply = ServerReply::empty(Point::KickoffAccepted, StatusCode::ACCEPTED);
            return reply.with("content-location", &self.poll_url(id));
        }
        let text = "the export has started; its status is at the Content-Location";
        ServerReply::fhir(Point::KickoffAccepted, StatusCode::ACCEPTED, outcome("information", "informational", text))
            .with("content-location", &self.poll_url(id))
    }

    pub(crate) fn poll_url(&self, id: &str) -> String {
        if self.is_hapi() {
            return format!("{}/$export-poll-status?_jobId={id}", self.base());
        }
        format!("{}/bulk/jobs/{id}", self.base())
    }

    /// Cuts what is wanted into files.
    pub(crate) fn files_of(&self, wanted: &ExportRequest, population: &Population) -> Vec<JobFile> {
        let mut selection = wanted.selection.clone();
        if self.does(Behavior::GroupExportsAll) && selection.reach != Reach::System {
            selection.reach = Reach::Patients;
        }
        if let (Reach::Group(id), true) = (&selection.reach, self.does(Behavior::EmptyGroupExportsAll))
            && population.members(id).is_some_and(BTreeSet::is_empty)
        {
            selection.reach = Reach::Patients;
        }
        let mut found = if self.does(Behavior::ExportNothing) { Vec::new() } else { population.select(&selection) };
        let failed = population.fail_in(&mut found);
        self.live_on(&mut found, &selection);
        if self.does(Behavior::EmptyFiles) {
            let there: BTreeSet<&str> = found.iter().map(|(name, _)| *name).collect();
            let types = population.types().into_iter().chain(["Immunization"]);
            let empty: Vec<_> = types.filter(|name| !there.contains(name)).collect();
            found.extend(empty.into_iter().map(|name| (name, Rows::held(Vec::new()))));
        }
        if !wanted.filters.is_empty() {
            let sifted = found.into_iter().map(|(name, rows)| (name, Filter::sift(&wanted.filters, name, rows)));
            found = sifted.filter(|(_, rows)| rows.len() > 0).collect();
        }
        if !wanted.searches.is_empty() {
            let world = population.world();
            if self.does(Behavior::FilterDropsOthers) {
                found.retain(|(name, _)| wanted.searches.iter().any(|query| query.kind == *name));
            }
            let does = |behavior| self.does(behavior);
            let sifted = found.into_iter().map(|(name, rows)| (name, sift(&wanted.searches, name, rows, world, &does)));
            found = sifted.filter(|(_, rows)| rows.len() > 0).collect();
            self.spoil_filters(&mut found, &selection, &wanted.searches);
        } else if self.does(Behavior::UnfilteredIsShort) {
            found = found.into_iter().map(|(name, rows)| (name, rows.part(0, 3))).collect();
        }
        self.spoil_dates(&mut found, &selection);
        self.add_referenced(&mut found);
        self.associate(&mut found, wanted);
        self.trim(&mut found, wanted);
        if self.does(Behavior::LosesEverything) {
            found.clear();
        }
        let mut files = Vec::new();
        match wanted.organizer {
            Some(kind) => self.cut_blocks(&mut files, kind, &found),
            None => {
                for (name, rows) in &found {
                    self.cut(&mut files, Point::FileOutput, name, name, rows);
                }
            }
        }
        let mut gone = population.deleted(&selection, &|gone| self.tells(population, gone));
        if let (true, Some(first)) = (self.does(Behavior::DeletedInOutput), first_reference(&found)) {
            let at = rfc3339(self.options.clock.now());
            gone = Rows::held(gone.iter().chain([deleted::line(&first, &at)]).collect());
        }
        let gone = if selection.since.is_some() { gone } else { Rows::held(Vec::new()) };
        if gone.len() > 0 && !self.is_smile() && self.options.spec.edition() >= 2 {
            self.cut(&mut files, Point::FileDeleted, "Bundle", "deleted", &gone);
        }
        let told = self.outcomes(wanted, &selection, &failed);
        if told.len() > 0 || self.does(Behavior::EmptyErrorFile) {
            self.cut(&mut files, Point::FileError, "OperationOutcome", "error", &told);
        }
        files
    }

    /// Whether a deletion is told.
    fn tells(&self, population: &Population, gone: &Gone) -> bool {
        !self.does(Behavior::DeletionsUntold) || !population.has_removed(&gone.reference)
    }

    fn outcomes(&self, wanted: &ExportRequest, selection: &Selection, failed: &[String]) -> Rows {
        let warnings = wanted.ignored.iter().map(|text| outcome("warning", "not-supported", text));
        let failed = failed.iter().filter(|_| !self.does(Behavior::FailuresUntold));
        let failed = failed.map(|name| outcome("error", "exception", &format!("{name} could not be exported")));
        let more = self.does(Behavior::InformationOutcome).then(|| {
            let level = format!("exported at the level {:?}", selection.reach);
            [outcome("information", "informational", &level), outcome("warning", "incomplete", "one was left out")]
        });
        Rows::held(
            warnings
                .chain(failed)
                .chain(more.into_iter().flatten())
                .map(|told| Bytes::from(told.to_string()))
                .collect(),
        )
    }

    fn cut(&self, files: &mut Vec<JobFile>, point: Point, kind: &'static str, stem: &str, rows: &Rows) {
        let size = match () {
            () if self.does(Behavior::SmallFiles) => 3,
            () if self.does(Behavior::LongFiles) => 200,
            () => self.lines_per_file(),
        };
        let count = rows.len().div_ceil(size).max(1);
        files.extend((0..count).map(|at| {
            let name = format!("{stem}-{}.ndjson", at + 1);
            JobFile { point, kind, name, rows: rows.part(at * size, size), continues: false }
        }));
    }
}

/// `Type/id` of the first resource that is exported.
fn first_reference(found: &[(&'static str, Rows)]) -> Option<String> {
    let (name, rows) = found.first()?;
    let value: Value = serde_json::from_slice(&rows.line(0)?).ok()?;
    Some(format!("{name}/{}", value.get("id")?.as_str()?))
}
