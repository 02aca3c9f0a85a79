//! Profiles: what the packages of implementation guides ask of resources beyond FHIR's own definitions.
//!
//! ```text
//! packages -> node (snapshots as trees) -> compile (what is judged, and the list of what is not) -> Profiles
//! Profiles + one resource -> judge: what of its profiles it does not keep, and which elements it has
//! ```
//!
//! Judged are cardinality, types, fixed and pattern values, required bindings, slices told apart by value, pattern, type
//! or existence, and extensions. What is not (invariants, slices told apart otherwise, value sets whose codes no package
//! lists, where extensions may stand, the profiles of what is referred to) is in [`Profiles::open`].

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::PathBuf;

use crate::fhir::definitions::builder::package::Package;
use crate::fhir::definitions::tables::Tables;
use crate::fhir::profile::codes::Codes;
use crate::fhir::profile::node::{Node, list, text};
use crate::fhir::validate::fault::Fault;
use serde_json::Value;

/// The profiles of some packages.
#[derive(Debug)]
pub struct Profiles {
    profiles: Vec<Profile>,
    pub(crate) by_url: BTreeMap<String, usize>,
    pub(crate) sets: Vec<Codes>,
    /// The profiles that every resource of their type is held to, by type.
    assigned: BTreeMap<String, Vec<usize>>,
    /// Names of types as they end the keys of choices.
    pub(crate) endings: HashSet<String>,
    /// What the profiles ask and nobody decides here.
    pub open: Vec<Open>,
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
    /// What it wants to be supported, as ids of elements.
    pub supports: Vec<String>,
    pub(crate) root: Node,
}

/// Something that a profile asks and that is not decided.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Open {
    /// The profile's name.
    pub profile: String,
    /// `invariant`, `binding`, `slice`, `profile`, `target`, `kept`, `content`, `context`, `bound` or `snapshot`.
    pub kind: &'static str,
    /// The key, the value set, the other profile.
    pub what: String,
    /// The element.
    pub at: String,
}

/// What is left open, in words: its kind, what and where of an [`Open`].
pub fn said(kind: &str, what: &str, at: &str) -> String {
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

/// What one resource is to a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The profile, as a number of [`Profiles::get`].
    pub profile: usize,
    /// Whether it keeps it.
    pub valid: bool,
    /// For each element of [`Profile::supports`], whether it has it.
    pub has: Vec<bool>,
}

/// What came of one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileOutcome {
    /// The profiles that it was held to.
    pub kept: Vec<Kept>,
    /// What breaks them.
    pub faults: Vec<Fault>,
    /// Claims of profiles that no package here defines in that version.
    pub unknown: u64,
}

impl Profiles {
    /// Reads packages: `.tgz` files as they are published, or folders. `tables` are those of the FHIR version they are for.
    ///
    /// # Errors
    /// A lower-case fragment that names the package, what is wrong with it and the way out.
    pub fn read(paths: &[PathBuf], assigned: &[String], tables: &Tables) -> Result<Self, String> {
        let mut all = Package::default();
        let mut packages = Vec::new();
        for path in paths {
            let package = Package::read(path)?;
            let minor = |version: &str| version.split('.').take(2).collect::<Vec<_>>().join(".");
            let fhir = package.fhir();
            if !fhir.is_empty() && minor(fhir) != minor(&tables.about.fhir) {
                let (path, own) = (path.display(), &tables.about.fhir);
                return Err(format!("{path} is for FHIR {fhir}, resources are read as FHIR {own}: name one for that"));
            }
            packages.push([package.says("name"), package.says("version")].join(" ").trim().to_owned());
            all.structures.extend(package.structures);
            all.value_sets.extend(package.value_sets);
            all.code_systems.extend(package.code_systems);
        }
        let mut profiles = Self::of(&all, tables);
        profiles.packages = packages;
        if profiles.profiles.is_empty() && !paths.is_empty() {
            let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            return Err(format!("{} holds no profile with a snapshot, name a package that does", names.join(", ")));
        }
        for url in assigned {
            let index = profiles.find(url).filter(|index| profiles.get(*index).is_some_and(|profile| profile.resource));
            let Some(index) = index else {
                let known = profiles.profiles.iter().filter(|profile| profile.resource);
                let names: Vec<&str> = known.map(|profile| profile.name.as_str()).take(20).collect();
                return Err(format!(
                    "\"{url}\" is no profile of a resource in the packages, name one of theirs: {}",
                    names.join(", ")
                ));
            };
            let of = profiles.get(index).map(|profile| profile.of.clone()).unwrap_or_default();
            profiles.assigned.entry(of).or_default().push(index);
        }
        Ok(profiles)
    }

    /// The profiles of a package that was read.
    pub fn of(package: &Package, tables: &Tables) -> Self {
        let mut trees = BTreeMap::new();
        let mut bare = Vec::new();
        for (url, structure) in &package.structures {
            // Base definitions and models are no profiles.
            let kind = text(structure, "kind");
            if text(structure, "derivation") != "constraint" || !matches!(kind, "resource" | "complex-type") {
                continue;
            }
            let elements = structure.get("snapshot").map(|snapshot| list(snapshot, "element")).unwrap_or_default();
            match crate::fhir::profile::node::tree(elements) {
                Some(tree) => _ = trees.insert(url.clone(), (text(structure, "type").to_owned(), tree)),
                None => bare.push(url.clone()),
            }
        }
        let mut compiler = crate::fhir::profile::compile::Compiler::new(package, tables, &trees);
        let mut profiles = Vec::new();
        let mut by_url = BTreeMap::new();
        for (url, (of, tree)) in &trees {
            let Some(structure) = package.structures.get(url) else { continue };
            by_url.insert(url.clone(), profiles.len());
            profiles.push(compiler.profile(url, structure, of, tree));
        }
        let mut open = compiler.open;
        let without = |url: &String| Open {
            profile: short(url).to_owned(),
            kind: "snapshot",
            what: "a profile without a snapshot that can be read".to_owned(),
            at: String::new(),
        };
        open.extend(bare.iter().map(without));
        open.sort();
        let sets = compiler.sets;
        Self { profiles, by_url, sets, assigned: BTreeMap::new(), endings: endings(tables), open, packages: Vec::new() }
    }

    /// A profile by its number.
    pub fn get(&self, index: usize) -> Option<&Profile> {
        self.profiles.get(index)
    }

    /// A profile by its URL, with `|version` or without, or by its name alone where one has it.
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
            let what = said(open.kind, &open.what, &open.at);
            if !rows.contains(&what) {
                rows.push(what);
            }
        }
        left
    }

    /// Whether resources of the type are held to some profile, whatever they claim.
    pub fn assigns(&self, of: &str) -> bool {
        self.assigned.contains_key(of)
    }

    /// Holds a resource to the profiles that it claims and to those that its type is assigned. `line` is the text that
    /// `resource` was read from; faults name places in it.
    pub fn judge(&self, resource: &Value, line: &[u8]) -> ProfileOutcome {
        let mut outcome = ProfileOutcome::default();
        let of = text(resource, "resourceType");
        let mut wanted: BTreeSet<usize> = self.assigned.get(of).into_iter().flatten().copied().collect();
        let claims = resource.get("meta").map(|meta| list(meta, "profile")).unwrap_or_default();
        for (number, claim) in claims.iter().enumerate() {
            let Some(claim) = claim.as_str() else { continue };
            // What the base definitions ask is judged by them.
            if claim.split('|').next().and_then(|url| url.strip_prefix(crate::fhir::profile::compile::CORE)) == Some(of)
            {
                continue;
            }
            match self.by_url.get(claim.split('|').next().unwrap_or_default()).and_then(|_| self.find(claim)) {
                Some(index) if self.get(index).is_some_and(|profile| profile.of == of) => _ = wanted.insert(index),
                Some(index) => {
                    crate::fhir::profile::judge::misclaimed(self, index, number, of, line, &mut outcome.faults)
                }
                None => outcome.unknown += 1,
            }
        }
        for index in wanted {
            let kept = crate::fhir::profile::judge::hold(self, index, resource, line, &mut outcome.faults);
            outcome.kept.push(kept);
        }
        outcome
    }
}

/// The last part of a URL.
pub(crate) fn short(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}

/// How the keys of choices may end.
fn endings(tables: &Tables) -> HashSet<String> {
    let primitives = [
        "base64Binary",
        "boolean",
        "canonical",
        "code",
        "date",
        "dateTime",
        "decimal",
        "id",
        "instant",
        "integer",
        "markdown",
        "oid",
        "positiveInt",
        "string",
        "time",
        "unsignedInt",
        "uri",
        "url",
        "uuid",
        "xhtml",
    ];
    let complex = tables.types.iter().map(|row| tables.text(row.name)).filter(|name| !name.contains('.'));
    complex.chain(primitives).map(crate::fhir::profile::values::capitalised).collect()
}
