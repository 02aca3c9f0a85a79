//! Probes and DELETEs at their moments.

use plimsoll::base::secret::Secret;
use plimsoll::plan::model::Depth;
use plimsoll::recording::model::StopKind;
use plimsoll::settings::run_settings::{Credentials, Settings};

use crate::flows::server::{Server, capability, flow, one, outcome, plan, respond, story};

#[test]
fn probes_are_sent_at_their_moments_and_their_jobs_are_deleted() {
    let flow_toml = r#"
export = "system"
probes = [
  { id = "bare", at = "start", send = "kickoff", omit = ["Prefer", "Accept"] },
  { id = "lines", at = "start", send = "kickoff", headers = { Prefer = "respond-async\nhandling=lenient" } },
  { id = "broken", at = "start", send = "kickoff-post", wrong = "broken-json" },
  { id = "other-job", at = "start", send = "delete", wrong = "job" },
  { id = "unknown", at = "in-progress", send = "poll", wrong = "job" },
  { id = "no-token", at = "in-progress", send = "poll", as = "none" },
  { id = "again", at = "complete", send = "poll" },
  { id = "gz", at = "complete", send = "file", headers = { Accept-Encoding = "identity" } },
]"#;
    let server = Server::new(|call| match (call.method.as_str(), call.path.as_str()) {
        ("POST", _) => Some(outcome(400, "invalid")),
        (_, "/fhir/jobs/2114") => Some(outcome(404, "not-found")),
        _ => None,
    });
    // A probe without credentials is sent only if the run has credentials.
    let token = |settings: &mut Settings| settings.credentials = Credentials::Token(Secret::new("t0ken".to_owned()));
    let recording = server.run(&one(flow_toml, Depth::Files), token);
    assert_eq!(
        story(&recording),
        [
            "probe bare 202",
            "cleanup 202",
            "probe lines 202",
            "cleanup 202",
            "probe broken 400",
            "kickoff 202",
            "probe other-job 404",
            "poll 202 in-progress",
            "probe unknown 404",
            "probe no-token 202",
            "poll 200 complete",
            "file 200",
            "probe again 200",
            "probe gz 200",
            "cleanup 202"
        ]
    );
    let calls = server.calls();
    assert!(calls[1].header("prefer").is_empty() && calls[1].header("accept").is_empty());
    let lines = calls.iter().filter(|call| call.is_kickoff()).nth(1).unwrap();
    assert_eq!(lines.header("prefer"), ["respond-async", "handling=lenient"]);
    assert_eq!(calls.iter().find(|call| call.method == "DELETE" && call.path.ends_with("2114")).unwrap().nth, 0);
    assert_eq!(flow(&recording, "one").accepted, 3);
    assert_eq!(server.left(), 0);
    assert_eq!(recording.files.len(), 2);
    assert_eq!(recording.files[0].sha256, recording.files[1].sha256);
    assert!(recording.files[1].lines.findings.is_empty(), "the file of the probe is not a duplicate");
}

#[test]
fn a_job_that_completes_at_its_first_poll_has_no_probes_while_running() {
    let probed =
        "export = \"system\"\nprobes = [{ id = \"unknown\", at = \"in-progress\", send = \"poll\", wrong = \"job\" }]";
    let server = Server { polls: 0, ..Server::honest() };
    let recording = server.run(&one(probed, Depth::Manifest), |_| {});
    assert_eq!(story(&recording), ["kickoff 202", "poll 200 complete", "cleanup 202"]);
}

const DELETED: &str = r#"
export = "system"
delete = "in-progress"
probes = [
  { id = "gone", at = "deleted", send = "poll" },
  { id = "twice", at = "deleted", send = "delete" },
]"#;

#[test]
fn a_deleted_job_is_polled_until_it_is_unknown_and_not_deleted_again() {
    let server = Server::new(|call| (call.is_poll() && (1..4).contains(&call.nth)).then(|| respond(202, &[], "")));
    let recording = server.run(&one(DELETED, Depth::Manifest), |_| {});
    assert_eq!(
        story(&recording),
        [
            "kickoff 202",
            "poll 202 in-progress",
            "delete 202",
            "probe gone 202*",
            "probe gone 202*",
            "probe gone 202*",
            "probe gone 404",
            "probe twice 404"
        ]
    );
    assert_eq!(flow(&recording, "one").stop, None);
    let never = Server::new(|call| call.is_poll().then(|| respond(202, &[], "")));
    let recording = never.run(&one(DELETED, Depth::Manifest), |_| {});
    let gone: Vec<String> = story(&recording).into_iter().filter(|line| line.starts_with("probe gone")).collect();
    assert_eq!(gone.last().unwrap(), "probe gone 202");
    assert!(never.calls().last().unwrap().at.as_secs() <= 6);
}

#[test]
fn probes_with_times_are_sent_at_these_times() {
    let timed = "export = \"system\"\ndelete = \"complete\"\nprobes = [{ id = \"gone\", at = \"deleted\", send = \"poll\", after = [\"0s\", \"5s\"] }]";
    let server = Server { polls: 0, ..Server::honest() };
    let recording = server.run(&one(timed, Depth::Manifest), |_| {});
    assert_eq!(
        story(&recording),
        ["kickoff 202", "poll 200 complete", "delete 202", "probe gone 404", "probe gone 404"]
    );
    let at: Vec<u64> = recording.exchanges.iter().filter(|exchange| exchange.probe.is_some()).map(|e| e.at).collect();
    assert_eq!(at[1] - at[0], 5_000);
}

#[test]
fn no_probes_follow_a_refused_delete() {
    let server = Server::new(|call| (call.method == "DELETE").then(|| outcome(405, "not-supported")));
    let recording = server.run(&one(DELETED, Depth::Manifest), |_| {});
    assert_eq!(story(&recording), ["kickoff 202", "poll 202 in-progress", "delete 405"]);
    assert_eq!(flow(&recording, "one").stop.as_ref().unwrap().kind, StopKind::Answer);
    assert_eq!(recording.end.unwrap().leftovers.len(), 1);
}

#[test]
fn the_job_of_an_unknown_group_is_polled_a_few_times() {
    let probed =
        "export = \"group\"\nprobes = [{ id = \"nowhere\", at = \"start\", send = \"kickoff\", wrong = \"group\" }]";
    let server = Server::new(|call| match call.path.as_str() {
        "/fhir/metadata" => Some(respond(200, &[], &capability(&["group-export"]))),
        "/fhir/Group/plimsoll-no-such-group/$export" => {
            Some(respond(202, &[("content-location", "http://target.test/fhir/jobs/77")], ""))
        }
        "/fhir/Group/g/$export" => Some(respond(202, &[("content-location", "http://target.test/fhir/jobs/88")], "")),
        "/fhir/jobs/77" if call.method == "GET" && call.nth == 1 => Some(outcome(404, "not-found")),
        "/fhir/jobs/77" if call.method == "GET" && call.nth > 1 => Some(outcome(400, "not-found")),
        _ => None,
    });
    let recording = server.run(&one(probed, Depth::Kickoff), |settings| settings.groups = vec!["g".into()]);
    assert_eq!(
        story(&recording),
        [
            "probe nowhere 202",
            "probe nowhere 202 in-progress",
            "probe nowhere 404 transient*",
            "probe nowhere 400 failed",
            "cleanup 202",
            "kickoff 202",
            "cleanup 202"
        ]
    );
}

#[test]
fn a_job_of_two_equal_kick_offs_is_deleted_once_after_both_flows() {
    let flows = "[a]\ntitle = \"a\"\nexport = \"system\"\n[b]\ntitle = \"b\"\nexport = \"system\"\n\
        probes = [{ id = \"same\", at = \"start\", send = \"kickoff\" }]";
    let server = Server::new(|call| {
        call.is_kickoff().then(|| respond(202, &[("content-location", "http://target.test/fhir/jobs/1")], ""))
    });
    let recording = server.run(&plan(flows, Depth::Files), |_| {});
    for record in &recording.flows {
        assert_eq!(record.stop, None, "{}", record.name);
    }
    let deletes: Vec<usize> =
        server.calls().iter().enumerate().filter(|(_, call)| call.method == "DELETE").map(|(at, _)| at).collect();
    let last_use = server.calls().iter().rposition(|call| call.method == "GET").unwrap();
    assert_eq!(deletes, [last_use + 1], "one DELETE, after all other requests");
}
