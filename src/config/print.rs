//! `--print-config`: the configuration in effect, where each value comes from, and no secret.

use std::path::Path;

use serde_json::{Value, json};
use url::Url;

use crate::config::effective::{Effective, Origin, Setting, TokenPlace};
use crate::config::values::show_wait;

/// One value as it is shown.
struct Shown {
    key: &'static str,
    value: Value,
    origin: Origin,
}

/// The configuration as TOML, with the origin of each value as a comment.
pub fn text(config: &Effective) -> String {
    let mut lines = vec!["# The configuration in effect. Secrets are not shown.".to_owned()];
    let (mut plain, mut hooks, mut auth) = (Vec::new(), Vec::new(), Vec::new());
    for Shown { key, value, origin } in shown(config) {
        let (list, key) = match key.split_once('.') {
            Some(("auth", key)) => (&mut auth, key),
            Some((_, key)) => (&mut hooks, key),
            None => (&mut plain, key),
        };
        list.push(match value {
            Value::Null => (format!("# {key} is not set"), origin),
            Value::Object(pairs) => {
                let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key} = {value}")).collect();
                (format!("{key} = {{ {} }}", pairs.join(", ")), origin)
            }
            // A file cannot say it.
            value if key == "allow-writes" => (format!("# {key} = {value}"), origin),
            // The strings, numbers, booleans and flat lists used here are written alike in JSON and TOML.
            // What only the command line can say is no setting of a file.
            value if key == "allow-hooks" => (format!("# {key} = {value}"), origin),
            value => (format!("{key} = {value}"), origin),
        });
    }
    let width =
        plain.iter().chain(&hooks).chain(&auth).map(|(line, _)| line.chars().count()).max().unwrap_or(0).min(60);
    let write = |(line, origin): (String, Origin)| format!("{line:width$}  # {origin}");
    lines.extend(plain.into_iter().map(write));
    lines.extend(["".to_owned(), "[hooks]".to_owned()]);
    lines.extend(hooks.into_iter().map(write));
    lines.extend(["".to_owned(), "[auth]".to_owned()]);
    lines.extend(auth.into_iter().map(write));
    for (known, _) in &config.known {
        let mut entry =
            vec![("spec", known.spec.clone()), ("test", known.test.clone()), ("reason", known.reason.clone())];
        entry.extend(known.expires.map(|day| ("expires", day.to_string())));
        lines.extend(["".to_owned(), "[[known]]".to_owned()]);
        lines.extend(entry.into_iter().map(|(key, value)| format!("{key} = {}", Value::from(value))));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// The same for programs: `{"target": {"value": ..., "from": "command line"}, ..., "known": [...]}`.
pub fn json(config: &Effective) -> Value {
    let mut object = serde_json::Map::new();
    for Shown { key, value, origin } in shown(config) {
        object.insert(key.to_owned(), json!({"value": value, "from": origin.to_string()}));
    }
    let known = config.known.iter().map(
        |(known, _)| json!({"spec": known.spec, "test": known.test, "reason": known.reason, "expires": known.expires.map(|day| day.to_string())}),
    );
    object.insert("known".to_owned(), known.collect());
    Value::Object(object)
}

fn shown(config: &Effective) -> Vec<Shown> {
    let url = |url: &Url| Value::from(url.as_str());
    let path = |path: &Path| Value::from(path.display().to_string());
    let origins = config.allow_origins.value.iter().map(|url| url.origin().ascii_serialization()).collect();
    let levels = config.levels.value.iter().map(|level| level.as_str()).collect();
    let token = config.token.as_ref();
    let token_env = token.and_then(|s| match &s.value {
        TokenPlace::Env(name) => Some(Setting::new(name.clone(), s.origin.clone())),
        TokenPlace::File(_) => None,
    });
    let token_file = token.and_then(|s| match &s.value {
        TokenPlace::File(path) => Some(Setting::new(path.clone(), s.origin.clone())),
        TokenPlace::Env(_) => None,
    });
    let allowing = if config.hooks.allowed { Origin::Flag } else { Origin::Default };
    vec![
        maybe("target", config.target.as_ref(), |v| url(v)),
        sure("specs", &config.specs, |v| v.clone().into()),
        sure("informational-specs", &config.informational_specs, |v| v.clone().into()),
        sure("groups", &config.groups, |v| v.clone().into()),
        maybe("empty-group", config.empty_group.as_ref(), |v| v.clone().into()),
        sure("cohorts", &config.cohorts, |v| (*v).into()),
        sure("allow-writes", &config.allow_writes, |v| (*v).into()),
        Shown { key: "levels", value: levels, origin: config.levels.origin.clone() },
        sure("types", &config.types, |v| v.clone().into()),
        sure("values", &config.values, |v| {
            v.iter().map(|(pick, value)| (pick.as_str().to_owned(), Value::from(value.clone()))).collect()
        }),
        maybe("report", config.report.as_ref(), |v| path(v)),
        maybe("suites", config.suites.as_ref(), |v| path(v)),
        sure("strict", &config.strict, |v| (*v).into()),
        sure("jobs", &config.jobs, |v| (*v).into()),
        sure("max-wait", &config.max_wait, |v| show_wait(*v).into()),
        maybe("deadline", config.deadline.as_ref(), |v| show_wait(*v).into()),
        sure("max-bytes", &config.max_bytes, |v| v.to_string().into()),
        sure("no-delete", &config.no_delete, |v| (*v).into()),
        sure("wait-for-expiry", &config.wait_for_expiry, |v| (*v).into()),
        maybe("keep-files", config.keep_files.as_ref(), |v| path(v)),
        sure("packages", &config.packages, |v| v.iter().map(|package| path(package)).collect()),
        sure("profiles", &config.profiles, |v| v.clone().into()),
        Shown { key: "allow-origins", value: origins, origin: config.allow_origins.origin.clone() },
        sure("insecure", &config.insecure, |v| (*v).into()),
        sure("allow-http", &config.allow_http, |v| (*v).into()),
        maybe("ca-file", config.ca_file.as_ref(), |v| path(v)),
        maybe("client-cert", config.client_cert.as_ref(), |v| path(v)),
        sure("proxy", &config.proxy, |v| (*v).into()),
        Shown { key: "allow-hooks", value: config.hooks.allowed.into(), origin: allowing },
        maybe("hooks.change", config.hooks.change.as_ref(), |v| v.clone().into()),
        maybe("hooks.delete", config.hooks.delete.as_ref(), |v| v.clone().into()),
        maybe("hooks.fail", config.hooks.fail.as_ref(), |v| v.clone().into()),
        sure("hooks.timeout", &config.hooks.timeout, |v| show_wait(*v).into()),
        sure("auth.kind", &config.auth, |v| v.as_str().into()),
        maybe("auth.token-env", token_env.as_ref(), |v| v.clone().into()),
        maybe("auth.token-file", token_file.as_ref(), |v| path(v)),
        maybe("auth.client-id", config.client_id.as_ref(), |v| v.clone().into()),
        maybe("auth.key-file", config.key_file.as_ref(), |v| path(v)),
        maybe("auth.key-id", config.key_id.as_ref(), |v| v.clone().into()),
        maybe("auth.token-url", config.token_url.as_ref(), |v| url(v)),
        maybe("auth.second-client-id", config.second_client_id.as_ref(), |v| v.clone().into()),
        maybe("auth.second-key-file", config.second_key_file.as_ref(), |v| path(v)),
        maybe("auth.second-key-id", config.second_key_id.as_ref(), |v| v.clone().into()),
        maybe("auth.second-token-file", config.second_token_file.as_ref(), |v| path(v)),
        maybe("auth.jwks-addr", config.jwks_addr.as_ref(), |v| v.to_string().into()),
        maybe("auth.forbidden-scope", config.forbidden_scope.as_ref(), |v| v.clone().into()),
        maybe("auth.forbidden-group", config.forbidden_group.as_ref(), |v| v.clone().into()),
        sure("auth.forbidden-resources", &config.forbidden_resources, |v| v.clone().into()),
        sure("auth.scope", &config.scope, |v| v.clone().into()),
    ]
}

fn sure<T>(key: &'static str, setting: &Setting<T>, show: impl FnOnce(&T) -> Value) -> Shown {
    Shown { key, value: show(&setting.value), origin: setting.origin.clone() }
}

fn maybe<T>(key: &'static str, setting: Option<&Setting<T>>, show: impl FnOnce(&T) -> Value) -> Shown {
    match setting {
        Some(setting) => sure(key, setting, show),
        None => Shown { key, value: Value::Null, origin: Origin::Default },
    }
}
