//! From snapshots to what is judged. What a profile asks and these rules do not decide is listed, never dropped.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::fhir::definitions::builder::codes::expand;
use crate::fhir::definitions::builder::invariants::BUILT_IN;
use crate::fhir::definitions::builder::package::Package;
use crate::fhir::definitions::tables::Tables;
use crate::fhir::profile::codes::Codes;
use crate::fhir::profile::node::{Node, Slicing, Type, Wanted, list, of_choice, text};
use crate::fhir::profile::profiles::{Open, Profile};
use crate::fhir::profile::slices;

/// What HL7's own definitions begin with.
pub(crate) const CORE: &str = "http://hl7.org/fhir/StructureDefinition/";

/// Makes profiles of the trees of one or several packages.
pub(crate) struct Compiler<'p> {
    pub(crate) package: &'p Package,
    pub(crate) tables: &'p Tables,
    /// Every profile's tree as it was read, by URL.
    pub(crate) trees: &'p BTreeMap<String, (String, Node)>,
    pub(crate) sets: Vec<Codes>,
    known_sets: BTreeMap<String, Option<usize>>,
    base_invariants: BTreeSet<String>,
    pub(crate) open: Vec<Open>,
    /// The profile that is made.
    of: String,
    supports: Vec<String>,
}

impl<'p> Compiler<'p> {
    pub(crate) fn new(package: &'p Package, tables: &'p Tables, trees: &'p BTreeMap<String, (String, Node)>) -> Self {
        let decided = tables.invariants.iter().map(|row| tables.text(row.key));
        let listed = tables.open.iter().filter(|row| row.kind == 0).map(|row| tables.text(row.what));
        Self {
            package,
            tables,
            trees,
            sets: Vec::new(),
            known_sets: BTreeMap::new(),
            base_invariants: decided.chain(listed).chain(BUILT_IN.iter().copied()).map(str::to_owned).collect(),
            open: Vec::new(),
            of: String::new(),
            supports: Vec::new(),
        }
    }

    pub(crate) fn profile(&mut self, url: &str, structure: &Value, of: &str, tree: &Node) -> Profile {
        self.of = crate::fhir::profile::profiles::short(url).to_owned();
        self.supports.clear();
        let mut root = tree.clone();
        self.context(structure, &root);
        self.node(&mut root, true);
        Profile {
            url: url.to_owned(),
            name: self.of.clone(),
            version: text(structure, "version").to_owned(),
            of: of.to_owned(),
            resource: text(structure, "kind") == "resource",
            supports: std::mem::take(&mut self.supports),
            root,
        }
    }

    /// Lists something that is not decided.
    pub(crate) fn leave(&mut self, kind: &'static str, what: impl Into<String>, at: &str) {
        let open = Open { profile: self.of.clone(), kind, what: what.into(), at: at.to_owned() };
        if !self.open.contains(&open) {
            self.open.push(open);
        }
    }

    /// Lists where an extension may stand, which is not looked at.
    fn context(&mut self, structure: &Value, root: &Node) {
        let contexts = list(structure, "context").iter().map(|context| text(context, "expression"));
        let contexts: Vec<&str> = contexts.filter(|place| !matches!(*place, "" | "Element")).collect();
        if !contexts.is_empty() {
            self.leave("context", contexts.join(", "), &root.label);
        }
    }

    fn node(&mut self, node: &mut Node, root: bool) {
        let raw = std::mem::take(&mut node.raw);
        if !root {
            self.counts(node, &raw);
        }
        node.types = list(&raw, "type").iter().map(|of| self.of_type(of, node)).collect();
        node.value = of_choice(&raw, "fixed").cloned().map(Wanted::Fixed);
        node.value = node.value.take().or_else(|| of_choice(&raw, "pattern").cloned().map(Wanted::Pattern));
        if let Some(binding) = raw.get("binding").filter(|binding| text(binding, "strength") == "required") {
            node.set = self.set(text(binding, "valueSet"), &node.label);
        }
        if raw.get("mustSupport") == Some(&Value::Bool(true)) && !root {
            node.support = Some(self.supports.len());
            self.supports.push(node.label.clone());
        }
        for constraint in list(&raw, "constraint") {
            let key = text(constraint, "key");
            if text(constraint, "severity") == "error" && !self.base_invariants.contains(key) {
                self.leave("invariant", key, &node.label);
            }
        }
        for bound in ["maxLength", "minValue", "maxValue"] {
            if raw.get(bound).is_some() || of_choice(&raw, bound).is_some() {
                self.leave("bound", bound, &node.label);
            }
        }
        if raw.get("contentReference").is_some() {
            self.leave("content", text(&raw, "contentReference"), &node.label);
        }
        for child in &mut node.children {
            self.node(child, false);
        }
        self.slices(node, &raw);
    }

    fn counts(&mut self, node: &mut Node, raw: &Value) {
        let base = raw.get("base");
        let base_min = base.and_then(|base| base.get("min")).and_then(Value::as_u64).unwrap_or(0);
        let min = raw.get("min").and_then(Value::as_u64).unwrap_or(0);
        // The base definition's own duties are judged by its tables; a slice has none there.
        let told = node.slice.is_some() && !node.choice;
        node.min = if min > base_min || told { min } else { 0 };
        let max = text(raw, "max").parse().ok();
        let base_max = base.map(|base| text(base, "max")).and_then(|max| max.parse::<u64>().ok());
        node.max = max.filter(|max| told || base_max.is_none_or(|base| *max < base));
    }

    fn of_type(&mut self, of: &Value, node: &Node) -> Type {
        let plain = |url: &Value| url.as_str().unwrap_or_default().split('|').next().unwrap_or_default().to_owned();
        let code = text(of, "code").to_owned();
        let profiles: Vec<String> = list(of, "profile").iter().map(plain).collect();
        for url in &profiles {
            // A simple quantity is one by an invariant of the base definitions.
            if !self.trees.contains_key(url) && url != &format!("{CORE}SimpleQuantity") {
                self.leave("profile", url.as_str(), &node.label);
            }
        }
        if of.get("aggregation").is_some() {
            self.leave("bound", "aggregation", &node.label);
        }
        let mut targets = Some(Vec::new());
        for url in list(of, "targetProfile").iter().map(plain) {
            let own = self.trees.get(&url).map(|(of, _)| of.clone());
            if own.is_some() {
                self.leave("kept", url.as_str(), &node.label);
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
                    self.leave("target", url.as_str(), &node.label);
                    targets = None;
                }
            }
        }
        let targets = targets.filter(|targets| !targets.is_empty() && matches!(code.as_str(), "Reference"));
        Type { code, profiles, targets }
    }

    fn resource(&self, name: &str) -> Option<String> {
        let known = matches!(name, "Resource" | "DomainResource")
            || self.tables.resource(format!("\"{name}\"").as_bytes()).is_some();
        known.then(|| name.to_owned())
    }

    /// The codes of a required binding's value set; listed where nobody here knows them.
    fn set(&mut self, url: &str, at: &str) -> Option<usize> {
        let plain = url.split('|').next().unwrap_or_default();
        if let Some(known) = self.known_sets.get(plain).copied() {
            if known.is_none() && !self.is_listed(plain) {
                self.leave("binding", plain, at);
            }
            return known;
        }
        let codes = expand(self.package, plain).map(|pairs| Codes::of(plain, pairs));
        let codes = codes.or_else(|| {
            let mut rows = self.tables.sets.iter().filter(|row| self.tables.text(row.url) == plain);
            // The same set may stand there with systems and without.
            let row = rows.clone().find(|row| row.systems == 1).or_else(|| rows.next())?;
            Some(Codes::of_tables(self.tables, row))
        });
        let index = codes.map(|codes| {
            self.sets.push(codes);
            self.sets.len() - 1
        });
        self.known_sets.insert(plain.to_owned(), index);
        if index.is_none() && !self.is_listed(plain) {
            self.leave("binding", plain, at);
        }
        index
    }

    /// Whether the base definitions bind the set, too, and say so themselves.
    fn is_listed(&self, url: &str) -> bool {
        self.tables.open.iter().any(|row| row.kind == 1 && self.tables.text(row.what) == url)
    }

    fn slices(&mut self, node: &mut Node, raw: &Value) {
        let reslices: Vec<Node> =
            node.slices.extract_if(.., |slice| slice.slice.as_deref().is_some_and(|name| name.contains('/'))).collect();
        for slice in reslices {
            self.leave("slice", "a slice of a slice", &slice.label);
        }
        if node.slices.is_empty() {
            return;
        }
        let slicing = raw.get("slicing");
        // The types of a choice need no words.
        let by_type = [serde_json::json!({"type": "type", "path": "$this"})];
        let discriminators = match slicing.map(|slicing| list(slicing, "discriminator")) {
            Some(own) if !own.is_empty() => own,
            _ if node.choice => &by_type,
            _ => &[],
        };
        let mut slices = std::mem::take(&mut node.slices);
        let mut why = discriminators.is_empty().then(|| "slices that nothing tells apart".to_owned());
        for slice in &mut slices {
            for discriminator in discriminators {
                match slices::test(self, slice, discriminator) {
                    Some(test) => slice.tests.push(test),
                    None => {
                        let (of, path) = (text(discriminator, "type"), text(discriminator, "path"));
                        why = Some(format!("slices by {of} of {path}"));
                    }
                }
            }
        }
        if let Some(why) = why {
            self.leave("slice", why, &node.label);
            return;
        }
        for slice in &mut slices {
            self.node(slice, false);
        }
        let rules = slicing.map(|slicing| text(slicing, "rules")).unwrap_or_default();
        node.slicing = Some(Slicing {
            closed: rules == "closed",
            at_end: rules == "openAtEnd",
            ordered: slicing.and_then(|slicing| slicing.get("ordered")) == Some(&Value::Bool(true)),
        });
        node.slices = slices;
    }

    /// The set of a required binding, for slices that it tells apart.
    pub(crate) fn set_of(&mut self, node: &Node) -> Option<usize> {
        let binding = node.raw.get("binding").filter(|binding| text(binding, "strength") == "required")?;
        let url = text(binding, "valueSet").to_owned();
        self.set(&url, &node.label)
    }

    /// What a reference of this element may lead to.
    pub(crate) fn targets_of(&mut self, node: &Node) -> Option<Vec<String>> {
        let types: Vec<Type> = list(&node.raw, "type").iter().map(|of| self.of_type(of, node)).collect();
        let mut all = Vec::new();
        for of in types {
            all.extend(of.targets?);
        }
        Some(all)
    }
}
