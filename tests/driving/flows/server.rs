//! A small correct server in process. A test can replace its responses with a hook.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use plimsoll::base::clock::Clock;
use plimsoll::drive::run::{RunError, RunOptions, run};
use plimsoll::plan::model::{Depth, Measures, Plan, PlannedFlow};
use plimsoll::recording::model::{Exchange, FlowRecord, Outcome, Recording, Role};
use plimsoll::settings::run_settings::Settings;
use plimsoll::suite::flow::Flow;
use plimsoll::suite::flow_order::flow_order;
use plimsoll::transport::in_process::InProcess;
use serde_json::json;
use tokio::sync::watch;

pub const BASE: &str = "http://target.test/fhir";

/// A received request.
#[derive(Clone, Debug)]
pub struct Call {
    pub at: Duration,
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// The number of earlier requests with this method and path.
    pub nth: usize,
}

impl Call {
    pub fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path == path
    }
    pub fn is_kickoff(&self) -> bool {
        self.path.ends_with("$export")
    }
    pub fn is_poll(&self) -> bool {
        self.method == "GET" && self.path.starts_with("/fhir/jobs/")
    }
    pub fn header(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect()
    }
}

pub type Hook = Arc<dyn Fn(&Call) -> Option<Response> + Send + Sync>;

/// The state of the server.
#[derive(Default)]
pub struct State {
    calls: Vec<Call>,
    jobs: u32,
    deleted: BTreeSet<String>,
}

#[derive(Clone)]
pub struct Server {
    pub state: Arc<Mutex<State>>,
    pub hook: Hook,
    /// The number of polls that return 202 before the manifest.
    pub polls: usize,
}

impl Server {
    /// Returns a server that responds correctly to all requests for which `hook` returns `None`.
    pub fn new(hook: impl Fn(&Call) -> Option<Response> + Send + Sync + 'static) -> Self {
        Self { state: Arc::default(), hook: Arc::new(hook), polls: 2 }
    }

    pub fn honest() -> Self {
        Self::new(|_| None)
    }

    pub fn calls(&self) -> Vec<Call> {
        self.state.lock().unwrap().calls.clone()
    }

    /// Returns the number of jobs that were started and not deleted.
    pub fn left(&self) -> usize {
        let state = self.state.lock().unwrap();
        (1..=state.jobs).filter(|job| !state.deleted.contains(&format!("jobs/{}", 1000 + job))).count()
    }

    fn respond_to(&self, mut call: Call) -> Response {
        let mut state = self.state.lock().unwrap();
        call.nth = state.calls.iter().filter(|known| known.is(&call.method, &call.path)).count();
        state.calls.push(call.clone());
        (self.hook)(&call).unwrap_or_else(|| honest(&mut state, &call, self.polls))
    }

    pub fn router(&self, clock: Clock) -> Router {
        let server = self.clone();
        Router::new().fallback(move |request: Request| {
            let server = server.clone();
            async move {
                let (head, body) = request.into_parts();
                let body = to_bytes(body, 1 << 20).await.unwrap();
                let headers = head.headers.iter();
                server.respond_to(Call {
                    at: clock.elapsed(),
                    method: head.method.to_string(),
                    path: head.uri.path().to_owned(),
                    query: head.uri.query().unwrap_or_default().to_owned(),
                    headers: headers.map(|(n, v)| (n.to_string(), v.to_str().unwrap().to_owned())).collect(),
                    body: String::from_utf8(body.to_vec()).unwrap(),
                    nth: 0,
                })
            }
        })
    }

    /// Runs `plan` against the server in paused time.
    pub fn run(&self, plan: &Plan, change: impl FnOnce(&mut Settings)) -> Recording {
        self.try_run(plan, change, |_| {}).unwrap()
    }

    /// The same, and passes the sender that interrupts the run to `begun` when the run begins.
    pub fn try_run(
        &self,
        plan: &Plan,
        change: impl FnOnce(&mut Settings),
        begun: impl FnOnce(watch::Sender<bool>),
    ) -> Result<Recording, RunError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            // Sun, 06 Nov 1994 08:49:37 GMT
            let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777));
            let mut settings = Settings::new(BASE.parse().unwrap());
            change(&mut settings);
            let (sender, interrupt) = watch::channel(false);
            let options = RunOptions { interrupt, ..RunOptions::quiet("test") };
            begun(sender);
            run(plan, settings, Arc::new(InProcess::new(self.router(clock))), clock, options).await
        })
    }
}

fn honest(state: &mut State, call: &Call, polls: usize) -> Response {
    let path = call.path.strip_prefix("/fhir/").unwrap_or_default();
    match (call.method.as_str(), path) {
        ("GET", "metadata") => respond(200, &[], &capability(&["export"])),
        ("GET" | "POST", "$export" | "Patient/$export") => {
            state.jobs += 1;
            respond(202, &[("content-location", &format!("{BASE}/jobs/{}", 1000 + state.jobs))], "")
        }
        (_, job) if job.starts_with("jobs/") && state.deleted.contains(job) => outcome(404, "not-found"),
        ("DELETE", job) if job.starts_with("jobs/") => {
            state.deleted.insert(job.to_owned());
            respond(202, &[], "")
        }
        ("GET", job) if job.starts_with("jobs/") && call.nth < polls => respond(202, &[("retry-after", "1")], ""),
        ("GET", job) if job.starts_with("jobs/") => {
            respond(200, &[("content-type", "application/json")], &manifest(&["Patient"]))
        }
        ("GET", file) if file.starts_with("files/") => {
            respond(200, &[("content-type", "application/fhir+ndjson")], PATIENTS)
        }
        _ => outcome(404, "not-found"),
    }
}

pub const PATIENTS: &str = concat!(
    "{\"resourceType\":\"Patient\",\"id\":\"a\",\"meta\":{\"lastUpdated\":\"1990-01-01T00:00:00Z\"}}\n",
    "{\"resourceType\":\"Patient\",\"id\":\"b\",\"meta\":{\"lastUpdated\":\"1990-01-03T00:00:00Z\"}}\n"
);

pub fn manifest(types: &[&str]) -> String {
    let output: Vec<_> = types
        .iter()
        .enumerate()
        .map(|(n, kind)| json!({"type": kind, "url": format!("{BASE}/files/{kind}.{n}.ndjson")}))
        .collect();
    json!({"transactionTime": "1994-11-06T08:49:37Z", "request": format!("{BASE}/$export"),
        "requiresAccessToken": false, "output": output, "error": []})
    .to_string()
}

pub fn capability(operations: &[&str]) -> String {
    let operation: Vec<_> = operations.iter().map(|name| json!({"name": name})).collect();
    json!({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "software": {"name": "Scripted"},
        "rest": [{"mode": "server", "operation": operation}]})
    .to_string()
}

pub fn respond(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Body::from(body.to_owned())).unwrap()
}

pub fn outcome(status: u16, code: &str) -> Response {
    let body = json!({"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": code}]});
    respond(status, &[("content-type", "application/fhir+json")], &body.to_string())
}

/// Returns a plan of the flows in `toml`, all to the same depth. A flow follows its source flows; flows with `last` are
/// last.
pub fn plan(toml: &str, depth: Depth) -> Plan {
    let flows: BTreeMap<String, Flow> = toml::from_str(toml).unwrap();
    // A flow follows its source flows.
    fn rank(flows: &BTreeMap<String, Flow>, name: &str) -> usize {
        let from = flows.get(name).map(|flow| flow.from.0.clone()).unwrap_or_default();
        from.iter().map(|name| 1 + rank(flows, name)).max().unwrap_or_default()
    }
    let ranks: BTreeMap<String, usize> = flows.keys().map(|name| (name.clone(), rank(&flows, name))).collect();
    let order = flow_order(&flows.iter().map(|(name, flow)| (name.clone(), flow.clone())).collect());
    let mut flows: Vec<PlannedFlow> = flows
        .into_iter()
        .map(|(name, flow)| {
            let needs = flow.from.0.clone();
            let waits = order.get(&name).cloned().unwrap_or_default().among(|_| true);
            PlannedFlow {
                name,
                needs,
                waits,
                depth,
                measures: Measures { resources: true, ..Measures::default() },
                flow,
            }
        })
        .collect();
    flows.sort_by_key(|flow| (flow.flow.last, ranks[&flow.name]));
    Plan { specs: vec!["hl7-3.0.0".into()], informational_specs: vec![], whole: true, tests: vec![], flows }
}

/// Returns a plan of one flow named `one`.
pub fn one(body: &str, depth: Depth) -> Plan {
    plan(&format!("[one]\ntitle = \"one\"\n{body}"), depth)
}

pub fn flow<'t>(recording: &'t Recording, name: &str) -> &'t FlowRecord {
    recording.flows.iter().find(|flow| flow.name == name).unwrap()
}

/// Returns a line `role probe status phase` for each exchange, with a star if it is superseded.
pub fn story(recording: &Recording) -> Vec<String> {
    recording.exchanges.iter().filter(|exchange| exchange.role != Role::Metadata).map(line).collect()
}

pub fn line(exchange: &Exchange) -> String {
    let status = match &exchange.outcome {
        Outcome::Response(response) => response.status.to_string(),
        Outcome::NoResponse(trouble) => trouble.kind.to_string(),
        Outcome::Handshake(handshake) => handshake.words(),
    };
    let star = if exchange.superseded { "*" } else { "" };
    let phase = exchange.phase.map(|phase| format!(" {phase}")).unwrap_or_default();
    let probe = exchange.probe.as_deref().map(|probe| format!(" {probe}")).unwrap_or_default();
    format!("{}{probe} {status}{phase}{star}", exchange.role)
}
