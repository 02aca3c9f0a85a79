//! Counts the resources of a file, records their dates, and finds resources that occur twice.

use std::collections::BTreeMap;

use crate::base::fhir_names::is_id;
use crate::base::instant::Instant;
use crate::ndjson::facts::LineNotes;
use crate::ndjson::identity::{Identity, RunKey};
use crate::recording::facts::LineFacts;
use crate::suite::line_rules::LineRule;
use crate::suite::model::FileList;

/// The maximum number of types that are counted by name; the rest is counted as [`OTHER_TYPES`]. FHIR has about 160.
const MAX_TYPES: usize = 256;

/// The name for a string that is not a type name, or for types beyond [`MAX_TYPES`].
const OTHER_TYPES: &str = "(other)";

/// The seconds that `meta.lastUpdated` may be later than `transactionTime`, because some servers round times.
const TOLERANCE_SECONDS: i64 = 1;

/// The resources of a file so far.
pub(crate) struct ResourceCounts {
    list: FileList,
    /// The latest `meta.lastUpdated` that the manifest's `transactionTime` allows.
    not_after: Option<Instant>,
    key: Option<RunKey>,
    identity: Option<Identity>,
    earliest: Option<Instant>,
    latest: Option<Instant>,
    /// The hashes of the resources, if a test of the plan needs them.
    hashes: Option<Vec<u64>>,
    /// The hashes of the deleted resources, if this is a `deleted` file.
    deleted: Vec<u64>,
}

impl ResourceCounts {
    /// Creates counts for a file of this list of the manifest.
    pub(crate) fn new(list: FileList, transaction_time: Option<Instant>) -> Self {
        Self {
            list,
            not_after: transaction_time.map(|time| time.plus_seconds(TOLERANCE_SECONDS)),
            key: None,
            identity: None,
            earliest: None,
            latest: None,
            hashes: None,
            deleted: Vec::new(),
        }
    }

    /// Finds resources that occur twice, with `index`.
    pub(crate) fn with_identity(&mut self, index: Identity) {
        self.key = Some(index.key().clone());
        self.identity = Some(index);
    }

    /// Keeps the hash of every resource.
    pub(crate) fn keep_hashes(&mut self, key: RunKey) {
        self.key = Some(key);
        self.hashes = Some(Vec::new());
    }

    /// Counts the resource on `line` in `facts`; returns its `meta.lastUpdated`.
    pub(crate) fn count(&mut self, notes: &LineNotes, line: u64, facts: &mut LineFacts) -> Option<Instant> {
        facts.resources += 1;
        add(&mut facts.types, notes.plausible_type().unwrap_or(OTHER_TYPES));
        let updated = notes.last_updated.get().and_then(Instant::parse)?;
        facts.dated += 1;
        self.earliest = Some(self.earliest.map_or(updated, |known| known.min(updated)));
        self.latest = Some(self.latest.map_or(updated, |known| known.max(updated)));
        if self.not_after.is_some_and(|limit| updated > limit) {
            facts.after_transaction_time += 1;
            facts.first_after_transaction_time.get_or_insert(line);
        }
        Some(updated)
    }

    /// Adds a resource to the index, and returns the rule that it violates if it occurred before. Without `judge` it is
    /// not compared.
    pub(crate) fn remember(&mut self, notes: &LineNotes, updated: Option<Instant>, judge: bool) -> Option<LineRule> {
        let key = self.key.as_ref()?;
        if self.list == FileList::Deleted {
            self.deleted.extend(notes.removed.iter().filter_map(|url| key.hash_reference(url)));
        }
        let id = notes.id.get().filter(|id| is_id(id))?;
        let hash = key.hash(notes.resource_type.get()?, id);
        if let Some(hashes) = &mut self.hashes {
            hashes.push(hash);
        }
        let index = self.identity.as_ref().filter(|_| judge && self.list == FileList::Output)?;
        match (notes.version_id.get(), updated) {
            (Some(version), _) => index.take(hash, Some(version)),
            // Two spellings of one instant are the same version.
            (None, Some(instant)) => index.take(hash, Some(&instant.to_string())),
            (None, None) => index.take(hash, notes.last_updated.get()),
        }
    }

    /// Writes the dates to `facts`. Returns the hashes of the resources, and of the deleted resources.
    pub(crate) fn finish(self, facts: &mut LineFacts) -> (Option<Vec<u64>>, Vec<u64>) {
        facts.earliest = self.earliest.map(|instant| instant.to_string());
        facts.latest = self.latest.map(|instant| instant.to_string());
        (self.hashes, self.deleted)
    }
}

fn add(types: &mut BTreeMap<String, u64>, name: &str) {
    let room = types.len() < MAX_TYPES;
    match types.get_mut(name) {
        Some(count) => *count += 1,
        None => *types.entry(if room { name } else { OTHER_TYPES }.to_owned()).or_insert(0) += 1,
    }
}
