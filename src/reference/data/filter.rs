//! `_typeFilter` at work: which resources of an export pass the filters for their type.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::Value;

use crate::reference::data::rows::Rows;
use crate::reference::fault::behavior::Behavior;
use crate::search::matching::{MatchResult, Strictness};
use crate::search::query::Query;
use crate::search::world::World;

/// What filters look at: the resources that are held, parsed when the first filter asks, by type and id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shelf {
    parsed: OnceLock<BTreeMap<&'static str, BTreeMap<String, Value>>>,
}

impl Shelf {
    /// The resources in `held`, which are always the same ones.
    pub(crate) fn of(&self, held: impl Iterator<Item = (&'static str, Rows)>) -> &Self {
        let parse = |rows: Rows| {
            let values = rows.iter().filter_map(|line| serde_json::from_slice::<Value>(&line).ok());
            values.filter_map(|value| Some((value.get("id")?.as_str()?.to_owned(), value))).collect()
        };
        self.parsed.get_or_init(|| held.map(|(kind, rows)| (kind, parse(rows))).collect());
        self
    }
}

impl World for Shelf {
    fn get(&self, kind: &str, id: &str) -> Option<&Value> {
        self.parsed.get()?.get(kind)?.get(id)
    }

    fn all<'a>(&'a self, kind: &str) -> Box<dyn Iterator<Item = &'a Value> + 'a> {
        Box::new(self.parsed.get().and_then(|types| types.get(kind)).into_iter().flat_map(BTreeMap::values))
    }

    fn is_whole(&self, _: &str) -> bool {
        true
    }
}

/// The lines of type `kind` that pass one at least of the filters for it; all where there is none.
pub(crate) fn sift(
    filters: &[Query],
    kind: &str,
    rows: Rows,
    world: &dyn World,
    does: &dyn Fn(Behavior) -> bool,
) -> Rows {
    let own: Vec<&Query> = filters.iter().filter(|filter| filter.kind == kind).collect();
    if does(Behavior::FiltersPassNothing) || (own.is_empty() && does(Behavior::FiltersSpill)) {
        return Rows::held(Vec::new());
    }
    if own.is_empty() {
        return rows;
    }
    let passes = |line: &bytes::Bytes| {
        let value: Value = serde_json::from_slice(line).unwrap_or_default();
        let mut passed = own.iter().map(|filter| filter.matches(&value, world, Strictness::Strict) == MatchResult::Yes);
        if does(Behavior::FiltersAllHold) { passed.all(|yes| yes) } else { passed.any(|yes| yes) }
    };
    Rows::held(rows.iter().filter(passes).collect())
}
