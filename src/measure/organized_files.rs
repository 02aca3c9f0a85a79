//! Measures files that are organized by the resources of one type (hl7-3.0.0, `organizeOutputBy`): their blocks, and
//! the resources in them. The result has only counts, line numbers, and numbers in place of resources.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::base::resource_types;
use crate::measure::measurements::Measurements;
use crate::measure::missing_resource::MissingResource;
use crate::measure::references::owner;
use crate::measure::resource_store::ResourceStore;
use crate::ndjson::contents::Contents;
use crate::ndjson::facts::LineNotes;
use crate::ndjson::identity::{RunKey, normalize_reference};
use crate::ndjson::inspect::LineObserver;
use crate::recording::comparison::{FoundCount, Organizing};
use crate::recording::facts::{BlockAt, FileFacts, Organized};

/// The most blocks of one file that are read.
const MAX_BLOCKS: usize = 1 << 18;
/// The most blocks of all files of a flow that are read.
const MAX_BLOCKS_IN_ALL: usize = 1 << 22;
/// The most blocks that the facts of a file name.
const MAX_NAMED: usize = 20;

/// Finds the blocks in the files of one flow.
#[derive(Debug)]
pub(crate) struct Organizer {
    /// The type in the request.
    kind: String,
    key: RunKey,
    /// The earlier flow that this one is compared with.
    flow: String,
    /// Hashes of the resources of this type in the earlier flow.
    instances: HashSet<u64>,
    /// Resources of the earlier flow that belong to one of `instances`: the hashes of the owner and of the resource,
    /// and the type of the resource.
    belongings: HashMap<(u64, u64), String>,
    /// The number of blocks so far, in all files.
    blocks: AtomicUsize,
}

/// One block of one file.
#[derive(Clone, Copy, Debug)]
struct Block {
    owner: u64,
    line: u64,
    /// Whether the block contains the resource that its header names.
    own: bool,
}

/// The blocks of one file.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    blocks: Vec<Block>,
    cut: bool,
    before: Option<u64>,
    strange: u64,
    first_strange: Option<u64>,
    /// Whether the current lines are in a block. They are not after an unexpected header.
    open: bool,
    found: HashSet<(u64, u64)>,
}

/// Hashes of the resources that the blocks lack, and of one that they contain.
pub(crate) struct Missing {
    lost: HashSet<u64>,
    control: Option<u64>,
}

impl Missing {
    /// Returns the same resources by name, from the store of the earlier flow.
    pub fn named(&self, store: &ResourceStore, key: &RunKey) -> (Option<(String, String)>, Vec<MissingResource>) {
        let (mut control, mut lost) = (None, Vec::new());
        for kind in store.kinds() {
            for (id, value) in store.of(kind) {
                let hash = key.hash(kind, id);
                if self.control == Some(hash) {
                    control = Some((kind.to_owned(), id.to_owned()));
                } else if self.lost.contains(&hash) {
                    lost.push(MissingResource { kind: kind.to_owned(), id: id.to_owned(), was: value.clone() });
                }
            }
        }
        (control, lost)
    }
}

struct BlockObserver {
    organizer: Arc<Organizer>,
    blocks: Measurements<Blocks>,
}

impl Organizer {
    /// Returns an organizer for a kick-off with these parameters and an earlier flow at the same level; `None` if the
    /// request does not ask for organized files.
    pub fn of(params: &[(String, String)], key: &RunKey, source: Option<(&str, &ResourceStore)>) -> Option<Arc<Self>> {
        let kind = params.iter().find(|(name, _)| name == "organizeOutputBy").map(|(_, value)| value.clone())?;
        let mut this = Self {
            kind,
            key: key.clone(),
            flow: String::new(),
            instances: HashSet::new(),
            belongings: HashMap::new(),
            blocks: AtomicUsize::new(0),
        };
        // The effect of filters on a block is not known.
        let plain = params.iter().all(|(name, _)| matches!(name.as_str(), "organizeOutputBy" | "_outputFormat"));
        if let Some((flow, store)) = source.filter(|_| plain) {
            this.flow = flow.to_owned();
            this.instances = store.of(&this.kind).map(|(id, _)| key.hash(&this.kind, id)).collect();
            if this.kind == "Patient" {
                this.belongings = belongings(store, key);
            }
        }
        Some(Arc::new(this))
    }

    /// Returns an observer of the lines of one file.
    pub fn observer(self: &Arc<Self>) -> (Box<dyn LineObserver>, Measurements<Blocks>) {
        let blocks = Measurements::default();
        (Box::new(BlockObserver { organizer: Arc::clone(self), blocks: blocks.clone() }), blocks)
    }

    /// Sets the facts of each file, in order, and returns those of the flow.
    pub fn settle_into<'f>(&self, files: impl Iterator<Item = (&'f mut FileFacts, Blocks)>) -> (Organizing, Missing) {
        let (facts, read): (Vec<&mut FileFacts>, Vec<Blocks>) = files.unzip();
        let (organized, organizing, missing) = self.settle(read);
        for (facts, organized) in facts.into_iter().zip(organized) {
            facts.organized = Some(organized);
        }
        (organizing, missing)
    }

    /// Returns the facts of each file, in order, and of the flow.
    fn settle(&self, files: Vec<Blocks>) -> (Vec<Organized>, Organizing, Missing) {
        let mut numbers: HashMap<u64, u64> = HashMap::new();
        let mut own: HashSet<u64> = HashSet::new();
        // The last file with a block of each owner, and the owners with blocks in several files.
        let (mut last, mut several): (HashMap<u64, usize>, BTreeSet<u64>) = (HashMap::new(), BTreeSet::new());
        for (place, file) in files.iter().enumerate() {
            for block in &file.blocks {
                let next = numbers.len() as u64 + 1;
                let number = *numbers.entry(block.owner).or_insert(next);
                if last.insert(block.owner, place).is_some_and(|before| before != place) {
                    several.insert(number);
                }
                if block.own {
                    own.insert(block.owner);
                }
            }
        }
        let number = |block: &Block| numbers.get(&block.owner).copied().unwrap_or_default();
        let (mut bare_owners, mut found) = (HashSet::new(), HashSet::new());
        let mut facts = Vec::new();
        let cut = files.iter().any(|file| file.cut);
        for file in files {
            let mut organized = Organized {
                blocks: file.blocks.len() as u64,
                before: file.before,
                strange: file.strange,
                first_strange: file.first_strange,
                begins: file.blocks.first().map(number),
                ends: file.blocks.last().filter(|_| !file.cut).map(number),
                cut,
                ..Organized::default()
            };
            let mut shared = BTreeSet::new();
            for block in &file.blocks {
                let at = BlockAt { of: number(block), line: block.line };
                if !own.contains(&block.owner) && bare_owners.insert(block.owner) {
                    organized.bare += 1;
                    organized.bare_at.get_or_insert(at);
                }
                if several.contains(&at.of) && shared.insert(at.of) && organized.shared.len() < MAX_NAMED {
                    organized.shared.push(at);
                }
            }
            facts.push(organized);
            found.extend(file.found);
        }
        let (there, lost) = self.instances.iter().partition::<HashSet<u64>, _>(|one| numbers.contains_key(one));
        let mut missing = Missing { control: there.iter().next().copied(), lost };
        let mut belongings: BTreeMap<String, FoundCount> = BTreeMap::new();
        for (pair, kind) in self.belongings.iter().filter(|(pair, _)| numbers.contains_key(&pair.0)) {
            let kept = belongings.entry(kind.clone()).or_default();
            kept.expected += 1;
            match found.contains(pair) {
                true => kept.found += 1,
                false => _ = missing.lost.insert(pair.1),
            }
        }
        let instances = FoundCount { expected: self.instances.len() as u64, found: there.len() as u64 };
        (facts, Organizing { flow: self.flow.clone(), instances, belongings, recheck: None }, missing)
    }
}

/// Returns the resources that certainly belong to a patient: the hashes of the patient and of the resource, and its
/// type.
fn belongings(store: &ResourceStore, key: &RunKey) -> HashMap<(u64, u64), String> {
    let patients: HashSet<&str> = store.of("Patient").map(|(id, _)| id).collect();
    let mut all = HashMap::new();
    for kind in store.kinds().filter(|kind| *kind != "Patient" && resource_types::is_in_patient_compartment(kind)) {
        for (id, value) in store.of(kind) {
            if let Some(patient) = owner(value).filter(|patient| patients.contains(patient)) {
                all.insert((key.hash("Patient", patient), key.hash(kind, id)), kind.to_owned());
            }
        }
    }
    all
}

/// Returns the reference in the header of a Parameters resource; `None` if it has no header.
fn header(resource: &[u8]) -> Option<Option<String>> {
    let value: Value = serde_json::from_slice(resource).ok()?;
    let parameters = value.get("parameter").and_then(Value::as_array)?;
    let header = parameters.iter().find(|one| one.get("name").and_then(Value::as_str) == Some("header"))?;
    Some(header.pointer("/valueReference/reference").and_then(Value::as_str).map(str::to_owned))
}

impl LineObserver for BlockObserver {
    fn observe(&mut self, line: u64, resource: &[u8], notes: &LineNotes) -> Option<Contents> {
        self.note(line, resource, notes);
        None
    }
}

impl BlockObserver {
    /// Adds a resource to the blocks of the file.
    fn note(&self, line: u64, resource: &[u8], notes: &LineNotes) {
        let Some(kind) = notes.plausible_type() else { return };
        let organizer = &self.organizer;
        let mut file = self.blocks.lock();
        if kind == "Parameters"
            && let Some(refers) = header(resource)
        {
            let named = refers.as_deref().and_then(normalize_reference).filter(|(kind, _)| *kind == organizer.kind);
            file.open = named.is_some();
            let full = file.blocks.len() >= MAX_BLOCKS
                || (named.is_some() && organizer.blocks.fetch_add(1, Ordering::Relaxed) >= MAX_BLOCKS_IN_ALL);
            match named {
                Some(_) if full => (file.cut, file.open) = (true, false),
                Some((kind, id)) => {
                    let owner = organizer.key.hash(kind, id);
                    file.blocks.push(Block { owner, line, own: false });
                }
                None => {
                    file.strange += 1;
                    file.first_strange.get_or_insert(line);
                }
            }
            return;
        }
        if file.blocks.is_empty() && file.strange == 0 {
            file.before.get_or_insert(line);
        }
        let (Some(id), true) = (notes.id.get(), file.open) else { return };
        let hash = organizer.key.hash(kind, id);
        let Some(block) = file.blocks.last_mut() else { return };
        block.own |= hash == block.owner;
        let pair = (block.owner, hash);
        if organizer.belongings.contains_key(&pair) {
            file.found.insert(pair);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ndjson::expected::Expected;
    use crate::ndjson::reader::{FileReader, ReaderOptions};
    use crate::suite::model::FileList;

    fn head(reference: &str) -> Value {
        let reference = json!({"reference": reference});
        json!({"resourceType": "Parameters", "parameter": [{"name": "header", "valueReference": reference}]})
    }

    fn patient(id: &str) -> Value {
        json!({"resourceType": "Patient", "id": id})
    }

    fn condition(id: &str, patient: &str) -> Value {
        json!({"resourceType": "Condition", "id": id, "subject": {"reference": format!("Patient/{patient}")}})
    }

    fn settle(files: &[&[Value]]) -> (Vec<Organized>, Organizing) {
        let store = ResourceStore::holding(&[
            patient("a"),
            patient("b"),
            patient("c"),
            condition("1", "a"),
            condition("2", "b"),
        ]);
        let params = [("organizeOutputBy".to_owned(), "Patient".to_owned())];
        let organizer = Organizer::of(&params, &RunKey::new(), Some(("system", &store))).unwrap();
        let read = |lines: &&[Value]| {
            let mut options = ReaderOptions::new(Expected { list: FileList::Output, announced: None });
            let (observer, blocks) = organizer.observer();
            options.observer = Some(observer);
            let mut reader = FileReader::new(options);
            for line in *lines {
                reader.push(format!("{line}\n").as_bytes()).unwrap();
            }
            let done = reader.finish(true);
            assert!(done.lines.is_legible(), "headers and resources in several blocks are not errors");
            blocks.take()
        };
        let (facts, organizing, missing) = organizer.settle(files.iter().map(read).collect());
        let (control, lost) = missing.named(&store, &organizer.key);
        let missing = |kept: &FoundCount| (kept.expected - kept.found) as usize;
        let counted = missing(&organizing.instances) + organizing.belongings.values().map(missing).sum::<usize>();
        assert_eq!(lost.len(), counted, "each missing resource is named");
        assert_eq!(control.is_some(), organizing.instances.found > 0);
        (facts, organizing)
    }

    #[test]
    fn blocks_are_counted_and_their_resources_are_found() {
        let practitioner = json!({"resourceType": "Practitioner", "id": "p"});
        let (files, flow) = settle(&[
            &[head("Patient/a"), patient("a"), practitioner.clone(), condition("1", "a")],
            &[head("http://h/fhir/Patient/b"), practitioner, patient("b"), head("Patient/b")],
        ]);
        assert_eq!((files[0].blocks, files[1].blocks), (1, 2));
        assert_eq!((files[0].begins, files[0].ends, files[1].begins), (Some(1), Some(1), Some(2)));
        assert!(files.iter().all(|file| file.before.is_none() && file.bare == 0 && file.shared.is_empty()));
        assert_eq!(flow.instances, FoundCount { expected: 3, found: 2 });
        assert_eq!(flow.belongings["Condition"], FoundCount { expected: 2, found: 1 });
    }

    #[test]
    fn wrong_blocks_are_reported_by_line() {
        let (files, _) = settle(&[
            &[condition("1", "a"), head("Patient/a"), condition("1", "a"), head("Group/g"), head("invalid")],
            &[head("Patient/c"), head("Patient/a")],
        ]);
        assert_eq!((files[0].before, files[0].strange, files[0].first_strange), (Some(1), 2, Some(4)));
        assert_eq!((files[0].bare, files[0].bare_at), (1, Some(BlockAt { of: 1, line: 2 })));
        assert_eq!((files[1].bare, files[1].bare_at), (1, Some(BlockAt { of: 2, line: 1 })), "each once");
        assert_eq!(files[0].shared, [BlockAt { of: 1, line: 2 }]);
        assert_eq!(files[1].shared, [BlockAt { of: 1, line: 2 }]);
    }
}
