//! No order changes a verdict: the order of flows and files, the number of jobs at the same time, the timing of
//! responses, and the number of threads with runs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use plimsoll::base::clock::Clock;
use plimsoll::base::vocabulary::Verdict;
use plimsoll::drive::run::RunOptions;
use plimsoll::judge::judge_run;
use plimsoll::plan::model::{Plan, PlannedFlow};
use plimsoll::reference::fault::definition::Fault;
use plimsoll::reference::personality::spec::Personality;
use plimsoll::reference::serve;
use plimsoll::selftest::matrix::whole_plan;
use plimsoll::selftest::reference_run::GROUP;
use plimsoll::settings::run_settings::Settings;
use plimsoll::suite::catalog::Catalog;
use plimsoll::transport::in_process::InProcess;
use plimsoll::transport::message::{Incoming, Outgoing, ResponseFuture, Transport};
use serde_json::Value;

const NOON: Duration = Duration::from_secs(1_767_268_800);

/// A pseudorandom generator (SplitMix64).
struct Dice(AtomicU64);

impl Dice {
    fn roll(&self, sides: u64) -> u64 {
        let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn shuffle<T>(&self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.roll(at as u64 + 1) as usize);
        }
    }
}

/// Returns the plan with its flows in another order. Each flow is still after the flows that it takes sample values
/// from.
fn shuffled(plan: &Plan, dice: &Dice) -> Plan {
    let mut left: Vec<PlannedFlow> = plan.flows.clone();
    dice.shuffle(&mut left);
    let mut flows: Vec<PlannedFlow> = Vec::new();
    while !left.is_empty() {
        let known = |flow: &PlannedFlow| {
            flow.needs.iter().all(|need| !left.iter().any(|other| other.name == *need) || *need == flow.name)
        };
        let at = left.iter().position(known).expect("flows need each other");
        flows.push(left.remove(at));
    }
    Plan { flows, ..plan.clone() }
}

/// A server with responses at random times and in random pieces, and with files in another order.
struct Odd {
    inner: InProcess,
    dice: Arc<Dice>,
    /// The order of the files of each job, because its manifest must not change.
    orders: Mutex<BTreeMap<String, u64>>,
}

impl Transport for Odd {
    fn send(&self, request: Outgoing) -> ResponseFuture<'_> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(self.dice.roll(400))).await;
            let path = request.url.path().to_owned();
            let Incoming { status, mut headers, body } = self.inner.send(request).await?;
            let chunks: Vec<Bytes> = body.map(|chunk| chunk.unwrap()).collect().await;
            let mut body = chunks.concat();
            if path.contains("/bulk/jobs/") && status.as_u16() == 200 {
                let order = *self.orders.lock().unwrap().entry(path).or_insert_with(|| self.dice.roll(u64::MAX));
                body = reordered(&body, &Dice(AtomicU64::new(order)));
                headers.remove("content-length");
            }
            let size = 1 + self.dice.roll(5000) as usize;
            let dice = self.dice.clone();
            let pieces: Vec<Bytes> = body.chunks(size).map(Bytes::copy_from_slice).collect();
            let body = stream::iter(pieces).then(move |piece| {
                let pause = Duration::from_millis(dice.roll(30));
                async move {
                    tokio::time::sleep(pause).await;
                    Ok(piece)
                }
            });
            Ok(Incoming { status, headers, body: Box::pin(body) })
        })
    }
}

fn reordered(body: &[u8], dice: &Dice) -> Vec<u8> {
    let Ok(mut manifest) = serde_json::from_slice::<Value>(body) else { return body.to_vec() };
    for list in ["output", "error", "deleted"] {
        if let Some(items) = manifest.get_mut(list).and_then(Value::as_array_mut) {
            dice.shuffle(items);
        }
    }
    manifest.to_string().into_bytes()
}

/// Returns the verdicts of one run. `seed` determines every order.
fn verdicts(catalog: &Catalog, plan: &Plan, faults: &[Fault], seed: u64) -> BTreeMap<String, Verdict> {
    let dice = Arc::new(Dice(AtomicU64::new(seed)));
    let plan = shuffled(plan, &dice);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let recording = runtime.block_on(async {
        let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + NOON);
        let mut settings = Settings::new("http://localhost/fhir".parse().unwrap());
        settings.groups = vec![GROUP.to_owned()];
        settings.jobs = [1, 2, 4, 16][dice.roll(4) as usize];
        let mut options = plimsoll::reference::options::ServerOptions::new(
            Personality::from_word("hl7-3.0.0").unwrap(),
            settings.base.clone(),
            clock,
        );
        options.faults = faults.to_vec();
        // Long enough that the run polls the running job at any timing.
        options.job_time = Duration::from_secs(6);
        let inner = InProcess::new(serve::router(options));
        let odd = Arc::new(Odd { inner, dice: dice.clone(), orders: Mutex::default() });
        plimsoll::drive::run::run(&plan, settings, odd, clock, RunOptions::quiet(catalog.digest.clone())).await.unwrap()
    });
    let run = judge_run::judge(catalog, &plan, &recording);
    run.judgements[0].tests.iter().map(|test| (test.id.clone(), test.verdict)).collect()
}

/// Returns the tests with different verdicts. Pass and skip are equal, because a job may be complete at its first poll.
fn differing(first: &BTreeMap<String, Verdict>, other: &BTreeMap<String, Verdict>) -> Vec<String> {
    let alike = |a: Verdict, b: Verdict| {
        a == b || (matches!(a, Verdict::Pass | Verdict::Skip) && matches!(b, Verdict::Pass | Verdict::Skip))
    };
    assert_eq!(first.len(), other.len());
    let pairs = first.iter().filter(|(id, verdict)| !alike(**verdict, other[*id]));
    pairs.map(|(id, verdict)| format!("{id}: {verdict} and {}", other[id])).collect()
}

fn assert_same_verdicts(faults: &[&str], runs: u64) {
    let catalog = plimsoll::suite::source::embedded().unwrap();
    let plan = whole_plan(&catalog, Personality::from_word("hl7-3.0.0").unwrap()).unwrap();
    let faults: Vec<Fault> = faults.iter().map(|id| plimsoll::reference::fault::embedded::fault(id).unwrap()).collect();
    let first = verdicts(&catalog, &plan, &faults, 0);
    let failed = first.values().filter(|verdict| **verdict == Verdict::Fail).count();
    assert_eq!(failed > 0, !faults.is_empty());
    // One or several threads make the runs; they share only the suites and the plan.
    for (threads, seeds) in [(1, 1..runs / 4), (2, runs / 4..runs / 2), (5, runs / 2..runs)] {
        let next = AtomicU64::new(seeds.start);
        let work = || {
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= seeds.end {
                    return;
                }
                let differs = differing(&first, &verdicts(&catalog, &plan, &faults, seed));
                assert!(differs.is_empty(), "seed {seed}, {threads} threads: {differs:#?}");
            }
        };
        std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    }
}

#[test]
fn fifty_shuffled_runs_of_a_faultless_server_give_the_same_verdicts() {
    assert_same_verdicts(&[], 50);
}

#[test]
fn shuffled_runs_of_a_server_with_faults_give_the_same_verdicts() {
    assert_same_verdicts(
        &["ndjson-trailing-comma", "manifest-missing-request", "cancel-404-no-oo", "status-no-expires"],
        20,
    );
}
