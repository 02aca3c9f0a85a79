//! Bodies that are endless, too long, or not meaningful.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use plimsoll::base::vocabulary::Verdict;
use plimsoll::verdicts::judged_run::Conformance;

use crate::server::{HostileServer, MOMENTS, Moment, endless, once, repeated, response};
use crate::trial::{self, Trial, TrialResult};

const MB: usize = 1_000_000;

/// Runs only the tests of two flows, which have every moment, because large bodies take time to read.
fn against(server: HostileServer) -> TrialResult {
    Trial::of(&|name| name.ends_with("@system") || name.ends_with("@cancelled")).against(server)
}

fn status_at(moment: Moment) -> u16 {
    match moment {
        Moment::Metadata | Moment::Poll | Moment::File | Moment::Other => 200,
        Moment::Kickoff | Moment::Delete => 202,
    }
}

#[test]
fn an_endless_body_is_abandoned_at_every_moment() {
    if trial::passed_in_own_process() {
        return;
    }
    for at in MOMENTS {
        let server = HostileServer::unchanged().before(move |_, moment| {
            let json = [("content-type", "application/json")];
            (moment == at).then(|| response(status_at(at), &json, endless("{\"a\":\"", vec![b'x'; 64 << 10])))
        });
        let result = against(server);
        result.within(&format!("endless body ({at:?})"), 100, 600 << 20, 500 * MB);
        if at != Moment::Metadata {
            assert_ne!(result.outcome(), Conformance::Conformant, "{at:?}");
            result.shows(if at == Moment::File { "more than 67108864 bytes" } else { "is longer than" });
        }
    }
}

#[test]
fn an_endless_file_of_valid_lines_ends_at_max_bytes() {
    if trial::passed_in_own_process() {
        return;
    }
    let line = "{\"resourceType\":\"Patient\",\"id\":\"a\"}\n";
    let server = HostileServer::unchanged().before(move |_, moment| {
        let ndjson = [("content-type", "application/fhir+ndjson")];
        (moment == Moment::File).then(|| response(200, &ndjson, endless("", line.repeat(1000))))
    });
    let result = Trial::whole().with(|settings| settings.max_bytes = 8 << 20).against(server);
    result.within("endless file of valid lines", 400, 64 << 20, 150 * MB).shows("--max-bytes");
    assert_ne!(result.verdict("files::ndjson@system"), Verdict::Pass);
}

/// A server that returns a line of one gigabyte in every file, or only in the first.
fn long_lines(all: bool) -> HostileServer {
    let first = AtomicBool::new(true);
    HostileServer::unchanged().before(move |_, moment| {
        let ndjson = [("content-type", "application/fhir+ndjson")];
        let start = "{\"resourceType\":\"Patient\",\"id\":\"a\",\"note\":\"";
        let long = moment == Moment::File && (all || first.swap(false, Ordering::Relaxed));
        long.then(|| response(200, &ndjson, repeated(start, vec![b'x'; 1 << 20], 1 << 10, "\"}\n")))
    })
}

#[test]
fn a_line_of_a_gigabyte_is_abandoned() {
    if trial::passed_in_own_process() {
        return;
    }
    let trial = Trial::of(&|name| name.ends_with("@system")).with(|settings| settings.max_bytes = 2 << 30);
    let result = trial.against(long_lines(false));
    result
        .within("one line of 1 GB, one file", 100, 1100 << 20, 200 * MB)
        .shows("a line that is longer than Plimsoll reads");
    assert_eq!(result.verdict("files::ndjson@system"), Verdict::Error, "a limit of Plimsoll is not a violation");
    let result = against(long_lines(true));
    result.within("one line of 1 GB, every file", 100, 300 << 20, 600 * MB).shows("--max-bytes");
    assert_ne!(result.verdict("files::ndjson@system"), Verdict::Fail);
}

/// A gzip body that decodes to 128 MiB of repeated text.
fn bomb(first: &str, filling: &str) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(first.as_bytes()).unwrap();
    let filling = filling.repeat((1 << 20) / filling.len()).into_bytes();
    for _ in 0..128 {
        encoder.write_all(&filling).unwrap();
    }
    Bytes::from(encoder.finish().unwrap())
}

#[test]
fn a_gzip_bomb_is_detected_before_it_is_decoded_completely() {
    if trial::passed_in_own_process() {
        return;
    }
    // One long line, and many lines of spaces.
    let bombs = [bomb("{\"resourceType\":\"Patient\",\"id\":\"", "a"), bomb("", &format!("{}\n", " ".repeat(4095)))];
    for at in MOMENTS {
        for bomb in bombs.clone() {
            let server = HostileServer::unchanged().before(move |_, moment| {
                let gzip = [("content-type", "application/json"), ("content-encoding", "gzip")];
                (moment == at).then(|| response(status_at(at), &gzip, once(bomb.clone())))
            });
            let result = against(server);
            result.within(&format!("gzip bomb ({at:?})"), 400, 100 << 20, 400 * MB);
            if at == Moment::File {
                result.shows("times");
            }
            if at != Moment::Metadata {
                assert_ne!(result.outcome(), Conformance::Conformant, "{at:?}");
            }
        }
    }
}

#[test]
fn deeply_nested_json_causes_no_crash() {
    if trial::passed_in_own_process() {
        return;
    }
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
    let nests = [
        deep("[", "]"),
        deep("{\"a\":", "}"),
        format!("{{\"resourceType\":\"OperationOutcome\",\"issue\":{}}}\n", deep("[", "]")),
    ];
    for at in MOMENTS {
        for status in [status_at(at), 500] {
            for nest in &nests {
                let nest = nest.clone();
                let server = HostileServer::unchanged().before(move |_, moment| {
                    let json = [("content-type", "application/json")];
                    (moment == at).then(|| response(status, &json, once(nest.clone())))
                });
                let result = against(server);
                result.within(&format!("nested 100,000 deep ({at:?}, {status})"), 700, 400 << 20, 150 * MB);
                if at != Moment::Metadata {
                    assert_ne!(result.outcome(), Conformance::Conformant, "{at:?} {status}");
                }
            }
        }
    }
}

#[test]
fn a_manifest_with_a_hundred_thousand_files_is_downloaded() {
    if trial::passed_in_own_process() {
        return;
    }
    let item = |n: usize| format!("{{\"type\":\"Patient\",\"url\":\"http://localhost/fhir/bulk/files/x/{n}.ndjson\"}}");
    let items: Vec<String> = (0..100_000).map(item).collect();
    let manifest = format!(
        "{{\"transactionTime\":\"2026-01-01T12:00:00Z\",\"request\":\"http://localhost/fhir/$export\",\
         \"requiresAccessToken\":false,\"output\":[{}],\"error\":[]}}",
        items.join(",")
    );
    let server = HostileServer::unchanged().before(move |_, moment| match moment {
        Moment::Poll => Some(response(200, &[("content-type", "application/json")], once(manifest.clone()))),
        Moment::File => {
            let line = "{\"resourceType\":\"Patient\",\"id\":\"a\"}\n";
            Some(response(200, &[("content-type", "application/fhir+ndjson")], once(line)))
        }
        _ => None,
    });
    let trial = Trial::of(&|name| name.ends_with("@system") && !name.contains("::count"));
    let result = trial.against(server);
    result.within("manifest of 100,000 files", 110_000, 200 << 20, 450 * MB);
    assert_eq!(result.run.files.len(), 100_000);
    assert!(result.report("index.html").len() < 20 * MB, "{}", result.report("index.html").len());
}

#[test]
fn a_manifest_with_more_files_than_the_limit_is_refused() {
    if trial::passed_in_own_process() {
        return;
    }
    let mut output = String::from("[");
    for n in 0..150_000 {
        if n > 0 {
            output.push(',');
        }
        output += &format!("{{\"type\":\"Patient\",\"url\":\"f/{}\"}}", n / 30_000);
    }
    let manifest = format!(
        "{{\"transactionTime\":\"2026-01-01T12:00:00Z\",\"request\":\"http://localhost/fhir/$export\",\
         \"requiresAccessToken\":false,\"output\":{output}],\"error\":[]}}"
    );
    let server = HostileServer::unchanged().before(move |_, moment| match moment {
        Moment::Poll => Some(response(200, &[("content-type", "application/json")], once(manifest.clone()))),
        _ => None,
    });
    let result = Trial::of(&|name| name.ends_with("@system")).against(server);
    result.within("manifest of 150,000 files", 100, 200 << 20, 500 * MB).shows("lists more than 100000 files");
}
