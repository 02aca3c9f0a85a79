//! Polls of a job, and requests for the second page of its manifest.

use http::StatusCode;

use crate::reference::export::job::{ExportJob, JobStage};
use crate::reference::export::{content, manifest};
use crate::reference::fault::behavior::Behavior;
use crate::reference::personality::spec::Personality;
use crate::reference::personality::{hcpd, smile};
use crate::reference::reply::{Context, Point, ServerReply};
use crate::reference::security::grant::Grant;
use crate::reference::state::ServerState;

/// Responds to a poll.
pub(crate) fn poll(server: &ServerState, id: &str, grant: &Grant) -> ServerReply {
    let now = server.now();
    let mut jobs = server.jobs();
    jobs.remove_expired(now, server.options.keep);
    let deleted = jobs.was_deleted(id);
    let Some(job) = jobs.get_mut(id).filter(|job| !job.deleted) else { return unknown_job(server, id, deleted) };
    let other_token = server.does(Behavior::JobsOfTokens) && job.token != grant.token;
    if other_token || !(job.belongs_to(grant) || server.does(Behavior::ForeignPolls)) {
        return match server.does(Behavior::ForeignJobsTold) {
            true => foreign_job(),
            false => unknown_job(server, id, deleted),
        };
    }
    let context = job.context_with_id();
    if server.does(Behavior::NarrowPollsRefused) && grant.types.is_some() {
        let text = "the scope of the token does not permit reading jobs";
        return ServerReply::refusal(Point::Unauthorized, StatusCode::FORBIDDEN, "forbidden", text).of(context);
    }
    let too_fast = job.polled_too_fast(now, server.does(Behavior::ThrottleEarly));
    if too_fast && !server.does(Behavior::NeverThrottle) {
        let text = "polled too often; wait as long as Retry-After says";
        return ServerReply::refusal(Point::PollThrottled, StatusCode::TOO_MANY_REQUESTS, "throttled", text)
            .with("retry-after", "1")
            .of(context);
    }
    let stage = job.stage(now);
    if stage == JobStage::Ended
        && let Some(export) = job.select_at_end.take()
    {
        job.files = content::files(server, &export, &server.population());
        job.transaction_time = now;
    }
    let reply = match stage {
        JobStage::Running(percent) => running(server, job, percent),
        JobStage::Ended => ended(server, job),
    };
    let reply = reply.of(context);
    if job.separate_status { separate_status(reply) } else { reply }
}

/// The response to a poll of a running job, with the files that are ready if the client requested partial manifests.
fn running(server: &ServerState, job: &ExportJob, percent: u64) -> ServerReply {
    let status = StatusCode::ACCEPTED;
    let progress = match server.spec() {
        Personality::Smile => smile::progress(job),
        Personality::Hcpd => hcpd::progress(job, percent),
        _ => format!("{percent}% complete"),
    };
    let reply = match job.first_page {
        Some(_) => ServerReply::json(Point::PollInProgress, status, manifest::page(server, job, 0, false)),
        None => ServerReply::empty(Point::PollInProgress, status),
    };
    reply.with("retry-after", "1").with("x-progress", &progress)
}

fn ended(server: &ServerState, job: &ExportJob) -> ServerReply {
    if let Some(text) = &job.failure {
        let status = match server.does(Behavior::LateRefusals) {
            true => StatusCode::BAD_REQUEST,
            false => StatusCode::INTERNAL_SERVER_ERROR,
        };
        return poll_error(server, ServerReply::refusal(Point::PollFailed, status, "processing", text));
    }
    let manifest = manifest::complete(server, job);
    let reply = ServerReply::json(Point::PollComplete, StatusCode::OK, manifest);
    match server.spec() {
        Personality::Smile => reply,
        _ => reply.with("expires", &expires(server, job)),
    }
}

/// Responds to a request for the second page of a job's manifest.
pub(crate) fn second_page(server: &ServerState, id: &str, grant: &Grant) -> ServerReply {
    let now = server.now();
    let mut jobs = server.jobs();
    jobs.remove_expired(now, server.options.keep);
    let job = jobs.get_mut(id).filter(|job| !job.deleted && job.first_page.is_some() && job.belongs_to(grant));
    let Some(job) = job.filter(|job| job.failure.is_none() && job.stage(now) == JobStage::Ended) else {
        return unknown_job(server, id, false);
    };
    ServerReply::json(Point::Page, StatusCode::OK, manifest::page(server, job, 1, true))
        .with("expires", &expires(server, job))
        .of(job.context_with_id())
}

fn expires(server: &ServerState, job: &ExportJob) -> String {
    httpdate::fmt_http_date(job.expires(server.options.keep))
}

fn unknown_job(server: &ServerState, id: &str, deleted: bool) -> ServerReply {
    if server.does(Behavior::UnknownJobRuns) {
        return ServerReply::empty(Point::PollGone, StatusCode::ACCEPTED).with("retry-after", "1");
    }
    let context = Context { job: Some(id.to_owned()), deleted, ..Context::default() };
    let text = "the job does not exist, or was deleted";
    let refusal = ServerReply::refusal(Point::PollGone, StatusCode::NOT_FOUND, "not-found", text);
    poll_error(server, refusal).of(context)
}

/// The response of a faulty server to the poll of another client's job.
fn foreign_job() -> ServerReply {
    let text = "the job belongs to another client";
    ServerReply::refusal(Point::PollGone, StatusCode::FORBIDDEN, "forbidden", text)
}

/// Changes the media type of a poll error to plain JSON in STU 1.
fn poll_error(server: &ServerState, refusal: ServerReply) -> ServerReply {
    match server.spec().edition() {
        1 => refusal.with("content-type", "application/json"),
        _ => refusal,
    }
}

/// Moves the status of the export from the status of the poll to a header.
fn separate_status(reply: ServerReply) -> ServerReply {
    let status = reply.status;
    let reply = reply.with("x-export-status", status.as_str());
    ServerReply { status: StatusCode::OK, ..reply }
}
