//! Looks up what profiles refer to: types, targets, other profiles and value sets. What is not found is listed as
//! undecided.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::fhir::definitions::builder::codes::expand;
use crate::fhir::definitions::builder::package::Package;
use crate::fhir::definitions::tables::Tables;
use crate::fhir::profile::codes::Codes;
use crate::fhir::profile::node::{AllowedType, CORE, Node};
use crate::fhir::profile::profiles::Undecided;
use crate::fhir::value::{list, text};

/// Finds definitions while profiles are compiled.
pub(crate) struct DefinitionLookup<'p> {
    package: &'p Package,
    tables: &'p Tables,
    /// For each profile by URL, its type and its tree before compilation.
    trees: &'p BTreeMap<String, (String, Node)>,
    sets: Vec<Codes>,
    known_sets: BTreeMap<String, Option<usize>>,
    open: Vec<Undecided>,
    /// The name of the profile that is being compiled.
    profile: String,
}

impl<'p> DefinitionLookup<'p> {
    /// Creates a lookup for the profiles of `trees`.
    pub(crate) fn new(package: &'p Package, tables: &'p Tables, trees: &'p BTreeMap<String, (String, Node)>) -> Self {
        let (sets, known_sets) = (Vec::new(), BTreeMap::new());
        Self { package, tables, trees, sets, known_sets, open: Vec::new(), profile: String::new() }
    }

    /// Sets the name of the profile that is compiled next.
    pub(crate) fn begin(&mut self, profile: &str) {
        profile.clone_into(&mut self.profile);
    }

    /// Returns the requirements that are not decided, and the code sets of the bindings.
    pub(crate) fn finish(self) -> (Vec<Undecided>, Vec<Codes>) {
        (self.open, self.sets)
    }

    /// Returns the tree of a profile.
    pub(crate) fn tree(&self, url: &str) -> Option<&'p Node> {
        self.trees.get(url).map(|(_, tree)| tree)
    }

    /// Lists a requirement as undecided.
    pub(crate) fn leave_open(&mut self, kind: &'static str, what: impl Into<String>, at: &str) {
        let open = Undecided { profile: self.profile.clone(), kind, what: what.into(), at: at.to_owned() };
        if !self.open.contains(&open) {
            self.open.push(open);
        }
    }

    /// Returns one of the allowed types of an element.
    pub(crate) fn of_type(&mut self, of: &Value, node: &Node) -> AllowedType {
        let plain = |url: &Value| url.as_str().unwrap_or_default().split('|').next().unwrap_or_default().to_owned();
        let code = text(of, "code").to_owned();
        let profiles: Vec<String> = list(of, "profile").iter().map(plain).collect();
        for url in &profiles {
            // An invariant of the base definitions checks SimpleQuantity.
            if !self.trees.contains_key(url) && url != &format!("{CORE}SimpleQuantity") {
                self.leave_open("profile", url.as_str(), &node.label);
            }
        }
        if of.get("aggregation").is_some() {
            self.leave_open("bound", "aggregation", &node.label);
        }
        let mut targets = Some(Vec::new());
        for url in list(of, "targetProfile").iter().map(plain) {
            let own = self.trees.get(&url).map(|(of, _)| of.clone());
            if own.is_some() {
                self.leave_open("kept", url.as_str(), &node.label);
            }
            let named = own.or_else(|| self.resource(url.strip_prefix(CORE)?));
            match named.as_deref() {
                Some("Resource" | "DomainResource") => targets = None,
                Some(name) => {
                    if let Some(targets) = &mut targets {
                        targets.push(name.to_owned());
                    }
                }
                None => {
                    self.leave_open("target", url.as_str(), &node.label);
                    targets = None;
                }
            }
        }
        let targets = targets.filter(|targets| !targets.is_empty() && matches!(code.as_str(), "Reference"));
        AllowedType { code, profiles, targets }
    }

    fn resource(&self, name: &str) -> Option<String> {
        let known = matches!(name, "Resource" | "DomainResource")
            || self.tables.resource(format!("\"{name}\"").as_bytes()).is_some();
        known.then(|| name.to_owned())
    }

    /// Returns the code set of a required binding. Lists the binding as undecided if no package has the codes.
    pub(crate) fn code_set(&mut self, url: &str, at: &str) -> Option<usize> {
        let plain = url.split('|').next().unwrap_or_default();
        if let Some(known) = self.known_sets.get(plain).copied() {
            if known.is_none() && !self.is_listed(plain) {
                self.leave_open("binding", plain, at);
            }
            return known;
        }
        let codes = expand(self.package, plain).map(|pairs| Codes::of(plain, pairs));
        let codes = codes.or_else(|| {
            let mut rows = self.tables.sets.iter().filter(|row| self.tables.text(row.url) == plain);
            // The tables may have the same set with systems and without.
            let row = rows.clone().find(|row| row.systems == 1).or_else(|| rows.next())?;
            Some(Codes::of_tables(self.tables, row))
        });
        let index = codes.map(|codes| {
            self.sets.push(codes);
            self.sets.len() - 1
        });
        self.known_sets.insert(plain.to_owned(), index);
        if index.is_none() && !self.is_listed(plain) {
            self.leave_open("binding", plain, at);
        }
        index
    }

    /// Returns whether the base definitions bind the same set and already list it as undecided.
    fn is_listed(&self, url: &str) -> bool {
        self.tables.open.iter().any(|row| row.kind == 1 && self.tables.text(row.what) == url)
    }

    /// Returns the code set of a required binding, for slices by code.
    pub(crate) fn set_of(&mut self, node: &Node) -> Option<usize> {
        let binding = node.raw.get("binding").filter(|binding| text(binding, "strength") == "required")?;
        let url = text(binding, "valueSet").to_owned();
        self.code_set(&url, &node.label)
    }

    /// Returns the types that a reference in this element may refer to, or `None` for any type.
    pub(crate) fn targets_of(&mut self, node: &Node) -> Option<Vec<String>> {
        let types: Vec<AllowedType> = list(&node.raw, "type").iter().map(|of| self.of_type(of, node)).collect();
        let mut all = Vec::new();
        for of in types {
            all.extend(of.targets?);
        }
        Some(all)
    }
}
