//! Kick-off, poll and DELETE.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::behaviour::Behaviour;
use super::deleted;
use super::filter::sift;
use super::jobs::{Job, JobFile, Jobs, MOST_JOBS, Stage};
use super::options::Personality;
use super::params::{self, Preferences, Reader, Wanted};
use super::population::{Reach, Selection};
use super::reply::{Context, Point, Reply, outcome};
use super::rows::Rows;
use super::server::{Ask, Server};
use super::smile::Filter;
use crate::instant::rfc3339;
use crate::words::ExportLevel;

fn refused(status: StatusCode, code: &str, text: &str) -> Box<Reply> {
    Box::new(Reply::refusal(Point::KickoffRefused, status, code, text))
}

impl Server {
    /// Answers a kick-off at the level `reach`.
    pub(super) fn kick_off(&self, ask: &Ask, reach: Reach) -> Reply {
        let (level, group) = match &reach {
            Reach::System => (ExportLevel::System, None),
            Reach::Patients => (ExportLevel::Patient, None),
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

    fn start(&self, ask: &Ask, reach: Reach, context: &mut Context) -> Result<Reply, Box<Reply>> {
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
                Ok(_) if self.does(Behaviour::IgnorePostParameters) => {}
                Ok(more) => context.params.extend(more),
                Err(_) if self.does(Behaviour::AnyPostBody) => {}
                Err(refusal) => return Err(refusal),
            }
        }
        let fails = self.group_is_there(&reach)?;
        let lenient = Preferences::read(&ask.headers).lenient;
        let does = |behaviour| self.does(behaviour);
        let reader = Reader { spec: self.options.spec, population: &self.population, lenient, does: &does };
        let wanted = reader.read(reach, &ask.method, &context.params)?;

        let now = self.options.clock.now();
        let likeness = format!("{} {} {lenient} {:?}", ask.method, ask.target, context.params);
        let mut jobs = self.jobs();
        jobs.tidy(now, self.options.keep);
        let reuses = self.does(Behaviour::ReuseJobs) || self.smile_reuses(&ask.headers);
        if let Some(same) = jobs.alike(&likeness).filter(|_| reuses) {
            context.job = Some(same.id.clone());
            return Ok(self.accepted(&same.id));
        }
        if jobs.len() >= MOST_JOBS {
            let text = "too many jobs; delete some, or come again later";
            let refusal = refused(StatusCode::TOO_MANY_REQUESTS, "throttled", text);
            return Err(Box::new(refusal.with("retry-after", "60")));
        }
        let job = Job {
            id: if self.is_hapi() { self.hapi_job_id()? } else { self.secret()? },
            shelf: if self.is_hapi() { self.hapi_shelf()? } else { self.secret()? },
            started: now,
            runs: self.runs(),
            fails: fails
                .or(wanted.spoiled.clone())
                .or_else(|| self.does(Behaviour::JobsFail).then(|| "the export failed".to_owned())),
            request: format!("{}{}", self.origin(), ask.target),
            likeness,
            incremental: wanted.selection.since.is_some(),
            files: self.files_of(&wanted),
            context: context.clone(),
            polls: VecDeque::new(),
            deleted: false,
        };
        context.job = Some(job.id.clone());
        let reply = self.accepted(&job.id);
        jobs.insert(job);
        Ok(reply)
    }

    /// The honest server takes missing headers for those it needs; faults do not.
    fn headers_fit(&self, ask: &Ask) -> Result<(), Box<Reply>> {
        let line = ask.headers.get("prefer").and_then(|line| line.to_str().ok());
        if self.does(Behaviour::ExactPrefer) && line.is_some_and(|line| line != "respond-async") {
            return Err(refused(StatusCode::BAD_REQUEST, "invalid", "Prefer must be respond-async"));
        }
        if self.does(Behaviour::RequirePrefer) && !Preferences::read(&ask.headers).asynchronous {
            return Err(refused(StatusCode::BAD_REQUEST, "required", "Prefer: respond-async is needed"));
        }
        let forgets = !self.is_smile() || self.does(Behaviour::PreferForgotten);
        if !forgets && !Preferences::read(&ask.headers).asynchronous {
            let text = "HAPI-0513: Must request async processing for $export";
            return Err(refused(StatusCode::BAD_REQUEST, "processing", text));
        }
        let accept = ask.headers.get("accept").and_then(|line| line.to_str().ok());
        if self.does(Behaviour::RequireAccept) && !accept.is_some_and(|line| line.contains("application/fhir+json")) {
            return Err(refused(StatusCode::NOT_ACCEPTABLE, "required", "Accept: application/fhir+json is needed"));
        }
        Ok(())
    }

    /// Why the job will fail, where an unknown Group lets it.
    fn group_is_there(&self, reach: &Reach) -> Result<Option<String>, Box<Reply>> {
        let Reach::Group(id) = reach else { return Ok(None) };
        if self.population.members(id).is_some() || self.does(Behaviour::UnknownGroupEmpty) {
            return Ok(None);
        }
        let shown: String = id.chars().take(80).collect();
        let text = format!("there is no Group {shown}");
        if self.does(Behaviour::UnknownGroupFails) {
            return Ok(Some(text));
        }
        Err(refused(StatusCode::NOT_FOUND, "not-found", &text))
    }

    fn runs(&self) -> Option<Duration> {
        if self.does(Behaviour::NeverCompletes) {
            None
        } else if self.does(Behaviour::CompleteAtOnce) {
            Some(Duration::ZERO)
        } else {
            Some(self.options.job_time)
        }
    }

    fn accepted(&self, id: &str) -> Reply {
        if self.is_hapi() {
            let reply = Reply::empty(Point::KickoffAccepted, StatusCode::ACCEPTED);
            return reply.with("content-location", &self.poll_url(id));
        }
        let text = "the export has started; its status is at the Content-Location";
        Reply::fhir(Point::KickoffAccepted, StatusCode::ACCEPTED, outcome("information", "informational", text))
            .with("content-location", &self.poll_url(id))
    }

    pub(super) fn poll_url(&self, id: &str) -> String {
        if self.is_hapi() {
            return format!("{}/$export-poll-status?_jobId={id}", self.base());
        }
        format!("{}/bulk/jobs/{id}", self.base())
    }

    /// Cuts what is wanted into files.
    fn files_of(&self, wanted: &Wanted) -> Vec<JobFile> {
        let mut selection = wanted.selection.clone();
        if self.does(Behaviour::GroupExportsAll) && selection.reach != Reach::System {
            selection.reach = Reach::Patients;
        }
        let mut found =
            if self.does(Behaviour::ExportNothing) { Vec::new() } else { self.population.select(&selection) };
        if self.does(Behaviour::EmptyFiles) {
            let there: BTreeSet<&str> = found.iter().map(|(name, _)| *name).collect();
            let types = self.population.types().into_iter().chain(["Immunization"]);
            let empty: Vec<_> = types.filter(|name| !there.contains(name)).collect();
            found.extend(empty.into_iter().map(|name| (name, Rows::held(Vec::new()))));
        }
        if !wanted.filters.is_empty() {
            let sifted = found.into_iter().map(|(name, rows)| (name, Filter::sift(&wanted.filters, name, rows)));
            found = sifted.filter(|(_, rows)| rows.len() > 0).collect();
        }
        if !wanted.searches.is_empty() {
            let world = self.population.world();
            let sifted = found.into_iter().map(|(name, rows)| (name, sift(&wanted.searches, name, rows, world)));
            found = sifted.filter(|(_, rows)| rows.len() > 0).collect();
        }
        let mut files = Vec::new();
        for (name, rows) in &found {
            self.cut(&mut files, Point::FileOutput, name, name, rows);
        }
        let mut gone = self.population.deleted(&selection);
        if let (true, Some(first)) = (self.does(Behaviour::DeletedInOutput), first_reference(&found)) {
            let at = rfc3339(self.options.clock.now());
            gone = Rows::held(gone.iter().chain([deleted::line(&first, &at)]).collect());
        }
        let gone = if selection.since.is_some() { gone } else { Rows::held(Vec::new()) };
        if gone.len() > 0 && !self.is_smile() && self.options.spec.edition() >= 2 {
            self.cut(&mut files, Point::FileDeleted, "Bundle", "deleted", &gone);
        }
        let told = self.outcomes(wanted, &selection);
        if told.len() > 0 || self.does(Behaviour::EmptyErrorFile) {
            self.cut(&mut files, Point::FileError, "OperationOutcome", "error", &told);
        }
        files
    }

    fn outcomes(&self, wanted: &Wanted, selection: &Selection) -> Rows {
        let warnings = wanted.ignored.iter().map(|text| outcome("warning", "not-supported", text));
        let more = self.does(Behaviour::InformationOutcome).then(|| {
            let level = format!("exported at the level {:?}", selection.reach);
            [outcome("information", "informational", &level), outcome("warning", "incomplete", "one was left out")]
        });
        Rows::held(warnings.chain(more.into_iter().flatten()).map(|told| Bytes::from(told.to_string())).collect())
    }

    fn cut(&self, files: &mut Vec<JobFile>, point: Point, kind: &'static str, stem: &str, rows: &Rows) {
        let size = if self.does(Behaviour::SmallFiles) { 3 } else { self.lines_per_file() };
        let count = rows.len().div_ceil(size).max(1);
        files.extend((0..count).map(|at| {
            let name = format!("{stem}-{}.ndjson", at + 1);
            JobFile { point, kind, name, rows: rows.part(at * size, size) }
        }));
    }

    /// Answers a poll.
    pub(super) fn poll(&self, id: &str) -> Reply {
        let now = self.options.clock.now();
        let mut jobs = self.jobs();
        jobs.tidy(now, self.options.keep);
        let Some(job) = jobs.get_mut(id).filter(|job| !job.deleted) else { return self.unknown_job(id) };
        let context = job.context_with_id();
        let early = self.does(Behaviour::ThrottleEarly);
        if job.polled(now, early) && !self.does(Behaviour::NeverThrottle) {
            let text = "polled too often; keep to Retry-After";
            return Reply::refusal(Point::PollThrottled, StatusCode::TOO_MANY_REQUESTS, "throttled", text)
                .with("retry-after", "1")
                .of(context);
        }
        match job.stage(now) {
            Stage::Running(percent) => Reply::empty(Point::PollInProgress, StatusCode::ACCEPTED)
                .with("retry-after", "1")
                .with("x-progress", &self.progress(job, percent))
                .of(context),
            Stage::Over => match &job.fails {
                Some(text) => {
                    let status = StatusCode::INTERNAL_SERVER_ERROR;
                    self.poll_error(Reply::refusal(Point::PollFailed, status, "processing", text)).of(context)
                }
                None if self.is_smile() => {
                    let manifest = self.smile_manifest(job, &|file| self.file_url(job, file));
                    Reply::json(Point::PollComplete, StatusCode::OK, manifest).of(context)
                }
                None => Reply::json(Point::PollComplete, StatusCode::OK, self.with_message(job, self.manifest(job)))
                    .with("expires", &httpdate::fmt_http_date(job.expires(self.options.keep)))
                    .of(context),
            },
        }
    }

    /// `X-Progress` of a job that runs.
    fn progress(&self, job: &Job, percent: u64) -> String {
        match self.options.spec {
            Personality::Smile => self.smile_progress(job),
            Personality::Hcpd => Self::hcpd_progress(job, percent),
            _ => format!("{percent}% complete"),
        }
    }

    fn unknown_job(&self, id: &str) -> Reply {
        if self.does(Behaviour::UnknownJobRuns) {
            return Reply::empty(Point::PollGone, StatusCode::ACCEPTED).with("retry-after", "1");
        }
        let context = Context { job: Some(id.to_owned()), ..Context::default() };
        let text = "there is no such job, or no longer";
        let refusal = Reply::refusal(Point::PollGone, StatusCode::NOT_FOUND, "not-found", text);
        self.poll_error(refusal).of(context)
    }

    /// STU 1 has the errors of polls sent as plain JSON.
    fn poll_error(&self, refusal: Reply) -> Reply {
        match self.options.spec.edition() {
            1 => refusal.with("content-type", "application/json"),
            _ => refusal,
        }
    }

    fn manifest(&self, job: &Job) -> Value {
        let list = |point: Point| -> Vec<Value> {
            let files = job.files.iter().filter(|file| file.point == point);
            files
                .map(|file| json!({ "type": file.kind, "url": self.file_url(job, file), "count": file.rows.len() }))
                .collect()
        };
        let mut manifest = json!({
            "transactionTime": rfc3339(job.started),
            "request": job.request,
            "requiresAccessToken": self.protected(),
            "output": list(Point::FileOutput),
        });
        if let Some(fields) = manifest.as_object_mut() {
            let gone = list(Point::FileDeleted);
            // STU 1 knows no such list.
            let told = job.incremental && self.options.spec.edition() >= 2;
            if told || !gone.is_empty() || self.does(Behaviour::EmptyDeleted) {
                fields.insert("deleted".to_owned(), Value::Array(gone));
            }
            fields.insert("error".to_owned(), Value::Array(list(Point::FileError)));
        }
        manifest
    }

    fn file_url(&self, job: &Job, file: &JobFile) -> String {
        let url = match self.is_hapi() {
            true => self.hapi_file_url(job, file),
            false => format!("{}/bulk/files/{}/{}", self.base(), job.shelf, file.name),
        };
        match self.does(Behaviour::FreshLinks).then(|| self.secret()) {
            Some(Ok(signature)) => format!("{url}?signature={signature}"),
            _ => url,
        }
    }

    /// Answers a DELETE of a polling URL.
    pub(super) fn cancel(&self, id: &str) -> Reply {
        let now = self.options.clock.now();
        let mut jobs = self.jobs();
        jobs.tidy(now, self.options.keep);
        let there = jobs.get_mut(id).filter(|job| !job.deleted || self.does(Behaviour::DeleteAgain));
        let Some(job) = there else {
            let context = Context { job: Some(id.to_owned()), ..Context::default() };
            if self.is_hcpd() && !jobs.was_deleted(id) {
                return Self::hcpd_refuses_delete().of(context);
            }
            let text = "there is no such job, or no longer";
            return Reply::refusal(Point::DeleteRefused, StatusCode::NOT_FOUND, "not-found", text).of(context);
        };
        let context = job.context_with_id();
        let running = matches!(job.stage(now), Stage::Running(_));
        if self.does(Behaviour::DeleteRunningOnly) && !running {
            let text = "the job is done and cannot be cancelled";
            return Reply::refusal(Point::DeleteRefused, StatusCode::NOT_FOUND, "not-found", text).of(context);
        }
        if self.does(Behaviour::DeleteFinishedOnly) && running {
            let text = "the job cannot be cancelled while it runs";
            return Reply::refusal(Point::DeleteRefused, StatusCode::CONFLICT, "conflict", text).of(context);
        }
        if let Some(refusal) = self.smile_refuses_delete(job, now) {
            return refusal.of(context);
        }
        self.forget(&mut jobs, id);
        let told = match self.options.spec {
            Personality::Hcpd => return Reply::empty(Point::DeleteAccepted, StatusCode::ACCEPTED).of(context),
            Personality::Smile => Self::smile_cancelled(id),
            _ => outcome("information", "informational", "the job and its files are deleted"),
        };
        Reply::fhir(Point::DeleteAccepted, StatusCode::ACCEPTED, told).of(context)
    }

    fn forget(&self, jobs: &mut Jobs, id: &str) {
        if self.does(Behaviour::DeleteWithoutEffect) {
            return;
        }
        if self.does(Behaviour::FilesStay) || self.does(Behaviour::DeleteAgain) {
            if let Some(job) = jobs.get_mut(id) {
                job.deleted = true;
            }
            return;
        }
        jobs.remove(id);
    }
}

impl Job {
    fn context_with_id(&self) -> Context {
        Context { job: Some(self.id.clone()), ..self.context.clone() }
    }
}

/// `Type/id` of the first resource that is exported.
fn first_reference(found: &[(&'static str, Rows)]) -> Option<String> {
    let (name, rows) = found.first()?;
    let value: Value = serde_json::from_slice(&rows.line(0)?).ok()?;
    Some(format!("{name}/{}", value.get("id")?.as_str()?))
}
