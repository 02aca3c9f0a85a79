//! What a kick-off's filters say of the resources that come back, and which resources of an earlier flow must be among
//! them. Only counts and line numbers leave this room.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::base::instant::Instant;
use crate::measure::missing_resource::ResourceName;
use crate::measure::resource_store::{Both, ResourceStore, SharedResourceStore};
use crate::measure::unrequested_resources::owner;
use crate::ndjson::contents;
use crate::ndjson::contents::Contents;
use crate::ndjson::facts::Notes;
use crate::ndjson::identity::normalise_reference;
use crate::ndjson::inspect::Watch;
use crate::plan::model::Measures;
use crate::recording::facts::Filtered;
use crate::search::matching::{Answer, Reading};
use crate::search::query::Query;
use crate::search::world::Nothing;

/// The most of one file that waits for resources that filters lead to, in bytes; what is beyond stays undecided.
const MAX_WAITING: usize = 4 << 20;
/// The same of all files of a flow.
pub(crate) const MAX_WAITING_IN_ALL: usize = 16 << 20;
/// Lines that a file's facts name.
const MAX_LINES: usize = 6;
/// The most of one file that is held, in bytes.
const MAX_HELD: usize = 1 << 20;
/// The most types of one file that are told apart.
const MAX_TYPES: usize = 256;
/// The most URLs of attachments that are kept of one file.
const MAX_URLS: usize = 8;

/// The most lines of one file with what hooks named that are kept.
const MAX_TOUCHED: usize = 100;

/// What a kick-off asked for, as far as resources can be held against it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    types: Option<Vec<String>>,
    /// Filters that could be read, and those that could not by the type they name.
    queries: Vec<Query>,
    unread: Vec<String>,
    since: Option<Instant>,
    until: Option<Instant>,
    /// Ids of the patients that were asked for.
    patients: Option<BTreeSet<String>>,
    /// Elements of resources were left out.
    trimmed: bool,
    /// Parameters of which this room does not know what they leave out.
    pub beyond: bool,
}

impl Selection {
    /// Reads the parameters that were sent.
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
                    let named = |one: &str| Some(normalise_reference(one.trim())?.1.to_owned());
                    match value.split(',').map(named).collect::<Option<Vec<String>>>() {
                        Some(ids) => this.patients.get_or_insert_default().extend(ids),
                        None => this.beyond = true,
                    }
                }
                "_outputFormat" => {}
                "_elements" => this.trimmed = true,
                _ => this.beyond = true,
            }
        }
        this
    }

    /// Whether the kick-off leaves nothing out but by type.
    fn is_plain(&self) -> bool {
        self.queries.is_empty()
            && self.unread.is_empty()
            && self.since.is_none()
            && self.until.is_none()
            && self.patients.is_none()
            && !self.trimmed
            && !self.beyond
    }

    /// Whether any filter leads to other resources.
    fn is_chained(&self) -> bool {
        self.queries.iter().any(Query::is_chained)
    }

    /// Whether a resource passes one of the filters for its type; none if no filter concerns that.
    fn passes(&self, kind: &str, ask: &dyn Fn(&Query) -> Answer) -> Option<Answer> {
        let unread = self.unread.iter().any(|known| known == kind).then_some(Answer::Unknown);
        let answers = self.queries.iter().filter(|query| query.kind == kind).map(ask).chain(unread);
        answers.reduce(Answer::or)
    }

    /// Whether a date or a filter certainly leaves a resource out, of a type that is asked for.
    pub fn leaves_out(&self, kind: &str, value: &Value, world: &ResourceStore) -> bool {
        let asked = self.types.as_ref().is_none_or(|types| types.iter().any(|known| known == kind));
        let updated = value.pointer("/meta/lastUpdated").and_then(Value::as_str).and_then(Instant::parse);
        let beyond = updated
            .is_some_and(|at| self.since.is_some_and(|since| at < since) || self.until.is_some_and(|until| at > until));
        let fails = || {
            let answer = self.passes(kind, &|query| query.matches(value, world, Reading::Lenient));
            answer == Some(Answer::No)
        };
        asked && (beyond || fails())
    }

    /// Whether a resource of an earlier, unfiltered flow must come back.
    pub fn takes_in(&self, kind: &str, value: &Value, world: &ResourceStore) -> bool {
        let asked = self.types.as_ref().is_none_or(|types| types.iter().any(|known| known == kind));
        let updated = value.pointer("/meta/lastUpdated").and_then(Value::as_str).and_then(Instant::parse);
        let dated = |needed: bool, fits: &dyn Fn(Instant) -> bool| !needed || updated.is_some_and(fits);
        let (since, until) = (self.since, self.until);
        // Whose a resource is beyond doubt; what else belongs to a patient is the server's to say.
        let of_theirs = |ids: &BTreeSet<String>| match kind {
            "Patient" => value.get("id").and_then(Value::as_str).is_some_and(|id| ids.contains(id)),
            _ => owner(value).is_some_and(|id| ids.contains(id)),
        };
        // An instant on the very edge is the server's.
        asked
            && self.patients.as_ref().is_none_or(of_theirs)
            && dated(since.is_some(), &|at| since.is_some_and(|since| at > since))
            && dated(until.is_some(), &|at| until.is_some_and(|until| at < until))
            && self
                .passes(kind, &|query| query.matches(value, world, Reading::Certain))
                .is_none_or(|answer| answer == Answer::Yes)
    }
}

/// What is held and measured while the files of a flow come.
#[derive(Debug)]
pub(crate) struct Counter {
    pub selection: Selection,
    /// Whether resources are held against the filters.
    pub compared: bool,
    /// Whether they are kept for later flows.
    shelved: bool,
    /// Whether attachments and references are looked for in them.
    contents: bool,
    /// Resources that hooks named.
    looked_for: Vec<ResourceName>,
}

/// What was measured on one file.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    filtered: Filtered,
    /// Whether a filter concerns any of its resources.
    concerned: bool,
    /// Those whose filters lead to others.
    waiting: Vec<SharedResourceStore>,
    waiting_bytes: usize,
    held: Vec<SharedResourceStore>,
    held_bytes: usize,
    looked_bytes: usize,
    /// The types of which not all are held.
    full: BTreeSet<String>,
    /// Where attachments can be fetched.
    pub urls: Vec<String>,
    /// Lines with resources that hooks named.
    pub touched: Vec<(ResourceName, Value)>,
}

/// Where an eye writes.
pub(crate) type Measurements = Arc<Mutex<Measured>>;

/// The eye of one file.
struct FilterObserver {
    counter: Arc<Counter>,
    measured: Measurements,
}

impl Measured {
    /// The bytes of what waits for other files; 0: nothing does.
    pub fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    /// Lets what waits go undecided: there is no room for it.
    pub fn give_up(&mut self) {
        self.filtered.undecided += self.waiting.len() as u64;
        self.waiting = Vec::new();
        self.waiting_bytes = 0;
    }
}

impl Counter {
    /// For a flow with these parameters.
    pub fn new(params: &[(String, String)], measures: Measures, looked_for: Vec<ResourceName>) -> Arc<Self> {
        let Measures { compared, resources, unrequested, contents, .. } = measures;
        // What chains lead to may come with the same flow, and what came is held against what was there before.
        let shelved = resources || unrequested || compared;
        Arc::new(Self { selection: Selection::new(params), compared, shelved, contents, looked_for })
    }

    /// What looks at the lines of one file, and where it writes; none if there is nothing to measure.
    pub fn eye(self: &Arc<Self>) -> Option<(Box<dyn Watch>, Measurements)> {
        if !self.shelved && !self.contents && self.looked_for.is_empty() {
            return None;
        }
        let measured = Arc::new(Mutex::new(Measured::default()));
        Some((Box::new(FilterObserver { counter: Arc::clone(self), measured: Arc::clone(&measured) }), measured))
    }

    /// An empty shelf for what the files hold.
    pub fn shelf(&self) -> ResourceStore {
        ResourceStore::new(false, self.selection.types.clone())
    }

    /// Puts what the next file held on the shelf. To be called for each, in their order: what one file may hold is no
    /// measure of what all of them may.
    pub fn shelve(&self, file: &mut Measured, shelf: &mut ResourceStore) {
        for book in std::mem::take(&mut file.held) {
            shelf.put(book);
        }
        for kind in std::mem::take(&mut file.full) {
            shelf.close(kind);
        }
    }

    /// Says that the files were all, and came whole, and of the whole system.
    pub fn is_all(&self, shelf: &mut ResourceStore) {
        if self.selection.is_plain() {
            shelf.set_whole();
        }
    }

    /// Decides what had to wait for other resources, and gives the facts of a file; none where no filter concerns it.
    pub fn settle(&self, measured: Measured, own: &ResourceStore, source: Option<&ResourceStore>) -> Option<Filtered> {
        let Measured { mut filtered, concerned, waiting, .. } = measured;
        let world = Both { own, source };
        for book in waiting {
            let ask = |query: &Query| query.matches(&book.value, &world, Reading::Lenient);
            let answer = self.selection.passes(&book.kind, &ask).unwrap_or(Answer::Unknown);
            if count(&mut filtered, answer) {
                filtered.lines.push(book.line);
            }
        }
        filtered.lines.sort_unstable();
        filtered.lines.truncate(MAX_LINES);
        concerned.then_some(filtered)
    }
}

/// What an eye wrote, once its file is read.
pub(crate) fn taken(measured: &Mutex<Measured>) -> Measured {
    std::mem::take(&mut lock(measured))
}

fn lock(measured: &Mutex<Measured>) -> MutexGuard<'_, Measured> {
    measured.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts a resource. Whether it does not pass.
fn count(filtered: &mut Filtered, answer: Answer) -> bool {
    match answer {
        Answer::Yes => filtered.matched += 1,
        Answer::No => filtered.unmatched += 1,
        Answer::Unknown => filtered.undecided += 1,
    }
    answer == Answer::No
}

impl Watch for FilterObserver {
    fn see(&mut self, line: u64, resource: &[u8], notes: &Notes) -> Option<Contents> {
        let (kind, counter) = (notes.plausible_type()?, &self.counter);
        let selection = &counter.selection;
        let concerns = counter.compared
            && (selection.queries.iter().any(|query| query.kind == kind)
                || selection.unread.iter().any(|known| known == kind));
        let mut measured = lock(&self.measured);
        if let Some(name) = counter.looked_for.iter().find(|(of, id)| of == kind && notes.id.get() == Some(id))
            && measured.touched.len() < MAX_TOUCHED
            && let Ok(value) = serde_json::from_slice(resource)
        {
            measured.touched.push((name.clone(), value));
        }
        let fits = |bytes: usize, most: usize| bytes + resource.len() <= most;
        let mut shelved = counter.shelved;
        if shelved && !fits(measured.held_bytes, MAX_HELD) {
            // What is not held must not be taken for absent.
            if measured.full.len() < MAX_TYPES {
                measured.full.insert(kind.to_owned());
            }
            shelved = false;
        }
        // No more of a file is looked into than could be held.
        let looked = counter.contents && fits(measured.looked_bytes, MAX_HELD);
        if !concerns && !shelved && !looked {
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
        let book = SharedResourceStore { line, kind: kind.to_owned(), id, value, bytes: resource.len() };
        if concerns {
            let ask = |query: &Query| query.matches(&book.value, &Nothing, Reading::Lenient);
            let answer = selection.passes(kind, &ask).unwrap_or(Answer::Unknown);
            if answer == Answer::Unknown && selection.is_chained() && fits(measured.waiting_bytes, MAX_WAITING) {
                measured.waiting_bytes += resource.len();
                measured.waiting.push(book.clone());
            } else if count(&mut measured.filtered, answer) && measured.filtered.lines.len() < MAX_LINES {
                measured.filtered.lines.push(line);
            }
        }
        if shelved {
            measured.held_bytes += resource.len();
            measured.held.push(book);
        }
        seen
    }
}
