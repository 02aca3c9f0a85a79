//! An index of the resources that a flow exported, in a few bytes each, to find resources that occur twice.
//!
//! A resource needs 15 to 19 bytes (a test checks that it is less than 20); the 64 shards add a small fixed size, and
//! a resource that occurs twice needs more.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::base::fhir_names::{is_id, is_type_name};
use crate::suite::line_rules::LineRule;

/// The key of a run: random and never stored, so hashes have no meaning outside of the run.
#[derive(Clone, Debug, Default)]
pub struct RunKey(RandomState);

impl RunKey {
    /// Creates a random key.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the keyed hash (SipHash, 64 bits) of the resource `kind`/`id`.
    pub fn hash(&self, kind: &str, id: &str) -> u64 {
        let mut hasher = self.0.build_hasher();
        hasher.write(kind.as_bytes());
        hasher.write(b"/");
        hasher.write(id.as_bytes());
        hasher.finish()
    }

    /// Returns the keyed hash of a reference such as `Patient/1` or `https://host/fhir/Patient/1/_history/2`; `None` if
    /// it does not name a single resource.
    pub fn hash_reference(&self, reference: &str) -> Option<u64> {
        normalize_reference(reference).map(|(kind, id)| self.hash(kind, id))
    }

    /// Returns the hash of a version; never 0, which means no version.
    fn version(&self, version: &str) -> u32 {
        let mut hasher = self.0.build_hasher();
        hasher.write(b"version ");
        hasher.write(version.as_bytes());
        (hasher.finish() >> 32) as u32 | 1
    }
}

/// Returns the type and id in a reference or request URL, without base URL and `_history`; `None` if it is conditional
/// or does not name a single resource.
pub fn normalize_reference(reference: &str) -> Option<(&str, &str)> {
    if reference.contains(['?', '#']) {
        return None;
    }
    let path = reference.split_once("/_history").map_or(reference, |(path, _)| path);
    let (rest, id) = path.trim_end_matches('/').rsplit_once('/')?;
    let kind = rest.rsplit_once('/').map_or(rest, |(_, kind)| kind);
    (is_type_name(kind) && is_id(id)).then_some((kind, id))
}

/// The resources of all output files of one flow. Clones are cheap and share the content. The results do not depend on
/// the order of the files.
#[derive(Clone, Debug)]
pub struct Identity {
    key: RunKey,
    shards: Arc<Vec<Mutex<Shard>>>,
    /// The resources of a file that is read a second time.
    again: Option<Box<Identity>>,
}

/// The number of bits for the number of shards. Each shard grows separately, so growth never doubles the whole index.
const SHARD_BITS: u32 = 6;

impl Identity {
    /// Creates an empty index with the key of the run.
    pub fn new(key: &RunKey) -> Self {
        let shards = (0..1 << SHARD_BITS).map(|_| Mutex::new(Shard::default())).collect();
        Self { key: key.clone(), shards: Arc::new(shards), again: None }
    }

    /// Returns the same index for a file that is read again from its start: a resource of the first try is no
    /// duplicate.
    pub(crate) fn again(&self) -> Self {
        Self { again: Some(Box::new(Self::new(&self.key))), ..self.clone() }
    }

    /// Returns the key of the run.
    pub fn key(&self) -> &RunKey {
        &self.key
    }

    /// Adds a resource by its hash, with its version if it has one. Returns [`LineRule::DuplicateId`] if the same
    /// version is already there or a version is unknown; [`LineRule::TwoVersions`] if another version is already there.
    pub(crate) fn take(&self, hash: u64, version: Option<&str>) -> Option<LineRule> {
        let version_hash = version.map_or(0, |v| self.key.version(v));
        let seen = self.shard(hash)?.take(hash, version_hash);
        match &self.again {
            Some(own) => own.take(hash, version),
            None => seen,
        }
    }

    /// Returns how many of `hashes` (each counted once) are in the index. Call it when all output files were read.
    pub fn held(&self, hashes: &[u64]) -> u64 {
        let mut hashes = hashes.to_vec();
        hashes.sort_unstable();
        hashes.dedup();
        hashes.iter().filter(|hash| self.shard(**hash).is_some_and(|shard| shard.contains(**hash))).count() as u64
    }

    /// Returns the memory that the index uses, in bytes.
    pub fn memory(&self) -> usize {
        self.shards.iter().map(|s| s.lock().unwrap_or_else(PoisonError::into_inner).memory()).sum()
    }

    fn shard(&self, hash: u64) -> Option<MutexGuard<'_, Shard>> {
        let shard = self.shards.get((hash >> (64 - SHARD_BITS)) as usize)?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One part of the index: open addressing, with hashes and versions in two arrays to avoid padding.
#[derive(Debug, Default)]
struct Shard {
    /// The hashes; 0 is an empty slot.
    hashes: Vec<u64>,
    versions: Vec<u32>,
    used: usize,
    /// All versions of the resources that occurred more than once.
    repeated: HashMap<u64, Vec<u32>>,
}

impl Shard {
    fn take(&mut self, hash: u64, version: u32) -> Option<LineRule> {
        let hash = hash.max(1);
        // At most four fifths of the slots are used; then the shard grows by a quarter.
        if (self.used + 1) * 5 > self.hashes.len() * 4 {
            self.grow();
        }
        let place = self.place(hash);
        let slot = self.hashes.get_mut(place)?;
        let first = self.versions.get_mut(place)?;
        if *slot == 0 {
            (*slot, *first) = (hash, version);
            self.used += 1;
            return None;
        }
        let seen = self.repeated.entry(hash).or_insert_with(|| vec![*first]);
        if seen.contains(&version) || version == 0 || *seen == [0] {
            if !seen.contains(&version) {
                seen.push(version);
            }
            return Some(LineRule::DuplicateId);
        }
        seen.push(version);
        Some(LineRule::TwoVersions)
    }

    fn contains(&self, hash: u64) -> bool {
        !self.hashes.is_empty() && self.hashes.get(self.place(hash.max(1))).is_some_and(|slot| *slot != 0)
    }

    /// Returns the slot of `hash`, or the empty slot for it.
    fn place(&self, hash: u64) -> usize {
        let size = self.hashes.len();
        let within = hash << SHARD_BITS;
        let mut place = ((u128::from(within) * size as u128) >> 64) as usize;
        while self.hashes.get(place).is_some_and(|slot| *slot != 0 && *slot != hash) {
            place = if place + 1 == size { 0 } else { place + 1 };
        }
        place
    }

    fn grow(&mut self) {
        let size = (self.hashes.len() + self.hashes.len() / 4).max(16);
        let hashes = std::mem::replace(&mut self.hashes, vec![0; size]);
        let versions = std::mem::replace(&mut self.versions, vec![0; size]);
        for (hash, version) in hashes.into_iter().zip(versions).filter(|(hash, _)| *hash != 0) {
            let place = self.place(hash);
            if let (Some(slot), Some(first)) = (self.hashes.get_mut(place), self.versions.get_mut(place)) {
                (*slot, *first) = (hash, version);
            }
        }
    }

    fn memory(&self) -> usize {
        let repeated: usize = self.repeated.values().map(|v| 56 + v.capacity() * 4).sum();
        self.hashes.capacity() * 8 + self.versions.capacity() * 4 + repeated
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn rules(versions: &[Option<&str>]) -> Vec<LineRule> {
        let index = Identity::new(&RunKey::new());
        let hash = index.key().hash("Patient", "1");
        let mut rules: Vec<_> = versions.iter().filter_map(|v| index.take(hash, *v)).collect();
        rules.sort();
        rules
    }

    #[test]
    fn the_order_of_files_does_not_matter() {
        use LineRule::{DuplicateId as D, TwoVersions as T};
        let (a, b, none) = (Some("1"), Some("2"), None);
        for (versions, expected) in [
            ([a, a, b], [D, T]),
            ([a, b, a], [D, T]),
            ([b, a, a], [D, T]),
            ([none, a, b], [D, T]),
            ([a, none, b], [D, T]),
            ([a, b, none], [D, T]),
            ([none, none, a], [D, D]),
            ([none, a, none], [D, D]),
            ([a, none, none], [D, D]),
            ([none, a, a], [D, D]),
            ([a, none, a], [D, D]),
            ([a, a, none], [D, D]),
            ([a, b, Some("3")], [T, T]),
        ] {
            assert_eq!(rules(&versions), expected, "{versions:?}");
        }
    }

    #[test]
    fn a_million_resources_need_less_than_twenty_bytes_each() {
        let index = Identity::new(&RunKey::new());
        let key = index.key().clone();
        let hashes: Vec<u64> = (0..1_000_000).map(|n| key.hash("Observation", &n.to_string())).collect();
        for (n, hash) in hashes.iter().enumerate() {
            assert_eq!(index.take(*hash, Some("1")), None);
            let taken = n + 1;
            if taken.is_multiple_of(100_000) {
                let each = index.memory() as f64 / taken as f64;
                assert!((12.0..20.0).contains(&each), "{each} bytes each of {taken}");
            }
        }
        let others = (0..100_000).map(|n| key.hash("Patient", &n.to_string()));
        assert_eq!(index.held(&others.collect::<Vec<_>>()), 0);
        assert_eq!(index.held(&hashes), 1_000_000);
        assert_eq!(index.take(hashes[7], Some("2")), Some(LineRule::TwoVersions));
    }

    #[test]
    fn references_are_normalized() {
        for reference in [
            "Patient/1",
            "/Patient/1",
            "Patient/1/",
            "Patient/1/_history/3",
            "https://a.example.org/fhir/Patient/1",
            "https://a.example.org/Patient/1/_history/3",
        ] {
            assert_eq!(normalize_reference(reference), Some(("Patient", "1")), "{reference}");
        }
        for reference in
            ["", "Patient", "Patient?identifier=1", "Patient/", "patient/1", "urn:uuid:1", "Patient/1 2", "#a/B/1"]
        {
            assert_eq!(normalize_reference(reference), None, "{reference}");
        }
    }
}
