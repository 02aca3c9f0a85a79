//! Compares an export with an earlier one: which resources it must contain, and which ones a date or a filter excludes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::base::instant::Instant;
use crate::measure::missing_resource::{MissingResource, ResourceName};
use crate::measure::references::references;
use crate::measure::resource_store::ResourceStore;
use crate::measure::type_filters::Counter;
use crate::ndjson::identity::Identity;
use crate::recording::comparison::{Comparison, FoundCount};
use crate::search::world::World as _;

/// The most missing resources that are kept.
const MAX_MISSING: usize = 16;

/// An export compared with an earlier one.
#[derive(Debug)]
pub(crate) struct Compared {
    pub comparison: Comparison,
    /// A resource that both exports have.
    pub control: Option<ResourceName>,
    /// The first resources that should be in the export and are not.
    pub lost: Vec<MissingResource>,
}

impl Counter {
    /// Counts the resources of the earlier flow `source` that this export must contain, and how many it contains;
    /// `None` if that is not known. `own` has the kept part of the export, `came` the identities of all its resources.
    pub fn compare(
        &self,
        (flow, source): (&str, &ResourceStore),
        own: &ResourceStore,
        came: &Identity,
    ) -> Option<Compared> {
        if !self.compared || self.selection.beyond {
            return None;
        }
        let mut types: BTreeMap<String, FoundCount> = BTreeMap::new();
        let (mut out, mut referred) = (Vec::new(), BTreeSet::new());
        let (mut control, mut lost) = (None, Vec::new());
        for kind in source.kinds() {
            for (id, value) in source.of(kind) {
                if self.selection.takes_in(kind, value, source) {
                    let kept = types.entry(kind.to_owned()).or_default();
                    kept.expected += 1;
                    if came.held(&[came.key().hash(kind, id)]) > 0 {
                        kept.found += 1;
                        control.get_or_insert_with(|| (kind.to_owned(), id.to_owned()));
                    } else if lost.len() < MAX_MISSING {
                        lost.push(MissingResource { kind: kind.to_owned(), id: id.to_owned(), was: value.clone() });
                    }
                    referred.extend(references(value));
                } else if self.selection.leaves_out(kind, value, source) {
                    out.push((kind.to_owned(), id.to_owned()));
                }
            }
        }
        let mut spared = FoundCount::default();
        for name in out.into_iter().filter(|name| !referred.contains(name)) {
            spared.expected += 1;
            // A resource that has changed since then may be in the export in its new version.
            let still = own.get(&name.0, &name.1).is_none_or(|now| self.selection.leaves_out(&name.0, now, source));
            spared.found += u64::from(still && came.held(&[came.key().hash(&name.0, &name.1)]) > 0);
        }
        let comparison = Comparison { types, spared, more: self.more(source, own), ..Comparison::default() };
        Some(Compared { comparison: Comparison { flow: flow.to_owned(), ..comparison }, control, lost })
    }

    /// Returns how many resources are in `own` and not in `source`, of types that `source` has completely, and how many
    /// of them are newer than all resources in `source`.
    fn more(&self, source: &ResourceStore, own: &ResourceStore) -> (u64, u64) {
        let updated =
            |value: &Value| value.pointer("/meta/lastUpdated").and_then(Value::as_str).and_then(Instant::parse);
        let latest = source.kinds().flat_map(|kind| source.of(kind)).filter_map(|(_, value)| updated(value)).max();
        let additional = own.kinds().filter(|kind| !source.lacks_some(kind)).flat_map(|kind| {
            own.of(kind).filter(move |(id, _)| source.get(kind, id).is_none()).map(|(_, value)| updated(value))
        });
        additional.fold((0, 0), |(all, newer), at| (all + 1, newer + u64::from(at.is_some() && at > latest)))
    }
}
