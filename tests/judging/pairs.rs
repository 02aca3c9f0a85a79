//! Two faults at the same time are both noticed, in seeded pairs, unless one of them prevents a decision on the tests
//! of the other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use plimsoll::base::vocabulary::Verdict;
use plimsoll::reference::fault::definition::{Fault, FaultKind};
use plimsoll::reference::personality::spec::Personality;

use plimsoll::selftest::matrix::whole_plan;
use plimsoll::selftest::reference_run::judged;
use plimsoll::selftest::try_fault::is_tried;

use plimsoll::verdicts::judged_run::TestResult;

/// The number of pairs in which both faults must be noticed.
const PAIRS: usize = 200;

/// Returns a pseudorandom number of a pair (FNV-1a, then the end of SplitMix64). It depends only on the two ids, so a
/// new fault does not change which other pairs are tried.
fn pair_number(one: &str, other: &str) -> u64 {
    let bytes = one.bytes().chain([b' ']).chain(other.bytes());
    let mut z =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Returns whether two faults may change the same responses, so that one may overwrite the change of the other. A
/// behavior may conflict with faults of its area, and with changes of one specific file or item: if the behavior lists
/// other items, such a change has no effect.
fn conflict(one: &Fault, other: &Fault) -> bool {
    let points = |fault: &Fault| -> BTreeSet<String> {
        fault.does.iter().flat_map(|step| step.at.iter().map(|at| at.split('.').next().unwrap().to_owned())).collect()
    };
    let behaves = |fault: &Fault| fault.behaviors().next().is_some();
    let is_specific = |fault: &Fault| {
        fault.does.iter().any(|step| {
            let pointers = step.set_json.keys().chain(&step.remove_json).chain(step.copy_json.keys());
            let item = |pointer: &String| {
                pointer.split('/').any(|key| key.bytes().all(|b| b.is_ascii_digit()) && !key.is_empty())
            };
            step.when.file.is_some() || pointers.into_iter().any(item)
        })
    };
    let overlaps = |one: &Fault, other: &Fault| behaves(one) && (one.area == other.area || is_specific(other));
    // The requests of a run depend on the files that it received, so a fault that waits for a certain parameter value
    // may never have an effect.
    let waits = |fault: &Fault| fault.does.iter().any(|step| !step.when.param_is.is_empty());
    let alters = |fault: &Fault| points(fault).contains("file");
    let misses = |one: &Fault, other: &Fault| waits(one) && alters(other);
    !points(one).is_disjoint(&points(other))
        || overlaps(one, other)
        || overlaps(other, one)
        || misses(one, other)
        || misses(other, one)
}

/// How a run shows a fault.
#[derive(Debug, PartialEq)]
enum Shown {
    /// A test that must notice it noticed it.
    Yes,
    /// None of its tests was decided, because the other fault ended the flow.
    Stopped,
    /// Its tests were decided, and none noticed it.
    Hidden,
}

fn shown(fault: &Fault, tests: &[TestResult]) -> Shown {
    let names = |entry: &String, id: &str| entry == id || id.split_once('@').is_some_and(|(name, _)| name == entry);
    let own = || tests.iter().filter(|test| fault.notices.iter().any(|entry| names(entry, &test.id)));
    if own().any(|test| matches!(test.verdict, Verdict::Fail | Verdict::Warn)) {
        Shown::Yes
    } else if own().any(|test| test.verdict == Verdict::Pass && !test.id.ends_with("@others")) {
        // A test on an aggregating flow passes if the flow that would show the fault ended early.
        Shown::Hidden
    } else {
        Shown::Stopped
    }
}

#[test]
fn both_faults_of_two_hundred_pairs_are_noticed() {
    let began = Instant::now();
    let catalog = plimsoll::suite::source::embedded().unwrap();
    let spec = Personality::from_word("hl7-3.0.0").unwrap();
    let plan = whole_plan(&catalog, spec).unwrap();
    let faults: Vec<Fault> = plimsoll::reference::fault::embedded::faults()
        .unwrap()
        .into_iter()
        .filter(|fault| {
            fault.kind == FaultKind::Defect && fault.auth.is_none() && is_tried(&catalog, &plan, spec, fault)
        })
        .collect();
    let mut drawn: Vec<(u64, &Fault, &Fault)> = Vec::new();
    for (at, first) in faults.iter().enumerate() {
        let others = faults[at + 1..].iter().filter(|second| !conflict(first, second));
        drawn.extend(others.map(|second| (pair_number(&first.id, &second.id), first, second)));
    }
    drawn.sort_by_key(|(number, ..)| *number);
    let pairs: Vec<(&Fault, &Fault)> =
        drawn.iter().take(3 * PAIRS).map(|(_, first, second)| (*first, *second)).collect();

    let (next, both) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let hidden = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while both.load(Ordering::Relaxed) < PAIRS {
                    let Some((first, second)) = pairs.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
                    let run = judged(&catalog, &plan, spec, vec![(*first).clone(), (*second).clone()]).unwrap();
                    let tests = &run.judgements[0].tests;
                    match (shown(first, tests), shown(second, tests)) {
                        (Shown::Yes, Shown::Yes) => drop(both.fetch_add(1, Ordering::Relaxed)),
                        (Shown::Hidden, _) | (_, Shown::Hidden) => {
                            hidden.lock().unwrap().push(format!("{} and {}", first.id, second.id));
                        }
                        _ => {}
                    }
                }
            });
        }
    });
    let (both, tried) = (both.into_inner(), next.into_inner().min(pairs.len()));
    println!("both faults were noticed in {both} of {tried} pairs, in {:.1?}", began.elapsed());
    let hidden = hidden.into_inner().unwrap();
    assert!(hidden.is_empty(), "one fault hides another: {hidden:#?}");
    assert!(both >= PAIRS, "both faults were noticed in only {both} of {tried} pairs");
}
