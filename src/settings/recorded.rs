//! The part of the settings that the recording keeps.

use std::time::Duration;

use url::Origin;

use crate::recording::settings::{Authorization, RecordedHooks, RecordedProfiles, RecordedSettings, UncheckedRules};
use crate::settings::run_settings::{Credentials, Settings};

/// Returns the settings without secrets and without ids of resources that the client must not receive.
pub fn recorded(settings: &Settings) -> RecordedSettings {
    let profiles = settings.profiles.as_ref().map(|profiles| RecordedProfiles {
        packages: profiles.packages.clone(),
        assigned: profiles.assigned().into_iter().map(str::to_owned).collect(),
        unchecked: profiles
            .left_open()
            .into_iter()
            .map(|(profile, rules)| UncheckedRules { profile: profile.to_owned(), rules })
            .collect(),
    });
    RecordedSettings {
        authorization: match settings.credentials {
            Credentials::None => Authorization::None,
            Credentials::Token(_) => Authorization::BearerToken,
            Credentials::Smart(_) => Authorization::Smart,
        },
        unstated_protection: settings.unstated_protection,
        levels: settings.levels.clone(),
        groups: settings.groups.clone(),
        types: settings.types.clone(),
        jobs: settings.jobs,
        max_wait: settings.max_wait.as_secs(),
        deadline: settings.deadline.as_ref().map(Duration::as_secs),
        max_bytes: settings.max_bytes,
        no_delete: settings.no_delete,
        allow_origins: settings.allow_origins.iter().map(Origin::ascii_serialization).collect(),
        hooks: match settings.hooks.withheld {
            true => RecordedHooks::Withheld,
            false => RecordedHooks::Allowed(settings.hooks.there.keys().copied().collect()),
        },
        allow_http: settings.allow_http,
        allow_writes: settings.allow_writes,
        cohorts: settings.cohorts,
        empty_group: settings.empty_group.clone(),
        forbidden_resources: settings.forbidden_resources.len(),
        use_proxy: settings.use_proxy,
        insecure: settings.insecure,
        profiles,
    }
}
