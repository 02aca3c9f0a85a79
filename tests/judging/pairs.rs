//! Two faults at once are two faults: of seeded pairs, each is still noticed, unless the other keeps its tests from being
//! decided at all.
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

/// Pairs that must show both.
const PAIRS: usize = 200;

/// A number that looks random and is the same each time (FNV-1a, then SplitMix64's end). It hangs on the two ids alone,
/// so that a fault that is new does not change which other pairs are tried.
fn lot(one: &str, other: &str) -> u64 {
    let bytes = one.bytes().chain([b' ']).chain(other.bytes());
    let mut z =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Whether two faults change the same answers, so that one may write over what the other wrote. Behaviors may meet those
/// of their area, and what changes one certain file or item: where the behavior lists others, it changes nothing.
fn meet(one: &Fault, other: &Fault) -> bool {
    let points = |fault: &Fault| -> BTreeSet<String> {
        fault.does.iter().flat_map(|step| step.at.iter().map(|at| at.split('.').next().unwrap().to_owned())).collect()
    };
    let behaves = |fault: &Fault| fault.behaviors().next().is_some();
    let particular = |fault: &Fault| {
        fault.does.iter().any(|step| {
            let pointers = step.set_json.keys().chain(&step.remove_json).chain(step.copy_json.keys());
            let item = |pointer: &String| {
                pointer.split('/').any(|key| key.bytes().all(|b| b.is_ascii_digit()) && !key.is_empty())
            };
            step.when.file.is_some() || pointers.into_iter().any(item)
        })
    };
    let meets = |one: &Fault, other: &Fault| behaves(one) && (one.area == other.area || particular(other));
    // What a run asks for hangs on the files that it saw, so that a fault that waits for a certain value may never be met.
    let waits = |fault: &Fault| fault.does.iter().any(|step| !step.when.param_is.is_empty());
    let alters = |fault: &Fault| points(fault).contains("file");
    let misses = |one: &Fault, other: &Fault| waits(one) && alters(other);
    !points(one).is_disjoint(&points(other))
        || meets(one, other)
        || meets(other, one)
        || misses(one, other)
        || misses(other, one)
}

#[derive(Debug, PartialEq)]
enum Shown {
    /// A test that must notice it did.
    Yes,
    /// None of its tests was decided: the other fault stopped what they look at.
    Stopped,
    /// Its tests were decided and none noticed.
    Hidden,
}

fn shown(fault: &Fault, tests: &[TestResult]) -> Shown {
    let names = |entry: &String, id: &str| entry == id || id.split_once('@').is_some_and(|(name, _)| name == entry);
    let own = || tests.iter().filter(|test| fault.notices.iter().any(|entry| names(entry, &test.id)));
    if own().any(|test| matches!(test.verdict, Verdict::Fail | Verdict::Warn)) {
        Shown::Yes
    } else if own().any(|test| test.verdict == Verdict::Pass && !test.id.ends_with("@others")) {
        // What gathers from several flows passes where the one that would show it was stopped.
        Shown::Hidden
    } else {
        Shown::Stopped
    }
}

#[test]
fn two_hundred_pairs_of_faults_show_both() {
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
        let others = faults[at + 1..].iter().filter(|second| !meet(first, second));
        drawn.extend(others.map(|second| (lot(&first.id, &second.id), first, second)));
    }
    drawn.sort_by_key(|(lot, ..)| *lot);
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
    println!("{both} pairs showed both, of {tried} that were tried, in {:.1?}", began.elapsed());
    let hidden = hidden.into_inner().unwrap();
    assert!(hidden.is_empty(), "a fault hides another: {hidden:#?}");
    assert!(both >= PAIRS, "{both} of {tried} pairs showed both");
}
