//! What a kick-off's filters say of the resources that come back, and which resources of an earlier flow must be among
//! them. Only counts and line numbers leave this room.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::shelf::{Book, Both, Shelf};
use crate::instant::Instant;
use crate::ndjson::contents::{self, Contents};
use crate::ndjson::{Notes, Watch};
use crate::plan::Measures;
use crate::search::{Answer, Nothing, Query, Reading};
use crate::tape::model::Filtered;

/// The most of one file that waits for resources that filters lead to, in bytes; what is beyond stays undecided.
const MOST_WAITING: usize = 4 << 20;
/// The same of all files of a flow.
pub(super) const MOST_WAITING_IN_ALL: usize = 16 << 20;
/// Lines that a file's facts name.
const MOST_LINES: usize = 6;
/// The most of one file that is held, in bytes.
const MOST_HELD: usize = 1 << 20;
/// The most types of one file that are told apart.
const MOST_TYPES: usize = 256;
/// The most URLs of attachments that are kept of one file.
const MOST_URLS: usize = 8;

/// What a kick-off asked for, as far as resources can be held against it.
#[derive(Clone, Debug, Default)]
pub(super) struct Selection {
    types: Option<Vec<String>>,
    /// Filters that could be read, and those that could not by the type they name.
    queries: Vec<Query>,
    unread: Vec<String>,
    since: Option<Instant>,
    until: Option<Instant>,
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
                "_outputFormat" => {}
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
    pub fn leaves_out(&self, kind: &str, value: &Value, world: &Shelf) -> bool {
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
    pub fn takes_in(&self, kind: &str, value: &Value, world: &Shelf) -> bool {
        let asked = self.types.as_ref().is_none_or(|types| types.iter().any(|known| known == kind));
        let updated = value.pointer("/meta/lastUpdated").and_then(Value::as_str).and_then(Instant::parse);
        let dated = |needed: bool, fits: &dyn Fn(Instant) -> bool| !needed || updated.is_some_and(fits);
        let (since, until) = (self.since, self.until);
        // An instant on the very edge is the server's.
        asked
            && dated(since.is_some(), &|at| since.is_some_and(|since| at > since))
            && dated(until.is_some(), &|at| until.is_some_and(|until| at < until))
            && self
                .passes(kind, &|query| query.matches(value, world, Reading::Certain))
                .is_none_or(|answer| answer == Answer::Yes)
    }
}

/// What is held and measured while the files of a flow come.
#[derive(Debug)]
pub(super) struct Counter {
    pub selection: Selection,
    /// Whether resources are held against the filters.
    pub compared: bool,
    /// Whether they are kept for later flows.
    shelved: bool,
    /// Whether attachments and references are looked for in them.
    contents: bool,
}

/// What was measured on one file.
#[derive(Debug, Default)]
pub(super) struct Measured {
    filtered: Filtered,
    /// Whether a filter concerns any of its resources.
    concerned: bool,
    /// Those whose filters lead to others.
    waiting: Vec<Book>,
    waiting_bytes: usize,
    held: Vec<Book>,
    held_bytes: usize,
    looked_bytes: usize,
    /// The types of which not all are held.
    full: BTreeSet<String>,
    /// Where attachments can be fetched.
    pub urls: Vec<String>,
}

/// Where an eye writes.
pub(super) type Sheet = Arc<Mutex<Measured>>;

/// The eye of one file.
struct Eye {
    counter: Arc<Counter>,
    measured: Sheet,
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
    pub fn new(params: &[(String, String)], measures: Measures) -> Arc<Self> {
        let Measures { compared, shelf, census, contents, .. } = measures;
        // What chains lead to may come with the same flow, and what came is held against what was there before.
        Arc::new(Self { selection: Selection::new(params), compared, shelved: shelf || census || compared, contents })
    }

    /// What looks at the lines of one file, and where it writes; none if there is nothing to measure.
    pub fn eye(self: &Arc<Self>) -> Option<(Box<dyn Watch>, Sheet)> {
        if !self.shelved && !self.contents {
            return None;
        }
        let measured = Arc::new(Mutex::new(Measured::default()));
        Some((Box::new(Eye { counter: Arc::clone(self), measured: Arc::clone(&measured) }), measured))
    }

    /// An empty shelf for what the files hold.
    pub fn shelf(&self) -> Shelf {
        Shelf::new(false, self.selection.types.clone())
    }

    /// Puts what the next file held on the shelf. To be called for each, in their order: what one file may hold is no
    /// measure of what all of them may.
    pub fn shelve(&self, file: &mut Measured, shelf: &mut Shelf) {
        for book in std::mem::take(&mut file.held) {
            shelf.put(book);
        }
        for kind in std::mem::take(&mut file.full) {
            shelf.close(kind);
        }
    }

    /// Says that the files were all, and came whole, and of the whole system.
    pub fn is_all(&self, shelf: &mut Shelf) {
        if self.selection.is_plain() {
            shelf.set_whole();
        }
    }

    /// Decides what had to wait for other resources, and gives the facts of a file; none where no filter concerns it.
    pub fn settle(&self, measured: Measured, own: &Shelf, source: Option<&Shelf>) -> Option<Filtered> {
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
        filtered.lines.truncate(MOST_LINES);
        concerned.then_some(filtered)
    }
}

/// What an eye wrote, once its file is read.
pub(super) fn taken(measured: &Mutex<Measured>) -> Measured {
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

impl Watch for Eye {
    fn see(&mut self, line: u64, resource: &[u8], notes: &Notes) -> Option<Contents> {
        let (kind, counter) = (notes.plausible_type()?, &self.counter);
        let selection = &counter.selection;
        let concerns = counter.compared
            && (selection.queries.iter().any(|query| query.kind == kind)
                || selection.unread.iter().any(|known| known == kind));
        let mut measured = lock(&self.measured);
        let fits = |bytes: usize, most: usize| bytes + resource.len() <= most;
        let mut shelved = counter.shelved;
        if shelved && !fits(measured.held_bytes, MOST_HELD) {
            // What is not held must not be taken for absent.
            if measured.full.len() < MOST_TYPES {
                measured.full.insert(kind.to_owned());
            }
            shelved = false;
        }
        // No more of a file is looked into than could be held.
        let looked = counter.contents && fits(measured.looked_bytes, MOST_HELD);
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
            let room = MOST_URLS.saturating_sub(measured.urls.len());
            measured.urls.extend(seen.urls.iter().take(room).cloned());
        }
        let id = notes.id.get().unwrap_or_default().to_owned();
        let book = Book { line, kind: kind.to_owned(), id, value, bytes: resource.len() };
        if concerns {
            let ask = |query: &Query| query.matches(&book.value, &Nothing, Reading::Lenient);
            let answer = selection.passes(kind, &ask).unwrap_or(Answer::Unknown);
            if answer == Answer::Unknown && selection.is_chained() && fits(measured.waiting_bytes, MOST_WAITING) {
                measured.waiting_bytes += resource.len();
                measured.waiting.push(book.clone());
            } else if count(&mut measured.filtered, answer) && measured.filtered.lines.len() < MOST_LINES {
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ndjson::{Expected, FileReader, Identity, Options, RunKey};
    use crate::suite::model::FileList;
    use crate::tape::model::Comparison;

    fn params(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn location(id: &str, city: &str, updated: &str) -> Value {
        json!({"resourceType": "Location", "id": id, "address": {"city": city}, "meta": {"lastUpdated": updated}})
    }

    fn service(id: &str, place: &str) -> Value {
        json!({"resourceType": "HealthcareService", "id": id, "location": [{"reference": format!("Location/{place}")}]})
    }

    /// What is measured on files of these lines, all of one flow.
    fn read(counter: &Arc<Counter>, files: &[&[Value]], index: &Identity) -> Vec<Measured> {
        let mut all = Vec::new();
        for lines in files {
            let mut options = Options::new(Expected { list: FileList::Output, announced: None });
            let (watch, measured) = counter.eye().unzip();
            options.watch = watch;
            options.identity = Some(index.clone());
            let mut reader = FileReader::new(options);
            for line in *lines {
                reader.push(format!("{line}\n").as_bytes()).unwrap();
            }
            reader.finish(true);
            all.push(measured.map(|measured| taken(&measured)).unwrap_or_default());
        }
        all
    }

    fn world() -> Vec<Value> {
        let old = "2020-01-01T00:00:00Z";
        vec![
            location("a", "Balmain", old),
            location("b", "Carlton", "2022-01-01T00:00:00Z"),
            service("x", "a"),
            service("y", "b"),
        ]
    }

    fn index() -> Identity {
        Identity::new(&RunKey::new())
    }

    fn shelf(lines: &[Value]) -> Shelf {
        let counter = Counter::new(&[], Measures { shelf: true, ..Measures::default() });
        let mut measured = read(&counter, &[lines], &index());
        shelved(&counter, &mut measured, true)
    }

    fn shelved(counter: &Counter, files: &mut [Measured], whole: bool) -> Shelf {
        let mut shelf = counter.shelf();
        files.iter_mut().for_each(|file| counter.shelve(file, &mut shelf));
        if whole {
            counter.is_all(&mut shelf);
        }
        shelf
    }

    /// The facts of each file, and the comparison with the whole world.
    fn measured(sent: &[(&str, &str)], files: &[&[Value]]) -> (Vec<Option<Filtered>>, Option<Comparison>) {
        let measures = Measures { compared: true, ..Measures::default() };
        let (counter, index, source) = (Counter::new(&params(sent), measures), index(), shelf(&world()));
        let mut all = read(&counter, files, &index);
        let own = shelved(&counter, &mut all, false);
        let facts = all.into_iter().map(|one| counter.settle(one, &own, Some(&source))).collect();
        let compared = counter.compare(("everything", &source), &own, &index);
        (facts, compared.map(|compared| compared.comparison))
    }

    fn kept(comparison: &Comparison) -> Vec<(&str, u64, u64)> {
        comparison.types.iter().map(|(kind, kept)| (kind.as_str(), kept.expected, kept.found)).collect()
    }

    #[test]
    fn lines_that_do_not_pass_are_counted_and_named() {
        let world = world();
        let (facts, comparison) = measured(
            &[("_type", "Location"), ("_typeFilter", "Location?address-city=Balmain")],
            &[&world[..2], &world[2..]],
        );
        let filtered = Filtered { matched: 1, unmatched: 1, undecided: 0, lines: vec![2] };
        assert_eq!(facts, [Some(filtered), None], "services are no concern of the filter");
        assert_eq!(kept(&comparison.unwrap()), [("Location", 1, 1)]);
    }

    #[test]
    fn what_is_missing_is_counted_by_type() {
        let world = world();
        let filter = ("_typeFilter", "Location?address-city=Balmain");
        let (_, comparison) = measured(&[filter], &[&world[1..2]]);
        assert_eq!(kept(&comparison.unwrap()), [("HealthcareService", 2, 0), ("Location", 1, 0)]);
        let (_, comparison) = measured(&[("_type", "Location"), ("_since", "2021-01-01T00:00:00Z")], &[&world[1..2]]);
        assert_eq!(kept(&comparison.unwrap()), [("Location", 1, 1)]);
        let (_, comparison) = measured(&[("patient", "Patient/1")], &[&world]);
        assert_eq!(comparison, None, "what that parameter leaves out is not known here");
    }

    #[test]
    fn chains_are_followed_once_all_files_are_read() {
        let world = world();
        let sent = [("_typeFilter", "HealthcareService?location.address-city=Balmain")];
        let (facts, _) = measured(&sent, &[&world[2..], &world[..2]]);
        assert_eq!(facts[0], Some(Filtered { matched: 1, unmatched: 1, undecided: 0, lines: vec![2] }));
        let stranger = [
            service("z", "elsewhere"),
            json!({"resourceType": "HealthcareService", "id": "w", "location": [{"display": "there"}]}),
        ];
        let (facts, _) = measured(&sent, &[&stranger]);
        let filtered = Filtered { matched: 0, unmatched: 1, undecided: 1, lines: vec![1] };
        assert_eq!(facts, [Some(filtered)], "the earlier export was whole, so that there is no such place");
    }

    #[test]
    fn filters_of_one_type_are_alternatives_and_unknown_ones_decide_nothing() {
        let world = world();
        let either =
            [("_typeFilter", "Location?address-city=Balmain"), ("_typeFilter", "Location?address-city=Carlton")];
        let (facts, _) = measured(&either, &[&world[..2]]);
        assert_eq!(facts[0].as_ref().map(|facts| (facts.matched, facts.unmatched)), Some((2, 0)));
        for unknown in ["Location?plimsoll=1", "Location"] {
            let (facts, _) = measured(&[("_typeFilter", unknown)], &[&world[..2]]);
            assert_eq!(
                facts[0].as_ref().map(|facts| (facts.matched, facts.unmatched, facts.undecided)),
                Some((0, 0, 2)),
                "{unknown}"
            );
        }
    }

    #[test]
    fn a_shelf_that_is_full_is_not_whole() {
        use crate::search::World as _;
        let long = "x".repeat(300_000);
        let many: Vec<Value> = (0..5).map(|n| location(&n.to_string(), &long, "2020-01-01T00:00:00Z")).collect();
        let shelf = shelf(&many);
        assert_eq!((shelf.of("Location").count(), shelf.is_whole("Location")), (3, false));
        assert!(shelf.is_whole("Organization"), "there is none, and all files came");
    }
}
