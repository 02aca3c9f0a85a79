//! Nothing of a patient leaves the files: a marked population is exported under every fault, and searched for in
//! everything that a run writes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use plimsoll::base::vocabulary::Verdict;
use plimsoll::reference::fault::definition::Fault;
use plimsoll::reference::personality::spec::Personality;
use plimsoll::report::{checklist, finding, html, junit, terminal};
use plimsoll::selftest::matrix::whole_plan;
use plimsoll::selftest::reference_run::{KEPT_GROUP, judged};
use plimsoll::suite::catalog::Catalog;
use plimsoll::verdicts::judged_run::Run;
use serde_json::Value;

use crate::{MatrixRuns, matrix_runs};

/// Keys whose values are codes, types, units and times of measurement: the same for everybody, or asked for by tests.
const SHARED: [&str; 14] = [
    "resourceType",
    "system",
    "code",
    "unit",
    "url",
    "use",
    "gender",
    "status",
    "type",
    "lastUpdated",
    "versionId",
    "display",
    "contentType",
    "intent",
];

/// The texts of the population that could name, place or describe somebody.
fn marks() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/population");
    let mut marks = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "ndjson") {
            continue;
        }
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            collect(&serde_json::from_str(line).unwrap(), "", &mut marks);
        }
    }
    // A test that picks a time between two exports sends a time of change; other times of the same instant are no mark.
    let changed: BTreeSet<String> =
        marks.iter().filter_map(|mark| mark.strip_prefix("changed ")).map(str::to_owned).collect();
    marks.retain(|mark| !mark.starts_with("changed ") && !changed.contains(mark));
    // What a word of ours may hold by chance, or what the tests themselves ask the server for, is no mark.
    marks.retain(|mark| mark.chars().count() >= 6 && !mark.starts_with("http") && mark != KEPT_GROUP);
    marks
}

fn collect(value: &Value, key: &str, marks: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| collect(value, key, marks)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, key, marks)),
        Value::String(text) if key == "lastUpdated" => drop(marks.insert(format!("changed {text}"))),
        // Ids and references name somebody too, but for those of organizations and groups, which tests ask for.
        Value::String(text) if !SHARED.contains(&key) && !matches!(key, "id" | "reference") => {
            marks.insert(text.clone());
        }
        Value::String(text) if text.contains("sailor-") => {
            marks.insert(text.clone());
        }
        _ => {}
    }
}

/// Finds many marks in one pass: by their first three bytes, then whole.
struct Sieve {
    starts: Vec<bool>,
    marks: HashMap<[u8; 3], Vec<String>>,
}

impl Sieve {
    fn new(all: BTreeSet<String>) -> Self {
        let (mut starts, mut marks) = (vec![false; 1 << 24], HashMap::<[u8; 3], Vec<String>>::new());
        for mark in all {
            let start: [u8; 3] = mark.as_bytes()[..3].try_into().unwrap();
            starts[place(&start)] = true;
            marks.entry(start).or_default().push(mark);
        }
        Self { starts, marks }
    }

    fn found(&self, text: &str) -> BTreeSet<&str> {
        let bytes = text.as_bytes();
        let mut found = BTreeSet::new();
        for (at, window) in bytes.windows(3).enumerate() {
            if self.starts[place(window)] {
                let marks = self.marks[window].iter().map(String::as_str);
                found.extend(marks.filter(|mark| bytes[at..].starts_with(mark.as_bytes())));
            }
        }
        found
    }
}

fn place(start: &[u8]) -> usize {
    usize::from(start[0]) << 16 | usize::from(start[1]) << 8 | usize::from(start[2])
}

/// Everything that a run writes or says, by its name. `run.json` holds all of the recording.
fn written(run: &Run) -> [(&'static str, String); 5] {
    let mut told = terminal::summary(run, &terminal::TerminalOptions::default());
    for judgement in &run.judgements {
        let loud = |verdict| matches!(verdict, Verdict::Fail | Verdict::Warn | Verdict::Error);
        for test in judgement.tests.iter().filter(|test| loud(test.verdict)) {
            told += &finding::render_once(run, judgement, test);
        }
    }
    [
        ("run.json", serde_json::to_string(run).unwrap()),
        ("index.html", html::page::render(run)),
        ("junit.xml", junit::render(run, false).unwrap()),
        ("checklist.md", checklist::render(run)),
        ("terminal", told),
    ]
}

/// Patients by their id, times between which to export, and the Group that the caller names: a run says them.
fn may_be_shown(mark: &str) -> bool {
    mark.contains("sailor-") || plimsoll::base::instant::Instant::parse(mark).is_some() || mark == "harbour"
}

/// Searches what runs write for texts of the population.
pub struct Search {
    sieve: Sieve,
    found: Mutex<BTreeSet<String>>,
    searched: AtomicUsize,
}

impl Search {
    /// For all texts of the population that a run of the conformant server does not show for reasons of its own, such as
    /// the id of a patient that it sends as a sample value.
    pub fn new(catalog: &Catalog) -> Self {
        let marks = marks();
        assert!(marks.len() > 100 && marks.contains("Ankerløkke"), "{} marks", marks.len());
        let spec = Personality::Stu3;
        let conformant = judged(catalog, &whole_plan(catalog, spec).unwrap(), spec, Vec::new()).unwrap();
        let all = Sieve::new(marks.clone());
        let asked: BTreeSet<String> =
            written(&conformant).iter().flat_map(|(_, text)| all.found(text)).map(str::to_owned).collect();
        let names = asked.iter().filter(|mark| !may_be_shown(mark)).collect::<Vec<_>>();
        assert!(names.is_empty(), "a run of the conformant server shows {names:?}");
        let sieve = Sieve::new(marks.into_iter().filter(|mark| !asked.contains(mark)).collect());
        Self { sieve, found: Mutex::default(), searched: AtomicUsize::new(0) }
    }

    /// Searches a run. A fault that does nothing under a spec is searched under one where it does; the provider directory
    /// has no patients.
    pub fn search(&self, fault: &Fault, spec: Personality, run: &Run) {
        let concerned = [Personality::Stu3].iter().chain(Personality::ALL);
        let own = concerned.copied().find(|spec| fault.concerns(spec.as_str()));
        if own != Some(spec) || spec == Personality::Hcpd {
            return;
        }
        self.searched.fetch_add(1, Ordering::Relaxed);
        for (name, text) in written(run) {
            // A fault that damages the line of the sampled patient makes the run sample another one.
            for mark in self.sieve.found(&text).into_iter().filter(|mark| !may_be_shown(mark)) {
                self.found.lock().unwrap().insert(format!("{} shows {mark:?} in {name}", fault.id));
            }
        }
    }

    /// How many runs were searched, and what was found in them.
    pub fn end(self) -> (usize, BTreeSet<String>) {
        (self.searched.into_inner(), self.found.into_inner().unwrap())
    }
}

#[test]
fn no_resource_is_found_in_anything_that_is_written() {
    let MatrixRuns { searched, shown, .. } = matrix_runs();
    assert!(*searched > 500, "{searched} runs");
    assert!(shown.is_empty(), "{shown:#?}");
}

#[test]
fn a_text_of_the_population_is_found() {
    let sieve = Sieve::new(["Ankerløkke".to_owned(), "Anker".to_owned()].into());
    assert_eq!(sieve.found("of Ankerløkke"), ["Anker", "Ankerløkke"].into());
    assert!(sieve.found("of Anke").is_empty());
}
