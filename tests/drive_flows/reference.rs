//! The suites' own flows against the reference server: whole, quick, few kick-offs, and the same in any order of jobs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use plimsoll::clock::Clock;
use plimsoll::drive::inprocess::InProcess;
use plimsoll::drive::settings::Settings;
use plimsoll::drive::{Options, run};
use plimsoll::plan::{Depth, Plan};
use plimsoll::reference::{self, Personality};
use plimsoll::tape::model::{Outcome, Phase, Role, Tape};

use crate::server::{BASE, line, plan};

/// Every flow of the suites as deep as it goes, whatever the tests look at. Those of a product ask for what only it has.
fn suite() -> Plan {
    let text = include_str!("../../suites/flows.toml");
    let mut table: toml::Table = toml::from_str(text).unwrap();
    let flows = table["flow"].as_table_mut().unwrap();
    flows.retain(|name, _| !name.starts_with("smile-"));
    plan(&toml::to_string(flows).unwrap(), Depth::Files)
}

fn tape(jobs: usize, change: impl FnOnce(&mut reference::Options)) -> (Tape, Duration) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000));
        let mut options = reference::Options::new(Personality::Stu3, BASE.parse().unwrap(), clock);
        change(&mut options);
        let mut settings = Settings::new(BASE.parse().unwrap());
        settings.jobs = jobs;
        settings.groups = vec!["harbour".to_owned()];
        let transport = Arc::new(InProcess::new(reference::router(options)));
        let tape = run(&suite(), settings, transport, clock, Options::quiet("test")).await.unwrap();
        (tape, clock.elapsed())
    })
}

/// What happened in each flow, without numbers and times.
fn stories(tape: &Tape) -> BTreeMap<String, Vec<String>> {
    let mut stories: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for exchange in tape.exchanges.iter().filter(|exchange| !exchange.superseded) {
        let name = exchange.flow.clone().unwrap_or_default();
        stories.entry(name).or_default().push(line(exchange));
    }
    for flow in &tape.flows {
        let stop = flow.stop.as_ref().map(|stop| (stop.kind, stop.because.clone()));
        stories.entry(flow.name.clone()).or_default().push(format!("{} {:?} {:?}", flow.export, flow.params, stop));
    }
    stories
}

#[test]
fn every_flow_goes_through_at_few_kick_offs() {
    let (tape, took) = tape(4, |_| {});
    for flow in &tape.flows {
        assert_eq!(flow.stop, None, "{}", flow.name);
    }
    let accepted: u32 = tape.flows.iter().map(|flow| flow.accepted).sum();
    assert!(accepted <= 30, "{accepted} kick-offs");
    assert!(took < Duration::from_secs(30), "{took:?}");
    let end = tape.end.as_ref().unwrap();
    assert_eq!((end.early.clone(), end.leftovers.clone()), (None, vec![]));
    assert!(tape.exchanges.iter().any(|exchange| exchange.phase == Some(Phase::InProgress)));
    assert!(tape.files.iter().all(|file| file.whole));
    for exchange in &tape.exchanges {
        let Outcome::Response(response) = &exchange.outcome else { panic!("{exchange:?}") };
        let good = matches!(exchange.role, Role::Kickoff | Role::Poll | Role::File | Role::Delete | Role::Metadata);
        assert!(!good || response.status < 400, "{exchange:?}");
    }
}

#[test]
fn one_job_at_a_time_sees_the_same() {
    assert_eq!(stories(&tape(1, |_| {}).0), stories(&tape(4, |_| {}).0));
}

#[test]
fn a_run_in_paused_time_is_the_same_twice() {
    let (first, second) = (tape(4, |_| {}).0, tape(4, |_| {}).0);
    let times = |tape: &Tape| tape.exchanges.iter().map(|e| (e.id, e.at, e.took, line(e))).collect::<Vec<_>>();
    assert_eq!(times(&first), times(&second));
}

/// The faults that could hold a run up or lead it astray; `selftest` goes through all of them.
#[test]
fn no_fault_holds_a_run_up() {
    let dangerous = [
        "status-never-completes",
        "status-complete-no-body",
        "manifest-in-array",
        "kickoff-location-wrong-path",
        "kickoff-location-not-content-location",
        "download-500",
        "download-truncated-record",
        "cancel-405",
        "cancel-poll-202",
    ];
    for id in dangerous {
        let (tape, took) = tape(4, |options| options.faults = vec![reference::fault(id).unwrap()]);
        // `--max-wait` and what comes before and after it.
        assert!(took < Duration::from_secs(620), "{id}: {took:?}");
        assert_eq!(tape.end.as_ref().unwrap().early, None, "{id}");
        assert_eq!(tape.flows.len(), suite().flows.len(), "{id}");
        if !["cancel-405", "kickoff-location-wrong-path"].contains(&id) {
            assert_eq!(tape.end.unwrap().leftovers, Vec::<String>::new(), "{id}");
        }
    }
}
