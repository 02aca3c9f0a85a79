//! The settings of a run: each is one row, see [`settings!`](crate::config::declare). A value comes from a flag, else from
//! its variable, else from `plimsoll.toml`, else it is the default.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use toml::Spanned;
use url::Url;

use crate::base::vocabulary::ExportLevel;
use crate::config::auth_config::{AuthConfig, AuthTable};
use crate::config::file_text::FileText;
use crate::config::file_values;
use crate::config::hook_config::{HookConfig, HookTable};
use crate::config::known_deviation::KnownDeviation;
use crate::config::setting::{FileKey, FileKeyKind};
use crate::config::values;
use crate::config::values::ByteSize;
use crate::settings::run_settings::{DEFAULT_JOBS, DEFAULT_MAX_BYTES, DEFAULT_MAX_WAIT, Settings};
use crate::suite::param::SampleValueName;

settings! {
    /// The configuration in effect.
    pub struct RunConfig {
        /// Commands that change the target's data.
        pub hooks: HookConfig,
        /// How requests are authorized.
        pub auth: AuthConfig,
        /// Known deviations.
        pub known: Vec<KnownDeviation>,
    }

    /// The top level of `plimsoll.toml`.
    pub struct RunTable {
        /// `[hooks]`
        #[serde(default)]
        pub hooks: HookTable,
        /// `[auth]`
        #[serde(default)]
        pub auth: AuthTable,
        /// `[[known]]`
        #[serde(default)]
        pub known: Vec<Spanned<KnownDeviation>>,
    }

    file {
        /// The FHIR base URL; none: the reference server in this process. Its flag is the first argument.
        #[serde(default, deserialize_with = "file_values::base_url")]
        target: Option<Url>,
    }

    /// The specs.
    flags SpecArgs {
        /// A spec to judge by; may repeat. Left out: what the server declares, else hl7-3.0.0
        #[arg(long = "spec", env = "PLIMSOLL_SPEC", value_name = "ID", value_delimiter = ',')]
        specs: Vec<String>,

        /// A spec to judge by without counting it for the exit code; may repeat
        #[arg(
            long = "informational-spec",
            env = "PLIMSOLL_INFORMATIONAL_SPEC",
            value_name = "ID",
            value_delimiter = ','
        )]
        informational_specs: Vec<String>,
    }

    /// What is exported.
    #[command(next_help_heading = "What is exported")]
    flags ScopeArgs {
        /// A Group that may be exported; may repeat, the first is used
        #[arg(long = "group", env = "PLIMSOLL_GROUP", value_name = "ID", value_delimiter = ',')]
        groups: Vec<String> => groups,

        /// A Group without members, whose export must hold nobody
        #[arg(long, env = "PLIMSOLL_EMPTY_GROUP", value_name = "ID")]
        empty_group: Option<String> => empty_group,

        /// The server has the Bulk Cohort API, whether it declares so or not
        #[arg(long, env = "PLIMSOLL_COHORTS", value_parser = BoolishValueParser::new())]
        cohorts: bool => cohorts,

        /// Make two Groups on the server, where it has the Bulk Cohort API, and delete them again
        #[arg(long)]
        #[serde(default, deserialize_with = "file_values::refused_flag")]
        #[file(CommandLineOnly)]
        allow_writes: bool => allow_writes,

        /// Levels to export at: system, patient, group; left out: those that the server declares
        #[arg(long, env = "PLIMSOLL_LEVELS", value_name = "LEVEL", value_delimiter = ',', value_parser = values::level)]
        #[serde(default, deserialize_with = "file_values::levels")]
        levels: Vec<ExportLevel>,

        /// Resource types to keep exports small
        #[arg(long, env = "PLIMSOLL_TYPES", value_name = "TYPE", value_delimiter = ',', value_parser = values::resource_type)]
        #[serde(default, deserialize_with = "file_values::resource_types")]
        types: Vec<String> => types,
    }

    /// Where the reports go.
    flags ReportArg {
        /// Where the reports go; left out: reports/TIME-HOST
        #[arg(long, env = "PLIMSOLL_REPORT", value_name = "DIR")]
        report: Option<PathBuf>,
    }

    /// The suites.
    flags SuitesArg {
        /// Rules to use in place of the built-in ones
        #[arg(long, env = "PLIMSOLL_SUITES", value_name = "DIR")]
        suites: Option<PathBuf>,
    }

    /// What counts as a failure.
    flags StrictArg {
        /// Treat warnings as failures
        #[arg(long, env = "PLIMSOLL_STRICT", value_parser = BoolishValueParser::new())]
        strict: bool,
    }

    file {
        /// Values that exist on the target, in place of sample values from its data.
        #[serde(default, deserialize_with = "file_values::sample_values")]
        #[file(Masked)]
        values: BTreeMap<SampleValueName, String> => values,
    }

    /// How much is asked of the target.
    #[command(next_help_heading = "Politeness and limits")]
    flags LimitArgs {
        /// Jobs that may run at once [default: 4]
        #[arg(long, env = "PLIMSOLL_JOBS", value_name = "N", value_parser = values::jobs)]
        #[serde(default, deserialize_with = "file_values::jobs")]
        jobs: usize = DEFAULT_JOBS => jobs,

        /// The longest time from a kick-off to its completion, such as 90s or 10m [default: 10m]
        #[arg(long, env = "PLIMSOLL_MAX_WAIT", value_name = "TIME", value_parser = values::duration)]
        #[serde(default, deserialize_with = "file_values::duration")]
        max_wait: Duration = DEFAULT_MAX_WAIT => max_wait,

        /// The longest time of the whole run
        #[arg(long, env = "PLIMSOLL_DEADLINE", value_name = "TIME", value_parser = values::duration)]
        #[serde(default, deserialize_with = "file_values::duration")]
        deadline: Option<Duration> => deadline,

        /// The most that is taken from files, such as 500MB or 2GiB [default: 64GiB]
        #[arg(long, env = "PLIMSOLL_MAX_BYTES", value_name = "SIZE")]
        max_bytes: ByteSize = ByteSize(DEFAULT_MAX_BYTES) => max_bytes,

        /// Leave the jobs on the server
        #[arg(long, env = "PLIMSOLL_NO_DELETE", value_parser = BoolishValueParser::new())]
        no_delete: bool => no_delete,

        /// Poll deleted jobs once more a minute later, where a suite looks whether they stay away, and wait for tokens to end
        #[arg(long, env = "PLIMSOLL_WAIT_FOR_EXPIRY", value_parser = BoolishValueParser::new())]
        wait_for_expiry: bool => wait_for_expiry,

        /// Keep the exported files, resources and all, in this folder
        #[arg(long, env = "PLIMSOLL_KEEP_FILES", value_name = "DIR")]
        keep_files: Option<PathBuf> => keep_files,
    }

    /// What resources are held to beyond FHIR's own definitions.
    #[command(next_help_heading = "Profiles")]
    flags ProfileArgs {
        /// A package of profiles with snapshots, a .tgz or a folder: resources are held to those that they claim; may repeat
        #[arg(long = "package", env = "PLIMSOLL_PACKAGE", value_name = "PKG", value_delimiter = ',')]
        #[file(Masked)]
        packages: Vec<PathBuf>,

        /// A profile of the packages, by URL or name, that all resources of its type are held to; may repeat
        #[arg(long = "profile", env = "PLIMSOLL_PROFILE", value_name = "PROFILE", value_delimiter = ',')]
        #[file(Masked)]
        profiles: Vec<String>,
    }

    /// How the target is connected to.
    flags ConnectionArgs {
        /// Another origin that may see the token, such as https://files.example.org; may repeat
        #[arg(
            long = "allow-origin",
            env = "PLIMSOLL_ALLOW_ORIGIN",
            value_name = "ORIGIN",
            value_delimiter = ',',
            value_parser = values::origin
        )]
        #[serde(default, deserialize_with = "file_values::origins")]
        #[file(Masked)]
        allow_origins: Vec<url::Origin> => allow_origins,

        /// Accept any certificate; no verdict is then conformant
        #[arg(long, env = "PLIMSOLL_INSECURE", value_parser = BoolishValueParser::new())]
        insecure: bool => insecure,

        /// Plain http is meant, to other machines too: the tests of TLS do not apply, and tokens go in the clear
        #[arg(long, env = "PLIMSOLL_ALLOW_HTTP", value_parser = BoolishValueParser::new())]
        allow_http: bool => allow_http,

        /// More certificate authorities, as PEM
        #[arg(long, env = "PLIMSOLL_CA_FILE", value_name = "FILE")]
        ca_file: Option<PathBuf> => ca_file,

        /// The certificate to show and its private key, in one PEM file, where the server wants one
        #[arg(long, env = "PLIMSOLL_CLIENT_CERT", value_name = "FILE")]
        client_cert: Option<PathBuf> => client_cert,

        /// Use the proxies of the environment (HTTPS_PROXY and so on)
        #[arg(long, env = "PLIMSOLL_PROXY", value_parser = BoolishValueParser::new())]
        proxy: bool => use_proxy,
    }

    /// Whether hooks run.
    flags HookArg {
        /// Run the commands that plimsoll.toml names under [hooks]: they change the server's data
        #[arg(long)]
        #[serde(default, deserialize_with = "file_values::refused_flag")]
        #[file(CommandLineOnly)]
        allow_hooks: bool,
    }
}

impl RunConfig {
    /// The configuration in effect: the defaults, the file over them, and over both what `given` puts in.
    pub fn new(file: Option<(&FileText, &RunTable)>, given: impl FnOnce(&mut RunConfig)) -> Self {
        let mut config = Self::default();
        if let Some((text, table)) = file {
            config.read(table, text);
            config.hooks.read(&table.hooks, text);
            config.hooks.folder = text.folder().to_owned();
            config.auth.read(&table.auth, text);
            config.known = table.known.iter().map(|known| known.get_ref().clone()).collect();
        }
        given(&mut config);
        config.auth.settle();
        config
    }

    /// The settings of a run against `base`. Missing are the credentials, profiles, hooks and levels, and the resources
    /// that the client must not be given: those are more than a copy of a value.
    pub fn settings(&self, base: Url) -> Settings {
        let mut settings = Settings::new(base);
        self.fill(&mut settings);
        self.hooks.fill(&mut settings);
        self.auth.fill(&mut settings);
        settings
    }
}

impl RunTable {
    /// All keys of the file, those of its tables too.
    pub(crate) fn all_keys() -> Vec<FileKey> {
        let known = KnownDeviation::KEYS.iter().map(|name| (*name, FileKeyKind::Shown));
        let secrets = AuthTable::SECRETS.iter().map(|name| (*name, FileKeyKind::Secret));
        let others = known.chain(secrets).map(|(name, kind)| FileKey { name: name.to_owned(), kind });
        Self::keys().into_iter().chain(HookTable::keys()).chain(AuthTable::keys()).chain(others).collect()
    }
}
