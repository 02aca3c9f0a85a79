//! Options that several commands share.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};

use crate::base::vocabulary::ExportLevel;
use crate::config::values;
use crate::config::values::{AuthKind, ByteSize};
use crate::suite::values::Wait;

/// How data is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// How the page of requirements is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CoverageFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
    /// For a page on the web.
    Markdown,
}

/// `--format`
#[derive(Args, Clone, Copy, Debug)]
pub struct FormatArg {
    /// Print for people or for programs
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Format,
}

/// `--suites`
#[derive(Args, Clone, Debug)]
pub struct SuitesArg {
    /// Rules to use in place of the built-in ones
    #[arg(long, env = "PLIMSOLL_SUITES", value_name = "DIR")]
    pub suites: Option<PathBuf>,
}

/// What is exported.
#[derive(Args, Debug)]
#[command(next_help_heading = "What is exported")]
pub struct ScopeArgs {
    /// A Group that may be exported; may repeat, the first is used
    #[arg(long, env = "PLIMSOLL_GROUP", value_name = "ID", value_delimiter = ',')]
    pub group: Vec<String>,

    /// A Group without members, whose export must hold nobody
    #[arg(long, env = "PLIMSOLL_EMPTY_GROUP", value_name = "ID")]
    pub empty_group: Option<String>,

    /// The server has the Bulk Cohort API, whether it declares so or not
    #[arg(long, env = "PLIMSOLL_COHORTS", value_parser = BoolishValueParser::new())]
    pub cohorts: bool,

    /// Make two Groups on the server, where it has the Bulk Cohort API, and delete them again
    #[arg(long)]
    pub allow_writes: bool,

    /// Levels to export at: system, patient, group; left out: those that the server declares
    #[arg(long, env = "PLIMSOLL_LEVELS", value_name = "LEVEL", value_delimiter = ',', value_parser = values::level)]
    pub levels: Vec<ExportLevel>,

    /// Resource types to keep exports small
    #[arg(long, env = "PLIMSOLL_TYPES", value_name = "TYPE", value_delimiter = ',', value_parser = values::resource_type)]
    pub types: Vec<String>,
}

/// What resources are held to beyond FHIR's own definitions.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Profiles")]
pub struct ProfileArgs {
    /// A package of profiles with snapshots, a .tgz or a folder: resources are held to those that they claim; may repeat
    #[arg(long, env = "PLIMSOLL_PACKAGE", value_name = "PKG", value_delimiter = ',')]
    pub package: Vec<PathBuf>,

    /// A profile of the packages, by URL or name, that all resources of its type are held to; may repeat
    #[arg(long, env = "PLIMSOLL_PROFILE", value_name = "PROFILE", value_delimiter = ',')]
    pub profile: Vec<String>,
}

/// How much is asked of the target.
#[derive(Args, Debug)]
#[command(next_help_heading = "Politeness and limits")]
pub struct LimitArgs {
    /// Jobs that may run at once [default: 4]
    #[arg(long, env = "PLIMSOLL_JOBS", value_name = "N", value_parser = values::jobs)]
    pub jobs: Option<usize>,

    /// The longest time from a kick-off to its completion, such as 90s or 10m [default: 10m]
    #[arg(long, env = "PLIMSOLL_MAX_WAIT", value_name = "TIME")]
    pub max_wait: Option<Wait>,

    /// The longest time of the whole run
    #[arg(long, env = "PLIMSOLL_DEADLINE", value_name = "TIME")]
    pub deadline: Option<Wait>,

    /// The most that is taken from files, such as 500MB or 2GiB [default: 64GiB]
    #[arg(long, env = "PLIMSOLL_MAX_BYTES", value_name = "SIZE")]
    pub max_bytes: Option<ByteSize>,

    /// Leave the jobs on the server
    #[arg(long, env = "PLIMSOLL_NO_DELETE", value_parser = BoolishValueParser::new())]
    pub no_delete: bool,

    /// Poll deleted jobs once more a minute later, where a suite looks whether they stay away, and wait for tokens to end
    #[arg(long, env = "PLIMSOLL_WAIT_FOR_EXPIRY", value_parser = BoolishValueParser::new())]
    pub wait_for_expiry: bool,

    /// Keep the exported files, resources and all, in this folder
    #[arg(long, env = "PLIMSOLL_KEEP_FILES", value_name = "DIR")]
    pub keep_files: Option<PathBuf>,
}

/// How the target is reached.
#[derive(Args, Debug)]
#[command(next_help_heading = "Credentials and connection")]
pub struct TargetArgs {
    /// How requests are authorized; left out: by what is given below
    #[arg(long, env = "PLIMSOLL_AUTH", value_enum, value_name = "KIND")]
    pub auth: Option<AuthKind>,

    /// A file that holds the bearer token; or set PLIMSOLL_TOKEN
    #[arg(long, env = "PLIMSOLL_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,

    /// Refused: arguments are seen by others.
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "")]
    pub token: Option<String>,

    /// SMART: the client id
    #[arg(long, env = "PLIMSOLL_CLIENT_ID", value_name = "ID")]
    pub client_id: Option<String>,

    /// SMART: the file of the private key, PEM or JWK
    #[arg(long, env = "PLIMSOLL_KEY_FILE", value_name = "FILE")]
    pub key_file: Option<PathBuf>,

    /// SMART: the id by which the server knows the key
    #[arg(long, env = "PLIMSOLL_KEY_ID", value_name = "KID")]
    pub key_id: Option<String>,

    /// SMART: the token endpoint; left out: by .well-known/smart-configuration
    #[arg(long, env = "PLIMSOLL_TOKEN_URL", value_name = "URL", value_parser = values::token_url)]
    pub token_url: Option<url::Url>,

    /// SMART: the scopes asked for [default: system/*.read]
    #[arg(long, env = "PLIMSOLL_SCOPE", value_name = "SCOPES")]
    pub scope: Option<String>,

    /// The id of a second client, who must not see what the first exports
    #[arg(long, env = "PLIMSOLL_SECOND_CLIENT_ID", value_name = "ID")]
    pub second_client_id: Option<String>,

    /// The file of its private key
    #[arg(long, env = "PLIMSOLL_SECOND_KEY_FILE", value_name = "FILE")]
    pub second_key_file: Option<PathBuf>,

    /// The id by which the server knows that key
    #[arg(long, env = "PLIMSOLL_SECOND_KEY_ID", value_name = "KID")]
    pub second_key_id: Option<String>,

    /// A file that holds a bearer token of a second client
    #[arg(long, env = "PLIMSOLL_SECOND_TOKEN_FILE", value_name = "FILE")]
    pub second_token_file: Option<PathBuf>,

    /// SMART: serve the public key at http://ADDRESS/jwks.json while the run lasts; for a client registered by that URL
    #[arg(long, env = "PLIMSOLL_JWKS_ADDR", value_name = "ADDRESS")]
    pub jwks_addr: Option<SocketAddr>,

    /// SMART: a scope that the server keeps from this client
    #[arg(long, env = "PLIMSOLL_FORBIDDEN_SCOPE", value_name = "SCOPE")]
    pub forbidden_scope: Option<String>,

    /// A Group that this client may not export
    #[arg(long, env = "PLIMSOLL_FORBIDDEN_GROUP", value_name = "ID")]
    pub forbidden_group: Option<String>,

    /// A resource that this client must never be given, such as Patient/17, or SYSTEM|CODE of its tag; may repeat
    #[arg(long, env = "PLIMSOLL_FORBIDDEN_RESOURCE", value_name = "RESOURCE", value_delimiter = ',', value_parser = values::mark)]
    pub forbidden_resource: Vec<String>,

    /// Another origin that may see the token, such as https://files.example.org; may repeat
    #[arg(long, env = "PLIMSOLL_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',', value_parser = values::origin)]
    pub allow_origin: Vec<url::Url>,

    /// Accept any certificate; no verdict is then conformant
    #[arg(long, env = "PLIMSOLL_INSECURE", value_parser = BoolishValueParser::new())]
    pub insecure: bool,

    /// Plain http is meant, to other machines too: the tests of TLS do not apply, and tokens go in the clear
    #[arg(long, env = "PLIMSOLL_ALLOW_HTTP", value_parser = BoolishValueParser::new())]
    pub allow_http: bool,

    /// More certificate authorities, as PEM
    #[arg(long, env = "PLIMSOLL_CA_FILE", value_name = "FILE")]
    pub ca_file: Option<PathBuf>,

    /// The certificate to show and its private key, in one PEM file, where the server wants one
    #[arg(long, env = "PLIMSOLL_CLIENT_CERT", value_name = "FILE")]
    pub client_cert: Option<PathBuf>,

    /// Use the proxies of the environment (HTTPS_PROXY and so on)
    #[arg(long, env = "PLIMSOLL_PROXY", value_parser = BoolishValueParser::new())]
    pub proxy: bool,

    /// The configuration file; left out: plimsoll.toml of this folder, where there is one
    #[arg(long, env = "PLIMSOLL_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}
