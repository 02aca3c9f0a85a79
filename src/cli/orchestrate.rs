//! The one place where the command line takes hold of the other rooms.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, Method};
use tokio::sync::watch;
use url::Url;

use super::{Refusal, keys};
use crate::clock::Clock;
use crate::config::effective::Effective;
use crate::config::guard;
use crate::config::values::AuthKind;
use crate::drive::inprocess::InProcess;
use crate::drive::keyset;
use crate::drive::progress;
use crate::drive::recorder::Recorder;
use crate::drive::session::{Ask, Session};
use crate::drive::settings::{Credentials, Settings};
use crate::drive::transport::Transport;
use crate::drive::wire::Wire;
use crate::drive::{self, Drive, Remains};
use crate::plan::{self, Plan};
use crate::record::{Judgement, Run, TestResult};
use crate::reference::{self, Personality};
use crate::report;
use crate::suite::model::{Catalog, Identity};
use crate::tape::model::{Role, Tape};
use crate::tape::store;
use crate::trials::selftest::{self, GROUP, Protected};

/// Where the reference server answers within this process.
const EMBEDDED_BASE: &str = "http://localhost/fhir";

/// Reads the rules: those built in, or those of a folder.
pub fn catalog(folder: Option<&Path>) -> Result<Catalog, Refusal> {
    let read = match folder {
        Some(folder) => crate::suite::read_dir(folder),
        None => crate::suite::embedded(),
    };
    read.map_err(|refusals| Refusal::usage(refusals.render(false)))
}

/// The ids of all specs.
pub fn spec_ids(catalog: &Catalog) -> Vec<String> {
    catalog.specs.keys().cloned().collect()
}

/// Builds a plan.
pub fn plan(
    catalog: &Catalog,
    specs: &[String],
    also: Vec<String>,
    selected: &dyn Fn(&str) -> bool,
) -> Result<Plan, Refusal> {
    let ask = plan::Ask { specs: specs.to_vec(), also, ..Default::default() };
    plan::build(catalog, &ask, selected).map_err(|e| Refusal::usage(e.to_string()))
}

/// What is judged: a server out there, or the one within.
pub struct Target {
    settings: Settings,
    kind: Kind,
}

enum Kind {
    /// Over the network.
    Remote,
    /// The reference server within this process, who may ask it, and by which door where it is over sockets.
    Embedded(Personality, reference::Auth, Option<Door>),
}

/// Where the server within listens when it is reached over TLS.
struct Door {
    listener: TcpListener,
    certificate: reference::Certificate,
}

impl Door {
    /// A free port of this machine, and a certificate for it.
    fn open() -> Result<(Self, Url), Refusal> {
        let refuse = |error: std::io::Error| Refusal::undetermined(format!("no port can be listened on: {error}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(refuse)?;
        listener.set_nonblocking(true).map_err(refuse)?;
        let address = listener.local_addr().map_err(refuse)?;
        let certificate = reference::Certificate::made(SystemTime::now()).map_err(Refusal::undetermined)?;
        let base =
            crate::config::values::base_url(&format!("https://{address}/fhir")).map_err(Refusal::undetermined)?;
        Ok((Self { listener, certificate }, base))
    }

    /// Serves from now on. To be called within a runtime.
    fn serve(&self, options: reference::Options) -> Result<(), Refusal> {
        let refuse = |error: std::io::Error| Refusal::undetermined(format!("the server within cannot start: {error}"));
        let listener = self.listener.try_clone().and_then(tokio::net::TcpListener::from_std).map_err(refuse)?;
        let certificate = self.certificate.clone();
        tokio::spawn(async move {
            let ended = reference::serve_tls(listener, options, &certificate, std::future::pending()).await;
            if let Err(error) = ended {
                super::say(&format!("note: the server within ended: {error}"));
            }
        });
        Ok(())
    }
}

impl Target {
    /// Gets ready for the target of a configuration and reads the credentials; call [`guard::refusal`] first.
    pub fn new(config: &Effective) -> Result<Self, Refusal> {
        let Some(base) = &config.target else {
            let base = crate::config::values::base_url(EMBEDDED_BASE).map_err(Refusal::undetermined)?;
            let mut settings = settings(config, base)?;
            if settings.groups.is_empty() {
                settings.groups = vec![GROUP.to_owned()];
            }
            return Ok(Self {
                settings,
                kind: Kind::Embedded(personality(&config.specs.value), reference::Auth::None, None),
            });
        };
        let mut credentials = guard::credentials(config).map_err(Refusal::usage)?;
        let second = guard::second(config).map_err(Refusal::usage)?;
        let mut settings = settings(config, base.value.clone())?;
        if let Some(address) = &config.jwks_addr {
            let Credentials::Smart(smart) = &mut credentials else {
                let text = "--jwks-addr serves the key of a SMART client; give --client-id ID and --key-file FILE";
                return Err(Refusal::usage(text));
            };
            smart.key_id.get_or_insert_with(|| keyset::KEY_ID.to_owned());
            settings.key_set = Some(keys::serve(address.value)?);
        }
        Ok(Self { settings: Settings { credentials, second, ..settings }, kind: Kind::Remote })
    }

    /// The same; the server within protected as the specs to judge it by ask for, and the run its registered client.
    pub fn protected(self, catalog: &Catalog, config: &Effective) -> Result<Self, Refusal> {
        let Kind::Embedded(spec, ..) = self.kind else { return Ok(self) };
        let specs: Vec<String> = config.specs.value.iter().chain(&config.also.value).cloned().collect();
        let asked = config.auth.value == AuthKind::Smart;
        let protected = if asked { selftest::protection() } else { selftest::protection_of(catalog, &specs) };
        let Protected { auth, credentials, second, key_set } = protected.map_err(Refusal::undetermined)?;
        let forbidden_scope = key_set.as_ref().map(|_| reference::KEPT_SCOPE.to_owned());
        let forbidden_group = key_set.as_ref().map(|_| selftest::KEPT_GROUP.to_owned());
        let mut settings = Settings { credentials, second, key_set, forbidden_scope, forbidden_group, ..self.settings };
        let mut door = None;
        if asked {
            let (opened, base) = Door::open()?;
            settings.authorities.push(opened.certificate.der().to_vec());
            settings.base = base;
            door = Some(opened);
        }
        Ok(Self { settings, kind: Kind::Embedded(spec, auth, door) })
    }

    /// Whether it is the server within.
    pub fn is_embedded(&self) -> bool {
        matches!(self.kind, Kind::Embedded(..))
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
    fn transport(&self, clock: Clock) -> Result<Arc<dyn Transport>, Refusal> {
        match &self.kind {
            Kind::Remote => Ok(Arc::new(Wire::new(&self.settings).map_err(|e| Refusal::usage(e.to_string()))?)),
            Kind::Embedded(spec, auth, door) => {
                let mut options = reference::Options::new(*spec, self.settings.base.clone(), clock);
                options.auth = auth.clone();
                options.key_feed = self.settings.key_set.clone().map(selftest::feed);
                options.kept_group.clone_from(&self.settings.forbidden_group);
                // Long enough to be seen running, no longer: whoever types the first command waits for it.
                options.job_time = Duration::from_secs(1);
                // A token that is over is waited for, too.
                options.token_time = Duration::from_secs(20);
                match door {
                    None => Ok(Arc::new(InProcess::new(reference::router(options)))),
                    Some(door) => {
                        door.serve(options)?;
                        Ok(Arc::new(Wire::new(&self.settings).map_err(|e| Refusal::usage(e.to_string()))?))
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
        let ask = Ask {
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

/// The specs that a server declares by these canonical URLs. One without a version declares only what is listed
/// without one.
pub fn declared(catalog: &Catalog, claims: &[String]) -> Vec<String> {
    let declares = |listed: &String| {
        claims.iter().any(|claim| {
            let bare = claim.split_once('|').map_or(claim.as_str(), |(url, _)| url);
            claim == listed || bare == listed
        })
    };
    catalog.specs.values().filter(|spec| spec.declared_by.iter().any(declares)).map(|spec| spec.id.clone()).collect()
}

/// What the drive needs to know, without credentials.
fn settings(config: &Effective, base: Url) -> Result<Settings, Refusal> {
    let path = |setting: &Option<crate::config::effective::Setting<PathBuf>>| setting.as_ref().map(|s| s.value.clone());
    let profiles = super::ndjson::profiles(&config.packages.value, &config.profiles.value, &crate::fhir::r4())?;
    Ok(Settings {
        levels: (!config.levels.value.is_empty()).then(|| config.levels.value.clone()),
        groups: config.groups.value.clone(),
        types: config.types.value.clone(),
        values: config.values.value.clone(),
        jobs: config.jobs.value,
        max_wait: config.max_wait.value,
        deadline: config.deadline.as_ref().map(|s| s.value),
        max_bytes: config.max_bytes.value.0,
        no_delete: config.no_delete.value,
        late_polls: config.late_polls.value,
        allow_origins: config.allow_origins.value.iter().map(Url::origin).collect(),
        keep_files: path(&config.keep_files),
        profiles,
        insecure: config.insecure.value,
        allow_http: config.allow_http.value,
        ca_file: path(&config.ca_file),
        client_cert: path(&config.client_cert),
        forbidden_scope: config.forbidden_scope.as_ref().map(|s| s.value.clone()),
        forbidden_group: config.forbidden_group.as_ref().map(|s| s.value.clone()),
        use_proxy: config.proxy.value,
        ..Settings::new(base)
    })
}

/// The rule book that the reference server keeps for a run by `specs`: the newest of HL7 among them, or a product's
/// before all of HL7's.
fn personality(specs: &[String]) -> Personality {
    specs.iter().filter_map(|id| Personality::from_word(id)).max().unwrap_or(Personality::Stu3)
}

/// A conversation with the target: first what it says of itself, then what is planned.
pub struct Voyage {
    drive: Drive,
}

/// Where jobs that could not be deleted are listed: beside the report, not in it, since reports are passed on.
pub fn leftovers(folder: &Path) -> PathBuf {
    beside(folder, ".leftovers")
}

/// The file beside a report folder whose name ends so.
fn beside(folder: &Path, ending: &str) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// What is left of a run that was killed, by its tape: the tape, the jobs to go on with, and the file that lists them.
///
/// # Errors
/// There is no such tape, or nothing to go on with.
pub fn remains(path: &Path) -> Result<(Tape, Remains, PathBuf), Refusal> {
    let tape = tape(path)?;
    let file = store::locate(path);
    // The tape's folder, and the report's around it.
    let folder = file.parent().and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty());
    let ledger = beside(folder.unwrap_or(Path::new(".")), ".resume");
    let remains = Remains::read(&ledger, &tape).map_err(|e| {
        let why = match tape.end {
            Some(_) => "that run came to its end".to_owned(),
            None => format!("{} cannot be read: {e}", ledger.display()),
        };
        Refusal::usage(format!("nothing to resume: {why}; leave --resume out to run anew"))
    })?;
    Ok((tape, remains, ledger))
}

impl Voyage {
    /// Makes ready, with a tape in `folder/tape`; sends nothing.
    pub fn new(
        catalog: &Catalog,
        target: Target,
        folder: &Path,
        interrupt: watch::Receiver<bool>,
        remains: Remains,
    ) -> Result<Self, Refusal> {
        let clock = Clock::system();
        let transport = target.transport(clock)?;
        let sink = store::Writer::create(&folder.join("tape")).map_err(|e| Refusal::usage(e.to_string()))?;
        let options = drive::Options {
            suites: catalog.digest.clone(),
            embedded: target.is_embedded(),
            progress: progress::for_stderr(),
            interrupt,
            sink: Some(sink),
            leftovers: (!target.is_embedded()).then(|| leftovers(folder)),
            ledger: (!target.is_embedded()).then(|| beside(folder, ".resume")),
            remains,
        };
        Ok(Self { drive: Drive::new(target.settings, transport, clock, options) })
    }

    /// The specs of the suites that the target's CapabilityStatement declares.
    pub async fn declared(&mut self, catalog: &Catalog) -> Result<Vec<String>, Refusal> {
        let said = self.drive.metadata().await.map_err(|e| Refusal::undetermined(e.to_string()))?;
        Ok(declared(catalog, &said.claims))
    }

    /// Converses as planned and hands back the tape.
    pub async fn run(self, plan: &Plan) -> Result<Tape, Refusal> {
        self.drive.run(plan).await.map_err(|e| Refusal::undetermined(e.to_string()))
    }
}

/// Judges a tape.
pub fn judge(catalog: &Catalog, plan: &Plan, tape: Tape) -> Run {
    crate::judge::judge_whole(catalog, plan, tape)
}

/// Reads a tape from its folder, its file or the report folder around it.
pub fn tape(path: &Path) -> Result<Tape, Refusal> {
    store::read(path).map_err(|e| Refusal::usage(e.to_string()))
}

/// Puts a copy of a tape into the report folder drawn from it, so that the folder is whole by itself.
pub fn copy_tape(path: &Path, folder: &Path) -> Result<(), Refusal> {
    let from = store::locate(path);
    let to = folder.join(store::FOLDER).join(store::FILE_NAME);
    let same = || Some(from.canonicalize().ok()? == to.canonicalize().ok()?);
    // A copy onto itself would empty it.
    if same().unwrap_or(false) {
        return Ok(());
    }
    // Whole or not at all, as the reports are.
    let part = to.with_extension(format!("jsonl.{}.part", std::process::id()));
    let copied = std::fs::create_dir_all(folder.join(store::FOLDER))
        .and_then(|()| std::fs::copy(&from, &part))
        .and_then(|_| std::fs::rename(&part, &to));
    copied.map(drop).map_err(|e| {
        Refusal::usage(format!("the tape cannot be copied to {}: {e}; give another folder with --report", to.display()))
    })
}

/// Writes a finding out, as libtest shows it below its name.
pub fn finding(run: &Run, judgement: &Judgement, test: &TestResult) -> String {
    report::finding::told(run, judgement, test)
}

/// The summary for the terminal.
pub fn summary(run: &Run, colour: bool, strict: bool, reports: Option<&Path>) -> String {
    report::terminal::summary(run, &report::terminal::Options { colour, strict, reports })
}

/// Writes the reports.
pub fn reports(folder: &Path, run: &Run, strict: bool) -> Result<(), Refusal> {
    let written = report::write_all(folder, run, &report::Options { strict });
    written.map(drop).map_err(|e| Refusal::undetermined(e.to_string()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_server_declares_by_the_version_it_names() {
        let catalog = catalog(None).unwrap();
        let url = "http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data";
        assert_eq!(declared(&catalog, &[format!("{url}|2.0.0")]), ["hl7-2.0.0"]);
        assert_eq!(declared(&catalog, &[format!("{url}|9.9.9"), url.to_owned()]), Vec::<String>::new());
        assert_eq!(declared(&catalog, &[]), Vec::<String>::new());
    }

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
