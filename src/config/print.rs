//! `--print-config`: shows the configuration in effect with the origin of each value, and no secrets.

use serde_json::{Value, json};

use crate::config::run_config::RunConfig;
use crate::config::setting::{FileKey, FileKeyKind, Origin, ShownSetting};

/// Returns the configuration as TOML, with the origin of each value as a comment.
pub fn text(config: &RunConfig) -> String {
    let mut lines = vec!["# The configuration in effect. Secrets are not shown.".to_owned()];
    let (mut plain, mut hooks, mut auth) = (Vec::new(), Vec::new(), Vec::new());
    for ShownSetting { key: FileKey { name, kind }, value, origin } in shown(config) {
        let (list, key) = match name.split_once('.') {
            Some(("auth", key)) => (&mut auth, key),
            Some((_, key)) => (&mut hooks, key),
            None => (&mut plain, name.as_str()),
        };
        list.push(match value {
            Value::Null => (format!("# {key} is not set"), origin),
            Value::Object(pairs) => {
                let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key} = {value}")).collect();
                (format!("{key} = {{ {} }}", pairs.join(", ")), origin)
            }
            // It is not permitted in a file, so it is shown as a comment.
            value if kind == FileKeyKind::CommandLineOnly => (format!("# {key} = {value}"), origin),
            // Strings, numbers, booleans and flat lists have the same form in JSON and TOML.
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
    for known in &config.known {
        let mut entry =
            vec![("spec", known.spec.clone()), ("test", known.test.clone()), ("reason", known.reason.clone())];
        entry.extend(known.expires.map(|day| ("expires", day.to_string())));
        lines.extend(["".to_owned(), "[[known]]".to_owned()]);
        lines.extend(entry.into_iter().map(|(key, value)| format!("{key} = {}", Value::from(value))));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Returns the configuration as JSON: `{"target": {"value": ..., "from": "command line"}, ..., "known": [...]}`.
pub fn json(config: &RunConfig) -> Value {
    let mut object = serde_json::Map::new();
    for ShownSetting { key, value, origin } in shown(config) {
        object.insert(key.name, json!({"value": value, "from": origin.to_string()}));
    }
    let known = config.known.iter().map(
        |known| json!({"spec": known.spec, "test": known.test, "reason": known.reason, "expires": known.expires.map(|day| day.to_string())}),
    );
    object.insert("known".to_owned(), known.collect());
    Value::Object(object)
}

/// Returns all settings in the order in which they are shown.
fn shown(config: &RunConfig) -> Vec<ShownSetting> {
    let table = |name: &str, mut settings: Vec<ShownSetting>| {
        for setting in &mut settings {
            setting.key.name = format!("{name}.{}", setting.key.name);
        }
        settings
    };
    let mut all = config.shown();
    all.extend(table("hooks", config.hooks.shown()));
    all.extend(table("auth", config.auth.shown()));
    // These two are not shown in the order of their rows.
    move_behind(&mut all, "values", "types");
    move_behind(&mut all, "auth.scope", "auth.forbidden-resources");
    all
}

fn move_behind(all: &mut Vec<ShownSetting>, key: &str, before: &str) {
    let place = |all: &[ShownSetting], key: &str| all.iter().position(|setting| setting.key.name == key);
    if let Some(from) = place(all, key) {
        let setting = all.remove(from);
        let to = place(all, before).map_or(all.len(), |before| before + 1);
        all.insert(to, setting);
    }
}
