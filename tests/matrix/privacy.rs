//! Nothing of a patient leaves the files: a marked population is exported under every fault, and searched for in
//! everything that a run writes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use plimsoll::base::vocabulary::Verdict;
use plimsoll::judge::judge_run;
use plimsoll::plan::model::Plan;
use plimsoll::reference::fault::definition::Fault;
use plimsoll::reference::personality::spec::Personality;
use plimsoll::report::{checklist, finding, html, junit, terminal};
use plimsoll::selftest::matrix::whole_plan;
use plimsoll::selftest::reference_run::{KEPT_GROUP, recorded};
use plimsoll::suite::catalog::Catalog;
use serde_json::Value;

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
struct Sieve<'m> {
    starts: Vec<bool>,
    marks: HashMap<[u8; 3], Vec<&'m str>>,
}

impl<'m> Sieve<'m> {
    fn new(marks: impl Iterator<Item = &'m String>) -> Self {
        let mut sieve = Self { starts: vec![false; 1 << 24], marks: HashMap::new() };
        for mark in marks {
            let start: [u8; 3] = mark.as_bytes()[..3].try_into().unwrap();
            sieve.starts[place(&start)] = true;
            sieve.marks.entry(start).or_default().push(mark);
        }
        sieve
    }

    fn found(&self, text: &str) -> BTreeSet<&'m str> {
        let bytes = text.as_bytes();
        let mut found = BTreeSet::new();
        for (at, window) in bytes.windows(3).enumerate() {
            if self.starts[place(window)] {
                let marks = &self.marks[window];
                found.extend(marks.iter().filter(|mark| bytes[at..].starts_with(mark.as_bytes())));
            }
        }
        found
    }
}

fn place(start: &[u8]) -> usize {
    usize::from(start[0]) << 16 | usize::from(start[1]) << 8 | usize::from(start[2])
}

/// Everything that a run writes or says, by its name. The record holds all of the recording.
fn written(catalog: &Catalog, plan: &Plan, spec: Personality, faults: Vec<Fault>) -> Vec<(String, String)> {
    let run = judge_run::judge_whole(catalog, plan, recorded(catalog, plan, spec, faults).unwrap());
    let mut told = terminal::summary(&run, &terminal::TerminalOptions::default());
    for judgement in &run.judgements {
        let loud = |verdict| matches!(verdict, Verdict::Fail | Verdict::Warn | Verdict::Error);
        for test in judgement.tests.iter().filter(|test| loud(test.verdict)) {
            told += &finding::render_once(&run, judgement, test);
        }
    }
    let texts = [
        ("run.json", serde_json::to_string(&run).unwrap()),
        ("index.html", html::page::render(&run)),
        ("junit.xml", junit::render(&run, false).unwrap()),
        ("checklist.md", checklist::render(&run)),
        ("terminal", told),
    ];
    texts.map(|(name, text)| (name.to_owned(), text)).into()
}

#[test]
fn no_resource_is_found_in_anything_that_is_written() {
    let marks = marks();
    assert!(marks.len() > 100 && marks.contains("Ankerløkke"), "{} marks", marks.len());
    let spec = Personality::from_word("hl7-3.0.0").unwrap();
    let catalog = plimsoll::suite::source::embedded().unwrap();
    let plan = whole_plan(&catalog, spec).unwrap();
    let honest = written(&catalog, &plan, spec, Vec::new());
    // What an honest run says for reasons of its own (a pick that a test sends, such as a patient's id) is known.
    let all = Sieve::new(marks.iter());
    let asked: BTreeSet<&str> = honest.iter().flat_map(|(_, text)| all.found(text)).collect();
    let is_asked = |mark: &str| {
        // Patients by their id, times between which to export, and the Group that the caller named.
        mark.contains("sailor-") || plimsoll::base::instant::Instant::parse(mark).is_some() || mark == "harbour"
    };
    let names = asked.iter().filter(|mark| !is_asked(mark)).collect::<Vec<_>>();
    assert!(names.is_empty(), "an honest run shows {names:?}");

    let sieve = Sieve::new(marks.iter().filter(|mark| !asked.contains(mark.as_str())));
    // Under another rule book a fault may do nothing; those of a provider directory concern no patients.
    let of = |fault: &Fault| match fault.concerns("hl7-3.0.0") {
        true => Some("hl7-3.0.0"),
        false => Personality::ALL.iter().map(|spec| spec.as_str()).find(|spec| fault.concerns(spec)),
    };
    let faults: Vec<(Fault, &str)> = plimsoll::reference::fault::embedded::faults()
        .unwrap()
        .into_iter()
        .filter_map(|fault| of(&fault).map(|spec| (fault, spec)))
        .collect();
    let faults: Vec<(Fault, &str)> = faults.into_iter().filter(|(_, spec)| *spec != "au-hcpd-0.3.0-preview").collect();
    assert!(faults.len() > 500, "{} faults", faults.len());
    let plans: HashMap<&str, Plan> =
        Personality::ALL.iter().map(|spec| (spec.as_str(), whole_plan(&catalog, *spec).unwrap())).collect();
    let found = std::sync::Mutex::new(BTreeSet::new());
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some((fault, spec)) = faults.get(index) else { return };
                    let (plan, spec) = (&plans[spec], Personality::from_word(spec).unwrap());
                    for (name, text) in written(&catalog, plan, spec, vec![fault.clone()]) {
                        // Where a fault spoils the line of the patient that is picked else, another one is.
                        for mark in sieve.found(&text).into_iter().filter(|mark| !is_asked(mark)) {
                            found.lock().unwrap().insert(format!("{} shows {mark:?} in {name}", fault.id));
                        }
                    }
                }
            });
        }
    });
    let found = found.into_inner().unwrap();
    assert!(found.is_empty(), "{} leaks: {found:#?}", found.len());
}
