//! Groups that clients make, by the Bulk Cohort API of STU 3: a filter says who is in one. They are made by jobs of the
//! asynchronous interaction pattern, or at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::reference::data::filter::sift;
use crate::reference::data::population::{Reach, Selection};
use crate::reference::fault::behavior::Behavior;
use crate::reference::options::Personality;
use crate::reference::params::Preferences;
use crate::reference::reply::{Context, Point, ServerReply, outcome};
use crate::reference::server::{Server, ServerRequest, not_allowed, not_found};
use crate::search::query::Query;

/// The profile that such Groups claim, and the extension that says who is in one.
pub(crate) const PROFILE: &str = "http://hl7.org/fhir/uv/bulkdata/StructureDefinition/bulk-cohort-group";
const MEMBER_FILTER: &str = "http://hl7.org/fhir/uv/bulkdata/StructureDefinition/member-filter";

/// Groups and jobs that are kept at most.
const MAX: usize = 200;

/// A Group that a client made.
#[derive(Clone, Debug)]
struct Cohort {
    value: Value,
    members: BTreeSet<String>,
    /// From when on it is there.
    from: SystemTime,
}

/// A job that makes or changes a Group.
#[derive(Clone, Debug)]
struct Write {
    started: SystemTime,
    runs: Option<Duration>,
    /// Under which id, and whether it was there before; or why it is not made.
    end: Result<(String, bool), String>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Cohorts {
    groups: BTreeMap<String, Cohort>,
    writes: BTreeMap<String, Write>,
}

fn refused(status: StatusCode, code: &str, text: &str) -> Box<ServerReply> {
    Box::new(ServerReply::refusal(Point::CohortRefused, status, code, text))
}

impl Server {
    /// Whether clients can make Groups. Where tokens are asked for, they are for reading alone.
    pub(crate) fn takes_cohorts(&self) -> bool {
        self.options.spec == Personality::Stu3 && !self.protected()
    }

    /// Answers what is asked of Groups that clients make, where it is about one; none: it is not.
    pub(crate) fn cohort_answer(&self, ask: &ServerRequest, path: &[&str]) -> Option<ServerReply> {
        if !self.takes_cohorts() {
            return None;
        }
        match (path, &ask.method) {
            (["Group"], &Method::POST) => Some(self.write_cohort(ask, None)),
            (["Group", id], &Method::PUT) => Some(self.write_cohort(ask, Some(id))),
            (["Group", id], &Method::DELETE) => Some(self.erase_cohort(id)),
            (["Group", id], &Method::GET) => self.read_cohort(id),
            (["bulk", "writes", id], &Method::GET) => Some(self.poll_write(id)),
            (["bulk", "writes", id], &Method::DELETE) => Some(self.cancel_write(id)),
            (["bulk", "writes", _], _) => Some(not_allowed("GET, DELETE")),
            _ => None,
        }
    }

    /// The members of a Group that a client made.
    pub(crate) fn cohort_members(&self, id: &str) -> Option<BTreeSet<String>> {
        let now = self.options.clock.now();
        self.cohorts().groups.get(id).filter(|cohort| cohort.from <= now).map(|cohort| cohort.members.clone())
    }

    /// The Groups that clients made and whose names begin so.
    pub(crate) fn cohorts_named(&self, name: &str) -> Vec<Value> {
        let now = self.options.clock.now();
        let cohorts = self.cohorts();
        let there = cohorts.groups.values().filter(|cohort| cohort.from <= now).map(|cohort| cohort.value.clone());
        there.filter(|group| begins(group, name)).collect()
    }

    fn write_cohort(&self, ask: &ServerRequest, id: Option<&str>) -> ServerReply {
        let written = self.try_write(ask, id);
        // What faults choose by: whether it is a change.
        let context = Context { job: id.map(str::to_owned), ..Context::default() };
        match written {
            Ok(reply) => reply.of(context),
            Err(refusal) => refusal.of(context),
        }
    }

    fn try_write(&self, ask: &ServerRequest, id: Option<&str>) -> Result<ServerReply, Box<ServerReply>> {
        let invalid = |text: &str| refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid", text);
        let mut value: Value = serde_json::from_slice(&ask.body).map_err(|_| invalid("the body is not JSON"))?;
        if value.get("resourceType").and_then(Value::as_str) != Some("Group") {
            return Err(invalid("the body is no Group"));
        }
        let members = self.members_of(&value)?;
        let changes = id.is_some();
        if id.is_some_and(|id| self.cohort_members(id).is_none()) {
            return Err(refused(StatusCode::NOT_FOUND, "not-found", "clients change the Groups that they made"));
        }
        let asynchronous = Preferences::read(&ask.headers).asynchronous && !self.does(Behavior::CohortsAtOnce);
        if !asynchronous && self.does(Behavior::CohortsNeverAtOnce) {
            return Err(refused(StatusCode::BAD_REQUEST, "required", "Prefer: respond-async is needed"));
        }
        let asynchronous = asynchronous || self.does(Behavior::CohortsAlwaysLater);
        let now = self.options.clock.now();
        let runs = match () {
            () if self.does(Behavior::CohortsWaitForever) => None,
            () if asynchronous => Some(self.options.job_time / 2),
            () => Some(Duration::ZERO),
        };
        let id = match id {
            Some(id) => id.to_owned(),
            None => self.secret()?.replace('_', "."),
        };
        let fields = value.as_object_mut().ok_or_else(|| invalid("the body is no Group"))?;
        fields.insert("id".to_owned(), id.clone().into());
        if self.does(Behavior::CohortsLoseFilter) {
            fields.shift_remove("modifierExtension");
        }
        let job = self.secret()?;
        let mut cohorts = self.cohorts();
        if cohorts.groups.len() >= MAX || cohorts.writes.len() >= MAX {
            let refusal = refused(StatusCode::TOO_MANY_REQUESTS, "throttled", "too many Groups; delete some");
            return Err(Box::new(refusal.with("retry-after", "60")));
        }
        let rejected = asynchronous && self.does(Behavior::CohortsRejected);
        if let (Some(runs), false) = (runs, rejected) {
            // One that is changed is there meanwhile.
            let from = cohorts.groups.get(&id).map_or(now + runs, |before| before.from);
            cohorts.groups.insert(id.clone(), Cohort { value: value.clone(), members, from });
        }
        if !asynchronous {
            let location = format!("{}/Group/{id}", self.base());
            let status = if changes { StatusCode::OK } else { StatusCode::CREATED };
            return Ok(ServerReply::fhir(Point::CohortMade, status, value).with("location", &location));
        }
        let end = match rejected {
            true => Err("the cohort was not approved of".to_owned()),
            false => Ok((id, changes)),
        };
        cohorts.writes.insert(job.clone(), Write { started: now, runs, end });
        let text = "the Group will be made; its status is at the Content-Location";
        Ok(ServerReply::fhir(
            Point::CohortAccepted,
            StatusCode::ACCEPTED,
            outcome("information", "informational", text),
        )
        .with("content-location", &format!("{}/bulk/writes/{job}", self.base())))
    }

    /// The patients whom the filters of a Group let pass.
    ///
    /// # Errors
    /// The refusal of a Group without a filter, or with one that is not understood.
    fn members_of(&self, group: &Value) -> Result<BTreeSet<String>, Box<ServerReply>> {
        let refuse = |text: &str| refused(StatusCode::UNPROCESSABLE_ENTITY, "not-supported", text);
        let extensions = group.get("modifierExtension").and_then(Value::as_array).into_iter().flatten();
        let filters = extensions.filter(|one| one.get("url").and_then(Value::as_str) == Some(MEMBER_FILTER));
        let mut queries = Vec::new();
        for filter in filters {
            let text = filter.pointer("/valueExpression/expression").and_then(Value::as_str).unwrap_or_default();
            let query = Query::parse(text).map_err(|error| refuse(&error.to_string()))?;
            if query.kind != "Patient" || !query.unknown.is_empty() {
                return Err(refuse("a member-filter is a search for patients, by parameters that are declared"));
            }
            queries.push(query);
        }
        if queries.is_empty() {
            return Err(refuse("a member-filter is needed"));
        }
        if self.does(Behavior::CohortsStillEmpty) {
            return Ok(BTreeSet::new());
        }
        let everybody = Selection::of(Reach::Patients);
        let population = self.population();
        let mut rows = population.select(&everybody).into_iter().filter(|(name, _)| *name == "Patient");
        let Some((_, mut rows)) = rows.next() else { return Ok(BTreeSet::new()) };
        for query in &queries {
            rows = sift(std::slice::from_ref(query), "Patient", rows, population.world(), &|_| false);
        }
        let id = |line: bytes::Bytes| {
            let value: Value = serde_json::from_slice(&line).ok()?;
            value.get("id")?.as_str().map(str::to_owned)
        };
        Ok(rows.iter().filter_map(id).collect())
    }

    fn poll_write(&self, id: &str) -> ServerReply {
        let now = self.options.clock.now();
        let cohorts = self.cohorts();
        let Some(write) = cohorts.writes.get(id) else { return not_found() };
        let ran = now.duration_since(write.started).unwrap_or_default();
        if write.runs.is_none_or(|runs| ran < runs) {
            return ServerReply::empty(Point::CohortRunning, StatusCode::ACCEPTED).with("retry-after", "1");
        }
        let response = match &write.end {
            Ok((group, changes)) => {
                let status = if *changes { "200 OK" } else { "201 Created" };
                json!({ "status": status, "location": format!("{}/Group/{group}/_history/1", self.base()) })
            }
            Err(text) => {
                json!({ "status": "422 Unprocessable Entity", "outcome": outcome("error", "business-rule", text) })
            }
        };
        let bundle = json!({ "resourceType": "Bundle", "type": "batch-response", "entry": [{ "response": response }] });
        ServerReply::fhir(Point::CohortMade, StatusCode::OK, bundle)
    }

    /// Forgets a job, and what it would have made.
    fn cancel_write(&self, id: &str) -> ServerReply {
        let now = self.options.clock.now();
        let mut cohorts = self.cohorts();
        let Some(write) = cohorts.writes.remove(id) else { return not_found() };
        if let Ok((group, _)) = &write.end
            && cohorts.groups.get(group).is_some_and(|cohort| cohort.from > now)
        {
            cohorts.groups.remove(group);
        }
        ServerReply::empty(Point::Other, StatusCode::ACCEPTED)
    }

    /// A Group that a client made; none: there is none of this id.
    fn read_cohort(&self, id: &str) -> Option<ServerReply> {
        let now = self.options.clock.now();
        let cohorts = self.cohorts();
        let cohort = cohorts.groups.get(id).filter(|cohort| cohort.from <= now)?;
        Some(ServerReply::fhir(Point::CohortRead, StatusCode::OK, cohort.value.clone()))
    }

    fn erase_cohort(&self, id: &str) -> ServerReply {
        let mut cohorts = self.cohorts();
        let stays = self.does(Behavior::CohortsStay);
        if !cohorts.groups.contains_key(id) {
            return *refused(StatusCode::NOT_FOUND, "not-found", "clients delete the Groups that they made");
        }
        if !stays {
            cohorts.groups.remove(id);
        }
        ServerReply::empty(Point::CohortErased, StatusCode::NO_CONTENT)
    }
}

/// Whether a Group's name begins so, as a search for texts has it.
fn begins(group: &Value, name: &str) -> bool {
    let own = group.get("name").and_then(Value::as_str).unwrap_or_default();
    own.to_ascii_lowercase().starts_with(&name.to_ascii_lowercase())
}

/// Whether a line is of a Group whose name begins so.
pub(crate) fn is_named(group: &Value, name: Option<&str>) -> bool {
    name.is_none_or(|name| begins(group, name))
}
