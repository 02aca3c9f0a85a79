//! Groups that clients create by the Bulk Cohort API of STU 3. A filter selects the members. The server creates a Group
//! by a job of the asynchronous interaction pattern, or immediately.

use std::collections::BTreeSet;
use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::reference::cohort_store::{CohortJob, StoredCohort};
use crate::reference::data::filter::apply_filters;
use crate::reference::data::selection::{ResourceSelection, SelectedLevel};
use crate::reference::fault::active_behaviors::ActiveBehaviors;
use crate::reference::fault::behavior::Behavior;
use crate::reference::reply::{Context, Point, ServerReply, not_allowed, not_found, outcome};
use crate::reference::request::{Preferences, ServerRequest};
use crate::reference::state::ServerState;
use crate::search::query::Query;

/// The profile of Groups that clients create.
pub(crate) const PROFILE: &str = "http://hl7.org/fhir/uv/bulkdata/StructureDefinition/bulk-cohort-group";
/// The extension with the filter.
const MEMBER_FILTER: &str = "http://hl7.org/fhir/uv/bulkdata/StructureDefinition/member-filter";

fn refused(status: StatusCode, code: &str, text: &str) -> Box<ServerReply> {
    Box::new(ServerReply::refusal(Point::CohortRefused, status, code, text))
}

/// Responds to a request about Groups that clients create; `None` if the request is about something else.
pub(crate) fn answer(server: &ServerState, request: &ServerRequest, path: &[&str]) -> Option<ServerReply> {
    if !server.has_cohorts() {
        return None;
    }
    match (path, &request.method) {
        (["Group"], &Method::POST) => Some(write(server, request, None)),
        (["Group", id], &Method::PUT) => Some(write(server, request, Some(id))),
        (["Group", id], &Method::DELETE) => Some(delete(server, id)),
        (["Group", id], &Method::GET) => read(server, id),
        (["bulk", "writes", id], &Method::GET) => Some(poll(server, id)),
        (["bulk", "writes", id], &Method::DELETE) => Some(cancel(server, id)),
        (["bulk", "writes", _], _) => Some(not_allowed("GET, DELETE")),
        _ => None,
    }
}

/// The members of a Group that a client created.
pub(crate) fn members(server: &ServerState, id: &str) -> Option<BTreeSet<String>> {
    server.cohorts().get(id, server.now()).map(|cohort| cohort.members.clone())
}

/// The Groups created by clients, with names that start with `name`.
pub(crate) fn named(server: &ServerState, name: &str) -> Vec<Value> {
    let cohorts = server.cohorts();
    let groups = cohorts.existing(server.now()).map(|cohort| cohort.value.clone());
    groups.filter(|group| has_name(group, name)).collect()
}

/// Whether a Group's name starts with `name`, without regard to case.
pub(crate) fn has_name(group: &Value, name: &str) -> bool {
    let own = group.get("name").and_then(Value::as_str).unwrap_or_default();
    own.to_ascii_lowercase().starts_with(&name.to_ascii_lowercase())
}

fn write(server: &ServerState, request: &ServerRequest, id: Option<&str>) -> ServerReply {
    // Faults use the id to select requests that change a Group.
    let context = Context { job: id.map(str::to_owned), ..Context::default() };
    match try_write(server, request, id) {
        Ok(reply) => reply.of(context),
        Err(refusal) => refusal.of(context),
    }
}

fn try_write(server: &ServerState, request: &ServerRequest, id: Option<&str>) -> Result<ServerReply, Box<ServerReply>> {
    let invalid = |text: &str| refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid", text);
    let mut value: Value = serde_json::from_slice(&request.body).map_err(|_| invalid("the body is not JSON"))?;
    if value.get("resourceType").and_then(Value::as_str) != Some("Group") {
        return Err(invalid("the body is not a Group"));
    }
    let selected = select_members(server, &value)?;
    let exists = id.is_some();
    if id.is_some_and(|id| members(server, id).is_none()) {
        return Err(refused(StatusCode::NOT_FOUND, "not-found", "clients can change only Groups that clients created"));
    }
    let asynchronous = is_asynchronous(server, request)?;
    let now = server.now();
    let duration = match () {
        () if server.does(Behavior::CohortsWaitForever) => None,
        () if asynchronous => Some(server.options.job_time / 2),
        () => Some(Duration::ZERO),
    };
    let id = match id {
        Some(id) => id.to_owned(),
        None => server.secret()?.replace('_', "."),
    };
    let fields = value.as_object_mut().ok_or_else(|| invalid("the body is not a Group"))?;
    fields.insert("id".to_owned(), id.clone().into());
    if server.does(Behavior::CohortsLoseFilter) {
        fields.shift_remove("modifierExtension");
    }
    let job = server.secret()?;
    let mut cohorts = server.cohorts();
    if cohorts.is_full() {
        let refusal = refused(StatusCode::TOO_MANY_REQUESTS, "throttled", "too many Groups; delete some");
        return Err(Box::new(refusal.with("retry-after", "60")));
    }
    let rejected = asynchronous && server.does(Behavior::CohortsRejected);
    if let (Some(duration), false) = (duration, rejected) {
        // A Group that is changed exists while the job runs.
        let from = cohorts.groups.get(&id).map_or(now + duration, |before| before.from);
        cohorts.groups.insert(id.clone(), StoredCohort { value: value.clone(), members: selected, from });
    }
    if !asynchronous {
        let location = format!("{}/Group/{id}", server.base());
        let status = if exists { StatusCode::OK } else { StatusCode::CREATED };
        return Ok(ServerReply::fhir(Point::CohortMade, status, value).with("location", &location));
    }
    let end = match rejected {
        true => Err("the Group was not approved".to_owned()),
        false => Ok((id, exists)),
    };
    cohorts.jobs.insert(job.clone(), CohortJob { started: now, duration, end });
    let text =
        outcome("information", "informational", "the Group will be created; poll the Content-Location for the status");
    Ok(ServerReply::fhir(Point::CohortAccepted, StatusCode::ACCEPTED, text)
        .with("content-location", &format!("{}/bulk/writes/{job}", server.base())))
}

/// Whether a job creates the Group.
///
/// # Errors
/// The refusal, if a fault requires a job and the request does not permit one.
fn is_asynchronous(server: &ServerState, request: &ServerRequest) -> Result<bool, Box<ServerReply>> {
    let asynchronous = Preferences::read(&request.headers).asynchronous && !server.does(Behavior::CohortsAtOnce);
    if !asynchronous && server.does(Behavior::CohortsNeverAtOnce) {
        return Err(refused(StatusCode::BAD_REQUEST, "required", "the header Prefer: respond-async is required"));
    }
    Ok(asynchronous || server.does(Behavior::CohortsAlwaysLater))
}

/// The ids of the patients that match all filters of a Group.
///
/// # Errors
/// The refusal of a Group without a filter, or with a filter that the server does not understand.
fn select_members(server: &ServerState, group: &Value) -> Result<BTreeSet<String>, Box<ServerReply>> {
    let refuse = |text: &str| refused(StatusCode::UNPROCESSABLE_ENTITY, "not-supported", text);
    let extensions = group.get("modifierExtension").and_then(Value::as_array).into_iter().flatten();
    let filters = extensions.filter(|one| one.get("url").and_then(Value::as_str) == Some(MEMBER_FILTER));
    let mut queries = Vec::new();
    for filter in filters {
        let text = filter.pointer("/valueExpression/expression").and_then(Value::as_str).unwrap_or_default();
        let query = Query::parse(text).map_err(|error| refuse(&error.to_string()))?;
        if query.kind != "Patient" || !query.unknown.is_empty() {
            return Err(refuse("a member-filter must be a search for patients with declared search parameters"));
        }
        queries.push(query);
    }
    if queries.is_empty() {
        return Err(refuse("a member-filter is required"));
    }
    if server.does(Behavior::CohortsStillEmpty) {
        return Ok(BTreeSet::new());
    }
    let population = server.population();
    let all = population.select(&ResourceSelection::of(SelectedLevel::Patients));
    let Some((_, mut rows)) = all.into_iter().find(|(name, _)| *name == "Patient") else { return Ok(BTreeSet::new()) };
    for query in &queries {
        let (filter, conformant) = (std::slice::from_ref(query), ActiveBehaviors::default());
        rows = apply_filters(filter, "Patient", rows, population.world(), &conformant);
    }
    let id = |line: bytes::Bytes| {
        let value: Value = serde_json::from_slice(&line).ok()?;
        value.get("id")?.as_str().map(str::to_owned)
    };
    Ok(rows.iter().filter_map(id).collect())
}

/// Responds to a poll of the job that creates a Group.
fn poll(server: &ServerState, id: &str) -> ServerReply {
    let now = server.now();
    let cohorts = server.cohorts();
    let Some(job) = cohorts.jobs.get(id) else { return not_found() };
    let ran = now.duration_since(job.started).unwrap_or_default();
    if job.duration.is_none_or(|duration| ran < duration) {
        return ServerReply::empty(Point::CohortRunning, StatusCode::ACCEPTED).with("retry-after", "1");
    }
    let response = match &job.end {
        Ok((group, existed)) => {
            let status = if *existed { "200 OK" } else { "201 Created" };
            json!({ "status": status, "location": format!("{}/Group/{group}/_history/1", server.base()) })
        }
        Err(text) => {
            json!({ "status": "422 Unprocessable Entity", "outcome": outcome("error", "business-rule", text) })
        }
    };
    let bundle = json!({ "resourceType": "Bundle", "type": "batch-response", "entry": [{ "response": response }] });
    ServerReply::fhir(Point::CohortMade, StatusCode::OK, bundle)
}

/// Removes a job, and the Group that it has not created yet.
fn cancel(server: &ServerState, id: &str) -> ServerReply {
    let now = server.now();
    let mut cohorts = server.cohorts();
    let Some(job) = cohorts.jobs.remove(id) else { return not_found() };
    if let Ok((group, _)) = &job.end
        && cohorts.groups.get(group).is_some_and(|cohort| cohort.from > now)
    {
        cohorts.groups.remove(group);
    }
    ServerReply::empty(Point::Other, StatusCode::ACCEPTED)
}

/// Responds to a read of a Group; `None` if no client created a Group with this id.
fn read(server: &ServerState, id: &str) -> Option<ServerReply> {
    let cohorts = server.cohorts();
    let cohort = cohorts.get(id, server.now())?;
    Some(ServerReply::fhir(Point::CohortRead, StatusCode::OK, cohort.value.clone()))
}

fn delete(server: &ServerState, id: &str) -> ServerReply {
    let mut cohorts = server.cohorts();
    if !cohorts.groups.contains_key(id) {
        return *refused(StatusCode::NOT_FOUND, "not-found", "clients can delete only Groups that clients created");
    }
    if !server.does(Behavior::CohortsStay) {
        cohorts.groups.remove(id);
    }
    ServerReply::empty(Point::CohortErased, StatusCode::NO_CONTENT)
}
