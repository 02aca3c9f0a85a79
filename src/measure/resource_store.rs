//! Resources of a flow that are held in memory, and nowhere else, for the flows that pick from them and are compared
//! with them. Bounded: a part of what was exported is enough to pick from, and what is not held is not compared.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::search::world::World;

/// The most of one type, in bytes as they came.
const MAX_OF_A_TYPE: usize = 1 << 20;
/// The most of all types.
const MAX: usize = 8 << 20;

/// One resource that came.
#[derive(Clone, Debug)]
pub struct StoredResource {
    /// Its line in its file, from 1.
    pub line: u64,
    /// Its type.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// The resource.
    pub value: Value,
    /// Its length in bytes, as it came.
    pub bytes: usize,
}

/// The resources of one flow.
#[derive(Clone, Debug, Default)]
pub struct ResourceStore {
    types: BTreeMap<String, TypeStore>,
    bytes: usize,
    /// Whether all output files came whole, without a filter and of the whole system: then what is not here is not there.
    whole: bool,
    /// The types that were asked for; none: all.
    asked: Option<Vec<String>>,
}

#[derive(Clone, Debug, Default)]
struct TypeStore {
    by_id: BTreeMap<String, Value>,
    bytes: usize,
    /// Some did not fit.
    full: bool,
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
impl ResourceStore {
    /// One that holds these resources, for tests.
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
    /// An empty one. `whole` says whether all that is there of the types `asked` for (none: of all types) is to be put on
    /// it.
    pub fn new(whole: bool, asked: Option<Vec<String>>) -> Self {
        Self { whole, asked, ..Self::default() }
    }

    /// Says that all that is there of the types asked for was put on it, or did not fit.
    pub fn set_whole(&mut self) {
        self.whole = true;
    }

    /// Puts a resource on the store, if there is room.
    pub fn put(&mut self, resource: StoredResource) {
        let of_type = self.types.entry(resource.kind).or_default();
        if of_type.full || of_type.bytes + resource.bytes > MAX_OF_A_TYPE || self.bytes + resource.bytes > MAX {
            of_type.full = true;
            return;
        }
        of_type.bytes += resource.bytes;
        self.bytes += resource.bytes;
        // Of two versions the first is kept: another test says that there are two.
        of_type.by_id.entry(resource.id).or_insert(resource.value);
    }

    /// Says that there are more of a type than are held.
    pub fn mark_incomplete(&mut self, kind: String) {
        self.types.entry(kind).or_default().full = true;
    }

    /// The resources of a type with their ids, sorted by those.
    pub fn of<'s>(&'s self, kind: &str) -> impl Iterator<Item = (&'s str, &'s Value)> {
        self.types.get(kind).into_iter().flat_map(|of_type| &of_type.by_id).map(|(id, value)| (id.as_str(), value))
    }

    /// Whether some did not fit.
    pub fn is_full(&self) -> bool {
        self.types.values().any(|of_type| of_type.full)
    }

    /// Whether some of a type did not fit.
    pub fn lacks_some(&self, kind: &str) -> bool {
        self.types.get(kind).is_some_and(|of_type| of_type.full)
    }

    /// The types that are held.
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

/// What came with a flow, and what an earlier one holds.
#[derive(Clone, Copy, Debug)]
pub struct Both<'a> {
    /// Looked at first.
    pub own: &'a ResourceStore,
    /// Looked at then.
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
