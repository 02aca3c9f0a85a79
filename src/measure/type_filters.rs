//! Measures which exported resources match the filters of the kick-off, and which resources of an earlier flow must be
//! exported. The result has only counts and line numbers.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use crate::base::instant::Instant;
use crate::measure::measurements::Measurements;
use crate::measure::missing_resource::ResourceName;
use crate::measure::references::owner;
use crate::measure::resource_store::{Both, ResourceStore, StoredResource};
use crate::ndjson::contents;
use crate::ndjson::contents::Contents;
use crate::ndjson::facts::LineNotes;
use crate::ndjson::identity::normalize_reference;
use crate::ndjson::inspect::LineObserver;
use crate::plan::model::Measures;
use crate::recording::facts::Filtered;
use crate::search::matching::{MatchResult, Strictness};
use crate::search::query::Query;
use crate::search::world::Nothing;

/// The most bytes of resources of one file that wait for other resources, which a filter needs. More stay undecided.
const MAX_WAITING: usize = 4 << 20;
/// The same for all files of a flow.
pub(crate) const MAX_WAITING_IN_ALL: usize = 16 << 20;
/// The most line numbers in the facts of a file.
const MAX_LINES: usize = 6;
/// The most bytes of resources of one file that are kept.
const MAX_HELD: usize = 1 << 20;
/// The most types of one file that are distinguished.
const MAX_TYPES: usize = 256;
/// The most URLs of attachments that are kept of one file.
const MAX_URLS: usize = 8;

/// The most resources of one file that are kept because a hook named them.
const MAX_DATA_CHANGES: usize = 100;

/// What a kick-off requests, as far as resources can be compared with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    types: Option<Vec<String>>,
    /// The filters that are readable. For others, `unread` has the types that they name.
    queries: Vec<Query>,
    unread: Vec<String>,
    since: Option<Instant>,
    until: Option<Instant>,
    /// Ids of the requested patients.
    patients: Option<BTreeSet<String>>,
    /// Whether the request removes elements of resources.
    elements_removed: bool,
    /// Whether some parameters have an unknown effect.
    pub beyond: bool,
}

impl Selection {
    /// Reads the parameters of the request.
    pub fn new(params: &[(String, String)]) -> Self {
        let mut this = Self::default();
        for (name, value) in params {
            match name.as_str() {
                "_type" => {
                    let names = value.split(',').map(|name| name.trim().to_owned());
                    this.types.get_or_insert_default().extend(names);
                }
                "_typeFilter" => match Query::parse(value) {
                    Ok(query) => this.queries.push(query),
                    Err(_) => this.unread.push(value.split('?').next().unwrap_or_default().to_owned()),
                },
                "_since" | "_until" => match (Instant::parse(value), name.as_str()) {
                    (Some(at), "_since") => this.since = Some(at),
                    (Some(at), _) => this.until = Some(at),
                    (None, _) => this.beyond = true,
                },
                "patient" => {
                    let named = |one: &str| Some(normalize_reference(one.trim())?.1.to_owned());
                    match value.split(',').map(named).collect::<Option<Vec<String>>>() {
                        Some(ids) => this.patients.get_or_insert_default().extend(ids),
                        None => this.beyond = true,
                    }
                }
                "_outputFormat" => {}
                "_elements" => this.elements_removed = true,
                _ => this.beyond = true,
            }
        }
        this
    }

    /// Returns whether the kick-off excludes resources only by type.
    fn is_plain(&self) -> bool {
        self.queries.is_empty()
            && self.unread.is_empty()
            && self.since.is_none()
            && self.until.is_none()
            && self.patients.is_none()
            && !self.elements_removed
            && !self.beyond
    }

    /// Returns whether any filter depends on other resources.
    fn is_chained(&self) -> bool {
        self.queries.iter().any(Query::is_chained)
    }

    /// Returns whether a resource matches one of the filters for its type; `None` if there are none.
    fn passes(&self, kind: &str, ask: &dyn Fn(&Query) -> MatchResult) -> Option<MatchResult> {
        let unread = self.unread.iter().any(|known| known == kind).then_some(MatchResult::Unknown);
        let answers = self.queries.iter().filter(|query| query.kind == kind).map(ask).chain(unread);
        answers.reduce(MatchResult::or)
    }

    /// Returns whether a date or a filter certainly excludes a resource of a requested type.
    pub fn leaves_out(&self, kind: &str, value: &Value, world: &ResourceStore) -> bool {
        let asked = self.types.as_ref().is_none_or(|types| types.iter().any(|known| known == kind));
        let updated = value.pointer("/meta/lastUpdated").and_then(Value::as_str).and_then(Instant::parse);
        let beyond = updated
            .is_some_and(|at| self.since.is_some_and(|since| at < since) || self.until.is_some_and(|until| at > until));
        let fails = || {
            let answer = self.passes(kind, &|query| query.matches(value, world, Strictness::Lenient));
            answer == Some(MatchResult::No)
        };
        asked && (beyond || fails())
    }

    /// Returns whether this export must contain a resource of an earlier, unfiltered flow.
    pub fn takes_in(&self, kind: &str, value: &Value, world: &ResourceStore) -> bool {
        let asked = self.types.as_ref().is_none_or(|types| types.iter().any(|known| known == kind));
        let updated = value.pointer("/meta/lastUpdated").and_then(Value::as_str).and_then(Instant::parse);
        let dated = |needed: bool, fits: &dyn Fn(Instant) -> bool| !needed || updated.is_some_and(fits);
        let (since, until) = (self.since, self.until);
        // Only `subject` and `patient` count. The server decides which other resources belong to a patient.
        let of_theirs = |ids: &BTreeSet<String>| match kind {
            "Patient" => value.get("id").and_then(Value::as_str).is_some_and(|id| ids.contains(id)),
            _ => owner(value).is_some_and(|id| ids.contains(id)),
        };
        // The server may include or exclude an instant that equals the limit.
        asked
            && self.patients.as_ref().is_none_or(of_theirs)
            && dated(since.is_some(), &|at| since.is_some_and(|since| at > since))
            && dated(until.is_some(), &|at| until.is_some_and(|until| at < until))
            && self
                .passes(kind, &|query| query.matches(value, world, Strictness::Certain))
                .is_none_or(|answer| answer == MatchResult::Yes)
    }
}

/// Measures and keeps resources while the files of a flow are read.
#[derive(Debug)]
pub(crate) struct Counter {
    pub selection: Selection,
    /// Whether resources are compared with the filters.
    pub compared: bool,
    /// Whether resources are kept for later flows.
    kept: bool,
    /// Whether attachments and references are collected.
    contents: bool,
    /// Resources that hooks named.
    hooked: Vec<ResourceName>,
}

/// The measurements of one file.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    filtered: Filtered,
    /// Whether any of its resources is of a type with a filter.
    concerned: bool,
    /// Resources with filters that depend on other resources.
    waiting: Vec<StoredResource>,
    waiting_bytes: usize,
    held: Vec<StoredResource>,
    held_bytes: usize,
    looked_bytes: usize,
    /// The types with resources that are not kept.
    full: BTreeSet<String>,
    /// URLs of attachments.
    pub urls: Vec<String>,
    /// Resources that hooks named.
    pub data_changes: Vec<(ResourceName, Value)>,
}

/// Observes the resources of one file.
struct FilterObserver {
    counter: Arc<Counter>,
    measured: Measurements<Measured>,
}

impl Measured {
    /// Returns the bytes of the resources that wait for other files.
    pub fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    /// Counts the waiting resources as undecided and drops them, to save memory.
    pub fn leave_undecided(&mut self) {
        self.filtered.undecided += self.waiting.len() as u64;
        self.waiting = Vec::new();
        self.waiting_bytes = 0;
    }
}

impl Counter {
    /// Returns a counter for a flow with these parameters.
    pub fn new(params: &[(String, String)], measures: Measures, hooked: Vec<ResourceName>) -> Arc<Self> {
        let Measures { compared, resources, unrequested, contents, .. } = measures;
        // A chained filter may depend on resources of the same flow, and a comparison needs the resources of both
        // flows.
        let kept = resources || unrequested || compared;
        Arc::new(Self { selection: Selection::new(params), compared, kept, contents, hooked })
    }

    /// Returns an observer of the lines of one file; `None` if there is nothing to measure.
    pub fn observer(self: &Arc<Self>) -> Option<(Box<dyn LineObserver>, Measurements<Measured>)> {
        if !self.kept && !self.contents && self.hooked.is_empty() {
            return None;
        }
        let measured = Measurements::default();
        Some((Box::new(FilterObserver { counter: Arc::clone(self), measured: measured.clone() }), measured))
    }

    /// Returns an empty store for the resources of the files.
    pub fn new_store(&self) -> ResourceStore {
        ResourceStore::new(false, self.selection.types.clone())
    }

    /// Moves the kept resources of the next file into the store. Call it for each file, in order, because the store has
    /// limits of its own.
    pub fn keep(&self, file: &mut Measured, store: &mut ResourceStore) {
        for stored in std::mem::take(&mut file.held) {
            store.put(stored);
        }
        for kind in std::mem::take(&mut file.full) {
            store.mark_incomplete(kind);
        }
    }

    /// Notes that all files of a system export were read completely.
    pub fn set_whole(&self, store: &mut ResourceStore) {
        if self.selection.is_plain() {
            store.set_whole();
        }
    }

    /// Decides about the waiting resources, and returns the facts of a file; `None` if no filter applies to it.
    pub fn settle(&self, measured: Measured, own: &ResourceStore, source: Option<&ResourceStore>) -> Option<Filtered> {
        let Measured { mut filtered, concerned, waiting, .. } = measured;
        let world = Both { own, source };
        for stored in waiting {
            let ask = |query: &Query| query.matches(&stored.value, &world, Strictness::Lenient);
            let answer = self.selection.passes(&stored.kind, &ask).unwrap_or(MatchResult::Unknown);
            if count(&mut filtered, answer) {
                filtered.lines.push(stored.line);
            }
        }
        filtered.lines.sort_unstable();
        filtered.lines.truncate(MAX_LINES);
        concerned.then_some(filtered)
    }
}

/// Counts a resource; returns whether it does not match.
fn count(filtered: &mut Filtered, answer: MatchResult) -> bool {
    match answer {
        MatchResult::Yes => filtered.matched += 1,
        MatchResult::No => filtered.unmatched += 1,
        MatchResult::Unknown => filtered.undecided += 1,
    }
    answer == MatchResult::No
}

impl LineObserver for FilterObserver {
    fn observe(&mut self, line: u64, resource: &[u8], notes: &LineNotes) -> Option<Contents> {
        let (kind, counter) = (notes.plausible_type()?, &self.counter);
        let selection = &counter.selection;
        let concerns = counter.compared
            && (selection.queries.iter().any(|query| query.kind == kind)
                || selection.unread.iter().any(|known| known == kind));
        let mut measured = self.measured.lock();
        if let Some(name) = counter.hooked.iter().find(|(of, id)| of == kind && notes.id.get() == Some(id))
            && measured.data_changes.len() < MAX_DATA_CHANGES
            && let Ok(value) = serde_json::from_slice(resource)
        {
            measured.data_changes.push((name.clone(), value));
        }
        let fits = |bytes: usize, most: usize| bytes + resource.len() <= most;
        let mut kept = counter.kept;
        if kept && !fits(measured.held_bytes, MAX_HELD) {
            // A resource that is not kept must not count as missing.
            if measured.full.len() < MAX_TYPES {
                measured.full.insert(kind.to_owned());
            }
            kept = false;
        }
        // Do not search more resources of a file than can be kept.
        let looked = counter.contents && fits(measured.looked_bytes, MAX_HELD);
        if !concerns && !kept && !looked {
            return None;
        }
        measured.concerned |= concerns;
        let Ok(value) = serde_json::from_slice::<Value>(resource) else {
            measured.filtered.undecided += u64::from(concerns);
            return None;
        };
        let seen = looked.then(|| contents::look(&value));
        if let Some(seen) = &seen {
            measured.looked_bytes += resource.len();
            let room = MAX_URLS.saturating_sub(measured.urls.len());
            measured.urls.extend(seen.urls.iter().take(room).cloned());
        }
        let id = notes.id.get().unwrap_or_default().to_owned();
        let stored = StoredResource { line, kind: kind.to_owned(), id, value, bytes: resource.len() };
        if concerns {
            let ask = |query: &Query| query.matches(&stored.value, &Nothing, Strictness::Lenient);
            let answer = selection.passes(kind, &ask).unwrap_or(MatchResult::Unknown);
            if answer == MatchResult::Unknown && selection.is_chained() && fits(measured.waiting_bytes, MAX_WAITING) {
                measured.waiting_bytes += resource.len();
                measured.waiting.push(stored.clone());
            } else if count(&mut measured.filtered, answer) && measured.filtered.lines.len() < MAX_LINES {
                measured.filtered.lines.push(line);
            }
        }
        if kept {
            measured.held_bytes += resource.len();
            measured.held.push(stored);
        }
        seen
    }
}
