//! `_typeFilter`: selects the resources of an export that match a filter for their type.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde_json::Value;

use crate::reference::data::rows::Rows;
use crate::reference::fault::active_behaviors::ActiveBehaviors;
use crate::reference::fault::behavior::Behavior;
use crate::search::matching::{MatchResult, Strictness};
use crate::search::query::Query;
use crate::search::world::World;

/// Parsed resources for filters, by type and id. They are parsed when the first filter needs them.
#[derive(Clone, Debug, Default)]
pub(crate) struct ParsedResources {
    parsed: OnceLock<BTreeMap<&'static str, BTreeMap<String, Value>>>,
}

impl ParsedResources {
    /// Parses the resources in `held` on the first call; `held` must be the same in each call.
    pub(crate) fn of(&self, held: impl Iterator<Item = (&'static str, Rows)>) -> &Self {
        let parse = |rows: Rows| {
            let values = rows.iter().filter_map(|line| serde_json::from_slice::<Value>(&line).ok());
            values.filter_map(|value| Some((value.get("id")?.as_str()?.to_owned(), value))).collect()
        };
        self.parsed.get_or_init(|| held.map(|(kind, rows)| (kind, parse(rows))).collect());
        self
    }
}

impl World for ParsedResources {
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

/// The lines of type `kind` that match at least one of its filters; all lines if it has no filter.
pub(crate) fn apply_filters(
    filters: &[Query],
    kind: &str,
    rows: Rows,
    world: &dyn World,
    behaviors: &ActiveBehaviors,
) -> Rows {
    let own: Vec<&Query> = filters.iter().filter(|filter| filter.kind == kind).collect();
    if behaviors.has(Behavior::FiltersPassNothing) || (own.is_empty() && behaviors.has(Behavior::FiltersSpill)) {
        return Rows::held(Vec::new());
    }
    if own.is_empty() {
        return rows;
    }
    let passes = |line: &bytes::Bytes| {
        let value: Value = serde_json::from_slice(line).unwrap_or_default();
        let mut passed = own.iter().map(|filter| filter.matches(&value, world, Strictness::Strict) == MatchResult::Yes);
        if behaviors.has(Behavior::FiltersAllHold) { passed.all(|yes| yes) } else { passed.any(|yes| yes) }
    };
    Rows::held(rows.iter().filter(passes).collect())
}

/// A filter by id.
#[derive(Clone, Debug)]
pub(crate) struct IdFilter {
    kind: String,
    ids: BTreeSet<String>,
}

impl IdFilter {
    /// A filter that selects resources of the type `kind` by these ids.
    pub(crate) fn new<'a>(kind: &str, ids: impl Iterator<Item = &'a str>) -> Self {
        Self { kind: kind.to_owned(), ids: ids.map(str::to_owned).collect() }
    }

    /// The lines of type `kind` that match at least one of its filters; all lines if it has no filter.
    pub(crate) fn apply(filters: &[Self], kind: &str, rows: Rows) -> Rows {
        let own: Vec<&Self> = filters.iter().filter(|filter| filter.kind == kind).collect();
        if own.is_empty() {
            return rows;
        }
        let passes = |line: &bytes::Bytes| {
            let value: Option<Value> = serde_json::from_slice(line).ok();
            let id = value.as_ref().and_then(|value| value.get("id")).and_then(Value::as_str);
            id.is_some_and(|id| own.iter().any(|filter| filter.ids.contains(id)))
        };
        Rows::held(rows.iter().filter(passes).collect())
    }
}
