//! Whatever a recording has, the judge finishes, gives the same result twice, and every report is rendered. The
//! recordings are of real runs, changed at random places by a generator with a fixed seed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use plimsoll::judge::judge_run;
use plimsoll::plan::model::Plan;
use plimsoll::recording::model::Recording;
use plimsoll::reference::personality::spec::Personality;
use plimsoll::report::{finding, html, junit, terminal};
use plimsoll::selftest::matrix::whole_plan;
use plimsoll::selftest::reference_run::recorded;
use plimsoll::suite::catalog::Catalog;
use serde_json::{Value, json};

/// A pseudorandom generator (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % sides as u64).unwrap()
    }
}

/// Values that are wrong nearly everywhere.
fn odd(dice: &mut Dice) -> Value {
    let all = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(u64::MAX),
        json!(1e308),
        json!(""),
        json!("\u{0}\u{202e}\u{1b}[31m"),
        json!("x".repeat(100_000)),
        json!("9999-99-99T99:99:99Z"),
        json!("http://[::1"),
        json!([]),
        json!({}),
        json!([[[[{}]]]]),
        json!("202"),
        json!("Patient"),
    ];
    all[dice.roll(all.len())].clone()
}

/// Returns the number of all values in a value, including itself.
fn size(value: &Value) -> usize {
    1 + match value {
        Value::Object(members) => members.values().map(size).sum(),
        Value::Array(items) => items.iter().map(size).sum(),
        _ => 0_usize,
    }
}

/// Changes the value that is `at` values after this one in document order.
fn change(value: &mut Value, at: &mut usize, dice: &mut Dice) {
    if *at == 0 {
        match (dice.roll(4), value) {
            (0, Value::Array(items)) if !items.is_empty() => {
                let again = items[dice.roll(items.len())].clone();
                items.push(again);
            }
            (1, Value::Array(items)) if !items.is_empty() => drop(items.remove(dice.roll(items.len()))),
            (2, Value::Array(items)) => items.reverse(),
            (0, Value::Object(members)) if !members.is_empty() => {
                let key = members.keys().nth(dice.roll(members.len())).unwrap().clone();
                members.remove(&key);
            }
            (1, Value::Number(number)) => {
                let moved = number.as_u64().unwrap_or(0).wrapping_add(dice.roll(100) as u64).wrapping_sub(50);
                *number = moved.into();
            }
            (_, value) => *value = odd(dice),
        }
        *at = usize::MAX;
        return;
    }
    *at -= 1;
    let parts: Box<dyn Iterator<Item = &mut Value>> = match value {
        Value::Object(members) => Box::new(members.values_mut()),
        Value::Array(items) => Box::new(items.iter_mut()),
        _ => return,
    };
    for part in parts {
        change(part, at, dice);
        if *at == usize::MAX {
            return;
        }
    }
}

fn judge_and_render(catalog: &Catalog, plan: &Plan, recording: &Recording) {
    let run = judge_run::judge(catalog, plan, recording);
    assert_eq!(run.judgements, judge_run::judge(catalog, plan, recording).judgements);
    html::page::render(&run);
    junit::render(&run, true).unwrap();
    terminal::summary(&run, &terminal::TerminalOptions::default());
    for judgement in &run.judgements {
        for test in &judgement.tests {
            finding::render_once(&run, judgement, test);
        }
    }
}

#[test]
fn every_recording_is_judged_without_panic_and_the_same_twice() {
    let catalog = plimsoll::suite::source::embedded().unwrap();
    let spec = Personality::from_word("hl7-3.0.0").unwrap();
    let plan = whole_plan(&catalog, spec).unwrap();
    let recordings =
        [&[][..], &["ndjson-trailing-comma", "manifest-missing-request"], &["status-failed-text"]].map(|faults| {
            let faults = faults.iter().map(|id| plimsoll::reference::fault::embedded::fault(id).unwrap()).collect();
            serde_json::to_value(recorded(&catalog, &plan, spec, faults).unwrap()).unwrap()
        });
    let mut dice = Dice(6);
    let (mut judged, mut tried) = (0, 0);
    while judged < 60 {
        tried += 1;
        assert!(tried < 3000, "only {judged} changed recordings could be read");
        let mut value = recordings[dice.roll(recordings.len())].clone();
        for _ in 0..1 + dice.roll(12) {
            let mut at = dice.roll(size(&value));
            let mut other = value.clone();
            change(&mut other, &mut at, &mut dice);
            // The reader refuses a change after which the value is not a recording.
            if serde_json::from_value::<Recording>(other.clone()).is_ok() {
                value = other;
            }
        }
        if recordings.contains(&value) {
            continue;
        }
        judged += 1;
        judge_and_render(&catalog, &plan, &serde_json::from_value(value).unwrap());
    }
}
