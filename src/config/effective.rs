//! The configuration in effect.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use toml::Spanned;
use url::Url;

use crate::base::vocabulary::ExportLevel;
use crate::config::file::{File, KnownSays};
use crate::config::values::{AuthKind, ByteSize};
use crate::suite::flow::HookName;
use crate::suite::param::SampleValueName;
use crate::suite::values::Wait;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The command line.
    Flag,
    /// An environment variable, by name.
    Env(String),
    /// A line of the configuration file that the user named.
    File(PathBuf, usize),
    /// A line of a configuration file that lay in the working directory.
    Found(PathBuf, usize),
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag => f.write_str("command line"),
            Origin::Env(name) => f.write_str(name),
            Origin::File(path, line) | Origin::Found(path, line) => write!(f, "{}:{line}", path.display()),
            Origin::Default => f.write_str("default"),
        }
    }
}

/// A value and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

impl<T> Setting<T> {
    /// A value from `origin`.
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    fn map<U>(self, change: impl FnOnce(T) -> U) -> Setting<U> {
        Setting { value: change(self.value), origin: self.origin }
    }
}

/// What the command line and the environment say; the origin of each is one of these two.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)] // Each field is the flag of its name; see `Effective`.
pub struct Given {
    pub target: Option<Setting<Url>>,
    pub specs: Option<Setting<Vec<String>>>,
    pub informational_specs: Option<Setting<Vec<String>>>,
    pub groups: Option<Setting<Vec<String>>>,
    pub empty_group: Option<Setting<String>>,
    pub cohorts: Option<Setting<bool>>,
    pub allow_writes: Option<Setting<bool>>,
    pub levels: Option<Setting<Vec<ExportLevel>>>,
    pub types: Option<Setting<Vec<String>>>,
    pub report: Option<Setting<PathBuf>>,
    pub suites: Option<Setting<PathBuf>>,
    pub strict: Option<Setting<bool>>,
    pub jobs: Option<Setting<usize>>,
    pub max_wait: Option<Setting<Wait>>,
    pub deadline: Option<Setting<Wait>>,
    pub max_bytes: Option<Setting<ByteSize>>,
    pub no_delete: Option<Setting<bool>>,
    pub wait_for_expiry: Option<Setting<bool>>,
    pub keep_files: Option<Setting<PathBuf>>,
    pub packages: Option<Setting<Vec<PathBuf>>>,
    pub profiles: Option<Setting<Vec<String>>>,
    pub allow_origins: Option<Setting<Vec<Url>>>,
    pub insecure: Option<Setting<bool>>,
    pub allow_http: Option<Setting<bool>>,
    pub ca_file: Option<Setting<PathBuf>>,
    pub proxy: Option<Setting<bool>>,
    pub auth: Option<Setting<AuthKind>>,
    /// Whether `PLIMSOLL_TOKEN` is set and not empty.
    pub token_in_env: bool,
    pub token_file: Option<Setting<PathBuf>>,
    pub client_id: Option<Setting<String>>,
    pub key_file: Option<Setting<PathBuf>>,
    pub key_id: Option<Setting<String>>,
    pub token_url: Option<Setting<Url>>,
    pub client_cert: Option<Setting<PathBuf>>,
    pub second_client_id: Option<Setting<String>>,
    pub second_key_file: Option<Setting<PathBuf>>,
    pub second_key_id: Option<Setting<String>>,
    pub second_token_file: Option<Setting<PathBuf>>,
    pub jwks_addr: Option<Setting<SocketAddr>>,
    pub forbidden_scope: Option<Setting<String>>,
    pub forbidden_group: Option<Setting<String>>,
    pub allow_hooks: bool,
    pub forbidden_resources: Option<Setting<Vec<String>>>,
    pub scope: Option<Setting<String>>,
}

/// Where the bearer token is; the token itself is read by [`crate::config::guard`] once it is known whom it goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenPlace {
    /// In this environment variable.
    Env(String),
    /// In this file.
    File(PathBuf),
}

/// Commands that change the target's data: a program and its arguments each.
#[derive(Clone, Debug)]
pub struct Hooks {
    /// Whether the command line allows them to be run.
    pub allowed: bool,
    /// Changes resources.
    pub change: Option<Setting<Vec<String>>>,
    /// Deletes resources.
    pub delete: Option<Setting<Vec<String>>>,
    /// Makes resources fail to be exported.
    pub fail: Option<Setting<Vec<String>>>,
    /// How long one of them may take.
    pub timeout: Setting<Duration>,
    /// The folder of the file that names them, where they run.
    pub folder: PathBuf,
}

impl Hooks {
    /// Those that are set.
    pub fn named(&self) -> impl Iterator<Item = (HookName, &Setting<Vec<String>>)> {
        let all = [(HookName::Change, &self.change), (HookName::Delete, &self.delete), (HookName::Fail, &self.fail)];
        all.into_iter().filter_map(|(name, hook)| Some((name, hook.as_ref()?)))
    }
}

/// The configuration in effect.
#[derive(Clone, Debug)]
pub struct Effective {
    /// The FHIR base URL; none: the reference server within.
    pub target: Option<Setting<Url>>,
    /// The specs to judge by; empty: what the target declares.
    pub specs: Setting<Vec<String>>,
    /// Specs that do not count.
    pub informational_specs: Setting<Vec<String>>,
    /// Groups that may be exported.
    pub groups: Setting<Vec<String>>,
    /// A Group without members.
    pub empty_group: Option<Setting<String>>,
    /// The target has the Bulk Cohort API, whether it declares so or not.
    pub cohorts: Setting<bool>,
    /// Groups may be made on the target. Only the command line says so.
    pub allow_writes: Setting<bool>,
    /// Levels to export at; empty: those declared.
    pub levels: Setting<Vec<ExportLevel>>,
    /// Resource types to export; empty: all.
    pub types: Setting<Vec<String>>,
    /// Values that exist on the target, in place of picks from its data.
    pub values: Setting<BTreeMap<SampleValueName, String>>,
    /// Where the reports go; none: a folder named by time and host.
    pub report: Option<Setting<PathBuf>>,
    /// Rules in place of the built-in ones.
    pub suites: Option<Setting<PathBuf>>,
    /// Warnings count as failures.
    pub strict: Setting<bool>,
    /// Jobs that may run at once.
    pub jobs: Setting<usize>,
    /// From a kick-off to its completion.
    pub max_wait: Setting<Duration>,
    /// The whole run.
    pub deadline: Option<Setting<Duration>>,
    /// The most taken from files.
    pub max_bytes: Setting<ByteSize>,
    /// Leave the jobs.
    pub no_delete: Setting<bool>,
    /// Poll deleted jobs once more a minute later.
    pub wait_for_expiry: Setting<bool>,
    /// Where the files' bodies are kept.
    pub keep_files: Option<Setting<PathBuf>>,
    /// Packages of profiles.
    pub packages: Setting<Vec<PathBuf>>,
    /// Profiles that all resources of their type are held to.
    pub profiles: Setting<Vec<String>>,
    /// Origins that may see the token.
    pub allow_origins: Setting<Vec<Url>>,
    /// Accept any certificate.
    pub insecure: Setting<bool>,
    /// Plain http is meant.
    pub allow_http: Setting<bool>,
    /// More certificate authorities.
    pub ca_file: Option<Setting<PathBuf>>,
    /// Use the proxies of the environment.
    pub proxy: Setting<bool>,
    /// How requests are authorized.
    pub auth: Setting<AuthKind>,
    /// Where the token is.
    pub token: Option<Setting<TokenPlace>>,
    /// SMART: the client id.
    pub client_id: Option<Setting<String>>,
    /// SMART: the file of the private key.
    pub key_file: Option<Setting<PathBuf>>,
    /// SMART: the id of the key.
    pub key_id: Option<Setting<String>>,
    /// SMART: the token endpoint.
    pub token_url: Option<Setting<Url>>,
    /// SMART: the scopes.
    pub scope: Setting<String>,
    /// The certificate to show and its private key, in one PEM file, where the server wants one.
    pub client_cert: Option<Setting<PathBuf>>,
    /// The id of a second client, who must not see what the first exports.
    pub second_client_id: Option<Setting<String>>,
    /// The file of its private key.
    pub second_key_file: Option<Setting<PathBuf>>,
    /// The id by which the server knows that key.
    pub second_key_id: Option<Setting<String>>,
    /// A file that holds a bearer token of a second client.
    pub second_token_file: Option<Setting<PathBuf>>,
    /// SMART: serve the public key at http://ADDRESS/jwks.json while the run lasts; for a client registered by that URL.
    pub jwks_addr: Option<Setting<SocketAddr>>,
    /// SMART: a scope that the server keeps from this client.
    pub forbidden_scope: Option<Setting<String>>,
    /// A Group that this client may not export.
    pub forbidden_group: Option<Setting<String>>,
    /// Commands that change the target's data.
    pub hooks: Hooks,
    /// Resources that this client must never be given.
    pub forbidden_resources: Setting<Vec<String>>,
    /// Known deviations, with the bytes of the file where each stands.
    pub known: Vec<(KnownSays, std::ops::Range<usize>)>,
}

impl Effective {
    /// What is in effect: flags and variables over the file over the defaults.
    pub fn new(given: Given, file: Option<&File>) -> Self {
        let none = crate::config::file::Says::default();
        let says = file.map_or(&none, |file| &file.says);
        let pick = Picker { file };
        let path = |p: PathBuf| file.map_or_else(|| p.clone(), |file| file.resolve(&p));
        let resolved = |setting: Option<&Spanned<PathBuf>>| pick.of(setting).map(|s| s.map(path));

        let token_flag = given.token_file.map(|s| s.map(TokenPlace::File));
        let token_env = given.token_in_env.then(|| {
            let name = "PLIMSOLL_TOKEN".to_owned();
            Setting::new(TokenPlace::Env(name.clone()), Origin::Env(name))
        });
        // A token file of the command line is nearer than a variable; one named by a variable is not.
        let (near, far) = match &token_flag {
            Some(setting) if setting.origin == Origin::Flag => (token_flag, token_env),
            _ => (token_env, token_flag),
        };
        let token = near
            .or(far)
            .or_else(|| pick.of(says.auth.token_env.as_ref()).map(|s| s.map(TokenPlace::Env)))
            .or_else(|| resolved(says.auth.token_file.as_ref()).map(|s| s.map(TokenPlace::File)));
        let client_id = given.client_id.or_else(|| pick.of(says.auth.client_id.as_ref()));
        let auth = given.auth.or_else(|| pick.of(says.auth.kind.as_ref())).unwrap_or_else(|| {
            // Whoever says where credentials are wants them used.
            match (&client_id, &token) {
                (Some(id), _) => Setting::new(AuthKind::Smart, id.origin.clone()),
                (None, Some(token)) => Setting::new(AuthKind::Token, token.origin.clone()),
                (None, None) => Setting::new(AuthKind::None, Origin::Default),
            }
        });
        let wait = |s: Setting<Wait>| s.map(Wait::duration);
        let or = |value| Setting::new(value, Origin::Default);
        Self {
            target: given.target.or_else(|| pick.of(says.target.as_ref())),
            specs: given.specs.or_else(|| pick.of(says.specs.as_ref())).unwrap_or_else(|| or(Vec::new())),
            informational_specs: given
                .informational_specs
                .or_else(|| pick.of(says.informational_specs.as_ref()))
                .unwrap_or_else(|| or(Vec::new())),
            groups: given.groups.or_else(|| pick.of(says.groups.as_ref())).unwrap_or_else(|| or(Vec::new())),
            empty_group: given.empty_group.or_else(|| pick.of(says.empty_group.as_ref())),
            cohorts: given.cohorts.or_else(|| pick.of(says.cohorts.as_ref())).unwrap_or(DEFAULT_FALSE),
            allow_writes: given.allow_writes.unwrap_or(DEFAULT_FALSE),
            levels: given
                .levels
                .or_else(|| pick.of(says.levels.as_ref()))
                .unwrap_or(Setting::new(Vec::new(), Origin::Default)),
            types: given.types.or_else(|| pick.of(says.types.as_ref())).unwrap_or_else(|| or(Vec::new())),
            values: pick.of(says.values.as_ref()).unwrap_or_else(|| Setting::new(BTreeMap::new(), Origin::Default)),
            report: given.report.or_else(|| resolved(says.report.as_ref())),
            suites: given.suites.or_else(|| resolved(says.suites.as_ref())),
            strict: given.strict.or_else(|| pick.of(says.strict.as_ref())).unwrap_or(DEFAULT_FALSE),
            jobs: given.jobs.or_else(|| pick.of(says.jobs.as_ref())).unwrap_or(Setting::new(4, Origin::Default)),
            max_wait: given
                .max_wait
                .or_else(|| pick.of(says.max_wait.as_ref()))
                .map(wait)
                .unwrap_or(Setting::new(Duration::from_secs(600), Origin::Default)),
            deadline: given.deadline.or_else(|| pick.of(says.deadline.as_ref())).map(wait),
            max_bytes: given
                .max_bytes
                .or_else(|| pick.of(says.max_bytes.as_ref()))
                .unwrap_or(Setting::new(ByteSize(64 << 30), Origin::Default)),
            no_delete: given.no_delete.or_else(|| pick.of(says.no_delete.as_ref())).unwrap_or(DEFAULT_FALSE),
            wait_for_expiry: given
                .wait_for_expiry
                .or_else(|| pick.of(says.wait_for_expiry.as_ref()))
                .unwrap_or(DEFAULT_FALSE),
            keep_files: given.keep_files.or_else(|| resolved(says.keep_files.as_ref())),
            packages: given
                .packages
                .or_else(|| pick.of(says.packages.as_ref()).map(|s| s.map(|all| all.into_iter().map(path).collect())))
                .unwrap_or(Setting::new(Vec::new(), Origin::Default)),
            profiles: given.profiles.or_else(|| pick.of(says.profiles.as_ref())).unwrap_or_else(|| or(Vec::new())),
            allow_origins: given
                .allow_origins
                .or_else(|| pick.of(says.allow_origins.as_ref()))
                .unwrap_or(Setting::new(Vec::new(), Origin::Default)),
            insecure: given.insecure.or_else(|| pick.of(says.insecure.as_ref())).unwrap_or(DEFAULT_FALSE),
            allow_http: given.allow_http.or_else(|| pick.of(says.allow_http.as_ref())).unwrap_or(DEFAULT_FALSE),
            ca_file: given.ca_file.or_else(|| resolved(says.ca_file.as_ref())),
            proxy: given.proxy.or_else(|| pick.of(says.proxy.as_ref())).unwrap_or(DEFAULT_FALSE),
            auth,
            token,
            client_id,
            key_file: given.key_file.or_else(|| resolved(says.auth.key_file.as_ref())),
            key_id: given.key_id.or_else(|| pick.of(says.auth.key_id.as_ref())),
            token_url: given.token_url.or_else(|| pick.of(says.auth.token_url.as_ref())),
            scope: given
                .scope
                .or_else(|| pick.of(says.auth.scope.as_ref()))
                .unwrap_or_else(|| Setting::new("system/*.read".to_owned(), Origin::Default)),
            client_cert: given.client_cert.or_else(|| resolved(says.client_cert.as_ref())),
            second_client_id: given.second_client_id.or_else(|| pick.of(says.auth.second_client_id.as_ref())),
            second_key_file: given.second_key_file.or_else(|| resolved(says.auth.second_key_file.as_ref())),
            second_key_id: given.second_key_id.or_else(|| pick.of(says.auth.second_key_id.as_ref())),
            second_token_file: given.second_token_file.or_else(|| resolved(says.auth.second_token_file.as_ref())),
            jwks_addr: given.jwks_addr.or_else(|| pick.of(says.auth.jwks_addr.as_ref())),
            forbidden_scope: given.forbidden_scope.or_else(|| pick.of(says.auth.forbidden_scope.as_ref())),
            forbidden_group: given.forbidden_group.or_else(|| pick.of(says.auth.forbidden_group.as_ref())),
            hooks: Hooks {
                allowed: given.allow_hooks,
                change: pick.of(says.hooks.change.as_ref()),
                delete: pick.of(says.hooks.delete.as_ref()),
                fail: pick.of(says.hooks.fail.as_ref()),
                timeout: pick
                    .of(says.hooks.timeout.as_ref())
                    .map(wait)
                    .unwrap_or(Setting::new(Duration::from_secs(60), Origin::Default)),
                folder: file.and_then(|file| file.path.parent().map(PathBuf::from)).unwrap_or_default(),
            },
            forbidden_resources: given
                .forbidden_resources
                .or_else(|| pick.of(says.auth.forbidden_resources.as_ref()))
                .unwrap_or_else(|| or(Vec::new())),
            known: says.known.iter().map(|known| (known.get_ref().clone(), known.span())).collect(),
        }
    }
}

const DEFAULT_FALSE: Setting<bool> = Setting { value: false, origin: Origin::Default };

/// Takes values out of the file, with their lines.
struct Picker<'a> {
    file: Option<&'a File>,
}

impl Picker<'_> {
    fn of<T: Clone>(&self, setting: Option<&Spanned<T>>) -> Option<Setting<T>> {
        let (file, setting) = (self.file?, setting?);
        let line = file.line(setting.span().start);
        let path = file.path.clone();
        let origin = if file.found { Origin::Found(path, line) } else { Origin::File(path, line) };
        Some(Setting::new(setting.get_ref().clone(), origin))
    }
}
