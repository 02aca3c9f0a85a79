//! Reads profiles from the packages of implementation guides.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use crate::fhir::definitions::builder::package::Package;
use crate::fhir::definitions::tables::Tables;
use crate::fhir::profile::compile::ProfileCompiler;
use crate::fhir::profile::node::tree;
use crate::fhir::profile::profiles::{Profiles, Undecided, short_name};
use crate::fhir::profile::values::capitalized;
use crate::fhir::value::{list, text};

impl Profiles {
    /// Reads packages: published `.tgz` files, or folders. `tables` must be of the FHIR version of the packages.
    ///
    /// # Errors
    /// A lower-case fragment that names the package, the problem and the way out.
    pub fn read(paths: &[PathBuf], assigned: &[String], tables: &Tables) -> Result<Self, String> {
        let mut all = Package::default();
        let mut packages = Vec::new();
        for path in paths {
            let package = Package::read(path)?;
            let minor = |version: &str| version.split('.').take(2).collect::<Vec<_>>().join(".");
            let fhir = package.fhir();
            if !fhir.is_empty() && minor(fhir) != minor(&tables.about.fhir) {
                let (path, own) = (path.display(), &tables.about.fhir);
                return Err(format!("{path} is for FHIR {fhir}; give a package for FHIR {own}"));
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
            return Err(format!("{} contains no profile with a snapshot; give a package that does", names.join(", ")));
        }
        for url in assigned {
            let index = profiles.find(url).filter(|index| profiles.get(*index).is_some_and(|profile| profile.resource));
            let Some(index) = index else {
                let known = profiles.profiles.iter().filter(|profile| profile.resource);
                let names: Vec<&str> = known.map(|profile| profile.name.as_str()).take(20).collect();
                return Err(format!(
                    "\"{url}\" is not a resource profile in the packages; give one of: {}",
                    names.join(", ")
                ));
            };
            let of = profiles.get(index).map(|profile| profile.of.clone()).unwrap_or_default();
            profiles.assigned.entry(of).or_default().push(index);
        }
        Ok(profiles)
    }

    /// Compiles the profiles of a package.
    pub fn of(package: &Package, tables: &Tables) -> Self {
        let mut trees = BTreeMap::new();
        let mut bare = Vec::new();
        for (url, structure) in &package.structures {
            // Base definitions and logical models are not profiles.
            let kind = text(structure, "kind");
            if text(structure, "derivation") != "constraint" || !matches!(kind, "resource" | "complex-type") {
                continue;
            }
            let elements = structure.get("snapshot").map(|snapshot| list(snapshot, "element")).unwrap_or_default();
            match tree(elements) {
                Some(tree) => _ = trees.insert(url.clone(), (text(structure, "type").to_owned(), tree)),
                None => bare.push(url.clone()),
            }
        }
        let mut compiler = ProfileCompiler::new(package, tables, &trees);
        let mut profiles = Vec::new();
        let mut by_url = BTreeMap::new();
        for (url, (of, tree)) in &trees {
            let Some(structure) = package.structures.get(url) else { continue };
            by_url.insert(url.clone(), profiles.len());
            profiles.push(compiler.profile(url, structure, of, tree));
        }
        let (mut open, sets) = compiler.finish();
        let without = |url: &String| Undecided {
            profile: short_name(url).to_owned(),
            kind: "snapshot",
            what: "the whole profile, because it has no usable snapshot".to_owned(),
            at: String::new(),
        };
        open.extend(bare.iter().map(without));
        open.sort();
        Self { profiles, by_url, sets, assigned: BTreeMap::new(), endings: endings(tables), open, packages: Vec::new() }
    }
}

/// Returns the possible endings of the keys of choices.
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
    complex.chain(primitives).map(capitalized).collect()
}
