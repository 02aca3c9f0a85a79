//! The settings of a run, one row each, see [`settings!`](crate::config::declare). A value is read from its flag, else
//! from its variable, else from `plimsoll.toml`; otherwise it is the default.

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
use crate::settings::run_settings::{
    DEFAULT_IDLE_TIMEOUT, DEFAULT_JOBS, DEFAULT_MAX_BYTES, DEFAULT_MAX_WAIT, DEFAULT_RATE, Settings,
};
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
        /// The FHIR base URL; `None` means the reference server in this process. On the command line it is the first
        /// argument.
        #[serde(default, deserialize_with = "file_values::base_url")]
        target: Option<Url>,
    }

    /// The specs.
    flags SpecArgs {
        /// Judge by this spec; may repeat [default: the specs that the server declares, else hl7-3.0.0]
        #[arg(long = "spec", env = "PLIMSOLL_SPEC", value_name = "ID", value_delimiter = ',')]
        specs: Vec<String>,

        /// Judge by this spec too, without effect on the exit code; may repeat
        #[arg(
            long = "informational-spec",
            env = "PLIMSOLL_INFORMATIONAL_SPEC",
            value_name = "ID",
            value_delimiter = ','
        )]
        informational_specs: Vec<String>,
    }

    /// The exports of a run.
    #[command(next_help_heading = "What is exported")]
    flags ScopeArgs {
        /// Export this Group at group level; may repeat, but only the first Group is used
        #[arg(long = "group", env = "PLIMSOLL_GROUP", value_name = "ID", value_delimiter = ',')]
        groups: Vec<String> => groups,

        /// Export this Group, which has no members, and test that the export contains no patients
        #[arg(long, env = "PLIMSOLL_EMPTY_GROUP", value_name = "ID")]
        empty_group: Option<String> => empty_group,

        /// Test the Bulk Cohort API even if the server does not declare it
        #[arg(long, env = "PLIMSOLL_COHORTS", value_parser = BoolishValueParser::new())]
        cohorts: bool => cohorts,

        /// Create two Groups on a server with the Bulk Cohort API, and delete them at the end
        #[arg(long)]
        #[serde(default, deserialize_with = "file_values::refused_flag")]
        #[file(CommandLineOnly)]
        allow_writes: bool => allow_writes,

        /// Export at these levels: system, patient, group [default: the levels that the server declares]
        #[arg(long, env = "PLIMSOLL_LEVELS", value_name = "LEVEL", value_delimiter = ',', value_parser = values::level)]
        #[serde(default, deserialize_with = "file_values::levels")]
        levels: Vec<ExportLevel>,

        /// Limit exports without a _type of their own to these resource types
        #[arg(long, env = "PLIMSOLL_TYPES", value_name = "TYPE", value_delimiter = ',', value_parser = values::resource_type)]
        #[serde(default, deserialize_with = "file_values::resource_types")]
        types: Vec<String> => types,
    }

    /// The place of the reports.
    flags ReportArg {
        /// Write the reports to this folder [default: reports/TIME-HOST]
        #[arg(long, env = "PLIMSOLL_REPORT", value_name = "DIR")]
        report: Option<PathBuf>,
    }

    /// The suites.
    flags SuitesArg {
        /// Use the suites in this folder in place of the built-in ones
        #[arg(long, env = "PLIMSOLL_SUITES", value_name = "DIR")]
        suites: Option<PathBuf>,
    }

    /// What counts as a failure.
    flags StrictArg {
        /// Count warnings as failures
        #[arg(long, env = "PLIMSOLL_STRICT", value_parser = BoolishValueParser::new())]
        strict: bool,
    }

    file {
        /// Values that exist on the target, used in place of sample values from its data.
        #[serde(default, deserialize_with = "file_values::sample_values")]
        #[file(Masked)]
        values: BTreeMap<SampleValueName, String> => values,
    }

    /// The limits of a run.
    #[command(next_help_heading = "Limits")]
    flags LimitArgs {
        /// Run at most N jobs at the same time, from 1 to 64 [default: 4]
        #[arg(long, env = "PLIMSOLL_JOBS", value_name = "N", value_parser = values::jobs)]
        #[serde(default, deserialize_with = "file_values::jobs")]
        jobs: usize = DEFAULT_JOBS => jobs,

        /// Wait at most this long from a kick-off until its job completes, such as 90s or 10m [default: 10m]
        #[arg(long, env = "PLIMSOLL_MAX_WAIT", value_name = "TIME", value_parser = values::duration)]
        #[serde(default, deserialize_with = "file_values::duration")]
        max_wait: Duration = DEFAULT_MAX_WAIT => max_wait,

        /// Wait at most this long for the next byte of a response, such as 90s or 5m [default: 60s]
        #[arg(long, env = "PLIMSOLL_IDLE_TIMEOUT", value_name = "TIME", value_parser = values::duration)]
        #[serde(default, deserialize_with = "file_values::duration")]
        idle_timeout: Duration = DEFAULT_IDLE_TIMEOUT => idle_timeout,

        /// Send at most N requests per minute of each kind: kick-offs at system level, other kick-offs, polls [default:
        /// 55]
        #[arg(long, env = "PLIMSOLL_RATE", value_name = "N", value_parser = values::rate)]
        #[serde(default, deserialize_with = "file_values::rate")]
        rate: usize = DEFAULT_RATE,

        /// End the run after this time, such as 30m [default: no limit]
        #[arg(long, env = "PLIMSOLL_DEADLINE", value_name = "TIME", value_parser = values::duration)]
        #[serde(default, deserialize_with = "file_values::duration")]
        deadline: Option<Duration> => deadline,

        /// Download at most this many bytes of files, such as 500MB or 2GiB [default: 64GiB]
        #[arg(long, env = "PLIMSOLL_MAX_BYTES", value_name = "SIZE")]
        max_bytes: ByteSize = ByteSize(DEFAULT_MAX_BYTES) => max_bytes,

        /// Delete no jobs; they stay on the server
        #[arg(long, env = "PLIMSOLL_NO_DELETE", value_parser = BoolishValueParser::new())]
        no_delete: bool => no_delete,

        /// Wait until tokens and file URLs expire, and poll deleted jobs again after a minute; the run takes longer
        #[arg(long, env = "PLIMSOLL_WAIT_FOR_EXPIRY", value_parser = BoolishValueParser::new())]
        wait_for_expiry: bool => wait_for_expiry,

        /// Store the exported files in this folder; they contain all exported data [default: not stored]
        #[arg(long, env = "PLIMSOLL_KEEP_FILES", value_name = "DIR")]
        keep_files: Option<PathBuf> => keep_files,
    }

    /// Profiles to validate resources against, in addition to FHIR's definitions.
    #[command(next_help_heading = "Profiles")]
    flags ProfileArgs {
        /// Validate resources against the profiles of this package, a .tgz or a folder, that they claim; may repeat
        #[arg(long = "package", env = "PLIMSOLL_PACKAGE", value_name = "PKG", value_delimiter = ',')]
        #[file(Masked)]
        packages: Vec<PathBuf>,

        /// Validate all resources of its type against this profile of a package, by URL or name; may repeat
        #[arg(long = "profile", env = "PLIMSOLL_PROFILE", value_name = "PROFILE", value_delimiter = ',')]
        #[file(Masked)]
        profiles: Vec<String>,
    }

    /// How the run connects to the target.
    flags ConnectionArgs {
        /// Send the token to this origin too, such as https://files.example.org; may repeat
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

        /// Accept any TLS certificate; no verdict is conformant then
        #[arg(long, env = "PLIMSOLL_INSECURE", value_parser = BoolishValueParser::new())]
        insecure: bool => insecure,

        /// Permit plain HTTP to all hosts, not only localhost; TLS tests do not apply, and tokens are sent unencrypted
        #[arg(long, env = "PLIMSOLL_ALLOW_HTTP", value_parser = BoolishValueParser::new())]
        allow_http: bool => allow_http,

        /// Trust the certificate authorities in this PEM file too
        #[arg(long, env = "PLIMSOLL_CA_FILE", value_name = "FILE")]
        ca_file: Option<PathBuf> => ca_file,

        /// Present the client certificate in this PEM file, which also contains its private key
        #[arg(long, env = "PLIMSOLL_CLIENT_CERT", value_name = "FILE")]
        client_cert: Option<PathBuf> => client_cert,

        /// Use the proxies that environment variables such as HTTPS_PROXY name
        #[arg(long, env = "PLIMSOLL_PROXY", value_parser = BoolishValueParser::new())]
        proxy: bool => use_proxy,
    }

    /// Whether hooks run.
    flags HookArg {
        /// Run the commands under [hooks] in plimsoll.toml, which change the server's data
        #[arg(long)]
        #[serde(default, deserialize_with = "file_values::refused_flag")]
        #[file(CommandLineOnly)]
        allow_hooks: bool,
    }
}

impl RunConfig {
    /// Returns the configuration in effect: the defaults, overridden by the file, overridden by the values that `given`
    /// sets.
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

    /// Returns the settings of a run against `base`, without credentials, profiles, hooks, levels and resources that
    /// the client must not get. The caller sets those, because they are not copies of values.
    pub fn settings(&self, base: Url) -> Settings {
        let mut settings = Settings::new(base);
        self.fill(&mut settings);
        settings.rate = Some(self.rate.value);
        self.hooks.fill(&mut settings);
        self.auth.fill(&mut settings);
        settings
    }
}

impl RunTable {
    /// Returns all keys of the file and of its tables.
    pub(crate) fn all_keys() -> Vec<FileKey> {
        let known = KnownDeviation::KEYS.iter().map(|name| (*name, FileKeyKind::Shown));
        let secrets = AuthTable::SECRETS.iter().map(|name| (*name, FileKeyKind::Secret));
        let others = known.chain(secrets).map(|(name, kind)| FileKey { name: name.to_owned(), kind });
        Self::keys().into_iter().chain(HookTable::keys()).chain(AuthTable::keys()).chain(others).collect()
    }
}
