//! A run against the reference server in this process. Time is paused, so waits take no time, and equal faults give
//! equal verdicts.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::base::clock::Clock;
use crate::config::values::base_url;
use crate::judge::judge_run;
use crate::plan::model::Plan;
use crate::recording::model::Recording;
use crate::reference::data::fixtures::{OTHER_TENANT, OTHERS_PATIENT, TENANTS};
use crate::reference::data::mutator::DataMutator;
use crate::reference::fault::definition::Fault;
use crate::reference::options::{KEPT_SCOPE, KeyFeed, ServerAuth, ServerOptions};
use crate::reference::personality::spec::Personality;
use crate::reference::security::{keys, tls};
use crate::reference::serve;
use crate::settings::hooks::Hook;
use crate::settings::hooks::Hooks;
use crate::settings::key_set;
use crate::settings::key_set::KeySet;
use crate::settings::run_settings::{Credentials, Settings, Smart};
use crate::settings::withheld_mark::WithheldMark;
use crate::suite::catalog::Catalog;
use crate::suite::flow::HookName;
use crate::suite::model::Protection;
use crate::transport::in_process::InProcess;
use crate::verdicts::judged_run::Run;

/// The base URL of the open server.
const BASE: &str = "http://localhost/fhir";

/// The base URL of a protected server: tokens need TLS.
const PROTECTED_BASE: &str = "https://localhost/fhir";

/// The Group of the reference server that runs export.
pub const GROUP: &str = "harbour";

/// The Group without members. A protected reference server permits no client to export it.
pub const KEPT_GROUP: &str = "empty-berth";

/// The clients that a protected reference server knows, and the scope that they request.
const CLIENT: &str = "plimsoll";
const SECOND_CLIENT: &str = "plimsoll-second";
const SCOPE: &str = "system/*.rs";

/// The wall time at which every run starts, so that runs are equal: 2026-01-01T12:00:00Z.
const NOON: Duration = Duration::from_secs(1_767_268_800);

/// The access control of a reference server, and the matching credentials of a run.
#[derive(Clone, Debug)]
pub struct ServerProtection {
    /// For the server.
    pub auth: ServerAuth,
    /// For the run.
    pub credentials: Credentials,
    /// For the run, as its second client.
    pub second: Option<Credentials>,
    /// Where the run publishes its client's keys, and the server reads them.
    pub key_set: Option<KeySet>,
}

/// Returns the judged run of `plan` against the reference server with `faults`.
///
/// # Errors
/// The run failed: a lower-case fragment.
pub fn judged(catalog: &Catalog, plan: &Plan, spec: Personality, faults: Vec<Fault>) -> Result<Run, String> {
    Ok(judge_run::judge_whole(catalog, plan, recorded(catalog, plan, spec, faults)?))
}

/// Returns the recording of such a run. Equal faults give equal recordings, except for random values: the server's ids
/// of jobs and files, their tokens, and the hashes of resources.
///
/// # Errors
/// As [`judged`].
pub fn recorded(catalog: &Catalog, plan: &Plan, spec: Personality, faults: Vec<Fault>) -> Result<Recording, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .map_err(|e| format!("cannot start the async runtime: {e}"))?;
    let protected = faults.iter().any(|fault| fault.auth == Some(Protection::Smart));
    let protected = if protected { protection()? } else { protection_of(catalog, &plan.specs)? };
    let ServerProtection { auth, credentials, second, key_set } = protected;
    let forbidden_group = key_set.is_some().then(|| KEPT_GROUP.to_owned());
    let base = base_url(if matches!(auth, ServerAuth::None) { BASE } else { PROTECTED_BASE })?;
    let allow_origins = vec![base_url(crate::reference::urls::FILES_ORIGIN)?.origin()];
    runtime.block_on(async {
        let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + NOON);
        let open = matches!(auth, ServerAuth::None);
        let mut options = ServerOptions::new(spec, base.clone(), clock);
        let greeter = tls::greeter(&faults);
        options.faults = faults;
        options.auth = auth;
        options.key_feed = key_set.clone().map(key_feed);
        options.kept_group.clone_from(&forbidden_group);
        let mutator = DataMutator::default();
        options.mutator = Some(mutator.clone());
        let transport = Arc::new(InProcess::new(serve::router(options)).answering_handshakes(Arc::new(greeter)));
        let mut quiet = crate::drive::run::RunOptions::quiet(catalog.digest.clone());
        quiet.embedded = true;
        let settings = Settings {
            groups: vec![GROUP.to_owned()],
            credentials,
            second,
            forbidden_scope: key_set.as_ref().map(|_| KEPT_SCOPE.to_owned()),
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

/// Returns whether the reference server has the Bulk Cohort API. A protected server does not, because its tokens permit
/// only reading.
pub fn has_cohorts(spec: Personality, open: bool) -> bool {
    open && spec == Personality::Stu3
}

/// Returns the resources that no client of the reference server may receive: those of another tenant.
pub fn kept_resources() -> Arc<Vec<WithheldMark>> {
    Arc::new(vec![
        WithheldMark::Id("Patient".to_owned(), OTHERS_PATIENT.to_owned()),
        WithheldMark::Tag(TENANTS.to_owned(), OTHER_TENANT.to_owned()),
    ])
}

/// Returns hooks that change the data of a reference server in this process.
pub fn hooks(mutator: &DataMutator) -> Hooks {
    let within = |act: fn(&DataMutator) -> Result<Vec<String>, String>| {
        let mutator = mutator.clone();
        Hook::Function(Arc::new(move || act(&mutator)))
    };
    let there = [
        (HookName::Change, within(DataMutator::change)),
        (HookName::Delete, within(DataMutator::delete)),
        (HookName::Fail, within(DataMutator::fail)),
    ];
    Hooks { there: there.into(), withheld: false }
}

/// Returns how a reference server reads a key set.
pub fn key_feed(set: KeySet) -> KeyFeed {
    KeyFeed { read: Arc::new(move || set.read()), max_age: key_set::MAX_AGE }
}

/// Returns whether one of the specs requires a protected reference server.
pub(crate) fn is_protected(catalog: &Catalog, specs: &[String]) -> bool {
    specs.iter().filter_map(|id| catalog.spec(id)).any(|spec| spec.auth == Some(Protection::Smart))
}

/// Returns the access control of the reference server that `specs` require.
///
/// # Errors
/// The keys cannot be made: a lower-case fragment.
pub fn protection_of(catalog: &Catalog, specs: &[String]) -> Result<ServerProtection, String> {
    match is_protected(catalog, specs) {
        true => protection(),
        false => {
            Ok(ServerProtection { auth: ServerAuth::None, credentials: Credentials::None, second: None, key_set: None })
        }
    }
}

/// Returns access control by SMART Backend Services with two clients.
///
/// # Errors
/// The keys cannot be made: a lower-case fragment.
pub fn protection() -> Result<ServerProtection, String> {
    let register = |id: &str| -> Result<_, String> {
        let (client, key) = keys::client(id)?;
        let smart = Smart {
            client_id: client.client_id.clone(),
            key,
            key_id: Some(keys::KEY_ID.to_owned()),
            token_url: None,
            scope: SCOPE.to_owned(),
        };
        Ok((client, Credentials::Smart(smart)))
    };
    let (first, credentials) = register(CLIENT)?;
    let (second, others) = register(SECOND_CLIENT)?;
    let key_set = Some(KeySet::default());
    Ok(ServerProtection { auth: ServerAuth::Smart(vec![first, second]), credentials, second: Some(others), key_set })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::plan::build::{PlanRequest, build};
    use crate::verdicts::judged_run::Conformance;

    #[test]
    fn a_run_with_unchecked_certificates_is_never_conformant() {
        let catalog = crate::suite::source::embedded().unwrap();
        let request = PlanRequest { specs: vec![Personality::Stu3.to_string()], ..PlanRequest::default() };
        let plan = build(&catalog, &request, &|_| true).unwrap();
        let mut recording = recorded(&catalog, &plan, Personality::Stu3, Vec::new()).unwrap();
        assert!(!recording.start.settings.insecure);
        recording.start.settings.insecure = true;
        let run = judge_run::judge(&catalog, &plan, &recording);
        assert_eq!(run.judgements[0].outcome, Conformance::Undetermined);
    }
}
