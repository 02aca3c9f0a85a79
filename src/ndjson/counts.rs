//! Counts the resources of a file, notes their dates, and finds resources that come twice.

use std::collections::BTreeMap;

use crate::base::fhir_names::is_id;
use crate::base::instant::Instant;
use crate::ndjson::facts::LineNotes;
use crate::ndjson::identity::{Identity, RunKey};
use crate::recording::facts::LineFacts;
use crate::suite::line_rules::LineRule;
use crate::suite::model::FileList;

/// More different types than this are counted together, as [`OTHER_TYPES`]. FHIR has some 160.
const MAX_TYPES: usize = 256;

/// For what is no type name, or one too many.
const OTHER_TYPES: &str = "(other)";

/// `meta.lastUpdated` may be this much later than `transactionTime`, for clocks that round.
const TOLERANCE_SECONDS: i64 = 1;

/// The resources of a file so far.
pub(crate) struct ResourceCounts {
    list: FileList,
    /// The latest `meta.lastUpdated` that the manifest allows.
    not_after: Option<Instant>,
    key: Option<RunKey>,
    identity: Option<Identity>,
    earliest: Option<Instant>,
    latest: Option<Instant>,
    /// The hashes of the resources, if the plan asks for them.
    hashes: Option<Vec<u64>>,
    /// In a `deleted` file: the hashes of what was deleted.
    deleted: Vec<u64>,
}

impl ResourceCounts {
    /// Counts for a file of this list of the manifest.
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

    /// Looks for resources that come twice within `index`.
    pub(crate) fn with_identity(&mut self, index: Identity) {
        self.key = Some(index.key().clone());
        self.identity = Some(index);
    }

    /// Keeps the hash of every resource.
    pub(crate) fn keep_hashes(&mut self, key: RunKey) {
        self.key = Some(key);
        self.hashes = Some(Vec::new());
    }

    /// Counts the resource on `line` in `facts`; gives when it was updated.
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

    /// Remembers a resource, and gives the rule that it breaks if it came before. Without `judge` it is not compared.
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
            // Two spellings of one instant are one version.
            (None, Some(instant)) => index.take(hash, Some(&instant.to_string())),
            (None, None) => index.take(hash, notes.last_updated.get()),
        }
    }

    /// Writes the dates to `facts`. Gives the hashes of the resources, and of what was deleted.
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
