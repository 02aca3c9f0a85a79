//! Profiles: what the packages of implementation guides require of resources beyond FHIR's own definitions.
//!
//! ```text
//! packages -> node (snapshots as trees) -> compile (what is judged, and the list of what is not) -> Profiles
//! Profiles + one resource -> judge: which of its profiles it breaks, and which elements it has
//! ```
//!
//! Judged are cardinality, types, fixed and pattern values, required bindings, slices with a discriminator by value,
//! pattern, type or existence, and extensions. The rest (invariants, other discriminators, value sets with codes that no
//! package lists, the context of extensions, the profiles of referenced resources) is in [`Profiles::open`].

use std::collections::{BTreeMap, HashSet};

use crate::fhir::profile::codes::Codes;
use crate::fhir::profile::node::Node;
use crate::fhir::validate::fault::ResourceFault;

/// The profiles of some packages.
#[derive(Debug)]
pub struct Profiles {
    pub(crate) profiles: Vec<Profile>,
    pub(crate) by_url: BTreeMap<String, usize>,
    pub(crate) sets: Vec<Codes>,
    /// The profiles that every resource of a type must keep, by type.
    pub(crate) assigned: BTreeMap<String, Vec<usize>>,
    /// Names of types as they stand at the end of the keys of choices.
    pub(crate) endings: HashSet<String>,
    /// What the profiles require and this code does not decide.
    pub open: Vec<Undecided>,
    /// The packages: name and version.
    pub packages: Vec<String>,
}

/// One profile.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its canonical URL.
    pub url: String,
    /// The last part of that.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The type that it is of.
    pub of: String,
    /// Whether that is a resource.
    pub resource: bool,
    /// Its must-support elements, by id.
    pub supports: Vec<String>,
    pub(crate) root: Node,
}

/// A requirement of a profile that is not decided.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Undecided {
    /// The profile's name.
    pub profile: String,
    /// `invariant`, `binding`, `slice`, `profile`, `target`, `kept`, `content`, `context`, `bound` or `snapshot`.
    pub kind: &'static str,
    /// The key, the value set, the other profile.
    pub what: String,
    /// The element.
    pub at: String,
}

/// An [`Undecided`] in words, from its kind, what and where.
pub fn describe_undecided(kind: &str, what: &str, at: &str) -> String {
    match kind {
        "invariant" => format!("the invariant {what}"),
        "binding" => format!("the codes of {what} at {at}"),
        "profile" => format!("{what} at {at}, no package has it"),
        "target" => format!("references to {what} at {at}"),
        "kept" => format!("whether what {at} refers to keeps {what}"),
        "content" => format!("at {at} what stands at {what}"),
        "context" => format!("whether the extension stands in {what} alone"),
        "snapshot" => what.to_owned(),
        _ => format!("{what} at {at}"),
    }
}

/// Whether one resource keeps a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileResult {
    /// The profile, as a number of [`Profiles::get`].
    pub profile: usize,
    /// Whether it keeps it.
    pub valid: bool,
    /// For each element of [`Profile::supports`], whether it has it.
    pub has: Vec<bool>,
}

/// What the profiles say of one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileOutcome {
    /// The profiles that it was checked against.
    pub kept: Vec<ProfileResult>,
    /// What breaks them.
    pub faults: Vec<ResourceFault>,
    /// Claims of profiles that no package here defines in that version.
    pub unknown: u64,
}

impl Profiles {
    /// A profile by its number.
    pub fn get(&self, index: usize) -> Option<&Profile> {
        self.profiles.get(index)
    }

    /// A profile by its URL, with `|version` or without, or by its name if only one has that name.
    pub fn find(&self, url: &str) -> Option<usize> {
        let (plain, version) = url.split_once('|').map_or((url, None), |(url, version)| (url, Some(version)));
        let named = || {
            let mut own = self.profiles.iter().enumerate().filter(|(_, profile)| profile.name == plain);
            match (own.next(), own.next()) {
                (Some((index, _)), None) => Some(index),
                _ => None,
            }
        };
        let index = self.by_url.get(plain).copied().or_else(named)?;
        let fits = |version: &str| self.get(index).is_some_and(|profile| profile.version == version);
        version.is_none_or(fits).then_some(index)
    }

    /// The names of the profiles that are assigned to their types.
    pub fn assigned(&self) -> Vec<&str> {
        let indices = self.assigned.values().flatten();
        indices.filter_map(|index| self.get(*index)).map(|profile| profile.name.as_str()).collect()
    }

    /// What is not decided, by profile, in words.
    pub fn left_open(&self) -> BTreeMap<&str, Vec<String>> {
        let mut left: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for open in &self.open {
            let rows = left.entry(&open.profile).or_default();
            let what = describe_undecided(open.kind, &open.what, &open.at);
            if !rows.contains(&what) {
                rows.push(what);
            }
        }
        left
    }

    /// Whether resources of the type must keep some profile that they do not claim.
    pub fn assigns(&self, of: &str) -> bool {
        self.assigned.contains_key(of)
    }
}

/// The last part of a URL.
pub(crate) fn short_name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}
