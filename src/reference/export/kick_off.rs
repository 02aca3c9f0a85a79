//! Kick-off requests.

use std::collections::VecDeque;
use std::time::SystemTime;

use http::{Method, StatusCode};

use crate::base::vocabulary::ExportLevel;
use crate::reference::cohorts;
use crate::reference::data::population::Population;
use crate::reference::data::selection::SelectedLevel;
use crate::reference::export::content;
use crate::reference::export::job::{ExportJob, JobFile, Jobs, MAX_JOBS};
use crate::reference::export::parameter_reader::{ParameterReader, excerpt};
use crate::reference::export::request::ExportRequest;
use crate::reference::export::{job_names, parameters, snapshot};
use crate::reference::fault::behavior::Behavior;
use crate::reference::personality::smile;
use crate::reference::personality::spec::Personality;
use crate::reference::reply::{Context, Point, ServerReply, outcome};
use crate::reference::request::{Preferences, ServerRequest, body_parameters, query_parameters};
use crate::reference::security::grant::Grant;
use crate::reference::state::ServerState;
use crate::reference::urls;

/// The id by which faults select a Group that a client created; its real id is random.
const CREATED_BY_CLIENT: &str = "made-by-client";

fn refused(status: StatusCode, code: &str, text: &str) -> Box<ServerReply> {
    Box::new(ServerReply::refusal(Point::KickoffRefused, status, code, text))
}

/// Responds to a kick-off at `level`.
pub(crate) fn kick_off(server: &ServerState, request: &ServerRequest, level: SelectedLevel) -> ServerReply {
    let (export_level, group) = match &level {
        SelectedLevel::System => (ExportLevel::System, None),
        SelectedLevel::Patients => (ExportLevel::Patient, None),
        SelectedLevel::Group(id) if cohorts::members(server, id).is_some() => {
            (ExportLevel::Group, Some(CREATED_BY_CLIENT.to_owned()))
        }
        SelectedLevel::Group(id) => (ExportLevel::Group, Some(id.clone())),
    };
    let mut context = Context { level: Some(export_level), group, ..Context::default() };
    context.params = query_parameters(&request.query);
    context.posted = request.method == Method::POST;
    match start(server, request, level, &mut context) {
        Ok(reply) => reply.of(context),
        Err(refusal) => refusal.of(context),
    }
}

fn start(
    server: &ServerState,
    request: &ServerRequest,
    level: SelectedLevel,
    context: &mut Context,
) -> Result<ServerReply, Box<ServerReply>> {
    check_method(server, request)?;
    check_headers(server, request)?;
    if request.method == Method::POST {
        match body_parameters(&request.body) {
            Ok(_) if server.does(Behavior::IgnorePostParameters) => {}
            Ok(more) => context.params.extend(more),
            Err(_) if server.does(Behavior::AnyPostBody) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    let unknown_group = check_group(server, &level)?;
    let Preferences { lenient, separate_status, .. } = Preferences::read(&request.headers);
    let separate_status = separate_status && server.spec().has_separate_status() && !server.does(Behavior::OneStatus);
    let now = server.now();
    let population = snapshot::population(server, now);
    check_permission(server, &request.grant, &level)?;
    let cohort = if let SelectedLevel::Group(id) = &level { cohorts::members(server, id) } else { None };
    let reader =
        ParameterReader { spec: server.spec(), population: &population, lenient, behaviors: server.behaviors() };
    let mut export = parameters::read(&reader, level, &request.method, &context.params)?;
    if let Some(members) = cohort {
        export.selection.level = SelectedLevel::Patients;
        let listed = export.selection.patients.take();
        let is_listed = |id: &String| listed.as_ref().is_none_or(|listed| listed.contains(id));
        export.selection.patients = Some(members.into_iter().filter(is_listed).collect());
    }
    restrict_to_scope(server, &request.grant, &mut export)?;

    let owner = if server.does(Behavior::JobsShared) { &None } else { &request.grant.client };
    let (method, target, params) = (&request.method, &request.target, &context.params);
    let fingerprint = format!("{method} {target} {lenient} {separate_status} {params:?} {owner:?}");
    let mut jobs = server.jobs();
    jobs.remove_expired(now, server.options.keep);
    let reuses = server.does(Behavior::ReuseJobs)
        || server.does(Behavior::JobsShared)
        || (server.spec() == Personality::Smile && smile::may_reuse(&request.headers));
    if let Some(same) = jobs.same_request(&fingerprint).filter(|_| reuses) {
        context.job = Some(same.id.clone());
        return Ok(accepted(server, &same.id, same.separate_status));
    }
    check_load(server, &jobs, now)?;
    let files = files_of_job(server, &jobs, &export, &population, &fingerprint);
    let outputs = files.iter().filter(|file| file.point == Point::FileOutput).count();
    let job = ExportJob {
        id: job_names::job_id(server, now)?,
        folder: job_names::folder(server)?,
        started: now,
        transaction_time: snapshot::transaction_time(server, now),
        duration: snapshot::job_duration(server),
        failure: unknown_group
            .or_else(|| snapshot::failure(server, &export, &population))
            .or(export.failure.clone())
            .or_else(|| server.does(Behavior::JobsFail).then(|| "the export failed".to_owned())),
        request: urls::shown_request(server, request),
        fingerprint,
        incremental: export.selection.since.is_some(),
        organizer: export.organizer,
        files,
        owner: request.grant.client.clone(),
        token: request.grant.token.clone(),
        select_at_end: server.does(Behavior::HoldsItsEnd).then(|| Box::new(export.clone())),
        first_page: (export.partial_manifests && outputs > 1).then_some(outputs / 2),
        separate_status,
        context: context.clone(),
        recent_polls: VecDeque::new(),
        deleted: false,
    };
    context.job = Some(job.id.clone());
    {
        let mut notes = server.notes();
        notes.started += 1;
        notes.latest_start = Some(now);
    }
    let reply = accepted(server, &job.id, separate_status);
    jobs.insert(job);
    Ok(reply)
}

fn check_method(server: &ServerState, request: &ServerRequest) -> Result<(), Box<ServerReply>> {
    let (methods, allow): (&[Method], _) = match server.spec().edition() {
        1 => (&[Method::GET], "GET"),
        _ => (&[Method::GET, Method::POST], "GET, POST"),
    };
    if methods.contains(&request.method) {
        return Ok(());
    }
    let text = format!("the method of a kick-off must be {}", allow.replace(", ", " or "));
    let refusal = refused(StatusCode::METHOD_NOT_ALLOWED, "not-supported", &text);
    Err(Box::new(refusal.with("allow", allow)))
}

/// Checks the headers. The conformant server accepts a kick-off without them; faults may not.
fn check_headers(server: &ServerState, request: &ServerRequest) -> Result<(), Box<ServerReply>> {
    let header = |name: &str| request.headers.get(name).and_then(|line| line.to_str().ok());
    let asynchronous = Preferences::read(&request.headers).asynchronous;
    if server.does(Behavior::ExactPrefer) && header("prefer").is_some_and(|line| line != "respond-async") {
        return Err(refused(StatusCode::BAD_REQUEST, "invalid", "the header Prefer must be respond-async"));
    }
    if server.does(Behavior::RequirePrefer) && !asynchronous {
        return Err(refused(StatusCode::BAD_REQUEST, "required", "the header Prefer: respond-async is required"));
    }
    let needs_prefer = server.spec() == Personality::Smile && !server.does(Behavior::PreferForgotten);
    if needs_prefer && !asynchronous {
        return Err(refused(StatusCode::BAD_REQUEST, "processing", smile::PREFER_MISSING));
    }
    let accepts_json = header("accept").is_some_and(|line| line.contains("application/fhir+json"));
    if server.does(Behavior::RequireAccept) && !accepts_json {
        return Err(refused(
            StatusCode::NOT_ACCEPTABLE,
            "required",
            "the header Accept: application/fhir+json is required",
        ));
    }
    Ok(())
}

/// Refuses an unknown Group, or returns why the job will fail.
fn check_group(server: &ServerState, level: &SelectedLevel) -> Result<Option<String>, Box<ServerReply>> {
    let SelectedLevel::Group(id) = level else { return Ok(None) };
    let known = server.population().members(id).is_some() || cohorts::members(server, id).is_some();
    if known || server.does(Behavior::UnknownGroupEmpty) {
        return Ok(None);
    }
    let text = format!("the Group {} does not exist", excerpt(id));
    if server.does(Behavior::UnknownGroupFails) {
        return Ok(Some(text));
    }
    Err(refused(StatusCode::NOT_FOUND, "not-found", &text))
}

/// Refuses the export of a Group without a scope to read Groups, and the export of a Group that no client may export.
fn check_permission(server: &ServerState, grant: &Grant, level: &SelectedLevel) -> Result<(), Box<ServerReply>> {
    let SelectedLevel::Group(id) = level else { return Ok(()) };
    if !grant.covers("Group") && !server.does(Behavior::GroupReadUnasked) {
        return Err(refused(
            StatusCode::FORBIDDEN,
            "forbidden",
            "the scope of the token does not permit reading Groups",
        ));
    }
    let closed = server.options.kept_group.as_deref().filter(|_| !server.does(Behavior::KeptGroupExported));
    if Some(id.as_str()) == closed {
        return Err(refused(StatusCode::FORBIDDEN, "forbidden", "the client may not export this Group"));
    }
    Ok(())
}

/// Restricts an export to the types that the token covers, and refuses other types in `_type`.
fn restrict_to_scope(server: &ServerState, grant: &Grant, export: &mut ExportRequest) -> Result<(), Box<ServerReply>> {
    let Some(covered) = &grant.types else { return Ok(()) };
    let covers = |kind: &str| covered.iter().any(|one| one == kind);
    let types = &mut export.selection.types;
    match types {
        Some(requested) if requested.iter().all(|kind| covers(kind)) => {}
        Some(requested) if server.does(Behavior::ForeignTypesDropped) => requested.retain(|kind| covers(kind)),
        Some(_) => {
            let text = "_type has a resource type that the scope of the token does not cover";
            return Err(refused(StatusCode::FORBIDDEN, "forbidden", text));
        }
        None => *types = Some(covered.iter().cloned().collect()),
    }
    Ok(())
}

/// Refuses a kick-off if too many jobs run or exist.
fn check_load(server: &ServerState, jobs: &Jobs, now: SystemTime) -> Result<(), Box<ServerReply>> {
    if server.does(Behavior::OneJobAtATime) && jobs.any_running(now) {
        let refusal = refused(StatusCode::TOO_MANY_REQUESTS, "throttled", "another export is running");
        return Err(Box::new(refusal.with("retry-after", "1")));
    }
    let refusals = [
        (Behavior::SecondJobFails, StatusCode::INTERNAL_SERVER_ERROR, "exception"),
        (Behavior::SecondJobRefused, StatusCode::BAD_REQUEST, "invalid"),
    ];
    for (behavior, status, code) in refusals {
        if server.does(behavior) && jobs.any_running(now) {
            return Err(refused(status, code, "too many concurrent exports; at most 1 is allowed"));
        }
    }
    if jobs.len() >= MAX_JOBS {
        let text = "too many jobs; delete some, or try again later";
        let refusal = refused(StatusCode::TOO_MANY_REQUESTS, "throttled", text);
        return Err(Box::new(refusal.with("retry-after", "60")));
    }
    Ok(())
}

fn files_of_job(
    server: &ServerState,
    jobs: &Jobs,
    export: &ExportRequest,
    population: &Population,
    fingerprint: &str,
) -> Vec<JobFile> {
    let mut files = content::files(server, export, population);
    if let Some(older) = jobs.same_request(fingerprint).filter(|_| server.does(Behavior::OldFilesAgain)) {
        files.clone_from(&older.files);
    }
    if server.does(Behavior::RepeatFindsNothing) && server.is_repeated(&format!("export {fingerprint}")) {
        files.retain(|file| file.point != Point::FileOutput);
    }
    files
}

fn accepted(server: &ServerState, id: &str, separate_status: bool) -> ServerReply {
    let (point, status) = (Point::KickoffAccepted, StatusCode::ACCEPTED);
    let text = "the export has started; poll the Content-Location for the status";
    let reply = match server.spec().is_hapi() {
        true => ServerReply::empty(point, status),
        false => ServerReply::fhir(point, status, outcome("information", "informational", text)),
    };
    let reply = reply.with("content-location", &urls::poll_url(server, id));
    match separate_status {
        true => reply.with("preference-applied", "respond-async, separate-export-status"),
        false => reply,
    }
}
