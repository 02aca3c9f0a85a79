//! Changes of the data while the server runs.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::base::instant::{Instant, rfc3339};
use crate::reference::data::mutator::{FAILING_TAG, MutableData};
use crate::reference::state::ServerState;

impl MutableData for ServerState {
    fn change(&self, kind: &str, id: &str, edit: &dyn Fn(&mut Map<String, Value>)) -> Option<Bytes> {
        change(self, kind, id, edit)
    }

    fn delete(&self, kind: &str, id: &str) -> Option<Bytes> {
        delete(self, kind, id)
    }
}

/// Stores a new version of a resource and returns it; `None` if the resource does not exist.
pub(crate) fn change(
    server: &ServerState,
    kind: &str,
    id: &str,
    edit: &dyn Fn(&mut Map<String, Value>),
) -> Option<Bytes> {
    let (population, at) = (server.population(), time_of_change(server));
    let mut value: Value = serde_json::from_slice(&population.read(kind, id)?).ok()?;
    let fields = value.as_object_mut()?;
    edit(fields);
    let meta = fields.get_mut("meta")?.as_object_mut()?;
    let version = meta.get("versionId").and_then(Value::as_str).and_then(|version| version.parse::<u64>().ok());
    meta.insert("versionId".to_owned(), json!((version.unwrap_or_default() + 1).to_string()));
    let date = rfc3339(at);
    meta.insert("lastUpdated".to_owned(), json!(date));
    let fails = value.pointer("/meta/tag").and_then(Value::as_array).into_iter().flatten().any(|tag| {
        let part = |key: &str| tag.get(key).and_then(Value::as_str);
        (part("system"), part("code")) == (Some(FAILING_TAG.0), Some(FAILING_TAG.1))
    });
    let line = Bytes::from(value.to_string());
    server.replace_population(population.with((kind, id), line.clone(), Instant::parse(&date)?, fails)?, at);
    server.notes().changed.push((kind.to_owned(), id.to_owned()));
    Some(line)
}

/// Deletes a resource and returns its last version; `None` if the resource does not exist.
pub(crate) fn delete(server: &ServerState, kind: &str, id: &str) -> Option<Bytes> {
    let (population, at) = (server.population(), time_of_change(server));
    let line = population.read(kind, id)?;
    server.replace_population(population.without((kind, id), &rfc3339(at))?, at);
    Some(line)
}

/// The time of a change: now, and later than the start of every export.
fn time_of_change(server: &ServerState) -> SystemTime {
    let now = server.now();
    let after = server.notes().latest_start.map(|latest| latest + Duration::from_millis(1));
    after.map_or(now, |after| now.max(after))
}
