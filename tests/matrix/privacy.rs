//! Patient data stays in the exported files: a marked population is exported under every fault, and everything that a
//! run writes is searched for it.
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

/// Keys of values that identify no patient (codes, types, units, times of change) or that tests request.
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

/// Returns the texts of the population that could identify a person.
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
    // Tests send times of change, so texts that equal a time of change are no marks.
    let changed: BTreeSet<String> =
        marks.iter().filter_map(|mark| mark.strip_prefix("changed ")).map(str::to_owned).collect();
    marks.retain(|mark| !mark.starts_with("changed ") && !changed.contains(mark));
    // Short texts may occur by chance, and tests request URLs and a Group, so these are no marks.
    marks.retain(|mark| mark.chars().count() >= 6 && !mark.starts_with("http") && mark != KEPT_GROUP);
    marks
}

fn collect(value: &Value, key: &str, marks: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| collect(value, key, marks)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, key, marks)),
        Value::String(text) if key == "lastUpdated" => drop(marks.insert(format!("changed {text}"))),
        // Ids and references of patients are marks too. Those of organizations and groups are not: tests request them.
        Value::String(text) if !SHARED.contains(&key) && !matches!(key, "id" | "reference") => {
            marks.insert(text.clone());
        }
        Value::String(text) if text.contains("sailor-") => {
            marks.insert(text.clone());
        }
        _ => {}
    }
}

/// Finds many marks in one pass: compares the first three bytes, then the complete mark.
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

/// Returns everything that a run writes or prints, by name. `run.json` contains the complete recording.
fn written(run: &Run) -> [(&'static str, String); 5] {
    let mut printed = terminal::summary(run, &terminal::TerminalOptions::default());
    for judgement in &run.judgements {
        let is_shown = |verdict| matches!(verdict, Verdict::Fail | Verdict::Warn | Verdict::Error);
        for test in judgement.tests.iter().filter(|test| is_shown(test.verdict)) {
            printed += &finding::render_once(run, judgement, test);
        }
    }
    [
        ("run.json", serde_json::to_string(run).unwrap()),
        ("index.html", html::page::render(run)),
        ("junit.xml", junit::render(run, false).unwrap()),
        ("checklist.md", checklist::render(run)),
        ("terminal", printed),
    ]
}

/// Returns whether a run may show a text: ids of patients, times that bound an export, and the Group of the settings.
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
    /// Searches for all texts of the population except those that a run of the conformant server shows, such as the id
    /// of a patient that it sends as a sample value.
    pub fn new(catalog: &Catalog) -> Self {
        let marks = marks();
        assert!(marks.len() > 100 && marks.contains("Ankerløkke"), "{} marks", marks.len());
        let spec = Personality::Stu3;
        let conformant = judged(catalog, &whole_plan(catalog, spec).unwrap(), spec, Vec::new()).unwrap();
        let all = Sieve::new(marks.clone());
        let known: BTreeSet<String> =
            written(&conformant).iter().flat_map(|(_, text)| all.found(text)).map(str::to_owned).collect();
        let names = known.iter().filter(|mark| !may_be_shown(mark)).collect::<Vec<_>>();
        assert!(names.is_empty(), "a run of the conformant server shows {names:?}");
        let sieve = Sieve::new(marks.into_iter().filter(|mark| !known.contains(mark)).collect());
        Self { sieve, found: Mutex::default(), searched: AtomicUsize::new(0) }
    }

    /// Searches a run, under one spec for each fault: the first that the fault concerns. The provider directory has no
    /// patients, so its runs are not searched.
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

    /// Returns the number of searched runs, and the texts that were found in them.
    pub fn end(self) -> (usize, BTreeSet<String>) {
        (self.searched.into_inner(), self.found.into_inner().unwrap())
    }
}

#[test]
fn no_patient_data_is_in_anything_that_a_run_writes() {
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
