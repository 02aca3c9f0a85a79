//! Changes the data of a reference server from within its process.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use bytes::Bytes;
use serde_json::{Map, Value, json};

/// The tag of resources that cannot be exported: its system and its code.
pub const FAILING_TAG: (&str, &str) = ("https://plimsoll.example/tag", "cannot-be-exported");

/// The resources that [`DataMutator::change`] changes: the first list, then the second, then the first again.
const CHANGED: [[(&str, &str); 2]; 2] = [
    [("Patient", "sailor-06"), ("Observation", "reading-06-1")],
    [("Patient", "sailor-12"), ("Encounter", "call-12-1")],
];
/// The resources that [`DataMutator::delete`] deletes.
const DELETED: [(&str, &str); 1] = [("Condition", "ailment-06")];
/// The resources that [`DataMutator::fail`] tags.
const FAILED: [(&str, &str); 2] = [("Observation", "reading-12-2"), ("Encounter", "call-12-2")];

/// Data that can be changed.
pub(crate) trait MutableData: std::fmt::Debug + Send + Sync {
    /// Stores a new version of a resource and returns it; `None` if the resource does not exist.
    fn change(&self, kind: &str, id: &str, edit: &dyn Fn(&mut Map<String, Value>)) -> Option<Bytes>;

    /// Deletes a resource and returns its last version; `None` if the resource does not exist.
    fn delete(&self, kind: &str, id: &str) -> Option<Bytes>;
}

/// Changes the data of a server in this process.
#[derive(Clone, Debug, Default)]
pub struct DataMutator(Arc<MutatorState>);

#[derive(Debug, Default)]
struct MutatorState {
    data: OnceLock<Weak<dyn MutableData>>,
    changes: AtomicUsize,
}

impl DataMutator {
    /// Connects the data of a server. Only the first call has an effect.
    pub(crate) fn connect(&self, data: Weak<dyn MutableData>) {
        let _ = self.0.data.set(data);
    }

    /// Changes resources, not the same as in the call before, and returns their names as `Type/id`.
    ///
    /// # Errors
    /// A fragment: there is no server, or the server does not have these resources.
    pub fn change(&self) -> Result<Vec<String>, String> {
        let turn = self.0.changes.fetch_add(1, Ordering::Relaxed);
        let names = CHANGED.get(turn % CHANGED.len()).map(<[_; 2]>::as_slice).unwrap_or_default();
        self.each(names, &|data, kind, id| {
            data.change(kind, id, &|fields| {
                let other = if fields.get("language") == Some(&json!("en")) { "en-GB" } else { "en" };
                fields.insert("language".to_owned(), json!(other));
            })
        })
    }

    /// Deletes resources and returns their names.
    ///
    /// # Errors
    /// The same as for [`DataMutator::change`].
    pub fn delete(&self) -> Result<Vec<String>, String> {
        self.each(&DELETED, &|data, kind, id| data.delete(kind, id))
    }

    /// Tags resources so that their export fails, and returns their names.
    ///
    /// # Errors
    /// The same as for [`DataMutator::change`].
    pub fn fail(&self) -> Result<Vec<String>, String> {
        let (system, code) = FAILING_TAG;
        self.each(&FAILED, &|data, kind, id| {
            data.change(kind, id, &|fields| {
                let meta = fields.entry("meta").or_insert_with(|| json!({}));
                if let Some(meta) = meta.as_object_mut() {
                    meta.insert("tag".to_owned(), json!([{ "system": system, "code": code }]));
                }
            })
        })
    }

    fn each(
        &self,
        names: &[(&'static str, &'static str)],
        act: &dyn Fn(&dyn MutableData, &str, &str) -> Option<Bytes>,
    ) -> Result<Vec<String>, String> {
        let data = self.0.data.get().and_then(Weak::upgrade).ok_or("no reference server is running in this process")?;
        let done = names.iter().filter(|name| act(&*data, name.0, name.1).is_some());
        let done: Vec<String> = done.map(|(kind, id)| format!("{kind}/{id}")).collect();
        if done.is_empty() {
            Err("the server has none of the resources that this would change".to_owned())
        } else {
            Ok(done)
        }
    }
}
