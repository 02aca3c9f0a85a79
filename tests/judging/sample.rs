//! `reports/sample`: one committed run of the reference server with three faults, made in paused time. These tests make
//! it again and compare it, so that it always shows what Plimsoll writes today. After an intended change:
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
use plimsoll::reference::personality::spec::Personality;
use plimsoll::report::write::write_all;
use plimsoll::selftest::reference_run;
use plimsoll::suite::catalog::Catalog;
use plimsoll::verdicts::judged_run::{Conformance, Run};

/// One fault that shows in polls, one in the lines of files, one after a DELETE.
const FAULTS: [&str; 3] = ["status-200-while-running", "ndjson-invalid-json-line", "cancel-poll-202"];

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/sample")
}

/// Numbers the tokens of random ids in the order of their first occurrence: `[u7f3a]`, `[u04c1]` become `[u0001]`,
/// `[u0002]`.
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

/// Returns the recording of the sample, without random values.
fn recorded() -> (Catalog, Plan, Recording) {
    let catalog = plimsoll::suite::source::embedded().unwrap();
    let spec = Personality::Stu3;
    let request = plimsoll::plan::build::PlanRequest {
        specs: vec![spec.to_string()],
        ..plimsoll::plan::build::PlanRequest::default()
    };
    // Other flows show the same, and a clone of the repository must be small.
    let flows = ["@system", "@cancelled"];
    let plan = plimsoll::plan::build::build(&catalog, &request, &|name| flows.iter().any(|flow| name.ends_with(flow)))
        .unwrap();
    let faults = FAULTS.map(|id| plimsoll::reference::fault::embedded::fault(id).unwrap()).to_vec();
    let recording = reference_run::recorded(&catalog, &plan, spec, faults).unwrap();
    let mut recording: Recording =
        serde_json::from_str(&renumbered(&serde_json::to_string(&recording).unwrap())).unwrap();
    // Hashes with the key of one run have no meaning in others. No test of the sample needs them, because the next test
    // permits no undecided test.
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

/// Returns the files below a folder, by their relative path.
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
fn the_committed_sample_is_up_to_date() {
    let (catalog, plan, recording) = recorded();
    let run = judge_run::judge(&catalog, &plan, &recording);
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &recording, &run);
    let new = files(folder.path());
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        let _ = fs::remove_dir_all(sample());
        write(&sample(), &recording, &run);
    }
    let old = files(&sample());
    let again = "run UPDATE=1 cargo test --test judging sample and review the changes";
    assert_eq!(
        old.keys().collect::<Vec<_>>(),
        new.keys().collect::<Vec<_>>(),
        "reports/sample has other files; {again}"
    );
    for (name, text) in &new {
        let line = old[name].lines().zip(text.lines()).position(|(old, new)| old != new);
        assert!(old[name] == *text, "reports/sample/{name} is out of date (line {:?}); {again}", line.map(|n| n + 1));
    }
    let size: usize = new.values().map(String::len).sum();
    assert!(size < 1_200_000, "reports/sample has {size} bytes, which is too large for a repository");
}

#[test]
fn the_sample_shows_its_faults_and_replays_the_same() {
    let (catalog, plan, recording) = recorded();
    let run = judge_run::judge(&catalog, &plan, &recording);
    let judgement = &run.judgements[0];
    assert_eq!(judgement.outcome, Conformance::NotConformant);
    let undecided: Vec<_> = judgement.tests.iter().filter(|test| test.verdict == Verdict::Error).collect();
    assert!(undecided.is_empty(), "{undecided:?}");
    let violated = judgement.tests.iter().filter(|test| matches!(test.verdict, Verdict::Fail | Verdict::Warn));
    let violated: BTreeSet<&str> = violated.map(|test| test.id.split('@').next().unwrap()).collect();
    for fault in FAULTS {
        let notices = plimsoll::reference::fault::embedded::fault(fault).unwrap().notices;
        let noticed = notices.iter().any(|test| violated.contains(test.split('@').next().unwrap()));
        assert!(noticed, "{fault} is not noticed: {violated:?}");
    }
    // Another test may write to reports/sample at the same time.
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &recording, &run);
    let read = store::read(folder.path()).unwrap();
    assert_eq!(judge_run::judge(&catalog, &plan, &read).judgements, run.judgements);
}

#[test]
fn tokens_are_numbered_by_first_occurrence() {
    assert_eq!(renumbered("a[uffff]b[u0a1bc][uffff][u][use][u12"), "a[u0001]b[u0002][u0001][u][use][u12");
}
