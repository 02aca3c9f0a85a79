//! Bodies without end, without measure, or without sense.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use plimsoll::base::vocabulary::Verdict;
use plimsoll::verdicts::judged_run::Conformance;

use crate::server::{Lair, MOMENTS, Moment, answer, endless, once, repeated};
use crate::trial::{self, Came, Trial};

const MB: usize = 1_000_000;

/// Two flows see every moment, and large bodies take time to read.
fn against(server: Lair) -> Came {
    Trial::of(&|name| name.ends_with("@system") || name.ends_with("@cancelled")).against(server)
}

fn status_at(moment: Moment) -> u16 {
    match moment {
        Moment::Metadata | Moment::Poll | Moment::File | Moment::Other => 200,
        Moment::Kickoff | Moment::Delete => 202,
    }
}

#[test]
fn an_endless_body_is_left_at_every_moment() {
    if trial::passed_in_own_process() {
        return;
    }
    for at in MOMENTS {
        let server = Lair::honest().before(move |_, moment| {
            let json = [("content-type", "application/json")];
            (moment == at).then(|| answer(status_at(at), &json, endless("{\"a\":\"", vec![b'x'; 64 << 10])))
        });
        let came = against(server);
        came.within(&format!("endless body ({at:?})"), 100, 600 << 20, 500 * MB);
        if at != Moment::Metadata {
            assert_ne!(came.outcome(), Conformance::Conformant, "{at:?}");
            came.says(if at == Moment::File { "more than 67108864 bytes" } else { "is longer than" });
        }
    }
}

#[test]
fn an_endless_file_of_good_lines_ends_with_the_bytes_a_run_may_take() {
    if trial::passed_in_own_process() {
        return;
    }
    let line = "{\"resourceType\":\"Patient\",\"id\":\"a\"}\n";
    let server = Lair::honest().before(move |_, moment| {
        let ndjson = [("content-type", "application/fhir+ndjson")];
        (moment == Moment::File).then(|| answer(200, &ndjson, endless("", line.repeat(1000))))
    });
    let came = Trial::whole().with(|settings| settings.max_bytes = 8 << 20).against(server);
    came.within("endless file of good lines", 400, 64 << 20, 150 * MB).says("raise --max-bytes");
    assert_ne!(came.verdict("files::ndjson@system"), Verdict::Pass);
}

/// Files of one line of a gigabyte: all of them, or the first alone.
fn long_lines(all: bool) -> Lair {
    let first = AtomicBool::new(true);
    Lair::honest().before(move |_, moment| {
        let ndjson = [("content-type", "application/fhir+ndjson")];
        let start = "{\"resourceType\":\"Patient\",\"id\":\"a\",\"note\":\"";
        let long = moment == Moment::File && (all || first.swap(false, Ordering::Relaxed));
        long.then(|| answer(200, &ndjson, repeated(start, vec![b'x'; 1 << 20], 1 << 10, "\"}\n")))
    })
}

#[test]
fn a_line_of_a_gigabyte_is_left() {
    if trial::passed_in_own_process() {
        return;
    }
    let trial = Trial::of(&|name| name.ends_with("@system")).with(|settings| settings.max_bytes = 2 << 30);
    let came = trial.against(long_lines(false));
    came.within("one line of 1 GB, one file", 100, 1100 << 20, 200 * MB).says("a line beyond the limit");
    assert_eq!(came.verdict("files::ndjson@system"), Verdict::Error, "a limit of ours is no fault of theirs");
    let came = against(long_lines(true));
    came.within("one line of 1 GB, every file", 100, 300 << 20, 600 * MB).says("raise --max-bytes");
    assert_ne!(came.verdict("files::ndjson@system"), Verdict::Fail);
}

/// Much of nothing, as gzip.
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
fn a_gzip_bomb_is_noticed_before_it_has_grown() {
    if trial::passed_in_own_process() {
        return;
    }
    // One long line, and many that say nothing.
    let bombs = [bomb("{\"resourceType\":\"Patient\",\"id\":\"", "a"), bomb("", &format!("{}\n", " ".repeat(4095)))];
    for at in MOMENTS {
        for bomb in bombs.clone() {
            let server = Lair::honest().before(move |_, moment| {
                let gzip = [("content-type", "application/json"), ("content-encoding", "gzip")];
                (moment == at).then(|| answer(status_at(at), &gzip, once(bomb.clone())))
            });
            let came = against(server);
            came.within(&format!("gzip bomb ({at:?})"), 400, 100 << 20, 400 * MB);
            if at == Moment::File {
                came.says("times");
            }
            if at != Moment::Metadata {
                assert_ne!(came.outcome(), Conformance::Conformant, "{at:?}");
            }
        }
    }
}

#[test]
fn json_nested_too_deep_is_no_reason_to_fall() {
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
                let server = Lair::honest().before(move |_, moment| {
                    let json = [("content-type", "application/json")];
                    (moment == at).then(|| answer(status, &json, once(nest.clone())))
                });
                let came = against(server);
                came.within(&format!("nested 100,000 deep ({at:?}, {status})"), 700, 400 << 20, 150 * MB);
                if at != Moment::Metadata {
                    assert_ne!(came.outcome(), Conformance::Conformant, "{at:?} {status}");
                }
            }
        }
    }
}

#[test]
fn a_manifest_of_a_hundred_thousand_files_is_fetched() {
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
    let server = Lair::honest().before(move |_, moment| match moment {
        Moment::Poll => Some(answer(200, &[("content-type", "application/json")], once(manifest.clone()))),
        Moment::File => {
            let line = "{\"resourceType\":\"Patient\",\"id\":\"a\"}\n";
            Some(answer(200, &[("content-type", "application/fhir+ndjson")], once(line)))
        }
        _ => None,
    });
    let trial = Trial::of(&|name| name.ends_with("@system") && !name.contains("::count"));
    let came = trial.against(server);
    came.within("manifest of 100,000 files", 110_000, 200 << 20, 450 * MB);
    assert_eq!(came.run.files.len(), 100_000);
    assert!(came.report("index.html").len() < 20 * MB, "{}", came.report("index.html").len());
}

#[test]
fn a_manifest_of_more_files_than_are_fetched_is_cut() {
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
    let server = Lair::honest().before(move |_, moment| match moment {
        Moment::Poll => Some(answer(200, &[("content-type", "application/json")], once(manifest.clone()))),
        _ => None,
    });
    let came = Trial::of(&|name| name.ends_with("@system")).against(server);
    came.within("manifest of 150,000 files", 100, 200 << 20, 500 * MB).says("lists more than 100000 files");
}
