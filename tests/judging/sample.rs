//! `reports/sample`: one committed run, of the reference server with three faults, made in paused time and drawn anew
//! here, so that it always shows what Plimsoll writes today. After a change that is meant:
//!
//! ```text
//! UPDATE=1 cargo test --test judging sample
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use plimsoll::base::vocabulary::Verdict;
use plimsoll::judge::judge_run;
use plimsoll::plan::model::Plan;
use plimsoll::recording::model::{Entry, Recording};
use plimsoll::recording::store;
use plimsoll::reference::fault::definition::FaultKind;
use plimsoll::reference::personality::spec::Personality;
use plimsoll::report::write::write_all;
use plimsoll::selftest::{matrix, reference_run, try_fault};
use plimsoll::suite::catalog::Catalog;
use plimsoll::verdicts::judged_run::{Conformance, Run};

/// One that is seen in polls, one in the lines of files, one after a DELETE.
const FAULTS: [&str; 3] = ["status-200-while-running", "ndjson-invalid-json-line", "cancel-poll-202"];

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/sample")
}

/// Gives the tokens that stand for random ids the numbers of their first appearance: `[u7f3a]`, `[u04c1]` become
/// `[u0001]`, `[u0002]`.
fn renumbered(text: &str) -> String {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("[u") {
        let (before, token) = rest.split_at(at);
        out += before;
        let digits = token[2..].find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(token.len() - 2);
        if digits < 4 || !token[2 + digits..].starts_with(']') {
            out += "[u";
            rest = &token[2..];
            continue;
        }
        let next = numbers.len() + 1;
        let number = *numbers.entry(&token[2..2 + digits]).or_insert(next);
        out += &format!("[u{number:04x}]");
        rest = &token[3 + digits..];
    }
    out + rest
}

/// The recording of the sample, with nothing random left in it.
fn recorded() -> (Catalog, Plan, Recording) {
    let catalog = plimsoll::suite::source::embedded().unwrap();
    let spec = Personality::Stu3;
    let ask = plimsoll::plan::build::PlanRequest {
        specs: vec![spec.to_string()],
        ..plimsoll::plan::build::PlanRequest::default()
    };
    // What other flows show is alike, and a clone should stay small.
    let flows = ["@system", "@cancelled"];
    let plan =
        plimsoll::plan::build::build(&catalog, &ask, &|name| flows.iter().any(|flow| name.ends_with(flow))).unwrap();
    let faults = FAULTS.map(|id| plimsoll::reference::fault::embedded::fault(id).unwrap()).to_vec();
    let recording = reference_run::recorded(&catalog, &plan, spec, faults).unwrap();
    let mut recording: Recording =
        serde_json::from_str(&renumbered(&serde_json::to_string(&recording).unwrap())).unwrap();
    // Hashes under the key of one run mean nothing beyond it. No test of the sample asks for them, or it would be an
    // error, which the other test does not allow.
    recording.files.iter_mut().for_each(|file| file.identity = None);
    (catalog, plan, recording)
}

/// Writes the recording and the reports as `plimsoll run` does.
fn write(folder: &Path, recording: &Recording, run: &Run) {
    let mut out = store::Writer::create(&folder.join(store::FOLDER)).unwrap();
    out.write(&Entry::Start(Box::new(recording.start.clone()))).unwrap();
    recording.exchanges.iter().for_each(|one| out.write(&Entry::Exchange(Box::new(one.clone()))).unwrap());
    recording.files.iter().for_each(|one| out.write(&Entry::File(Box::new(one.clone()))).unwrap());
    recording.flows.iter().for_each(|one| out.write(&Entry::Flow(Box::new(one.clone()))).unwrap());
    out.write(&Entry::End(recording.end.clone().expect("the run has an end"))).unwrap();
    write_all(folder, run, &plimsoll::report::write::WriteOptions::default()).unwrap();
}

/// The files below a folder, by their path within it.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for name in ["", store::FOLDER] {
        let Ok(entries) = fs::read_dir(folder.join(name)) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
            let within = path.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
            found.insert(within, fs::read_to_string(&path).unwrap());
        }
    }
    found
}

#[test]
fn the_committed_sample_is_what_is_written_today() {
    let (catalog, plan, recording) = recorded();
    let run = judge_run::judge(&catalog, &plan, &recording);
    let fresh = tempfile::tempdir().unwrap();
    write(fresh.path(), &recording, &run);
    let new = files(fresh.path());
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        let _ = fs::remove_dir_all(sample());
        write(&sample(), &recording, &run);
    }
    let old = files(&sample());
    let again = "UPDATE=1 cargo test --test judging sample writes it anew; then look at what changed";
    assert_eq!(
        old.keys().collect::<Vec<_>>(),
        new.keys().collect::<Vec<_>>(),
        "reports/sample has other files; {again}"
    );
    for (name, text) in &new {
        let line = old[name].lines().zip(text.lines()).position(|(old, new)| old != new);
        assert!(old[name] == *text, "reports/sample/{name} is not fresh (line {:?}); {again}", line.map(|n| n + 1));
    }
    let size: usize = new.values().map(String::len).sum();
    assert!(size < 1_200_000, "reports/sample has {size} bytes; a clone should stay small");
}

#[test]
fn the_sample_shows_the_three_faults_and_is_replayed_alike() {
    let (catalog, plan, recording) = recorded();
    let run = judge_run::judge(&catalog, &plan, &recording);
    let judgement = &run.judgements[0];
    assert_eq!(judgement.outcome, Conformance::NotConformant);
    let undecided: Vec<_> = judgement.tests.iter().filter(|test| test.verdict == Verdict::Error).collect();
    assert!(undecided.is_empty(), "{undecided:?}");
    let broken = judgement.tests.iter().filter(|test| matches!(test.verdict, Verdict::Fail | Verdict::Warn));
    let broken: BTreeSet<&str> = broken.map(|test| test.id.split('@').next().unwrap()).collect();
    for fault in FAULTS {
        let notices = plimsoll::reference::fault::embedded::fault(fault).unwrap().notices;
        let noticed = notices.iter().any(|test| broken.contains(test.split('@').next().unwrap()));
        assert!(noticed, "{fault} is not noticed: {broken:?}");
    }
    // Where it lies is the other test's matter, which may be writing there.
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &recording, &run);
    let read = store::read(folder.path()).unwrap();
    assert_eq!(judge_run::judge(&catalog, &plan, &read).judgements, run.judgements);
}

/// What README.md says of the matrix.
fn counted() -> String {
    let catalog = plimsoll::suite::source::embedded().unwrap();
    let faults = plimsoll::reference::fault::embedded::faults().unwrap();
    let defects = faults.iter().filter(|fault| fault.kind == FaultKind::Defect).count();
    let (mut tests, mut cells) = (0, 0);
    for spec in Personality::ALL {
        let plan = matrix::whole_plan(&catalog, *spec).unwrap();
        tests += plan.tests.len();
        cells += faults.iter().filter(|fault| try_fault::is_tried(&catalog, &plan, *spec, fault)).count();
    }
    format!(
        "Today that is {defects} faults and {} legal variants under {} specs in {cells} cells, and {} tests, {tests} with \
         their flows and specs.",
        faults.len() - defects,
        Personality::ALL.len(),
        catalog.tests.len(),
    )
}

#[test]
fn the_readme_counts_what_there_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(&path).unwrap();
    let mark = "\nToday that is ";
    let (before, rest) = text.split_once(mark).expect("the sentence is there");
    let (old, after) = rest.split_once('\n').unwrap();
    let new = counted();
    let new = new.strip_prefix(mark.trim_start()).expect("the sentence begins so");
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        fs::write(&path, format!("{before}{mark}{new}\n{after}")).unwrap();
    } else {
        assert_eq!(old, new, "UPDATE=1 cargo test --test judging sample writes it anew");
    }
}

#[test]
fn tokens_are_numbered_by_first_appearance() {
    assert_eq!(renumbered("a[uffff]b[u0a1bc][uffff][u][use][u12"), "a[u0001]b[u0002][u0001][u][use][u12");
}

#[test]
fn the_page_of_what_is_covered_is_fresh() {
    let catalog = plimsoll::suite::source::embedded().unwrap();
    let specs: Vec<String> = catalog.specs.keys().cloned().collect();
    let page = plimsoll::report::coverage::markdown(&catalog, &specs);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("COVERAGE.md");
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        fs::write(&path, &page).unwrap();
    }
    let fresh = fs::read_to_string(&path).is_ok_and(|written| written == page);
    assert!(fresh, "COVERAGE.md is not fresh; UPDATE=1 cargo test --test judging sample writes it anew");
}
