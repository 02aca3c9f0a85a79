//! `plimsoll.toml` as it is written. A mistake is refused with the file, the line and a caret; what could be a secret
//! is never shown in the excerpt.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny};
use toml::Spanned;
use url::Url;

use crate::base::vocabulary::ExportLevel;
use crate::config::values::{AuthKind, ByteSize, Day};
use crate::config::{refuse, values};
use crate::suite::param::SampleValueName;
use crate::suite::values::Wait;

/// The largest configuration file that is read, in bytes.
const LIMIT: u64 = 1 << 20;

/// How the parser lists the keys that are read only to be refused; nobody is told to use them.
pub(crate) const REFUSED_KEYS: &[&str] =
    &[", `token`, `client-secret`, `password`, `key`, `private-key`", ", `allow-hooks`, `allow-writes`"];

/// A configuration file that was read.
#[derive(Debug)]
pub struct File {
    /// Its path, as the user gave it.
    pub path: PathBuf,
    /// Whether it was merely lying there, not named by the user.
    pub found: bool,
    /// Its text, for refusals that show themselves later.
    pub text: String,
    /// What it says.
    pub says: Says,
}

/// What a configuration file may say. Keys are named as the flags.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Says {
    /// The FHIR base URL.
    #[serde(default, deserialize_with = "base_url")]
    pub target: Option<Spanned<Url>>,
    /// The specs to judge by.
    pub specs: Option<Spanned<Vec<String>>>,
    /// Specs that do not count.
    pub informational_specs: Option<Spanned<Vec<String>>>,
    /// Groups that may be exported.
    pub groups: Option<Spanned<Vec<String>>>,
    /// A Group without members.
    pub empty_group: Option<Spanned<String>>,
    /// The target has the Bulk Cohort API.
    pub cohorts: Option<Spanned<bool>>,
    /// Levels to export at.
    #[serde(default, deserialize_with = "levels")]
    pub levels: Option<Spanned<Vec<ExportLevel>>>,
    /// Resource types to export.
    #[serde(default, deserialize_with = "types")]
    pub types: Option<Spanned<Vec<String>>>,
    /// Where the reports go.
    pub report: Option<Spanned<PathBuf>>,
    /// Rules in place of the built-in ones.
    pub suites: Option<Spanned<PathBuf>>,
    /// Warnings count as failures.
    pub strict: Option<Spanned<bool>>,
    /// Values that exist on the target, by pick.
    #[serde(default, deserialize_with = "picks")]
    pub values: Option<Spanned<BTreeMap<SampleValueName, String>>>,
    /// Jobs that may run at once.
    #[serde(default, deserialize_with = "jobs")]
    pub jobs: Option<Spanned<usize>>,
    /// From a kick-off to its completion.
    pub max_wait: Option<Spanned<Wait>>,
    /// The whole run.
    pub deadline: Option<Spanned<Wait>>,
    /// The most taken from files.
    pub max_bytes: Option<Spanned<ByteSize>>,
    /// Leave the jobs.
    pub no_delete: Option<Spanned<bool>>,
    /// Poll deleted jobs once more a minute later.
    pub wait_for_expiry: Option<Spanned<bool>>,
    /// Keep the files.
    pub keep_files: Option<Spanned<PathBuf>>,
    /// Packages of profiles.
    pub packages: Option<Spanned<Vec<PathBuf>>>,
    /// Profiles that all resources of their type are held to.
    pub profiles: Option<Spanned<Vec<String>>>,
    /// Origins that may see the token.
    #[serde(default, deserialize_with = "origins")]
    pub allow_origins: Option<Spanned<Vec<Url>>>,
    /// Accept any certificate.
    pub insecure: Option<Spanned<bool>>,
    /// Plain http is meant.
    pub allow_http: Option<Spanned<bool>>,
    /// More certificate authorities.
    pub ca_file: Option<Spanned<PathBuf>>,
    /// The certificate to show and its private key, in one PEM file, where the server wants one.
    pub client_cert: Option<Spanned<PathBuf>>,
    /// Use the proxies of the environment.
    pub proxy: Option<Spanned<bool>>,
    /// Commands that change the target's data.
    #[serde(default)]
    pub hooks: HooksSays,
    // Taken only to be refused in words that help: a file that lies somewhere must not let itself run programs.
    allow_hooks: Option<Spanned<IgnoredAny>>,
    allow_writes: Option<Spanned<IgnoredAny>>,
    /// How requests are authorized.
    #[serde(default)]
    pub auth: AuthSays,
    /// Known deviations.
    #[serde(default)]
    pub known: Vec<Spanned<KnownSays>>,
}

/// `[hooks]`: commands that change the target's data, run with `--allow-hooks` on the command line alone. Each is a program
/// and its arguments; it prints `Type/id` of the resources that it touched, a line each.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HooksSays {
    /// Changes resources.
    #[serde(default, deserialize_with = "argv")]
    pub change: Option<Spanned<Vec<String>>>,
    /// Deletes resources.
    #[serde(default, deserialize_with = "argv")]
    pub delete: Option<Spanned<Vec<String>>>,
    /// Makes resources fail to be exported.
    #[serde(default, deserialize_with = "argv")]
    pub fail: Option<Spanned<Vec<String>>>,
    /// How long one of them may take.
    pub timeout: Option<Spanned<Wait>>,
}

/// `[auth]`: where credentials are, never what they are.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AuthSays {
    /// none, token or smart.
    #[serde(default, deserialize_with = "kind")]
    pub kind: Option<Spanned<AuthKind>>,
    /// The name of the environment variable that holds the token.
    #[serde(default, deserialize_with = "variable")]
    pub token_env: Option<Spanned<String>>,
    /// The file that holds the token.
    pub token_file: Option<Spanned<PathBuf>>,
    /// SMART: the client id.
    pub client_id: Option<Spanned<String>>,
    /// SMART: the file of the private key.
    pub key_file: Option<Spanned<PathBuf>>,
    /// SMART: the id of the key.
    pub key_id: Option<Spanned<String>>,
    /// SMART: the token endpoint.
    #[serde(default, deserialize_with = "token_url")]
    pub token_url: Option<Spanned<Url>>,
    /// SMART: the scopes.
    pub scope: Option<Spanned<String>>,
    /// The id of a second client, who must not see what the first exports.
    pub second_client_id: Option<Spanned<String>>,
    /// The file of its private key.
    pub second_key_file: Option<Spanned<PathBuf>>,
    /// The id by which the server knows that key.
    pub second_key_id: Option<Spanned<String>>,
    /// A file that holds a bearer token of a second client.
    pub second_token_file: Option<Spanned<PathBuf>>,
    /// SMART: serve the public key at http://ADDRESS/jwks.json while the run lasts; for a client registered by that URL.
    pub jwks_addr: Option<Spanned<SocketAddr>>,
    /// SMART: a scope that the server keeps from this client.
    pub forbidden_scope: Option<Spanned<String>>,
    /// A Group that this client may not export.
    pub forbidden_group: Option<Spanned<String>>,
    /// Resources that this client must never be given, as `Patient/17` or `SYSTEM|CODE` of a tag.
    #[serde(default, deserialize_with = "marks")]
    pub forbidden_resources: Option<Spanned<Vec<String>>>,
    // Taken only to be refused in words that help.
    token: Option<Spanned<IgnoredAny>>,
    client_secret: Option<Spanned<IgnoredAny>>,
    password: Option<Spanned<IgnoredAny>>,
    key: Option<Spanned<IgnoredAny>>,
    private_key: Option<Spanned<IgnoredAny>>,
}

/// `[[known]]`: a deviation that may stay for now.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KnownSays {
    /// The spec that it deviates from.
    pub spec: String,
    /// The test, `area::id` for all its flows or `area::id@flow` for one.
    pub test: String,
    /// Why it may stay.
    pub reason: String,
    /// The last day on which it may.
    #[serde(default, deserialize_with = "day")]
    pub expires: Option<Day>,
}

impl File {
    /// Reads the file that the user named, or `plimsoll.toml` of `folder` where there is one. An error is a whole
    /// message, ready to print.
    pub fn read(named: Option<&Path>, folder: &Path) -> Result<Option<File>, String> {
        let (path, found) = match named {
            Some(path) => (path.to_owned(), false),
            None => (PathBuf::from("plimsoll.toml"), true),
        };
        let place = folder.join(&path);
        let length = match std::fs::metadata(&place) {
            Ok(meta) if meta.is_file() => meta.len(),
            Ok(_) => return Err(format!("{} is no file", path.display())),
            Err(e) if found && e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(format!("{} cannot be read: {e}", path.display())),
        };
        if length > LIMIT {
            return Err(format!("{} is longer than {LIMIT} bytes; is it a configuration?", path.display()));
        }
        let text = std::fs::read_to_string(&place).map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
        Self::parse(path, found, text).map(Some)
    }

    /// Reads the text of a configuration file.
    pub fn parse(path: PathBuf, found: bool, text: String) -> Result<File, String> {
        let says: Says = toml::from_str(&text).map_err(|e| refuse::toml(&path, &text, &e))?;
        let file = File { path, found, text, says };
        if let Some(span) = file.says.allow_writes.as_ref().map(Spanned::span) {
            return Err(file.refuse(
                span,
                "leave to write to a server is given for one run, not kept in a file",
                "take the line out, and give --allow-writes on the command line",
            ));
        }
        if let Some(span) = file.says.allow_hooks.as_ref().map(Spanned::span) {
            let title = "a configuration file cannot allow commands to be run, its own least of all";
            return Err(file.refuse(span, title, "give --allow-hooks on the command line"));
        }
        let auth = &file.says.auth;
        let secrets = [&auth.token, &auth.client_secret, &auth.password, &auth.key, &auth.private_key];
        if let Some(span) = secrets.into_iter().flatten().map(Spanned::span).next() {
            return Err(file.refuse(
                span,
                "a secret does not belong in a configuration file, which gets copied and committed",
                "name where it is instead: token-env = \"PLIMSOLL_TOKEN\", token-file = \"...\" or key-file = \"...\"",
            ));
        }
        Ok(file)
    }

    /// A refusal that points at `span` of this file.
    pub fn refuse(&self, span: Range<usize>, title: &str, help: &str) -> String {
        refuse::at(&self.path, &self.text, span, title, help)
    }

    /// The line of a byte offset, from 1.
    pub fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
    }

    /// A path that this file names: relative ones are relative to the file.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        match self.path.parent() {
            Some(parent) if path.is_relative() => parent.join(path),
            _ => path.to_owned(),
        }
    }
}

fn checked<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<Spanned<T>>, D::Error> {
    let text = Spanned::<String>::deserialize(deserializer)?;
    let value = read(text.get_ref()).map_err(de::Error::custom)?;
    Ok(Some(Spanned::new(text.span(), value)))
}

fn each<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<Spanned<Vec<T>>>, D::Error> {
    let texts = Spanned::<Vec<String>>::deserialize(deserializer)?;
    let values: Result<Vec<T>, String> = texts.get_ref().iter().map(|text| read(text)).collect();
    Ok(Some(Spanned::new(texts.span(), values.map_err(de::Error::custom)?)))
}

fn base_url<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Spanned<Url>>, D::Error> {
    checked(d, values::base_url)
}

fn token_url<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Spanned<Url>>, D::Error> {
    checked(d, values::token_url)
}

fn kind<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Spanned<AuthKind>>, D::Error> {
    checked(d, |text| match text {
        "none" => Ok(AuthKind::None),
        "token" => Ok(AuthKind::Token),
        "smart" => Ok(AuthKind::Smart),
        _ => Err(format!("{text:?} is no kind of authorization; write none, token or smart")),
    })
}

fn variable<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Spanned<String>>, D::Error> {
    checked(d, |text| {
        let plausible = !text.is_empty()
            && text.len() <= 100
            && !text.starts_with(|c: char| c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        // The text is not repeated: a token may have been written here by mistake.
        if plausible {
            Ok(text.to_owned())
        } else {
            Err("this is no name of an environment variable; write one such as PLIMSOLL_TOKEN".to_owned())
        }
    })
}

fn levels<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Spanned<Vec<ExportLevel>>>, D::Error> {
    each(d, values::level)
}

fn types<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Spanned<Vec<String>>>, D::Error> {
    each(d, values::resource_type)
}

fn argv<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Spanned<Vec<String>>>, D::Error> {
    let argv = Spanned::<Vec<String>>::deserialize(d)?;
    let says = match argv.get_ref().first() {
        None => "a hook needs a program to run; write [\"./program\", \"argument\"]",
        Some(program) if program.trim().is_empty() => "the program of this hook has no name",
        Some(_) if argv.get_ref().iter().any(|part| part.contains('\0')) => "a NUL cannot be given to a program",
        Some(_) => return Ok(Some(argv)),
    };
    Err(de::Error::custom(says))
}

fn marks<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Spanned<Vec<String>>>, D::Error> {
    each(d, values::mark)
}

fn picks<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Spanned<BTreeMap<SampleValueName, String>>>, D::Error> {
    let picks = Spanned::<BTreeMap<SampleValueName, String>>::deserialize(d)?;
    let bad = |value: &str| value.trim().is_empty() || value.len() > 200 || value.contains(char::is_control);
    if picks.get_ref().contains_key(&SampleValueName::TransactionTime) {
        return Err(de::Error::custom("transaction-time is what the server says, and nobody else"));
    }
    match picks.get_ref().iter().find(|(_, value)| bad(value)) {
        Some((pick, _)) => Err(de::Error::custom(format!("the value of {pick} is empty, or no value for a filter"))),
        None => Ok(Some(picks)),
    }
}

fn origins<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Spanned<Vec<Url>>>, D::Error> {
    each(d, values::origin)
}

fn jobs<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Spanned<usize>>, D::Error> {
    let number = Spanned::<i64>::deserialize(d)?;
    let jobs = values::jobs(&number.get_ref().to_string()).map_err(de::Error::custom)?;
    Ok(Some(Spanned::new(number.span(), jobs)))
}

fn day<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Day>, D::Error> {
    // TOML has dates of its own; people write both those and text.
    let text = match toml::Value::deserialize(d)? {
        toml::Value::String(text) => text,
        toml::Value::Datetime(date) => date.to_string(),
        other => return Err(de::Error::custom(format!("a {} is no day; write it as 2026-12-31", other.type_str()))),
    };
    text.parse().map(Some).map_err(de::Error::custom)
}
