//! Profiles: the requirements of implementation guides on resources, in addition to FHIR's own definitions.
//!
//! ```text
//! packages -> node (snapshots as trees) -> compile (requirements, and the list of those that are not decided) ->
//! Profiles Profiles + one resource -> judge: violations of its profiles, and which must-support elements it has
//! ```
//!
//! This checks cardinality, types, fixed and pattern values, required bindings, slices with a discriminator by value,
//! pattern, type or existence, and extensions. The rest (invariants, other discriminators, value sets with codes that
//! no package lists, the context of extensions, the profiles of referenced resources) is in [`Profiles::open`].

use std::collections::{BTreeMap, HashSet};

use crate::fhir::profile::codes::Codes;
use crate::fhir::profile::node::Node;
use crate::fhir::validate::fault::ResourceFault;

/// The profiles of one or more packages.
#[derive(Debug)]
pub struct Profiles {
    pub(crate) profiles: Vec<Profile>,
    pub(crate) by_url: BTreeMap<String, usize>,
    pub(crate) sets: Vec<Codes>,
    /// The profiles that every resource of a type must conform to, by type.
    pub(crate) assigned: BTreeMap<String, Vec<usize>>,
    /// Names of types with a capital letter, as in the keys of choices.
    pub(crate) endings: HashSet<String>,
    /// Requirements of the profiles that this code does not decide.
    pub open: Vec<Undecided>,
    /// The packages: name and version.
    pub packages: Vec<String>,
}

/// One profile.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The canonical URL of the profile.
    pub url: String,
    /// The last part of the URL.
    pub name: String,
    /// The version of the profile.
    pub version: String,
    /// The type that it constrains.
    pub of: String,
    /// Whether that type is a resource type.
    pub resource: bool,
    /// The must-support elements of the profile, by id.
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
    /// The key of an invariant, the value set, the other profile.
    pub what: String,
    /// The element.
    pub at: String,
}

/// Describes an [`Undecided`] as a noun phrase, from its kind, subject and element.
pub fn describe_undecided(kind: &str, what: &str, at: &str) -> String {
    match kind {
        "invariant" => format!("the invariant {what}"),
        "binding" => format!("the codes of {what} at {at}"),
        "profile" => format!("the profile {what} at {at} (not in the packages)"),
        "target" => format!("the reference target {what} at {at}"),
        "kept" => format!("the conformance of the target of {at} to {what}"),
        "content" => format!("the content of {at}, which is defined at {what}"),
        "context" => format!("the context of the extension ({what})"),
        "snapshot" => what.to_owned(),
        _ => format!("{what} at {at}"),
    }
}

/// The result of one resource and one profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileResult {
    /// The profile, as an index for [`Profiles::get`].
    pub profile: usize,
    /// Whether the resource conforms to it.
    pub valid: bool,
    /// For each element of [`Profile::supports`], whether the resource has it.
    pub has: Vec<bool>,
}

/// The results of all profiles for one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileOutcome {
    /// The profiles that the resource was checked against.
    pub kept: Vec<ProfileResult>,
    /// The violations of the profile outcome.
    pub faults: Vec<ResourceFault>,
    /// The number of claimed profiles that no given package contains in that version.
    pub unknown: u64,
}

impl Profiles {
    /// Returns a profile by its index.
    pub fn get(&self, index: usize) -> Option<&Profile> {
        self.profiles.get(index)
    }

    /// Returns the index of a profile by its URL, with or without `|version`, or by its name if only one has that name.
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

    /// Returns the names of the profiles that are assigned to their types.
    pub fn assigned(&self) -> Vec<&str> {
        let indices = self.assigned.values().flatten();
        indices.filter_map(|index| self.get(*index)).map(|profile| profile.name.as_str()).collect()
    }

    /// Describes the requirements that are not decided, by profile.
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

    /// Returns whether a profile is assigned to resources of this type.
    pub fn assigns(&self, of: &str) -> bool {
        self.assigned.contains_key(of)
    }
}

/// Returns the last part of a URL.
pub(crate) fn short_name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}
