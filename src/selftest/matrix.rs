//! The test of the tester, its other half: every fault of the reference server is run in process, in paused time, and
//! judged by the whole plan.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use crate::base::clock::Clock;
use crate::base::vocabulary::Verdict;
use crate::config::values::base_url;
use crate::drive::hooks::{Hook, Hooks};
use crate::judge::judge_run;
use crate::measure::withheld_resources::WithheldMark;
use crate::plan::model::Plan;
use crate::recording::model::Recording;
use crate::reference::data::mutator::DataMutator;
use crate::reference::fault::definition::{Fault, FaultKind};
use crate::reference::options::{KeyFeed, ServerAuth};
use crate::reference::personality::spec::Personality;
use crate::reference::serve;
use crate::selftest::compare::{Cell, Kind, Result as CellResult, compare, names};
use crate::settings::key_set;
use crate::settings::key_set::KeySet;
use crate::settings::run_settings::{Credentials, Settings, Smart};
use crate::suite::catalog::Catalog;
use crate::suite::flow::HookName;
use crate::suite::model::Protection;
use crate::transport::in_process::InProcess;
use crate::verdicts::judged_run::{Run, TestResult};

/// Where the server answers, within this process.
const BASE: &str = "http://localhost/fhir";
/// Where it does when it is protected: tokens go over TLS.
const PROTECTED_BASE: &str = "https://localhost/fhir";

/// The Group of the reference server's own population that is exported.
pub const GROUP: &str = "harbour";

/// The Group that nobody is in, which a protected reference server lets nobody export.
pub const KEPT_GROUP: &str = "empty-berth";

/// The clients that a protected reference server knows, and the scope that they ask for.
const CLIENT: &str = "plimsoll";
const SECOND: &str = "plimsoll-second";
const SCOPE: &str = "system/*.rs";

/// The wall time at which every run begins, so that runs are alike: 2026-01-01T12:00:00Z.
const NOON: Duration = Duration::from_secs(1_767_268_800);

/// What is tried.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// The specs; none: all that the reference server speaks and the suites have.
    pub specs: Vec<String>,
    /// The faults; none: all.
    pub faults: Vec<String>,
    /// Threads, at least 1.
    pub threads: usize,
}

/// Tries every fault of `order` under every spec of it, and gives the cells in the order of faults, then specs.
///
/// # Errors
/// A fault or spec that does not exist, a fault file that cannot be used, or a defect of this program: a lower-case
/// fragment.
pub fn matrix(catalog: &Catalog, order: &Order) -> Result<Vec<Cell>, String> {
    let specs = specs(catalog, &order.specs)?;
    let faults = faults(&order.faults)?;
    let plans = specs.iter().map(|spec| whole_plan(catalog, *spec).map(|plan| (*spec, plan)));
    let plans = plans.collect::<Result<Vec<(Personality, Plan)>, String>>()?;
    let jobs: Vec<(&Fault, &(Personality, Plan))> =
        faults.iter().flat_map(|fault| plans.iter().map(move |plan| (fault, plan))).collect();

    // Each thread takes the next job there is; a runtime of its own keeps the time of each run apart from the others.
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((fault, (spec, plan))) = jobs.get(index).copied() else { return done };
            done.push((index, cell(catalog, plan, *spec, fault)));
        }
    };
    let mut done: Vec<(usize, Result<Cell, String>)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..order.threads.clamp(1, 64)).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    });
    if done.len() != jobs.len() {
        return Err("a run ended in a panic; its line stands above".to_owned());
    }
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, cell)| cell).collect()
}

/// One fault under one spec.
fn cell(catalog: &Catalog, plan: &Plan, spec: Personality, fault: &Fault) -> Result<Cell, String> {
    let kind = match fault.kind {
        FaultKind::Defect => Kind::Defect,
        FaultKind::Legal => Kind::Legal,
    };
    if !fault.specs.is_empty() && !fault.specs.iter().any(|id| id == spec.as_str()) {
        return Ok(Cell {
            fault: fault.id.clone(),
            kind,
            spec: spec.to_string(),
            expected: Vec::new(),
            noticed: Vec::new(),
            result: CellResult::Excluded,
            because: format!("it is not a {kind} under {spec}"),
        });
    }
    let run = judged(catalog, plan, spec, vec![fault.clone()])?;
    let judgement = run.judgements.first().ok_or("the run was judged by no spec")?;
    let listed = match kind {
        Kind::Legal => fault.leaves_open.clone(),
        Kind::Defect | Kind::Hostile => notices(catalog, plan, fault),
    };
    let cell = compare(&fault.id, kind, &on_stand_ins(catalog, spec.as_str(), &listed), judgement);
    let broken = |test: &&TestResult| matches!(test.verdict, Verdict::Fail | Verdict::Warn);
    let noticed: Vec<&str> = judgement.tests.iter().filter(broken).map(|test| test.id.as_str()).collect();
    match (&fault.excluded, noticed.is_empty()) {
        (None, _) => Ok(cell),
        (Some(why), true) => Ok(Cell { result: CellResult::Excluded, because: why.clone(), ..cell }),
        // What was said to be beyond all tests is not: the fault file must list them.
        (Some(_), false) => {
            let because = format!("said to be excluded, yet noticed by {}", noticed.join(", "));
            Ok(Cell { result: CellResult::Overkilled, because, ..cell })
        }
    }
}

/// Whether `fault` is tried under `spec` by `plan`: it is a fault or variant there, and one at least of the tests that
/// must notice it is in the spec.
pub fn is_tried(catalog: &Catalog, plan: &Plan, spec: Personality, fault: &Fault) -> bool {
    let listed = notices(catalog, plan, fault);
    let named = |entry: &String| plan.tests.iter().any(|test| names(entry, &test.id));
    let noticed = on_stand_ins(catalog, spec.as_str(), &listed).iter().any(named);
    fault.concerns(spec.as_str()) && fault.excluded.is_none() && (fault.kind == FaultKind::Legal || noticed)
}

/// The tests that must notice `fault`: more of them where tokens are asked for.
fn notices(catalog: &Catalog, plan: &Plan, fault: &Fault) -> Vec<String> {
    let protected = is_protected(catalog, &plan.specs) || fault.auth == Some(Protection::Smart);
    let more = fault.notices_protected.iter().filter(|_| protected);
    fault.notices.iter().chain(more).cloned().collect()
}

/// The entries of a fault as they read under `spec`: one on a flow that others stand in for there is on those.
fn on_stand_ins(catalog: &Catalog, spec: &str, entries: &[String]) -> Vec<String> {
    let Some(known) = catalog.spec(spec) else { return entries.to_vec() };
    let read = |entry: &String| {
        let stand_ins = entry.split_once('@').and_then(|(name, flow)| Some((name, known.stand_ins.get(flow)?)));
        match stand_ins {
            Some((name, flows)) => flows.iter().map(|flow| format!("{name}@{flow}")).collect(),
            None => vec![entry.clone()],
        }
    };
    let mut read: Vec<String> = entries.iter().flat_map(read).collect();
    read.sort();
    read.dedup();
    read
}

/// A run of `plan` against the reference server with `faults`, in paused time: it takes no waiting, and equal orders
/// give equal verdicts.
///
/// # Errors
/// What kept the run from being made, a lower-case fragment.
pub fn judged(catalog: &Catalog, plan: &Plan, spec: Personality, faults: Vec<Fault>) -> Result<Run, String> {
    Ok(judge_run::judge_whole(catalog, plan, recorded(catalog, plan, spec, faults)?))
}

/// The recording of such a run. Equal orders give equal recordings, but for what is random in each run: the server's ids of jobs
/// and files, the tokens that stand for them, and the hashes of resources.
///
/// # Errors
/// As [`judged`].
pub fn recorded(catalog: &Catalog, plan: &Plan, spec: Personality, faults: Vec<Fault>) -> Result<Recording, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .map_err(|e| format!("no runtime could be started: {e}"))?;
    let protected = faults.iter().any(|fault| fault.auth == Some(Protection::Smart));
    let protected = if protected { protection()? } else { protection_of(catalog, &plan.specs)? };
    let Protected { auth, credentials, second, key_set } = protected;
    let forbidden_group = key_set.is_some().then(|| KEPT_GROUP.to_owned());
    let base = base_url(if matches!(auth, ServerAuth::None) { BASE } else { PROTECTED_BASE })?;
    let allow_origins = vec![base_url(crate::reference::urls::FILES_ORIGIN)?.origin()];
    runtime.block_on(async {
        let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + NOON);
        let open = matches!(auth, ServerAuth::None);
        let mut options = crate::reference::options::ServerOptions::new(spec, base.clone(), clock);
        let greeter = crate::reference::security::tls::greeter(&faults);
        options.faults = faults;
        options.auth = auth;
        options.key_feed = key_set.clone().map(feed);
        options.kept_group.clone_from(&forbidden_group);
        let mutator = DataMutator::default();
        options.mutator = Some(mutator.clone());
        let transport = Arc::new(InProcess::new(serve::router(options)).greeted_by(Arc::new(greeter)));
        let mut quiet = crate::drive::run::RunOptions::quiet(catalog.digest.clone());
        quiet.embedded = true;
        let settings = Settings {
            groups: vec![GROUP.to_owned()],
            credentials,
            second,
            forbidden_scope: key_set.as_ref().map(|_| crate::reference::options::KEPT_SCOPE.to_owned()),
            forbidden_group,
            forbidden_resources: kept_resources(),
            key_set,
            allow_origins,
            wait_for_expiry: true,
            allow_writes: true,
            cohorts: has_cohorts(spec, open),
            empty_group: open.then(|| KEPT_GROUP.to_owned()),
            hooks: hooks(&mutator),
            ..Settings::new(base)
        };
        crate::drive::run::run(plan, settings, transport, clock, quiet).await.map_err(|e| e.to_string())
    })
}

/// Whether the reference server has the Bulk Cohort API; where it asks for tokens, they are for reading alone.
pub fn has_cohorts(spec: Personality, open: bool) -> bool {
    open && spec == Personality::Stu3
}

/// What no client of the reference server may be given: it is another tenant's.
pub fn kept_resources() -> Arc<Vec<WithheldMark>> {
    let patient = WithheldMark::Id("Patient".to_owned(), crate::reference::data::fixtures::OTHERS_PATIENT.to_owned());
    Arc::new(vec![
        patient,
        WithheldMark::Tag(
            crate::reference::data::fixtures::TENANTS.to_owned(),
            crate::reference::data::fixtures::OTHER_TENANT.to_owned(),
        ),
    ])
}

/// How a reference server is protected, and the credentials of a run that it knows.
#[derive(Clone, Debug)]
pub struct Protected {
    /// For the server.
    pub auth: ServerAuth,
    /// For the run.
    pub credentials: Credentials,
    /// For the run, as its second client.
    pub second: Option<Credentials>,
    /// Where the run publishes its client's keys, and the server reads them.
    pub key_set: Option<KeySet>,
}

/// Hooks that reach into a reference server of this process.
pub fn hooks(mutator: &DataMutator) -> Hooks {
    let within = |act: fn(&DataMutator) -> Result<Vec<String>, String>| {
        let mutator = mutator.clone();
        Hook::Within(Arc::new(move || act(&mutator)))
    };
    let there = [
        (HookName::Change, within(DataMutator::change)),
        (HookName::Delete, within(DataMutator::delete)),
        (HookName::Fail, within(DataMutator::fail)),
    ];
    Hooks { there: there.into(), withheld: false }
}

/// Has a reference server read a key set.
pub fn feed(set: KeySet) -> KeyFeed {
    KeyFeed { read: Arc::new(move || set.read()), max_age: key_set::MAX_AGE }
}

/// Whether one of the specs has the reference server protected.
fn is_protected(catalog: &Catalog, specs: &[String]) -> bool {
    specs.iter().filter_map(|id| catalog.spec(id)).any(|spec| spec.auth == Some(Protection::Smart))
}

/// How the reference server is protected while it is judged by `specs`.
///
/// # Errors
/// No keys can be made: a lower-case fragment.
pub fn protection_of(catalog: &Catalog, specs: &[String]) -> Result<Protected, String> {
    match is_protected(catalog, specs) {
        true => protection(),
        false => Ok(Protected { auth: ServerAuth::None, credentials: Credentials::None, second: None, key_set: None }),
    }
}

/// Protection by SMART Backend Services with two clients.
///
/// # Errors
/// No keys can be made: a lower-case fragment.
pub fn protection() -> Result<Protected, String> {
    let register = |id: &str| -> Result<_, String> {
        let (client, key) = crate::reference::security::keys::client(id)?;
        let smart = Smart {
            client_id: client.client_id.clone(),
            key,
            key_id: Some(crate::reference::security::keys::KEY_ID.to_owned()),
            token_url: None,
            scope: SCOPE.to_owned(),
        };
        Ok((client, Credentials::Smart(smart)))
    };
    let (first, credentials) = register(CLIENT)?;
    let (second, others) = register(SECOND)?;
    let key_set = Some(KeySet::default());
    Ok(Protected { auth: ServerAuth::Smart(vec![first, second]), credentials, second: Some(others), key_set })
}

/// Every test of one spec.
///
/// # Errors
/// The suites do not have the spec.
pub fn whole_plan(catalog: &Catalog, spec: Personality) -> Result<Plan, String> {
    let ask =
        crate::plan::build::PlanRequest { specs: vec![spec.to_string()], ..crate::plan::build::PlanRequest::default() };
    crate::plan::build::build(catalog, &ask, &|_| true)
}

fn specs(catalog: &Catalog, named: &[String]) -> Result<Vec<Personality>, String> {
    if named.is_empty() {
        return Ok(Personality::ALL.iter().copied().filter(|spec| catalog.spec(spec.as_str()).is_some()).collect());
    }
    let read =
        |id: &String| Personality::from_word(id).ok_or_else(|| format!("the reference server does not speak {id:?}"));
    named.iter().map(read).collect()
}

fn faults(named: &[String]) -> Result<Vec<Fault>, String> {
    if named.is_empty() {
        return crate::reference::fault::embedded::faults().map_err(|e| e.to_string());
    }
    named.iter().map(|id| crate::reference::fault::embedded::fault(id).map_err(|e| e.to_string())).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::verdicts::judged_run::{Conformance, Traffic};

    #[test]
    fn nothing_notices_the_honest_server_and_equal_runs_are_judged_alike() {
        let catalog = crate::suite::source::embedded().unwrap();
        for spec in Personality::ALL {
            let plan = whole_plan(&catalog, *spec).unwrap();
            let run = judged(&catalog, &plan, *spec, Vec::new()).unwrap();
            let cell = compare("none", Kind::Legal, &[], &run.judgements[0]);
            assert_eq!(cell.result, CellResult::Clean, "{}", cell.because);
            assert_eq!(run.judgements[0].outcome, Conformance::Conformant);
            let least = match spec {
                Personality::Lesson => 7,
                Personality::Smile => 28,
                Personality::Stu1 => 30,
                Personality::Stu2 | Personality::Stu3 | Personality::Hcpd => 40,
            };
            assert!(run.judgements[0].decided >= least, "{} SHALLs decided", run.judgements[0].decided);
            let Traffic { kickoffs, .. } = run.traffic;
            assert!(kickoffs <= 40, "{kickoffs} accepted kick-offs");
            if *spec != Personality::Hcpd {
                let group = run.judgements[0].tests.iter().find(|test| test.id == "kickoff::accepted-202@group");
                assert_eq!(group.map(|test| test.verdict), Some(crate::base::vocabulary::Verdict::Pass));
            }
            let again = judged(&catalog, &plan, *spec, Vec::new()).unwrap();
            assert_eq!(run.judgements, again.judgements);
        }
    }

    #[test]
    fn certificates_that_were_not_checked_leave_nothing_conformant() {
        let catalog = crate::suite::source::embedded().unwrap();
        let plan = whole_plan(&catalog, Personality::Stu3).unwrap();
        let mut recording = recorded(&catalog, &plan, Personality::Stu3, Vec::new()).unwrap();
        let shown = recording.start.settings.iter_mut().find(|(name, _)| name == "certificates").unwrap();
        assert_eq!(shown.1, "checked");
        shown.1 = "not checked".to_owned();
        let run = judge_run::judge(&catalog, &plan, &recording);
        assert_eq!(run.judgements[0].outcome, Conformance::Undetermined);
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        let catalog = crate::suite::source::embedded().unwrap();
        let order =
            |spec: &str, fault: &str| Order { specs: vec![spec.into()], faults: vec![fault.into()], threads: 2 };
        assert!(matrix(&catalog, &order("not-spoken", "none")).unwrap_err().contains("not-spoken"));
        assert!(matrix(&catalog, &order("hl7-3.0.0", "no-such-fault")).unwrap_err().contains("no-such-fault"));
    }
}
