//! The settings of a run in words.

use crate::recording::settings::{Authorization, RecordedHooks, RecordedSettings};

/// Returns the name and the value of each setting that is not empty.
pub(crate) fn in_words(settings: &RecordedSettings) -> Vec<(String, String)> {
    let seconds = |time: u64| format!("{time} s");
    let words = |set: bool, words: &str| if set { words.to_owned() } else { String::new() };
    let levels = settings.levels.as_ref().map(|levels| joined(levels.iter().map(|level| level.as_str())));
    let credentials = match settings.authorization {
        Authorization::None => "none",
        Authorization::BearerToken => "bearer token",
        Authorization::Smart => "SMART Backend Services",
    };
    let forbidden = match settings.forbidden_resources {
        0 => String::new(),
        number => number.to_string(),
    };
    let rows = [
        ("authorization", credentials.to_owned()),
        ("levels", levels.unwrap_or_else(|| "as declared".to_owned())),
        ("groups", settings.groups.join(", ")),
        ("types", settings.types.join(", ")),
        ("jobs at once", settings.jobs.to_string()),
        ("maximum wait", seconds(settings.max_wait)),
        ("deadline", settings.deadline.map(seconds).unwrap_or_default()),
        ("maximum bytes", settings.max_bytes.to_string()),
        ("jobs at the end", if settings.no_delete { "left on the server" } else { "deleted" }.to_owned()),
        ("other origins with credentials", settings.allow_origins.join(", ")),
        ("hooks", hooks(&settings.hooks)),
        ("plain http", words(settings.allow_http, "allowed (--allow-http)")),
        ("writes", words(settings.allow_writes, "creates and deletes its own Groups")),
        ("cohorts", words(settings.cohorts, "available (--cohorts)")),
        ("group without members", settings.empty_group.clone().unwrap_or_default()),
        ("forbidden resources", forbidden),
        ("proxies", words(settings.use_proxy, "from the environment")),
        ("certificates", if settings.insecure { "not checked" } else { "checked" }.to_owned()),
    ];
    let mut rows = rows.map(|(name, value)| (name.to_owned(), value)).to_vec();
    if let Some(profiles) = &settings.profiles {
        rows.push(("profile packages".to_owned(), profiles.packages.join(", ")));
        rows.push(("assigned profiles".to_owned(), profiles.assigned.join(", ")));
        let unchecked = profiles.unchecked.iter();
        rows.extend(unchecked.map(|of| (format!("not checked for {}", of.profile), of.rules.join("; "))));
    }
    rows.retain(|(_, value)| !value.is_empty());
    rows
}

fn hooks(hooks: &RecordedHooks) -> String {
    match hooks {
        RecordedHooks::Withheld => "not allowed".to_owned(),
        RecordedHooks::Allowed(names) => joined(names.iter().map(|name| name.as_str())),
    }
}

fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::vocabulary::ExportLevel;
    use crate::recording::settings::{RecordedProfiles, UncheckedRules};
    use crate::suite::flow::HookName;

    fn text(settings: &RecordedSettings) -> String {
        in_words(settings).into_iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
    }

    #[test]
    fn empty_settings_are_left_out() {
        let settings = RecordedSettings { jobs: 4, max_wait: 600, max_bytes: 1, ..RecordedSettings::default() };
        assert_eq!(
            text(&settings),
            "authorization: none\nlevels: as declared\njobs at once: 4\nmaximum wait: 600 s\nmaximum bytes: 1\n\
             jobs at the end: deleted\ncertificates: checked\n"
        );
    }

    #[test]
    fn every_setting_is_shown_in_words() {
        let settings = RecordedSettings {
            authorization: Authorization::Smart,
            unstated_protection: false,
            levels: Some(vec![ExportLevel::Patient, ExportLevel::Group]),
            groups: vec!["a".into(), "b".into()],
            types: vec!["Patient".into()],
            jobs: 1,
            max_wait: 90,
            deadline: Some(3600),
            max_bytes: 7,
            no_delete: true,
            allow_origins: vec!["https://files.example".into()],
            hooks: RecordedHooks::Allowed(vec![HookName::Change, HookName::Delete]),
            allow_http: true,
            allow_writes: true,
            cohorts: true,
            empty_group: Some("empty".into()),
            forbidden_resources: 2,
            use_proxy: true,
            insecure: true,
            profiles: Some(RecordedProfiles {
                packages: vec!["au.core 1.0.0".into()],
                assigned: vec![],
                unchecked: vec![UncheckedRules { profile: "P".into(), rules: vec!["x".into(), "y".into()] }],
            }),
        };
        assert_eq!(
            text(&settings),
            "authorization: SMART Backend Services\nlevels: patient, group\ngroups: a, b\ntypes: Patient\n\
             jobs at once: 1\nmaximum wait: 90 s\ndeadline: 3600 s\nmaximum bytes: 7\n\
             jobs at the end: left on the server\nother origins with credentials: https://files.example\n\
             hooks: change, delete\nplain http: allowed (--allow-http)\n\
             writes: creates and deletes its own Groups\ncohorts: available (--cohorts)\n\
             group without members: empty\nforbidden resources: 2\nproxies: from the environment\n\
             certificates: not checked\nprofile packages: au.core 1.0.0\nnot checked for P: x; y\n"
        );
        let withheld = RecordedSettings { hooks: RecordedHooks::Withheld, ..settings };
        assert!(text(&withheld).contains("\nhooks: not allowed\n"));
    }
}
