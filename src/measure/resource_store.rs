//! Resources of a flow that are kept in memory only, for flows that need sample values or a comparison. The size is
//! limited: a part of the export is enough for sample values, and resources that are not kept are not compared.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::search::world::World;

/// The most bytes of the resources of one type, as received.
const MAX_OF_A_TYPE: usize = 1 << 20;
/// The most bytes of the resources of all types.
const MAX: usize = 8 << 20;

/// One exported resource.
#[derive(Clone, Debug)]
pub struct StoredResource {
    /// The line in its file, from 1.
    pub line: u64,
    /// The type of the stored resource.
    pub kind: String,
    /// The id of the stored resource.
    pub id: String,
    /// The content of the stored resource.
    pub value: Value,
    /// The length in bytes, as received.
    pub bytes: usize,
}

/// The kept resources of one flow.
#[derive(Clone, Debug, Default)]
pub struct ResourceStore {
    types: BTreeMap<String, TypeStore>,
    bytes: usize,
    /// Whether all output files were read completely, without a filter, at system level: a resource that is not here
    /// does not exist.
    whole: bool,
    /// The requested types; `None` means all types.
    asked: Option<Vec<String>>,
}

#[derive(Clone, Debug, Default)]
struct TypeStore {
    by_id: BTreeMap<String, Value>,
    bytes: usize,
    /// Whether some resources did not fit.
    full: bool,
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
impl ResourceStore {
    /// Returns a store with these resources, for tests.
    pub fn holding(values: &[serde_json::Value]) -> Self {
        let mut store = Self::new(true, None);
        for value in values {
            let text = |key: &str| value[key].as_str().unwrap().to_owned();
            let (kind, id) = (text("resourceType"), text("id"));
            store.put(StoredResource { line: 1, kind, id, value: value.clone(), bytes: 100 });
        }
        store
    }
}

impl ResourceStore {
    /// Returns an empty store. `whole` means that it will get all resources of the types in `asked`, where `None` means
    /// all types.
    pub fn new(whole: bool, asked: Option<Vec<String>>) -> Self {
        Self { whole, asked, ..Self::default() }
    }

    /// Notes that the store got all resources of the requested types, except those that did not fit.
    pub fn set_whole(&mut self) {
        self.whole = true;
    }

    /// Adds a resource, if there is room.
    pub fn put(&mut self, resource: StoredResource) {
        let of_type = self.types.entry(resource.kind).or_default();
        if of_type.full || of_type.bytes + resource.bytes > MAX_OF_A_TYPE || self.bytes + resource.bytes > MAX {
            of_type.full = true;
            return;
        }
        of_type.bytes += resource.bytes;
        self.bytes += resource.bytes;
        // Keep the first of two versions; a test reports duplicates.
        of_type.by_id.entry(resource.id).or_insert(resource.value);
    }

    /// Notes that there are more resources of a type than the store has.
    pub fn mark_incomplete(&mut self, kind: String) {
        self.types.entry(kind).or_default().full = true;
    }

    /// Returns the resources of a type with their ids, sorted by id.
    pub fn of<'s>(&'s self, kind: &str) -> impl Iterator<Item = (&'s str, &'s Value)> {
        self.types.get(kind).into_iter().flat_map(|of_type| &of_type.by_id).map(|(id, value)| (id.as_str(), value))
    }

    /// Returns whether some resources did not fit.
    pub fn is_full(&self) -> bool {
        self.types.values().any(|of_type| of_type.full)
    }

    /// Returns whether some resources of a type did not fit.
    pub fn lacks_some(&self, kind: &str) -> bool {
        self.types.get(kind).is_some_and(|of_type| of_type.full)
    }

    /// Returns the types in the store.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.types.keys().map(String::as_str)
    }
}

impl World for ResourceStore {
    fn get(&self, kind: &str, id: &str) -> Option<&Value> {
        self.types.get(kind)?.by_id.get(id)
    }

    fn all<'a>(&'a self, kind: &str) -> Box<dyn Iterator<Item = &'a Value> + 'a> {
        Box::new(self.types.get(kind).into_iter().flat_map(|of_type| of_type.by_id.values()))
    }

    fn is_whole(&self, kind: &str) -> bool {
        let asked = self.asked.as_ref().is_none_or(|asked| asked.iter().any(|known| known == kind));
        self.whole && asked && !self.types.get(kind).is_some_and(|of_type| of_type.full)
    }
}

/// The resources of a flow, and those of an earlier one.
#[derive(Clone, Copy, Debug)]
pub struct Both<'a> {
    /// The first store to search.
    pub own: &'a ResourceStore,
    /// The second store to search.
    pub source: Option<&'a ResourceStore>,
}

impl World for Both<'_> {
    fn get(&self, kind: &str, id: &str) -> Option<&Value> {
        self.own.get(kind, id).or_else(|| self.source?.get(kind, id))
    }

    fn all<'a>(&'a self, kind: &str) -> Box<dyn Iterator<Item = &'a Value> + 'a> {
        let more = self.source.map(|source| source.all(kind));
        Box::new(self.own.all(kind).chain(more.into_iter().flatten()))
    }

    fn is_whole(&self, kind: &str) -> bool {
        self.source.is_some_and(|source| source.is_whole(kind))
    }
}
