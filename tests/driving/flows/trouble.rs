//! Servers with errors, wrong responses or no responses, and runs that end early.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use plimsoll::base::clock::Clock;
use plimsoll::drive::run::{RunError, RunOptions, run};
use plimsoll::plan::model::Depth;
use plimsoll::recording::early_end::EarlyEndKind;
use plimsoll::recording::model::{Outcome, StopKind, Trouble, TroubleKind};
use plimsoll::settings::run_settings::Settings;
use plimsoll::transport::in_process::InProcess;
use plimsoll::transport::message::{Outgoing, ResponseFuture, Transport};

use crate::flows::server::{BASE, PATIENTS, Server, flow, manifest, one, plan, respond, story};

const SYSTEM: &str = "export = \"system\"";

#[test]
fn html_for_every_request_ends_the_flow() {
    let page = "<html><title>Welcome</title></html>";
    let server = Server::new(move |_| Some(respond(200, &[("content-type", "text/html")], page)));
    let recording = server.run(&one(SYSTEM, Depth::Files), |_| {});
    assert_eq!(story(&recording), ["kickoff 200"]);
    let stop = flow(&recording, "one").stop.clone().unwrap();
    assert_eq!((stop.kind, stop.exchange), (StopKind::Answer, Some(2)));
    assert!(recording.end.is_some());
}

#[test]
fn an_incomplete_file_is_recorded_up_to_its_last_line() {
    let server = Server::new(|call| {
        call.path.contains("/files/").then(|| {
            let cut = std::io::Error::other("reset");
            let half = Bytes::from(PATIENTS.get(..PATIENTS.len() - 20).unwrap());
            let chunks = futures_util::stream::iter([Ok(half), Err(cut)]);
            Response::builder().status(200).body(Body::from_stream(chunks)).unwrap()
        })
    });
    let recording = server.run(&one(SYSTEM, Depth::Files), |_| {});
    assert_eq!(recording.files.len(), 1);
    assert!(!recording.files[0].whole);
    assert_eq!(recording.files[0].lines.lines, 1);
    let file = recording.exchanges.iter().find(|exchange| exchange.id == recording.files[0].exchange).unwrap();
    let Outcome::Response(response) = &file.outcome else { panic!("no response") };
    assert_eq!(response.broken.as_ref().unwrap().kind, TroubleKind::Cut);
    assert_eq!(server.left(), 0, "the job is deleted");
}

#[test]
fn a_relative_content_location_is_followed() {
    let server = Server::new(|call| call.is_kickoff().then(|| respond(202, &[("content-location", "jobs/1001")], "")));
    let recording = server.run(&one(SYSTEM, Depth::Files), |_| {});
    assert_eq!(flow(&recording, "one").stop, None);
    assert_eq!(recording.files.len(), 1);
}

#[test]
fn each_usable_url_of_a_malformed_manifest_is_requested_once() {
    let body = format!(
        r#"{{"transactionTime":"x","request":"x","requiresAccessToken":"no","error":[],"deleted":null,"output":[1,{{}},{{"type":"Patient","url":"{BASE}/files/a"}},{{"type":"Patient","url":"{BASE}/files/a"}},{{"type":7,"url":"/fhir/files/b"}}]}}"#
    );
    let server = Server::new(move |call| (call.is_poll()).then(|| respond(200, &[], &body)));
    let recording = server.run(&one(SYSTEM, Depth::Files), |_| {});
    let paths: Vec<String> =
        server.calls().into_iter().map(|call| call.path).filter(|path| path.contains("files")).collect();
    assert_eq!(paths, ["/fhir/files/a", "/fhir/files/b"]);
    assert_eq!(recording.exchanges.iter().filter_map(|e| e.file).map(|file| file.index).collect::<Vec<_>>(), [2, 4]);
}

#[test]
fn max_bytes_ends_the_flow() {
    let server = Server::new(|call| call.is_poll().then(|| respond(200, &[], &manifest(&["Patient", "Patient"]))));
    let recording = server.run(&one(SYSTEM, Depth::Files), |settings| settings.max_bytes = 10);
    let stop = flow(&recording, "one").stop.clone().unwrap();
    assert_eq!(stop.kind, StopKind::Limit);
    assert!(stop.because.contains("--max-bytes"), "{}", stop.because);
    assert_eq!(server.left(), 0);
}

#[test]
fn kept_files_have_names_of_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::honest();
    server.run(&one(SYSTEM, Depth::Files), |settings| settings.keep_files = Some(folder.path().to_owned()));
    let kept = std::fs::read_to_string(folder.path().join("one/output-0.ndjson")).unwrap();
    assert_eq!(kept, PATIENTS);
}

#[test]
fn an_interruption_ends_waits_and_deletes_jobs() {
    let mut server = Server::honest();
    server.polls = usize::MAX;
    let flows = "[a]\ntitle = \"a\"\nexport = \"system\"\n[b]\ntitle = \"b\"\nexport = \"system\"\nparams = { _type = \"Patient\" }\n\
        [z]\ntitle = \"z\"\nexport = \"system\"\nlast = true";
    let recording = server
        .try_run(
            &plan(flows, Depth::Files),
            |_| {},
            |sender| {
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_secs(42)).await;
                    sender.send_replace(true);
                    // Keep the sender until the run has ended.
                    tokio::time::sleep(Duration::from_secs(10_000)).await;
                });
            },
        )
        .unwrap();
    assert_eq!(server.calls().last().unwrap().at.as_secs(), 42);
    assert_eq!(server.left(), 0);
    assert_eq!(
        recording.end.as_ref().unwrap().early.as_ref().map(|end| end.because.as_str()),
        Some("the run was interrupted")
    );
    assert_eq!(recording.end.as_ref().unwrap().leftovers, Vec::<String>::new());
    for name in ["a", "b", "z"] {
        let stop = flow(&recording, name).stop.clone().unwrap();
        assert_eq!((stop.kind, stop.because.as_str()), (StopKind::Limit, "the run was interrupted"), "{name}");
    }
    assert_eq!(server.calls().iter().filter(|call| call.is_kickoff()).count(), 2, "the third flow does not start");
}

#[test]
fn a_deadline_ends_the_run_even_if_a_delete_is_throttled() {
    let mut server = Server::honest();
    server.polls = usize::MAX;
    let recording =
        server.run(&one(SYSTEM, Depth::Files), |settings| settings.deadline = Some(Duration::from_secs(30)));
    assert_eq!(
        recording.end.as_ref().unwrap().early.as_ref().map(|end| end.because.as_str()),
        Some("the deadline of 30 s passed")
    );
    assert_eq!(server.left(), 0);

    let throttled = Server::new(|call| (call.method == "DELETE").then(|| respond(503, &[("retry-after", "60")], "")));
    let throttled = Server { polls: usize::MAX, ..throttled };
    let recording =
        throttled.run(&one(SYSTEM, Depth::Files), |settings| settings.deadline = Some(Duration::from_secs(30)));
    assert!(throttled.calls().last().unwrap().at.as_secs() <= 41);
    assert_eq!(recording.end.unwrap().leftovers.len(), 1);
}

#[test]
fn jobs_that_are_not_deleted_are_listed() {
    let server = Server::honest();
    let recording = server.run(&one(SYSTEM, Depth::Kickoff), |settings| settings.no_delete = true);
    assert_eq!(recording.end.unwrap().leftovers.len(), 1);
    assert!(server.calls().iter().all(|call| call.method != "DELETE"));

    let refusing = Server::new(|call| (call.method == "DELETE").then(|| respond(405, &[], "")));
    let recording = refusing.run(&one(SYSTEM, Depth::Kickoff), |_| {});
    assert_eq!(recording.end.unwrap().leftovers.len(), 1);
    assert_eq!(
        refusing.calls().iter().filter(|call| call.method == "DELETE").count(),
        1,
        "a refused DELETE is not repeated"
    );
}

#[test]
fn polls_that_are_refused_to_their_own_client_end_the_run_after_the_second_flow() {
    let flows =
        (1..=6).map(|n| format!("[flow-{n}]\ntitle = \"one\"\nexport = \"system\"\nparams = {{ _type = \"T{n}\" }}\n"));
    let plan = plan(&flows.collect::<String>(), Depth::Files);
    let server = Server::new(|call| call.is_poll().then(|| respond(403, &[], "")));
    let recording = server.run(&plan, |settings| settings.jobs = 1);
    assert_eq!(server.calls().iter().filter(|call| call.is_kickoff()).count(), 2);
    let stops: Vec<_> = recording.flows.iter().map(|flow| flow.stop.clone().unwrap()).collect();
    assert!(stops.iter().all(|stop| stop.kind == StopKind::Credentials && stop.exchange.is_some()), "{stops:?}");
    assert!(stops[0].because.contains("without credentials, but its poll returned 403"), "{}", stops[0].because);
    assert_eq!(stops[5].exchange, stops[0].exchange);
}

#[test]
fn a_file_that_pauses_once_is_read_again() {
    let paused = |times: usize| {
        Server::new(move |call| {
            (call.path.contains("/files/") && call.nth < times).then(|| {
                let half = Bytes::from(PATIENTS.get(..PATIENTS.len() - 20).unwrap());
                let first = futures_util::stream::iter([Ok::<_, std::io::Error>(half)]);
                let chunks = futures_util::StreamExt::chain(first, futures_util::stream::pending());
                Response::builder().status(200).body(Body::from_stream(chunks)).unwrap()
            })
        })
    };
    let recording = paused(1).run(&one(SYSTEM, Depth::Files), |_| {});
    assert_eq!(flow(&recording, "one").stop, None);
    let whole: Vec<_> = recording.files.iter().filter(|file| file.whole).collect();
    assert_eq!((whole.len(), whole[0].lines.resources), (1, 2), "the second try counts");
    let server = paused(9);
    let recording = server.run(&one(SYSTEM, Depth::Files), |_| {});
    assert_eq!(server.calls().iter().filter(|call| call.path.contains("/files/")).count(), 2);
    let text = serde_json::to_string(&recording.exchanges).unwrap();
    assert!(text.contains("the body paused for more than 60 s (--idle-timeout)"), "{text}");
}

/// A network on which the server responds to so many requests and then to none.
struct Dies {
    server: InProcess,
    left: AtomicUsize,
}

impl Transport for Dies {
    fn send(&self, request: Outgoing) -> ResponseFuture<'_> {
        let left = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        match left {
            Ok(_) => self.server.send(request),
            Err(_) => Nothing.send(request),
        }
    }
}

#[test]
fn a_run_ends_soon_after_the_server_died() {
    let flows = (1..=40)
        .map(|n| format!("[flow-{n}]\ntitle = \"one\"\nexport = \"system\"\nparams = {{ _type = \"T{n}\" }}\n"));
    let plan = plan(&flows.collect::<String>(), Depth::Files);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let (recording, took) = runtime.block_on(async {
        let clock = Clock::system();
        let transport = Dies { server: InProcess::new(Server::honest().router(clock)), left: AtomicUsize::new(12) };
        let settings = Settings::new(BASE.parse().unwrap());
        let recording = run(&plan, settings, Arc::new(transport), clock, RunOptions::quiet("test")).await.unwrap();
        (recording, clock.elapsed())
    });
    assert!(took < Duration::from_secs(60), "{took:?}");
    assert!(recording.exchanges.len() < 120, "{}", recording.exchanges.len());
    let early = recording.end.unwrap().early.unwrap();
    assert_eq!(early.kind, EarlyEndKind::NoResponse);
    assert!(
        early.because.starts_with("the server stopped responding: the last response was to the "),
        "{}",
        early.because
    );
    assert!(early.because.contains("of flow flow-") && early.because.contains("(exchange 1"), "{}", early.because);
}

/// A network without any responses.
struct Nothing;

impl Transport for Nothing {
    fn send(&self, _: Outgoing) -> ResponseFuture<'_> {
        let message = "connection refused".to_owned();
        Box::pin(async { Err(Trouble { kind: TroubleKind::Connect, message }) })
    }
}

#[test]
fn an_unreachable_base_is_one_error() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let error = runtime.block_on(async {
        let settings = Settings::new(BASE.parse().unwrap());
        run(&one(SYSTEM, Depth::Files), settings, Arc::new(Nothing), Clock::system(), RunOptions::quiet("test")).await
    });
    let error: RunError = error.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no response from http://target.test/fhir: connection refused; check that the server is running and that the URL is \
         its FHIR base URL"
    );
}
