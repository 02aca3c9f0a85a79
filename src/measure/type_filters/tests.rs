//! Tests of the counts of filters in files.

use serde_json::json;

use super::*;
use crate::ndjson::expected::Expected;
use crate::ndjson::identity::{Identity, RunKey};
use crate::ndjson::reader::{FileReader, ReaderOptions};
use crate::recording::comparison::Comparison;
use crate::suite::model::FileList;

fn params(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn location(id: &str, city: &str, updated: &str) -> Value {
    json!({"resourceType": "Location", "id": id, "address": {"city": city}, "meta": {"lastUpdated": updated}})
}

fn service(id: &str, place: &str) -> Value {
    json!({"resourceType": "HealthcareService", "id": id, "location": [{"reference": format!("Location/{place}")}]})
}

/// Returns the measurements of files with these lines, all of one flow.
fn read(counter: &Arc<Counter>, files: &[&[Value]], index: &Identity) -> Vec<Measured> {
    let mut all = Vec::new();
    for lines in files {
        let mut options = ReaderOptions::new(Expected { list: FileList::Output, announced: None });
        let (observer, measured) = counter.observer().unzip();
        options.observer = observer;
        options.identity = Some(index.clone());
        let mut reader = FileReader::new(options);
        for line in *lines {
            reader.push(format!("{line}\n").as_bytes()).unwrap();
        }
        reader.finish(true);
        all.push(measured.map(|measured| measured.take()).unwrap_or_default());
    }
    all
}

fn resources() -> Vec<Value> {
    let old = "2020-01-01T00:00:00Z";
    vec![
        location("a", "Balmain", old),
        location("b", "Carlton", "2022-01-01T00:00:00Z"),
        service("x", "a"),
        service("y", "b"),
    ]
}

fn index() -> Identity {
    Identity::new(&RunKey::new())
}

fn store(lines: &[Value]) -> ResourceStore {
    let counter = Counter::new(&[], Measures { resources: true, ..Measures::default() }, Vec::new());
    let mut measured = read(&counter, &[lines], &index());
    kept_store(&counter, &mut measured, true)
}

fn kept_store(counter: &Counter, files: &mut [Measured], whole: bool) -> ResourceStore {
    let mut store = counter.new_store();
    files.iter_mut().for_each(|file| counter.keep(file, &mut store));
    if whole {
        counter.set_whole(&mut store);
    }
    store
}

/// Returns the facts of each file, and the comparison with all resources.
fn measured(sent: &[(&str, &str)], files: &[&[Value]]) -> (Vec<Option<Filtered>>, Option<Comparison>) {
    let measures = Measures { compared: true, ..Measures::default() };
    let (counter, index, source) = (Counter::new(&params(sent), measures, Vec::new()), index(), store(&resources()));
    let mut all = read(&counter, files, &index);
    let own = kept_store(&counter, &mut all, false);
    let facts = all.into_iter().map(|one| counter.settle(one, &own, Some(&source))).collect();
    let compared = counter.compare(("everything", &source), &own, &index);
    (facts, compared.map(|compared| compared.comparison))
}

fn kept(comparison: &Comparison) -> Vec<(&str, u64, u64)> {
    comparison.types.iter().map(|(kind, kept)| (kind.as_str(), kept.expected, kept.found)).collect()
}

#[test]
fn lines_that_do_not_match_are_counted_and_named() {
    let world = resources();
    let (facts, comparison) = measured(
        &[("_type", "Location"), ("_typeFilter", "Location?address-city=Balmain")],
        &[&world[..2], &world[2..]],
    );
    let filtered = Filtered { matched: 1, unmatched: 1, undecided: 0, lines: vec![2] };
    assert_eq!(facts, [Some(filtered), None], "the filter does not apply to services");
    assert_eq!(kept(&comparison.unwrap()), [("Location", 1, 1)]);
}

#[test]
fn missing_resources_are_counted_by_type() {
    let world = resources();
    let filter = ("_typeFilter", "Location?address-city=Balmain");
    let (_, comparison) = measured(&[filter], &[&world[1..2]]);
    assert_eq!(kept(&comparison.unwrap()), [("HealthcareService", 2, 0), ("Location", 1, 0)]);
    let (_, comparison) = measured(&[("_type", "Location"), ("_since", "2021-01-01T00:00:00Z")], &[&world[1..2]]);
    assert_eq!(kept(&comparison.unwrap()), [("Location", 1, 1)]);
    let (_, comparison) = measured(&[("patient", "Patient/1")], &[&world]);
    assert_eq!(kept(&comparison.unwrap()), [], "no resource belongs to this patient");
    let (_, comparison) = measured(&[("includeAssociatedData", "x")], &[&world]);
    assert_eq!(comparison, None, "the effect of that parameter is not known");
}

#[test]
fn chains_are_followed_after_all_files_were_read() {
    let world = resources();
    let sent = [("_typeFilter", "HealthcareService?location.address-city=Balmain")];
    let (facts, _) = measured(&sent, &[&world[2..], &world[..2]]);
    assert_eq!(facts[0], Some(Filtered { matched: 1, unmatched: 1, undecided: 0, lines: vec![2] }));
    let other = [
        service("z", "elsewhere"),
        json!({"resourceType": "HealthcareService", "id": "w", "location": [{"display": "there"}]}),
    ];
    let (facts, _) = measured(&sent, &[&other]);
    let filtered = Filtered { matched: 0, unmatched: 1, undecided: 1, lines: vec![1] };
    assert_eq!(facts, [Some(filtered)], "the earlier export was complete, so the Location does not exist");
}

#[test]
fn filters_of_one_type_are_alternatives_and_unknown_ones_decide_nothing() {
    let world = resources();
    let either = [("_typeFilter", "Location?address-city=Balmain"), ("_typeFilter", "Location?address-city=Carlton")];
    let (facts, _) = measured(&either, &[&world[..2]]);
    assert_eq!(facts[0].as_ref().map(|facts| (facts.matched, facts.unmatched)), Some((2, 0)));
    for unknown in ["Location?plimsoll=1", "Location"] {
        let (facts, _) = measured(&[("_typeFilter", unknown)], &[&world[..2]]);
        assert_eq!(
            facts[0].as_ref().map(|facts| (facts.matched, facts.unmatched, facts.undecided)),
            Some((0, 0, 2)),
            "{unknown}"
        );
    }
}

#[test]
fn a_full_store_is_not_whole() {
    use crate::search::world::World as _;
    let long = "x".repeat(300_000);
    let many: Vec<Value> = (0..5).map(|n| location(&n.to_string(), &long, "2020-01-01T00:00:00Z")).collect();
    let store = store(&many);
    assert_eq!((store.of("Location").count(), store.is_whole("Location")), (3, false));
    assert!(store.is_whole("Organization"), "there are none, and all files were read");
}
