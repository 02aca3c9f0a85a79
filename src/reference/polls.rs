//! Answers to polls and DELETEs, and the manifests.

use http::StatusCode;
use serde_json::{Value, json};

use crate::base::instant::rfc3339;
use crate::reference::fault::behavior::Behavior;
use crate::reference::jobs::{Job, JobFile, Jobs, Stage};
use crate::reference::options::Personality;
use crate::reference::reply::{Context, Point, ServerReply, outcome};
use crate::reference::security::auth::Grant;
use crate::reference::server::Server;

/// Another origin, at which a server in process answers too.
pub const FILES_ORIGIN: &str = "https://files.localhost";
/// An origin that belongs to nobody; the name is reserved.
const NOBODYS_ORIGIN: &str = "https://lure.invalid";

/// What a client hears of another's job, where it hears anything.
fn foreign() -> ServerReply {
    let text = "the job belongs to another client";
    ServerReply::refusal(Point::PollGone, StatusCode::FORBIDDEN, "forbidden", text)
}

impl Server {
    /// Answers a poll.
    pub(crate) fn poll(&self, id: &str, grant: &Grant) -> ServerReply {
        let now = self.options.clock.now();
        let mut jobs = self.jobs();
        jobs.tidy(now, self.options.keep);
        let deleted = jobs.was_deleted(id);
        let Some(job) = jobs.get_mut(id).filter(|job| !job.deleted) else { return self.unknown_job(id, deleted) };
        let other_token = self.does(Behavior::JobsOfTokens) && job.token != grant.token;
        if other_token || !(job.is_of(grant) || self.does(Behavior::ForeignPolls)) {
            return if self.does(Behavior::ForeignJobsTold) { foreign() } else { self.unknown_job(id, deleted) };
        }
        let context = job.context_with_id();
        if self.does(Behavior::NarrowPollsRefused) && grant.types.is_some() {
            let text = "the token does not let read jobs";
            return ServerReply::refusal(Point::Unauthorized, StatusCode::FORBIDDEN, "forbidden", text).of(context);
        }
        let early = self.does(Behavior::ThrottleEarly);
        if job.polled(now, early) && !self.does(Behavior::NeverThrottle) {
            let text = "polled too often; keep to Retry-After";
            return ServerReply::refusal(Point::PollThrottled, StatusCode::TOO_MANY_REQUESTS, "throttled", text)
                .with("retry-after", "1")
                .of(context);
        }
        if job.stage(now) == Stage::Over
            && let Some(wanted) = job.late.take()
        {
            job.files = self.files_of(&wanted, &self.population());
            job.stamp = now;
        }
        let reply = match job.stage(now) {
            Stage::Running(percent) => {
                self.running(job).with("retry-after", "1").with("x-progress", &self.progress(job, percent)).of(context)
            }
            Stage::Over => match &job.fails {
                Some(text) => {
                    let status = StatusCode::INTERNAL_SERVER_ERROR;
                    self.poll_error(ServerReply::refusal(Point::PollFailed, status, "processing", text)).of(context)
                }
                None if self.is_smile() => {
                    let manifest = self.smile_manifest(job, &|file| self.file_url(job, file));
                    ServerReply::json(Point::PollComplete, StatusCode::OK, manifest).of(context)
                }
                None => ServerReply::json(
                    Point::PollComplete,
                    StatusCode::OK,
                    self.with_message(job, self.manifest(job, 0, true)),
                )
                .with("expires", &httpdate::fmt_http_date(job.expires(self.options.keep)))
                .of(context),
            },
        };
        if job.separate { apart(reply) } else { reply }
    }

    /// A poll of a running job: with what is ready, where that was asked for.
    fn running(&self, job: &Job) -> ServerReply {
        let status = StatusCode::ACCEPTED;
        match job.first_page {
            Some(_) => ServerReply::json(Point::PollInProgress, status, self.manifest(job, 0, false)),
            None => ServerReply::empty(Point::PollInProgress, status),
        }
    }

    /// Answers a request for a job's second manifest.
    pub(crate) fn page(&self, id: &str, grant: &Grant) -> ServerReply {
        let now = self.options.clock.now();
        let mut jobs = self.jobs();
        jobs.tidy(now, self.options.keep);
        let there = jobs.get_mut(id).filter(|job| !job.deleted && job.first_page.is_some() && job.is_of(grant));
        let Some(job) = there.filter(|job| job.fails.is_none() && job.stage(now) == Stage::Over) else {
            return self.unknown_job(id, false);
        };
        ServerReply::json(Point::Page, StatusCode::OK, self.manifest(job, 1, true))
            .with("expires", &httpdate::fmt_http_date(job.expires(self.options.keep)))
            .of(job.context_with_id())
    }

    /// `X-Progress` of a job that runs.
    fn progress(&self, job: &Job, percent: u64) -> String {
        match self.options.spec {
            Personality::Smile => self.smile_progress(job),
            Personality::Hcpd => Self::hcpd_progress(job, percent),
            _ => format!("{percent}% complete"),
        }
    }

    fn unknown_job(&self, id: &str, deleted: bool) -> ServerReply {
        if self.does(Behavior::UnknownJobRuns) {
            return ServerReply::empty(Point::PollGone, StatusCode::ACCEPTED).with("retry-after", "1");
        }
        let context = Context { job: Some(id.to_owned()), deleted, ..Context::default() };
        let text = "there is no such job, or no longer";
        let refusal = ServerReply::refusal(Point::PollGone, StatusCode::NOT_FOUND, "not-found", text);
        self.poll_error(refusal).of(context)
    }

    /// STU 1 has the errors of polls sent as plain JSON.
    fn poll_error(&self, refusal: ServerReply) -> ServerReply {
        match self.options.spec.edition() {
            1 => refusal.with("content-type", "application/json"),
            _ => refusal,
        }
    }

    /// The job's manifest: the first, or the second that the first links to once the job is over.
    fn manifest(&self, job: &Job, page: usize, over: bool) -> Value {
        let list = |point: Point| -> Vec<Value> {
            let files: Vec<&JobFile> = job.files.iter().filter(|file| file.point == point).collect();
            let urls: Vec<String> = files.iter().map(|file| self.file_url(job, file)).collect();
            let item = |(at, file): (usize, &&JobFile)| {
                let url = urls.get(at);
                let mut item = json!({ "type": file.kind, "url": url, "count": file.rows.len() });
                if let (Some(fields), Point::FileOutput, Some(_)) = (item.as_object_mut(), point, job.organizer) {
                    fields.shift_remove("type");
                    if let Some(next) = urls.get(at + 1).filter(|_| file.continues) {
                        fields.insert("continuesInFile".to_owned(), Value::String(next.clone()));
                    }
                }
                item
            };
            files.iter().enumerate().map(item).collect()
        };
        let mut output = list(Point::FileOutput);
        if let Some(first) = job.first_page {
            let whole = self.does(Behavior::GrowingManifest) && over;
            let second = output.split_off(first.min(output.len()));
            match (page, whole) {
                (0, false) => {}
                (0, true) => output.extend(second),
                _ => output = second,
            }
        }
        let mut manifest = json!({
            "transactionTime": rfc3339(job.stamp),
            "request": job.request,
            "requiresAccessToken": self.protected() && !self.does(Behavior::SignedFiles),
            "output": output,
        });
        if let Some(fields) = manifest.as_object_mut() {
            if let Some(kind) = job.organizer {
                fields.insert("outputOrganizedBy".to_owned(), kind.into());
            }
            let gone = if page == 0 { list(Point::FileDeleted) } else { Vec::new() };
            // STU 1 knows no such list.
            let told = job.incremental && self.options.spec.edition() >= 2 && page == 0;
            if told || !gone.is_empty() || self.does(Behavior::EmptyDeleted) {
                fields.insert("deleted".to_owned(), Value::Array(gone));
            }
            fields.insert("error".to_owned(), Value::Array(list(Point::FileError)));
            if job.first_page.is_some() && page == 0 && over {
                let next = json!([{ "relation": "next", "url": format!("{}/bulk/jobs/{}/2", self.base(), job.id) }]);
                fields.insert("link".to_owned(), next);
            }
        }
        manifest
    }

    fn file_url(&self, job: &Job, file: &JobFile) -> String {
        let url = match self.is_hapi() {
            true => self.hapi_file_url(job, file),
            false if self.does(Behavior::RelativeFileUrls) => format!("../files/{}/{}", job.shelf, file.name),
            false => format!("{}/bulk/files/{}/{}", self.base(), job.shelf, file.name),
        };
        let url = match url.strip_prefix(&self.origin()) {
            Some(path) if self.does(Behavior::FilesElsewhere) => format!("{FILES_ORIGIN}{path}"),
            Some(path) if self.does(Behavior::FilesOfNobody) => format!("{NOBODYS_ORIGIN}{path}"),
            _ => url,
        };
        match self.does(Behavior::FreshLinks).then(|| self.secret()) {
            Some(Ok(signature)) => format!("{url}?signature={signature}"),
            _ => url,
        }
    }

    /// Answers a DELETE of a polling URL.
    pub(crate) fn cancel(&self, id: &str, grant: &Grant) -> ServerReply {
        let now = self.options.clock.now();
        let mut jobs = self.jobs();
        jobs.tidy(now, self.options.keep);
        let there = jobs.get_mut(id).filter(|job| !job.deleted || self.does(Behavior::DeleteAgain));
        let there = there.filter(|job| job.is_of(grant) || self.does(Behavior::ForeignDeletes));
        let Some(job) = there else {
            let context = Context { job: Some(id.to_owned()), ..Context::default() };
            if self.is_hcpd() && !jobs.was_deleted(id) {
                return Self::hcpd_refuses_delete().of(context);
            }
            let text = "there is no such job, or no longer";
            return ServerReply::refusal(Point::DeleteRefused, StatusCode::NOT_FOUND, "not-found", text).of(context);
        };
        let context = job.context_with_id();
        let running = matches!(job.stage(now), Stage::Running(_));
        if self.does(Behavior::DeleteRunningOnly) && !running {
            let text = "the job is done and cannot be cancelled";
            return ServerReply::refusal(Point::DeleteRefused, StatusCode::NOT_FOUND, "not-found", text).of(context);
        }
        if self.does(Behavior::DeleteFinishedOnly) && running {
            let text = "the job cannot be cancelled while it runs";
            return ServerReply::refusal(Point::DeleteRefused, StatusCode::CONFLICT, "conflict", text).of(context);
        }
        if let Some(refusal) = self.smile_refuses_delete(job, now) {
            return refusal.of(context);
        }
        self.forget(&mut jobs, id);
        let told = match self.options.spec {
            Personality::Hcpd => return ServerReply::empty(Point::DeleteAccepted, StatusCode::ACCEPTED).of(context),
            Personality::Smile => Self::smile_cancelled(id),
            _ => outcome("information", "informational", "the job and its files are deleted"),
        };
        ServerReply::fhir(Point::DeleteAccepted, StatusCode::ACCEPTED, told).of(context)
    }

    fn forget(&self, jobs: &mut Jobs, id: &str) {
        if self.does(Behavior::DeleteWithoutEffect) {
            return;
        }
        if self.does(Behavior::FilesStay) || self.does(Behavior::DeleteAgain) {
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

/// A poll whose status speaks of the poll alone, and says beside it how the job is.
fn apart(reply: ServerReply) -> ServerReply {
    let status = reply.status;
    let told = reply.with("x-export-status", status.as_str());
    ServerReply { status: StatusCode::OK, ..told }
}
