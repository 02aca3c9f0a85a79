//! Waits and retries: both forms of `Retry-After`, throttling, wrong statuses while a job runs, and jobs that never
//! end.

use std::time::Duration;

use plimsoll::plan::model::Depth;
use plimsoll::recording::model::StopKind;

use crate::flows::server::{Server, flow, manifest, one, outcome, plan, respond, story};

const SYSTEM: &str = "export = \"system\"";

fn poll_times(server: &Server) -> Vec<u64> {
    server.calls().iter().filter(|call| call.is_poll()).map(|call| call.at.as_secs()).collect()
}

#[test]
fn both_forms_of_retry_after_are_followed_and_other_waits_grow() {
    let server = Server::new(|call| match call.nth {
        _ if !call.is_poll() => None,
        0 => Some(respond(202, &[("retry-after", "7")], "")),
        // 30 s after the run began.
        1 => Some(respond(202, &[("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT")], "")),
        2 | 3 => Some(respond(202, &[], "")),
        _ => Some(respond(200, &[], &manifest(&[]))),
    });
    let recording = server.run(&one(SYSTEM, Depth::Manifest), |_| {});
    let times = poll_times(&server);
    assert_eq!(times[..3], [0, 7, 30], "{times:?}");
    assert!(times[4] - times[3] > times[3] - times[2], "{times:?}");
    assert_eq!(flow(&recording, "one").stop, None);
    let waits: Vec<u64> = flow(&recording, "one").waits.iter().map(|(_, length, _)| *length).collect();
    assert_eq!(waits[..2], [7_000, 23_000]);
}

#[test]
fn a_very_long_retry_after_ends_with_max_wait() {
    let server = Server::new(|call| call.is_poll().then(|| respond(202, &[("retry-after", "18000")], "")));
    let recording = server.run(&one(SYSTEM, Depth::Manifest), |settings| settings.max_wait = Duration::from_secs(300));
    assert_eq!(poll_times(&server), [0, 120, 240, 300]);
    assert_eq!(flow(&recording, "one").stop.as_ref().unwrap().kind, StopKind::Waited);
}

#[test]
fn throttled_requests_are_retried_at_every_step() {
    let server = Server::new(|call| {
        let step = call.is_kickoff() || call.is_poll() || call.path.contains("/files/") || call.method == "DELETE";
        (step && call.nth == 0).then(|| respond(429, &[("retry-after", "3")], ""))
    });
    let recording = server.run(&one(SYSTEM, Depth::Files), |_| {});
    assert_eq!(
        story(&recording),
        [
            "kickoff 429*",
            "kickoff 202",
            "poll 429 transient*",
            "poll 202 in-progress",
            "poll 200 complete",
            "file 429*",
            "file 200",
            "cleanup 429*",
            "cleanup 202"
        ]
    );
    assert_eq!(flow(&recording, "one").accepted, 1);
    assert_eq!(flow(&recording, "one").stop, None);
    assert_eq!(server.left(), 0);
}

#[test]
fn a_transient_error_is_superseded_if_the_job_continues() {
    let server = Server::new(|call| (call.is_poll() && call.nth == 1).then(|| outcome(503, "transient")));
    let recording = server.run(&one(SYSTEM, Depth::Manifest), |_| {});
    assert_eq!(
        story(&recording),
        ["kickoff 202", "poll 202 in-progress", "poll 503 transient*", "poll 200 complete", "cleanup 202"]
    );
}

#[test]
fn a_job_has_failed_after_several_server_errors() {
    let server = Server::new(|call| call.is_poll().then(|| outcome(500, "processing")));
    let recording = server.run(&one(SYSTEM, Depth::Files), |_| {});
    let story = story(&recording);
    assert_eq!(story.last().unwrap(), "cleanup 202");
    assert_eq!(story[story.len() - 2], "poll 500 failed");
    assert_eq!(story.iter().filter(|line| *line == "poll 500 transient*").count(), 4);
    let stop = flow(&recording, "one").stop.clone().unwrap();
    assert_eq!((stop.kind, stop.because.as_str()), (StopKind::Answer, "the job ended with 500"));
}

#[test]
fn ok_while_running_is_in_progress_and_does_not_end_the_flow() {
    let server = Server::new(|call| {
        (call.is_poll() && call.nth < 2).then(|| respond(200, &[("retry-after", "1")], "{\"status\":\"in-progress\"}"))
    });
    let recording = server.run(&one(SYSTEM, Depth::Files), |_| {});
    assert_eq!(
        story(&recording),
        ["kickoff 202", "poll 200 in-progress", "poll 200 in-progress", "poll 200 complete", "file 200", "cleanup 202"]
    );
}

#[test]
fn a_completion_without_a_manifest_ends_the_flow() {
    let server = Server::new(|call| call.is_poll().then(|| respond(200, &[], "{\"resourceType\":\"Parameters\"}")));
    let recording = server.run(&one(SYSTEM, Depth::Files), |_| {});
    assert!(story(&recording).contains(&"poll 200 complete".to_owned()));
    let stop = flow(&recording, "one").stop.clone().unwrap();
    assert_eq!(stop.kind, StopKind::Answer);
    assert!(stop.because.contains("not a manifest"), "{}", stop.because);
    assert_eq!(server.left(), 0);
}

#[test]
fn a_target_that_finishes_no_job_costs_max_wait_once_and_all_jobs_are_deleted() {
    let flows = "[a]\ntitle = \"a\"\nexport = \"system\"\n[b]\ntitle = \"b\"\nexport = \"patient\"\n\
        [c]\ntitle = \"c\"\nexport = \"any\"\nparams = { _type = \"Patient\" }\n[d]\ntitle = \"d\"\nexport = \"any\"\nmethod = \"post\"";
    for jobs in [1, 4] {
        let mut server = Server::new(|call| (call.path == "/fhir/metadata").then(|| respond(404, &[], "")));
        server.polls = usize::MAX;
        let recording = server.run(&plan(flows, Depth::Files), |settings| settings.jobs = jobs);
        let last = server.calls().last().unwrap().at;
        assert!((600..620).contains(&last.as_secs()), "jobs {jobs}: {last:?}");
        for record in &recording.flows {
            assert_eq!(record.stop.as_ref().unwrap().kind, StopKind::Waited, "{}", record.name);
        }
        assert_eq!(server.left(), 0);
        for job in 1001..=1004 {
            let polls =
                server.calls().into_iter().filter(|call| call.is_poll() && call.path.ends_with(&job.to_string()));
            let times: Vec<u128> = polls.map(|call| call.at.as_millis()).collect();
            assert!(
                times.windows(2).all(|pair| pair[1] - pair[0] >= 1_000 || pair[1] >= 600_000),
                "at least 1 s between polls: {times:?}"
            );
        }
    }
}

#[test]
fn flows_wait_for_a_server_that_runs_one_export_at_a_time() {
    use std::sync::Mutex;
    let running = Mutex::new(None::<String>);
    let count = Mutex::new(0);
    let server = Server::new(move |call| {
        let mut running = running.lock().unwrap();
        if call.is_kickoff() {
            if running.is_some() {
                return Some(respond(429, &[("retry-after", "20")], ""));
            }
            *count.lock().unwrap() += 1;
            let job = format!("/fhir/jobs/{}", 5000 + *count.lock().unwrap());
            *running = Some(job.clone());
            return Some(respond(202, &[("content-location", &format!("http://target.test{job}"))], ""));
        }
        if call.method == "DELETE" && running.as_deref() == Some(&call.path) {
            *running = None;
            return Some(respond(202, &[], ""));
        }
        // Each job takes 60 polls of about 8 s.
        call.is_poll().then(|| match call.nth {
            60.. => respond(200, &[], &manifest(&[])),
            _ => respond(202, &[("retry-after", "8")], ""),
        })
    });
    let flows = "[a]\ntitle = \"a\"\nexport = \"system\"\n[b]\ntitle = \"b\"\nexport = \"patient\"\n\
        [c]\ntitle = \"c\"\nexport = \"system\"\nparams = { _type = \"Patient\" }";
    let recording = server.run(&plan(flows, Depth::Manifest), |settings| {
        settings.levels = Some(vec![
            plimsoll::base::vocabulary::ExportLevel::System,
            plimsoll::base::vocabulary::ExportLevel::Patient,
        ]);
    });
    for record in &recording.flows {
        assert_eq!(record.stop, None, "{}: three jobs of 480 s each fit only one after the other", record.name);
    }
}
