//! Data that change while the server runs: by PUT and DELETE where it is writable, or by a hand within this process.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::base::instant::{Instant, rfc3339};
use crate::reference::data::population::Population;
use crate::reference::fault::behavior::Behavior;
use crate::reference::params::ExportRequest;
use crate::reference::reply::{FHIR_JSON, Payload, Point, ServerReply, outcome};
use crate::reference::server::{Server, ServerRequest};

/// The tag by which a resource cannot be exported: its system and its code.
pub const FAILS: (&str, &str) = ("https://plimsoll.example/tag", "cannot-be-exported");

/// How far a server that lags behind does.
const LAG: Duration = Duration::from_secs(3);

/// What a hand changes, one after the other.
const CHANGED: [[(&str, &str); 2]; 2] = [
    [("Patient", "sailor-06"), ("Observation", "reading-06-1")],
    [("Patient", "sailor-12"), ("Encounter", "call-12-1")],
];
/// What it deletes.
const DELETED: [(&str, &str); 1] = [("Condition", "ailment-06")];
/// What it makes fail.
const FAILED: [(&str, &str); 2] = [("Observation", "reading-12-2"), ("Encounter", "call-12-2")];

/// Changes the data of a server in this process, as its owner would.
#[derive(Clone, Debug, Default)]
pub struct DataMutator(Arc<MutatorState>);

/// What is done to a resource of a server, by its type and id: it as it then is, or was; none: it is not there.
type Act<'a> = dyn Fn(&Server, &str, &str) -> Option<Bytes> + 'a;

#[derive(Debug, Default)]
struct MutatorState {
    server: OnceLock<Weak<Server>>,
    changes: AtomicUsize,
}

impl DataMutator {
    /// Reaches into this server; the first one counts.
    pub(crate) fn take(&self, server: &Arc<Server>) {
        let _ = self.0.server.set(Arc::downgrade(server));
    }

    /// Changes resources, others each time, and gives their names as `Type/id`.
    ///
    /// # Errors
    /// There is nothing that it could change, a fragment.
    pub fn change(&self) -> Result<Vec<String>, String> {
        let turn = self.0.changes.fetch_add(1, Ordering::Relaxed);
        let names = CHANGED.get(turn % CHANGED.len()).map(<[_; 2]>::as_slice).unwrap_or_default();
        self.each(names, &|server, name, id| {
            server.change(name, id, &|fields| {
                let other = if fields.get("language") == Some(&json!("en")) { "en-GB" } else { "en" };
                fields.insert("language".to_owned(), json!(other));
            })
        })
    }

    /// Deletes resources.
    ///
    /// # Errors
    /// As of [`DataMutator::change`].
    pub fn delete(&self) -> Result<Vec<String>, String> {
        self.each(&DELETED, &|server, name, id| server.delete(name, id))
    }

    /// Has resources fail to be exported.
    ///
    /// # Errors
    /// As of [`DataMutator::change`].
    pub fn fail(&self) -> Result<Vec<String>, String> {
        let (system, code) = FAILS;
        self.each(&FAILED, &|server, name, id| {
            server.change(name, id, &|fields| {
                let meta = fields.entry("meta").or_insert_with(|| json!({}));
                if let Some(meta) = meta.as_object_mut() {
                    meta.insert("tag".to_owned(), json!([{ "system": system, "code": code }]));
                }
            })
        })
    }

    fn each(&self, names: &[(&'static str, &'static str)], act: &Act<'_>) -> Result<Vec<String>, String> {
        let server = self.0.server.get().and_then(Weak::upgrade).ok_or("the server is not there")?;
        let done = names.iter().filter(|name| act(&server, name.0, name.1).is_some());
        let done: Vec<String> = done.map(|(name, id)| format!("{name}/{id}")).collect();
        if done.is_empty() { Err("the server holds nothing of what it would touch".to_owned()) } else { Ok(done) }
    }
}

impl Server {
    /// Answers PUT and DELETE of a resource that is there.
    pub(crate) fn write(&self, ask: &ServerRequest, name: &str, id: &str) -> ServerReply {
        let there = self.population().read(name, id).is_some();
        if !there || self.population().is_made() {
            let gone = self.population().was_removed(name, id);
            let status = if gone { StatusCode::GONE } else { StatusCode::NOT_FOUND };
            return ServerReply::refusal(
                Point::Other,
                status,
                "not-found",
                "only what the small population holds can be changed",
            );
        }
        if ask.method == Method::DELETE {
            return match self.delete(name, id) {
                Some(_) => {
                    ServerReply::fhir(Point::Other, StatusCode::OK, outcome("information", "informational", "deleted"))
                }
                None => crate::reference::server::not_found(),
            };
        }
        let sent: Value = serde_json::from_slice(&ask.body).unwrap_or_default();
        let text = |key: &str| sent.get(key).and_then(Value::as_str);
        let Some(new) = sent.as_object().filter(|_| text("resourceType") == Some(name) && text("id") == Some(id))
        else {
            let text = format!("the body must be the resource {name}/{id}");
            return ServerReply::refusal(Point::Other, StatusCode::BAD_REQUEST, "invalid", &text);
        };
        let version = |fields: &serde_json::Map<String, Value>| fields.get("meta")?.get("versionId").cloned();
        let replaced = self.change(name, id, &|fields| {
            let own = version(fields);
            fields.clone_from(new);
            let meta = fields.entry("meta").or_insert_with(|| json!({}));
            if !meta.is_object() {
                *meta = json!({});
            }
            if let (Some(meta), Some(own)) = (meta.as_object_mut(), own) {
                meta.insert("versionId".to_owned(), own);
            }
        });
        match replaced {
            Some(line) => {
                ServerReply { payload: Payload::Raw(line), ..ServerReply::empty(Point::Other, StatusCode::OK) }
                    .with("content-type", FHIR_JSON)
            }
            None => crate::reference::server::not_found(),
        }
    }

    /// A time for a change: now, and later than every export that has begun.
    fn moment(&self) -> SystemTime {
        let now = self.options.clock.now();
        let after = self.notes().latest.map(|latest| latest + Duration::from_millis(1));
        after.map_or(now, |after| now.max(after))
    }

    /// Makes another version of a resource that is held, and gives it.
    fn change(&self, name: &str, id: &str, edit: &dyn Fn(&mut serde_json::Map<String, Value>)) -> Option<Bytes> {
        let (population, at) = (self.population(), self.moment());
        let mut value: Value = serde_json::from_slice(&population.read(name, id)?).ok()?;
        let fields = value.as_object_mut()?;
        edit(fields);
        let meta = fields.get_mut("meta")?.as_object_mut()?;
        let version = meta.get("versionId").and_then(Value::as_str).and_then(|version| version.parse::<u64>().ok());
        meta.insert("versionId".to_owned(), json!((version.unwrap_or_default() + 1).to_string()));
        let date = rfc3339(at);
        meta.insert("lastUpdated".to_owned(), json!(date));
        let fails = value.pointer("/meta/tag").and_then(Value::as_array).into_iter().flatten().any(|tag| {
            let part = |key: &str| tag.get(key).and_then(Value::as_str);
            (part("system"), part("code")) == (Some(FAILS.0), Some(FAILS.1))
        });
        let line = Bytes::from(value.to_string());
        self.turn_to(population.with((name, id), line.clone(), Instant::parse(&date)?, fails)?, at);
        self.notes().written.push((name.to_owned(), id.to_owned()));
        Some(line)
    }

    fn delete(&self, name: &str, id: &str) -> Option<Bytes> {
        let (population, at) = (self.population(), self.moment());
        let line = population.read(name, id)?;
        self.turn_to(population.without((name, id), &rfc3339(at))?, at);
        Some(line)
    }

    /// What an export that begins `now` is of.
    pub(crate) fn population_of_job(&self, now: SystemTime) -> Arc<Population> {
        if self.does(Behavior::LagsBehind) {
            return self.population_at(now - LAG);
        }
        if self.does(Behavior::ChangesGoOn) {
            let written = std::mem::take(&mut self.notes().written);
            for (name, id) in &written {
                self.change(name, id, &|_| {});
            }
        }
        self.population()
    }

    /// The `transactionTime` of an export that begins `now`.
    pub(crate) fn stamp_of_job(&self, now: SystemTime) -> SystemTime {
        if self.does(Behavior::LagsBehind) {
            return now - LAG;
        }
        match self.runs() {
            Some(runs) if self.does(Behavior::DatedByItsEnd) => now + runs,
            _ => now,
        }
    }

    /// Why an export fails as a whole, where what cannot be exported has it do so.
    pub(crate) fn failure_of_all(&self, wanted: &ExportRequest, population: &Population) -> Option<String> {
        let mut found = self.does(Behavior::FailuresEndAll).then(|| population.select(&wanted.selection))?;
        let failed = population.fail_in(&mut found);
        failed.first().map(|name| format!("{name} could not be exported"))
    }
}
