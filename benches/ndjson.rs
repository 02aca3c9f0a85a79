//! Measures the speed of validation, compared with parsers that do less: in one process, on one corpus, in memory.
//!
//!     cargo bench --bench ndjson
//!     PLIMSOLL_CORPUS=DIR PLIMSOLL_R4_SCHEMA=fhir.schema.json cargo bench --bench ndjson
//!
//! The corpus is the `.ndjson` files of the folder `PLIMSOLL_CORPUS`, or the built-in population repeated many times.
//! It prints megabytes per second (the best of several alternating turns) and ratios; on a shared machine only the
//! ratios are meaningful. On Linux it measures the time of a thread on a core, so other processes matter less.
//! `PLIMSOLL_R4_SCHEMA` names HL7's JSON Schema of R4, for the comparison with jsonschema.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::hint::black_box;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use plimsoll::fhir::validate::validator::{Validator, Verdict};
use plimsoll::ndjson::decode::Coding;
use plimsoll::ndjson::expected::Expected;
use plimsoll::ndjson::fhir::FhirInspector;
use plimsoll::ndjson::reader::{FileReader, ReaderOptions};
use plimsoll::suite::model::FileList;
use serde::de::IgnoredAny;

/// The size in bytes to which the built-in population is repeated.
const LENGTH: usize = 48 << 20;

/// The number of turns of each candidate.
const TURNS: usize = 5;

/// The number of bytes of the corpus for slow candidates.
const SLOW: usize = 8 << 20;

struct Corpus {
    files: Vec<Vec<u8>>,
}

impl Corpus {
    fn read() -> Self {
        let own = std::env::var_os("PLIMSOLL_CORPUS").map(PathBuf::from);
        let folder = own.clone().unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/population"));
        let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "ndjson"));
        paths.sort();
        let mut files: Vec<Vec<u8>> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
        if own.is_none() {
            let total: usize = files.iter().map(Vec::len).sum();
            for file in &mut files {
                *file = file.repeat(LENGTH / total);
            }
        }
        Self { files }
    }

    fn bytes(&self) -> usize {
        self.files.iter().map(Vec::len).sum()
    }

    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.files.iter().flat_map(|file| file.split(|b| *b == b'\n')).filter(|line| !line.is_empty())
    }

    /// Returns at most `most` bytes of the corpus, for slow candidates.
    fn cut(&self, most: usize) -> Self {
        let share = most as f64 / self.bytes() as f64;
        let cut = |file: &Vec<u8>| {
            let near = (file.len() as f64 * share.min(1.0)) as usize;
            let end = file[..near].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
            file[..end].to_vec()
        };
        Self { files: self.files.iter().map(cut).collect() }
    }

    /// Returns the corpus with an unknown key in every `each`th line.
    fn broken(&self, each: usize) -> Self {
        let mut count = 0;
        let mut file_of = |file: &Vec<u8>| {
            let mut out = Vec::with_capacity(file.len() + file.len() / 20);
            for line in file.split_inclusive(|b| *b == b'\n') {
                let end = line.iter().rposition(|b| *b == b'}');
                count += 1;
                match end.filter(|_| count % each == 0) {
                    Some(end) => {
                        out.extend_from_slice(&line[..end]);
                        out.extend_from_slice(b",\"keel\":1}\n");
                    }
                    None => out.extend_from_slice(line),
                }
            }
            out
        };
        Self { files: self.files.iter().map(&mut file_of).collect() }
    }

    fn packed(&self) -> Vec<Vec<u8>> {
        let pack = |file: &Vec<u8>| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(file).unwrap();
            encoder.finish().unwrap()
        };
        self.files.iter().map(pack).collect()
    }
}

/// Returns the megabytes per second of the best turn.
fn best(bytes: usize, turns: &[f64]) -> f64 {
    bytes as f64 / turns.iter().copied().fold(f64::MAX, f64::min) / 1e6
}

/// Returns the elapsed seconds of some work, for work of several threads.
fn wall(mut work: impl FnMut()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64()
}

/// Returns the seconds that this thread has spent on a core.
fn on_core() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(stat.split(' ').next()?.parse::<f64>().ok()? / 1e9)
}

/// Returns the seconds on a core for some work of this thread; the elapsed seconds if that is not known.
fn time(mut work: impl FnMut()) -> f64 {
    let before = on_core();
    let by_clock = wall(&mut work);
    match (before, on_core()) {
        (Some(before), Some(after)) if after > before => after - before,
        _ => by_clock,
    }
}

/// Reads files as `plimsoll ndjson` does (framing, validation, findings), and returns the number of invalid lines.
fn whole(files: &[Vec<u8>], coding: Coding) -> u64 {
    let mut invalid = 0;
    for file in files {
        let inspector = Box::new(FhirInspector::new(plimsoll::fhir::definitions::embedded::r4(), 512));
        let expected = Expected { list: FileList::Output, announced: None };
        let mut reader = FileReader::new(ReaderOptions {
            coding,
            inspector: Some(inspector),
            digest: false,
            ..ReaderOptions::new(expected)
        });
        for chunk in file.chunks(256 << 10) {
            reader.push(chunk).unwrap();
        }
        invalid += reader.finish(true).lines.validated.unwrap().invalid;
    }
    invalid
}

fn main() {
    let begun = Instant::now();
    let tables = plimsoll::fhir::definitions::embedded::r4();
    println!("tables of FHIR {} loaded in {:.2} ms", tables.about.fhir, begun.elapsed().as_secs_f64() * 1e3);
    let corpus = Corpus::read();
    let bytes = corpus.bytes();
    println!("{:.1} MB in {} files, {} lines\n", bytes as f64 / 1e6, corpus.files.len(), corpus.lines().count());

    let mut validator = Validator::new(tables.clone());
    let (mut ours, mut ignored) = (Vec::new(), Vec::new());
    let mut refused = 0;
    for _ in 0..TURNS {
        refused = 0;
        ours.push(time(|| {
            refused = corpus.lines().filter(|line| validator.check(black_box(line)) != Verdict::Valid).count();
        }));
        ignored.push(time(|| {
            corpus.lines().for_each(|line| drop(black_box(serde_json::from_slice::<IgnoredAny>(line))));
        }));
    }
    let (ours, ignored) = (best(bytes, &ours), best(bytes, &ignored));
    println!("one core, plain                          MB/s   x IgnoredAny");
    let row = |what: &str, rate: f64| println!("{what:40} {rate:6.0}  {:6.2}", rate / ignored);
    row("serde_json IgnoredAny", ignored);
    row(&format!("the validator ({refused} lines refused)"), ours);

    for (what, other) in [("unchanged", None), ("1% of lines wrong", Some(100)), ("every line wrong", Some(1))] {
        let broken = other.map(|each| corpus.broken(each));
        let files = broken.as_ref().map_or(&corpus.files, |broken| &broken.files);
        let size: usize = files.iter().map(Vec::len).sum();
        let turns: Vec<f64> = (0..TURNS).map(|_| time(|| _ = black_box(whole(files, Coding::Identity)))).collect();
        row(&format!("whole files, {what}"), best(size, &turns));
    }

    let slow = corpus.cut(SLOW);
    let turns: Vec<f64> = (0..TURNS)
        .map(|_| {
            time(|| slow.lines().for_each(|line| drop(black_box(serde_json::from_slice::<serde_json::Value>(line)))))
        })
        .collect();
    row("serde_json Value", best(slow.bytes(), &turns));
    match std::env::var_os("PLIMSOLL_R4_SCHEMA") {
        Some(path) => {
            let schema: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            let schema = jsonschema::validator_for(&schema).unwrap();
            let mut wrong = 0;
            let turns: Vec<f64> = (0..2)
                .map(|_| {
                    wrong = 0;
                    time(|| {
                        for line in slow.lines() {
                            let value: serde_json::Value = serde_json::from_slice(line).unwrap();
                            wrong += usize::from(!schema.is_valid(&value));
                        }
                    })
                })
                .collect();
            let rate = best(slow.bytes(), &turns);
            row(&format!("Value + jsonschema ({wrong} refused)"), rate);
            println!("the validator is {:.1} times Value + jsonschema", ours / rate);
        }
        None => println!("jsonschema: skipped; set PLIMSOLL_R4_SCHEMA to the path of the schema"),
    }

    let packed = corpus.packed();
    let gunzip: Vec<f64> = (0..TURNS)
        .map(|_| {
            time(|| {
                for file in &packed {
                    let mut out = Vec::new();
                    MultiGzDecoder::new(&file[..]).read_to_end(&mut out).unwrap();
                    black_box(out);
                }
            })
        })
        .collect();
    row("gunzip alone", best(bytes, &gunzip));
    let turns: Vec<f64> = (0..TURNS).map(|_| wall(|| _ = black_box(whole(&packed, Coding::Gzip)))).collect();
    row("whole files, gzip, two threads", best(bytes, &turns));

    // Each thread is measured by its own time, so the result shows losses to the other thread but not to other
    // processes.
    let both: Vec<f64> = (0..TURNS)
        .map(|_| {
            let rates = std::thread::scope(|scope| {
                let one = || bytes as f64 / time(|| _ = black_box(whole(&corpus.files, Coding::Identity)));
                let threads: Vec<_> = (0..2).map(|_| scope.spawn(one)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).sum::<f64>()
            });
            rates / 1e6
        })
        .collect();
    let one: Vec<f64> = (0..TURNS).map(|_| time(|| _ = black_box(whole(&corpus.files, Coding::Identity)))).collect();
    let both = both.iter().copied().fold(0.0, f64::max);
    println!("two cores do {:.2} times the work of one", both / best(bytes, &one));
}
