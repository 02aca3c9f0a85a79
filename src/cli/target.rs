//! The target of a run: a server on the network, or the reference server in this process.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, Method};
use url::Url;

use crate::base::clock::Clock;
use crate::cli::error::CliError;
use crate::cli::jwks_server;
use crate::cli::output::say;
use crate::cli::profiles::profiles;
use crate::config::guard;
use crate::config::run_config::RunConfig;
use crate::config::values::AuthKind;
use crate::config::values::base_url;
use crate::fhir::definitions::embedded;
use crate::recording::model::Role;
use crate::redact::recorder::Recorder;
use crate::reference::data::mutator::DataMutator;
use crate::reference::personality::spec::Personality;
use crate::settings::hooks::{Hook, HookCommand, Hooks};
use crate::settings::withheld_mark::WithheldMark;

use crate::reference::options::{KEPT_SCOPE, ServerAuth, ServerOptions};

use crate::reference::security::certificate::Certificate;
use crate::reference::security::secure;
use crate::reference::serve;
use crate::selftest::reference_run;
use crate::selftest::reference_run::{GROUP, ServerProtection};
use crate::session::client::Session;
use crate::session::exchange::RequestSpec;

use crate::settings::key_set;
use crate::settings::run_settings::{Credentials, Settings};

use crate::suite::catalog::Catalog;
use crate::suite::flow::Identity;
use crate::transport::in_process::InProcess;
use crate::transport::message::Transport;
use crate::transport::network::Network;

/// The base URL of the reference server in this process.
const EMBEDDED_BASE: &str = "http://localhost/fhir";

/// The target of a run.
pub struct RunTarget {
    pub(crate) settings: Settings,
    kind: TargetKind,
}

enum TargetKind {
    /// Over the network.
    Remote,
    /// The reference server in this process: its spec, its access control, its address if it is reached over TLS, and
    /// what changes its data.
    Embedded(Personality, ServerAuth, Option<TlsAccess>, DataMutator),
}

/// The address and certificate of the embedded server if it is reached over TLS.
struct TlsAccess {
    listener: TcpListener,
    certificate: Certificate,
}

impl TlsAccess {
    /// Opens a free local port and makes a certificate for it.
    fn open() -> Result<(Self, Url), CliError> {
        let refuse = |error: std::io::Error| CliError::undetermined(format!("cannot listen on a local port: {error}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(refuse)?;
        listener.set_nonblocking(true).map_err(refuse)?;
        let address = listener.local_addr().map_err(refuse)?;
        let certificate = Certificate::made(SystemTime::now()).map_err(CliError::undetermined)?;
        let base = base_url(&format!("https://{address}/fhir")).map_err(CliError::undetermined)?;
        Ok((Self { listener, certificate }, base))
    }

    /// Starts to serve. Call this within a runtime.
    fn serve(&self, options: ServerOptions) -> Result<(), CliError> {
        let refuse =
            |error: std::io::Error| CliError::undetermined(format!("the built-in server cannot start: {error}"));
        let listener = self.listener.try_clone().and_then(tokio::net::TcpListener::from_std).map_err(refuse)?;
        let certificate = self.certificate.clone();
        tokio::spawn(async move {
            let ended = secure::serve_tls(listener, options, &certificate, std::future::pending()).await;
            if let Err(error) = ended {
                say(&format!("note: the built-in server stopped: {error}"));
            }
        });
        Ok(())
    }
}

impl RunTarget {
    /// Prepares the target of a configuration and reads the credentials. Call [`guard::refusal`] first.
    pub fn new(config: &RunConfig) -> Result<Self, CliError> {
        let Some(base) = &config.target.value else {
            let base = base_url(EMBEDDED_BASE).map_err(CliError::undetermined)?;
            let mut settings = settings(config, base)?;
            if settings.groups.is_empty() {
                settings.groups = vec![GROUP.to_owned()];
            }
            let mutator = DataMutator::default();
            settings.hooks = reference_run::hooks(&mutator);
            return Ok(Self {
                settings,
                kind: TargetKind::Embedded(personality(&config.specs.value), ServerAuth::None, None, mutator),
            });
        };
        let mut credentials = guard::credentials(config).map_err(CliError::usage)?;
        let second = guard::second(config).map_err(CliError::usage)?;
        let mut settings = settings(config, base.clone())?;
        if let Some(address) = config.auth.jwks_addr.value {
            let Credentials::Smart(smart) = &mut credentials else {
                let text = "--jwks-addr needs a SMART client; give --client-id ID and --key-file FILE";
                return Err(CliError::usage(text));
            };
            smart.key_id.get_or_insert_with(|| key_set::KEY_ID.to_owned());
            settings.key_set = Some(jwks_server::serve(address)?);
        }
        let unstated_protection = config.auth.is_kind_derived_from_token();
        let settings = Settings { credentials, second, unstated_protection, ..settings };
        Ok(Self { settings, kind: TargetKind::Remote })
    }

    /// Protects the embedded server as the specs of the run require, with the run as its registered client. Leaves
    /// other targets as they are.
    pub fn protected(self, catalog: &Catalog, config: &RunConfig) -> Result<Self, CliError> {
        let TargetKind::Embedded(spec, _, _, mutator) = self.kind else { return Ok(self) };
        let specs: Vec<String> = config.specs.value.iter().chain(&config.informational_specs.value).cloned().collect();
        let smart = config.auth.kind.value == AuthKind::Smart;
        let protected = if smart { reference_run::protection() } else { reference_run::protection_of(catalog, &specs) };
        let ServerProtection { auth, credentials, second, key_set } = protected.map_err(CliError::undetermined)?;
        let forbidden_scope = key_set.as_ref().map(|_| KEPT_SCOPE.to_owned());
        let forbidden_group = key_set.as_ref().map(|_| reference_run::KEPT_GROUP.to_owned());
        let open = matches!(auth, ServerAuth::None);
        let forbidden_resources = reference_run::kept_resources();
        let mut settings = Settings {
            credentials,
            second,
            key_set,
            forbidden_scope,
            forbidden_group,
            forbidden_resources,
            // The embedded server needs no permission from the user.
            allow_writes: true,
            ..self.settings
        };
        settings.cohorts |= reference_run::has_cohorts(spec, open);
        if open {
            settings.empty_group.get_or_insert_with(|| reference_run::KEPT_GROUP.to_owned());
        }
        let mut tls = None;
        if smart {
            let (opened, base) = TlsAccess::open()?;
            settings.authorities.push(opened.certificate.der().to_vec());
            settings.base = base;
            tls = Some(opened);
        }
        Ok(Self { settings, kind: TargetKind::Embedded(spec, auth, tls, mutator) })
    }

    /// Returns whether it is the embedded server.
    pub fn is_embedded(&self) -> bool {
        matches!(self.kind, TargetKind::Embedded(..))
    }

    /// Returns its name for file names.
    pub fn host(&self) -> String {
        let base = &self.settings.base;
        match (self.is_embedded(), base.host_str(), base.port()) {
            (true, _, _) => "reference".to_owned(),
            (false, Some(host), Some(port)) => format!("{host}-{port}"),
            (false, host, _) => host.unwrap_or("host").to_owned(),
        }
    }

    /// Returns a transport to it. Call this within the runtime: the embedded server uses its clock.
    pub(crate) fn transport(&self, clock: Clock) -> Result<Arc<dyn Transport>, CliError> {
        match &self.kind {
            TargetKind::Remote => {
                Ok(Arc::new(Network::new(&self.settings).map_err(|e| CliError::usage(e.to_string()))?))
            }
            TargetKind::Embedded(spec, auth, tls, mutator) => {
                let mut options = ServerOptions::new(*spec, self.settings.base.clone(), clock);
                options.auth = auth.clone();
                options.mutator = Some(mutator.clone());
                options.key_feed = self.settings.key_set.clone().map(reference_run::key_feed);
                options.kept_group.clone_from(&self.settings.forbidden_group);
                // Long enough for a poll to see the job running, and short, because the user waits for it.
                options.job_time = Duration::from_secs(1);
                // Short, because some tests wait until the token expires.
                options.token_time = Duration::from_secs(20);
                match tls {
                    None => Ok(Arc::new(InProcess::new(serve::router(options)))),
                    Some(tls) => {
                        tls.serve(options)?;
                        Ok(Arc::new(Network::new(&self.settings).map_err(|e| CliError::usage(e.to_string()))?))
                    }
                }
            }
        }
    }

    /// Sends a GET of `path` below the base as a run does, and returns the JSON of a 2xx response.
    pub async fn get(&self, role: Role, path: &str) -> Result<serde_json::Value, String> {
        let clock = Clock::system();
        let settings = Arc::new(self.settings.clone());
        let transport = self.transport(clock).map_err(|refusal| refusal.text)?;
        let recorder = Recorder::new(&settings, clock, None);
        let session = Session::new(settings, transport, clock, recorder);
        let url = format!("{}/{path}", self.settings.base.as_str().trim_end_matches('/'));
        let mut headers = HeaderMap::new();
        headers.insert(http::header::ACCEPT, HeaderValue::from_static("application/fhir+json, application/json"));
        let request = RequestSpec {
            masked: false,
            flow: None,
            role,
            probe: None,
            file: None,
            method: Method::GET,
            url: url.parse().map_err(|e| format!("{path} does not form a valid URL: {e}"))?,
            headers,
            body: None,
            identity: Identity::Client,
            open: false,
        };
        let response = session.send(request).await.result.map_err(|trouble| trouble.message)?;
        if !response.status.is_success() {
            return Err(format!("the server returned {}", response.status));
        }
        serde_json::from_slice(&response.body).map_err(|e| format!("the response is not JSON: {e}"))
    }
}

/// Returns the settings of a run, without credentials.
fn settings(config: &RunConfig, base: Url) -> Result<Settings, CliError> {
    let marks: Result<Vec<WithheldMark>, String> =
        config.auth.forbidden_resources.value.iter().map(|text| WithheldMark::parse(text)).collect();
    Ok(Settings {
        levels: (!config.levels.value.is_empty()).then(|| config.levels.value.clone()),
        profiles: profiles(&config.packages.value, &config.profiles.value, &embedded::r4())?,
        hooks: hooks(config),
        forbidden_resources: Arc::new(marks.map_err(CliError::usage)?),
        ..config.settings(base)
    })
}

/// Returns the hooks that the run may use. If hooks are not allowed, the result shows only whether there are any.
fn hooks(config: &RunConfig) -> Hooks {
    let named = config.hooks.named();
    if !config.allow_hooks.value {
        return Hooks { withheld: named.count() > 0, ..Hooks::default() };
    }
    let command = |argv: &[String]| {
        let (folder, timeout) = (config.hooks.folder.clone(), config.hooks.timeout.value);
        Hook::Command(HookCommand { argv: argv.to_vec(), folder, timeout })
    };
    Hooks { there: named.map(|(name, argv)| (name, command(argv))).collect(), withheld: false }
}

/// Returns the spec that the reference server follows in a run by `specs`: that of a product or guide if one is named,
/// else the newest of HL7.
fn personality(specs: &[String]) -> Personality {
    specs.iter().filter_map(|id| Personality::from_word(id)).max().unwrap_or(Personality::Stu3)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_server_follows_the_newest_named_spec() {
        let named = |ids: &[&str]| personality(&ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>());
        assert_eq!(named(&[]), Personality::Stu3);
        assert_eq!(named(&["hl7-2.0.0"]), Personality::Stu2);
        assert_eq!(named(&["hl7-3.0.0", "hl7-2.0.0"]), Personality::Stu3);
        assert_eq!(named(&["smile-cdr", "hl7-3.0.0"]), Personality::Smile);
        assert_eq!(named(&["smile-cdr", "hl7-3.0.0", "au-hcpd-0.3.0-preview"]), Personality::Hcpd);
        assert_eq!(named(&["lesson"]), Personality::Lesson);
        assert_eq!(named(&["hl7-2.0.0", "lesson"]), Personality::Stu2, "the lesson requires less than any spec of HL7");
        assert_eq!(named(&["not-supported"]), Personality::Stu3);
    }
}
