//! What a run is about: a server out there, or the reference server within, and how it is reached.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, Method};
use url::Url;

use crate::base::clock::Clock;
use crate::cli::keys;
use crate::cli::main::CliError;
use crate::config::effective::Effective;
use crate::config::guard;
use crate::config::values::AuthKind;
use crate::recording::model::Role;
use crate::redact::recorder::Recorder;
use crate::reference::data::mutator::DataMutator;
use crate::reference::personality::spec::Personality;
use crate::reference::serve;
use crate::selftest::reference_run;
use crate::selftest::reference_run::{GROUP, ServerProtection};
use crate::session::client::Session;
use crate::session::exchange::RequestSpec;
use crate::settings::hooks::{Hook, HookCommand, Hooks};
use crate::settings::key_set;
use crate::settings::run_settings::{Credentials, Settings};
use crate::settings::withheld_mark::WithheldMark;
use crate::suite::catalog::Catalog;
use crate::suite::flow::Identity;
use crate::transport::in_process::InProcess;
use crate::transport::message::Transport;
use crate::transport::network::Network;

/// Where the reference server answers within this process.
const EMBEDDED_BASE: &str = "http://localhost/fhir";

/// What is judged: a server out there, or the one within.
pub struct RunTarget {
    pub(crate) settings: Settings,
    kind: TargetKind,
}

enum TargetKind {
    /// Over the network.
    Remote,
    /// The reference server within this process, who may ask it, by which door where it is over sockets, and what changes
    /// its data.
    Embedded(Personality, crate::reference::options::ServerAuth, Option<TargetAccess>, DataMutator),
}

/// Where the server within listens when it is reached over TLS.
struct TargetAccess {
    listener: TcpListener,
    certificate: crate::reference::security::certificate::Certificate,
}

impl TargetAccess {
    /// A free port of this machine, and a certificate for it.
    fn open() -> Result<(Self, Url), CliError> {
        let refuse = |error: std::io::Error| CliError::undetermined(format!("no port can be listened on: {error}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(refuse)?;
        listener.set_nonblocking(true).map_err(refuse)?;
        let address = listener.local_addr().map_err(refuse)?;
        let certificate = crate::reference::security::certificate::Certificate::made(SystemTime::now())
            .map_err(CliError::undetermined)?;
        let base =
            crate::config::values::base_url(&format!("https://{address}/fhir")).map_err(CliError::undetermined)?;
        Ok((Self { listener, certificate }, base))
    }

    /// Serves from now on. To be called within a runtime.
    fn serve(&self, options: crate::reference::options::ServerOptions) -> Result<(), CliError> {
        let refuse = |error: std::io::Error| CliError::undetermined(format!("the server within cannot start: {error}"));
        let listener = self.listener.try_clone().and_then(tokio::net::TcpListener::from_std).map_err(refuse)?;
        let certificate = self.certificate.clone();
        tokio::spawn(async move {
            let ended =
                crate::reference::security::secure::serve_tls(listener, options, &certificate, std::future::pending())
                    .await;
            if let Err(error) = ended {
                crate::cli::main::say(&format!("note: the server within ended: {error}"));
            }
        });
        Ok(())
    }
}

impl RunTarget {
    /// Gets ready for the target of a configuration and reads the credentials; call [`guard::refusal`] first.
    pub fn new(config: &Effective) -> Result<Self, CliError> {
        let Some(base) = &config.target else {
            let base = crate::config::values::base_url(EMBEDDED_BASE).map_err(CliError::undetermined)?;
            let mut settings = settings(config, base)?;
            if settings.groups.is_empty() {
                settings.groups = vec![GROUP.to_owned()];
            }
            let mutator = DataMutator::default();
            settings.hooks = reference_run::hooks(&mutator);
            return Ok(Self {
                settings,
                kind: TargetKind::Embedded(
                    personality(&config.specs.value),
                    crate::reference::options::ServerAuth::None,
                    None,
                    mutator,
                ),
            });
        };
        let mut credentials = guard::credentials(config).map_err(CliError::usage)?;
        let second = guard::second(config).map_err(CliError::usage)?;
        let mut settings = settings(config, base.value.clone())?;
        if let Some(address) = &config.jwks_addr {
            let Credentials::Smart(smart) = &mut credentials else {
                let text = "--jwks-addr serves the key of a SMART client; give --client-id ID and --key-file FILE";
                return Err(CliError::usage(text));
            };
            smart.key_id.get_or_insert_with(|| key_set::KEY_ID.to_owned());
            settings.key_set = Some(keys::serve(address.value)?);
        }
        Ok(Self { settings: Settings { credentials, second, ..settings }, kind: TargetKind::Remote })
    }

    /// The same; the server within protected as the specs to judge it by ask for, and the run its registered client.
    pub fn protected(self, catalog: &Catalog, config: &Effective) -> Result<Self, CliError> {
        let TargetKind::Embedded(spec, _, _, mutator) = self.kind else { return Ok(self) };
        let specs: Vec<String> = config.specs.value.iter().chain(&config.informational_specs.value).cloned().collect();
        let asked = config.auth.value == AuthKind::Smart;
        let protected = if asked { reference_run::protection() } else { reference_run::protection_of(catalog, &specs) };
        let ServerProtection { auth, credentials, second, key_set } = protected.map_err(CliError::undetermined)?;
        let forbidden_scope = key_set.as_ref().map(|_| crate::reference::options::KEPT_SCOPE.to_owned());
        let forbidden_group = key_set.as_ref().map(|_| reference_run::KEPT_GROUP.to_owned());
        // What takes leave from a stranger is shown by the server within unasked.
        let open = matches!(auth, crate::reference::options::ServerAuth::None);
        let forbidden_resources = reference_run::kept_resources();
        let mut settings = Settings {
            credentials,
            second,
            key_set,
            forbidden_scope,
            forbidden_group,
            forbidden_resources,
            allow_writes: true,
            ..self.settings
        };
        settings.cohorts |= reference_run::has_cohorts(spec, open);
        if open {
            settings.empty_group.get_or_insert_with(|| reference_run::KEPT_GROUP.to_owned());
        }
        let mut door = None;
        if asked {
            let (opened, base) = TargetAccess::open()?;
            settings.authorities.push(opened.certificate.der().to_vec());
            settings.base = base;
            door = Some(opened);
        }
        Ok(Self { settings, kind: TargetKind::Embedded(spec, auth, door, mutator) })
    }

    /// Whether it is the server within.
    pub fn is_embedded(&self) -> bool {
        matches!(self.kind, TargetKind::Embedded(..))
    }

    /// What to call it in a file name.
    pub fn host(&self) -> String {
        let base = &self.settings.base;
        match (self.is_embedded(), base.host_str(), base.port()) {
            (true, _, _) => "reference".to_owned(),
            (false, Some(host), Some(port)) => format!("{host}-{port}"),
            (false, host, _) => host.unwrap_or("host").to_owned(),
        }
    }

    /// The way to it. To be made within the runtime, whose time the server within keeps.
    pub(crate) fn transport(&self, clock: Clock) -> Result<Arc<dyn Transport>, CliError> {
        match &self.kind {
            TargetKind::Remote => {
                Ok(Arc::new(Network::new(&self.settings).map_err(|e| CliError::usage(e.to_string()))?))
            }
            TargetKind::Embedded(spec, auth, door, mutator) => {
                let mut options =
                    crate::reference::options::ServerOptions::new(*spec, self.settings.base.clone(), clock);
                options.auth = auth.clone();
                options.mutator = Some(mutator.clone());
                options.key_feed = self.settings.key_set.clone().map(reference_run::key_feed);
                options.kept_group.clone_from(&self.settings.forbidden_group);
                // Long enough to be seen running, no longer: whoever types the first command waits for it.
                options.job_time = Duration::from_secs(1);
                // A token that is over is waited for, too.
                options.token_time = Duration::from_secs(20);
                match door {
                    None => Ok(Arc::new(InProcess::new(serve::router(options)))),
                    Some(door) => {
                        door.serve(options)?;
                        Ok(Arc::new(Network::new(&self.settings).map_err(|e| CliError::usage(e.to_string()))?))
                    }
                }
            }
        }
    }

    /// A GET of `path` below the base, by the drive's own means; a 2xx answer's body as JSON.
    pub async fn get(&self, role: Role, path: &str) -> Result<serde_json::Value, String> {
        let clock = Clock::system();
        let settings = Arc::new(self.settings.clone());
        let transport = self.transport(clock).map_err(|refusal| refusal.text)?;
        let recorder = Recorder::new(&settings, clock, None);
        let session = Session::new(settings, transport, clock, recorder);
        let url = format!("{}/{path}", self.settings.base.as_str().trim_end_matches('/'));
        let mut headers = HeaderMap::new();
        headers.insert(http::header::ACCEPT, HeaderValue::from_static("application/fhir+json, application/json"));
        let ask = RequestSpec {
            masked: false,
            flow: None,
            role,
            probe: None,
            file: None,
            method: Method::GET,
            url: url.parse().map_err(|e| format!("{path} makes no URL: {e}"))?,
            headers,
            body: None,
            identity: Identity::Client,
            open: false,
        };
        let whole = session.send(ask).await.result.map_err(|trouble| trouble.message)?;
        if !whole.status.is_success() {
            return Err(format!("it answered {}", whole.status));
        }
        serde_json::from_slice(&whole.body).map_err(|e| format!("what it answered is no JSON: {e}"))
    }
}

/// What the drive needs to know, without credentials.
fn settings(config: &Effective, base: Url) -> Result<Settings, CliError> {
    let path = |setting: &Option<crate::config::effective::Setting<PathBuf>>| setting.as_ref().map(|s| s.value.clone());
    let profiles = crate::cli::ndjson::profiles(
        &config.packages.value,
        &config.profiles.value,
        &crate::fhir::definitions::embedded::r4(),
    )?;
    let marks: Result<Vec<WithheldMark>, String> =
        config.forbidden_resources.value.iter().map(|text| WithheldMark::parse(text)).collect();
    let marks = marks.map_err(CliError::usage)?;
    Ok(Settings {
        levels: (!config.levels.value.is_empty()).then(|| config.levels.value.clone()),
        groups: config.groups.value.clone(),
        empty_group: config.empty_group.as_ref().map(|s| s.value.clone()),
        cohorts: config.cohorts.value,
        allow_writes: config.allow_writes.value,
        types: config.types.value.clone(),
        values: config.values.value.clone(),
        jobs: config.jobs.value,
        max_wait: config.max_wait.value,
        deadline: config.deadline.as_ref().map(|s| s.value),
        max_bytes: config.max_bytes.value.0,
        no_delete: config.no_delete.value,
        wait_for_expiry: config.wait_for_expiry.value,
        allow_origins: config.allow_origins.value.iter().map(Url::origin).collect(),
        keep_files: path(&config.keep_files),
        profiles,
        insecure: config.insecure.value,
        allow_http: config.allow_http.value,
        ca_file: path(&config.ca_file),
        client_cert: path(&config.client_cert),
        hooks: hooks(&config.hooks),
        forbidden_scope: config.forbidden_scope.as_ref().map(|s| s.value.clone()),
        forbidden_group: config.forbidden_group.as_ref().map(|s| s.value.clone()),
        forbidden_resources: Arc::new(marks),
        use_proxy: config.proxy.value,
        ..Settings::new(base)
    })
}

/// The commands that the run may use; where they are not allowed, no more than that there would be some.
fn hooks(config: &crate::config::effective::Hooks) -> Hooks {
    if !config.allowed {
        return Hooks { withheld: config.named().next().is_some(), ..Hooks::default() };
    }
    let command = |argv: &Vec<String>| {
        let (folder, timeout) = (config.folder.clone(), config.timeout.value);
        Hook::Command(HookCommand { argv: argv.clone(), folder, timeout })
    };
    let there = config.named().map(|(name, hook)| (name, command(&hook.value)));
    Hooks { there: there.collect(), withheld: false }
}

/// The rule book that the reference server keeps for a run by `specs`: the newest of HL7 among them, or a product's
/// before all of HL7's.
fn personality(specs: &[String]) -> Personality {
    specs.iter().filter_map(|id| Personality::from_word(id)).max().unwrap_or(Personality::Stu3)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn the_server_within_speaks_the_newest_spec_that_is_named() {
        let named = |ids: &[&str]| personality(&ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>());
        assert_eq!(named(&[]), Personality::Stu3);
        assert_eq!(named(&["hl7-2.0.0"]), Personality::Stu2);
        assert_eq!(named(&["hl7-3.0.0", "hl7-2.0.0"]), Personality::Stu3);
        assert_eq!(named(&["smile-cdr", "hl7-3.0.0"]), Personality::Smile);
        assert_eq!(named(&["smile-cdr", "hl7-3.0.0", "au-hcpd-0.3.0-preview"]), Personality::Hcpd);
        assert_eq!(named(&["lesson"]), Personality::Lesson);
        assert_eq!(named(&["hl7-2.0.0", "lesson"]), Personality::Stu2, "the lesson asks for less than any of HL7's");
        assert_eq!(named(&["not-spoken"]), Personality::Stu3);
    }
}
