//! Export levels of flows and their requests, which do not depend on the order of jobs.

use plimsoll::base::vocabulary::ExportLevel;
use plimsoll::plan::model::Depth;
use plimsoll::recording::model::StopKind;
use serde_json::json;

use crate::flows::server::{Server, capability, flow, one, outcome, plan, respond};

const FLOWS: &str = r#"
[system]
title = "system"
export = "system"
[patient]
title = "patient"
export = "patient"
[group]
title = "group"
export = "group"
[other]
title = "other"
export = "any"
params = { _type = "Patient" }
[since]
title = "since"
export = "any"
params = { _since = "{instant-inside}" }
from = ["system", "patient"]
"#;

#[test]
fn only_declared_levels_are_requested_and_any_is_the_first_of_them() {
    let server = Server::honest();
    let recording = server.run(&plan(FLOWS, Depth::Kickoff), |_| {});
    assert_eq!(flow(&recording, "system").stop, None);
    assert_eq!(flow(&recording, "other").export, ExportLevel::System);
    assert!(flow(&recording, "other").level_chosen && !flow(&recording, "system").level_chosen);
    for name in ["patient", "group"] {
        assert_eq!(flow(&recording, name).stop.as_ref().unwrap().kind, StopKind::NotOffered, "{name}");
    }
    assert!(server.calls().iter().all(|call| call.path != "/fhir/Patient/$export"));
    assert_eq!(recording.start.software.as_deref(), Some("Scripted"));
    assert_eq!(recording.start.fhir.as_deref(), Some("4.0.1"));
}

#[test]
fn undeclared_levels_are_tried_and_a_refusal_is_not_a_failure() {
    let server = Server::new(|call| match call.path.as_str() {
        "/fhir/metadata" => Some(respond(200, &[], &capability(&[]))),
        "/fhir/$export" => Some(outcome(400, "not-supported")),
        _ => None,
    });
    let recording = server.run(&plan(FLOWS, Depth::Kickoff), |_| {});
    let stop = flow(&recording, "system").stop.clone().unwrap();
    assert_eq!((stop.kind, stop.exchange.is_some()), (StopKind::NotOffered, true));
    assert_eq!(stop.because, "the server does not declare an export at system level, and the kick-off returned 400");
    assert!(flow(&recording, "group").stop.as_ref().unwrap().because.contains("--group"));
    assert_eq!(
        flow(&recording, "other").export,
        ExportLevel::Patient,
        "the first level with an accepted plain kick-off"
    );
}

#[test]
fn a_refused_plain_kick_off_ends_all_flows_after_one_request() {
    let server = Server::new(|call| call.is_kickoff().then(|| outcome(500, "exception")));
    let recording = server.run(&plan(FLOWS, Depth::Files), |_| {});
    assert_eq!(server.calls().iter().filter(|call| call.is_kickoff()).count(), 1);
    let (system, other) =
        (flow(&recording, "system").stop.clone().unwrap(), flow(&recording, "other").stop.clone().unwrap());
    assert_eq!((system.kind, system.exchange), (StopKind::Answer, other.exchange));
    assert_eq!(flow(&recording, "since").stop.as_ref().unwrap().exchange, system.exchange);
}

#[test]
fn a_refused_kick_off_is_recorded_as_what_it_is() {
    let post = "export = \"system\"\nmethod = \"post\"\noptional = \"kick-off by POST is optional\"";
    for (status, kind) in
        [(405, StopKind::Answer), (502, StopKind::Unavailable), (401, StopKind::Credentials), (200, StopKind::Answer)]
    {
        let server = Server::new(move |call| call.is_kickoff().then(|| respond(status, &[], "")));
        let recording = server.run(&one(post, Depth::Kickoff), |_| {});
        assert_eq!(flow(&recording, "one").stop.as_ref().unwrap().kind, kind, "{status}");
    }
}

#[test]
fn get_and_post_send_their_parameters() {
    let server = Server::honest();
    let get =
        "export = \"system\"\nparams = { _outputFormat = \"application/fhir+ndjson\", _type = \"Patient,Group\" }";
    server.run(&one(get, Depth::Kickoff), |settings| settings.types = vec!["Device".into()]);
    let post = "export = \"system\"\nmethod = \"post\"\nparams = { _since = \"1990-01-01T00:00:00Z\" }";
    let recording =
        server.run(&one(post, Depth::Kickoff), |settings| settings.types = vec!["Patient".into(), "Group".into()]);
    let kickoffs: Vec<_> = server.calls().into_iter().filter(|call| call.is_kickoff()).collect();
    assert_eq!(
        kickoffs[0].query, "_outputFormat=application%2Ffhir%2Bndjson&_type=Patient,Group",
        "a _type of its own stays"
    );
    assert_eq!(kickoffs[0].header("prefer"), ["respond-async"]);
    assert_eq!(kickoffs[0].header("accept"), ["application/fhir+json"]);
    assert_eq!((kickoffs[1].method.as_str(), kickoffs[1].query.as_str()), ("POST", ""));
    assert_eq!(kickoffs[1].header("content-type"), ["application/fhir+json"]);
    let body: serde_json::Value = serde_json::from_str(&kickoffs[1].body).unwrap();
    assert_eq!(
        body,
        json!({"resourceType": "Parameters", "parameter": [
        {"name": "_since", "valueInstant": "1990-01-01T00:00:00Z"}, {"name": "_type", "valueString": "Patient,Group"}]})
    );
    assert!(flow(&recording, "one").posted);
    assert_eq!(flow(&recording, "one").params.len(), 2);
}

#[test]
fn a_sample_instant_is_inside_the_data_of_the_source_flow() {
    for jobs in [1, 4] {
        let server = Server::honest();
        let recording = server.run(&plan(FLOWS, Depth::Files), |settings| settings.jobs = jobs);
        assert_eq!(flow(&recording, "since").params, [("_since".to_owned(), "1990-01-02T00:00:00.000Z".to_owned())]);
        assert!(server.calls().iter().any(|call| call.query == "_since=1990-01-02T00%3A00%3A00.000Z"));
    }
}

#[test]
fn a_missing_sample_value_ends_only_its_flow() {
    let undated = "{\"resourceType\":\"Patient\",\"id\":\"a\"}\n";
    let server = Server::new(move |call| call.path.contains("/files/").then(|| respond(200, &[], undated)));
    let recording = server.run(&plan(FLOWS, Depth::Files), |_| {});
    assert_eq!(flow(&recording, "since").stop.as_ref().unwrap().kind, StopKind::NoPick);
    assert_eq!(flow(&recording, "system").stop, None);
}

#[test]
fn a_plan_without_flows_sends_nothing_and_metadata_is_requested_once() {
    let server = Server::honest();
    let recording = server.run(&plan("", Depth::Files), |_| {});
    assert_eq!((server.calls().len(), recording.exchanges.len()), (0, 0));
    server.run(&plan(FLOWS, Depth::Files), |_| {});
    assert_eq!(server.calls().iter().filter(|call| call.path == "/fhir/metadata").count(), 1);
}
