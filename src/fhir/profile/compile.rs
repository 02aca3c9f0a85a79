//! Compiles snapshots to profiles that can be judged. Requirements that cannot be decided are listed, never dropped.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::fhir::definitions::builder::invariants::BUILT_IN;
use crate::fhir::definitions::builder::package::Package;
use crate::fhir::definitions::tables::Tables;
use crate::fhir::profile::codes::Codes;
use crate::fhir::profile::lookup::DefinitionLookup;
use crate::fhir::profile::node::{Node, RequiredValue, Slicing, of_choice};
use crate::fhir::profile::profiles::{Profile, Undecided, short_name};
use crate::fhir::profile::slices;
use crate::fhir::value::{list, text};

/// Compiles the trees of one or more packages to profiles.
pub(crate) struct ProfileCompiler<'p> {
    definitions: DefinitionLookup<'p>,
    base_invariants: BTreeSet<String>,
    supports: Vec<String>,
}

impl<'p> ProfileCompiler<'p> {
    /// Creates a compiler for the profiles of `trees`.
    pub(crate) fn new(package: &'p Package, tables: &'p Tables, trees: &'p BTreeMap<String, (String, Node)>) -> Self {
        let decided = tables.invariants.iter().map(|row| tables.text(row.key));
        let listed = tables.open.iter().filter(|row| row.kind == 0).map(|row| tables.text(row.what));
        Self {
            definitions: DefinitionLookup::new(package, tables, trees),
            base_invariants: decided.chain(listed).chain(BUILT_IN.iter().copied()).map(str::to_owned).collect(),
            supports: Vec::new(),
        }
    }

    /// Returns the requirements that are not decided, and the code sets of the bindings.
    pub(crate) fn finish(self) -> (Vec<Undecided>, Vec<Codes>) {
        self.definitions.finish()
    }

    /// Compiles one profile of the type `of`.
    pub(crate) fn profile(&mut self, url: &str, structure: &Value, of: &str, tree: &Node) -> Profile {
        let name = short_name(url).to_owned();
        self.definitions.begin(&name);
        self.supports.clear();
        let mut root = tree.clone();
        self.context(structure, &root);
        self.node(&mut root, true);
        Profile {
            url: url.to_owned(),
            name,
            version: text(structure, "version").to_owned(),
            of: of.to_owned(),
            resource: text(structure, "kind") == "resource",
            supports: std::mem::take(&mut self.supports),
            root,
        }
    }

    /// Lists the context of an extension, which is not checked.
    fn context(&mut self, structure: &Value, root: &Node) {
        let contexts = list(structure, "context").iter().map(|context| text(context, "expression"));
        let contexts: Vec<&str> = contexts.filter(|place| !matches!(*place, "" | "Element")).collect();
        if !contexts.is_empty() {
            self.definitions.leave_open("context", contexts.join(", "), &root.label);
        }
    }

    fn node(&mut self, node: &mut Node, root: bool) {
        let raw = std::mem::take(&mut node.raw);
        if !root {
            self.counts(node, &raw);
        }
        node.types = list(&raw, "type").iter().map(|of| self.definitions.of_type(of, node)).collect();
        node.value = of_choice(&raw, "fixed").cloned().map(RequiredValue::Fixed);
        node.value = node.value.take().or_else(|| of_choice(&raw, "pattern").cloned().map(RequiredValue::Pattern));
        if let Some(binding) = raw.get("binding").filter(|binding| text(binding, "strength") == "required") {
            node.set = self.definitions.code_set(text(binding, "valueSet"), &node.label);
        }
        if raw.get("mustSupport") == Some(&Value::Bool(true)) && !root {
            node.support = Some(self.supports.len());
            self.supports.push(node.label.clone());
        }
        for constraint in list(&raw, "constraint") {
            let key = text(constraint, "key");
            if text(constraint, "severity") == "error" && !self.base_invariants.contains(key) {
                self.definitions.leave_open("invariant", key, &node.label);
            }
        }
        for bound in ["maxLength", "minValue", "maxValue"] {
            if raw.get(bound).is_some() || of_choice(&raw, bound).is_some() {
                self.definitions.leave_open("bound", bound, &node.label);
            }
        }
        if raw.get("contentReference").is_some() {
            self.definitions.leave_open("content", text(&raw, "contentReference"), &node.label);
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
        // The validator judges the base definition's own counts; a slice has none there.
        let always = node.slice.is_some() && !node.choice;
        node.min = if min > base_min || always { min } else { 0 };
        let max = text(raw, "max").parse().ok();
        let base_max = base.map(|base| text(base, "max")).and_then(|max| max.parse::<u64>().ok());
        node.max = max.filter(|max| always || base_max.is_none_or(|base| *max < base));
    }

    fn slices(&mut self, node: &mut Node, raw: &Value) {
        let reslices: Vec<Node> =
            node.slices.extract_if(.., |slice| slice.slice.as_deref().is_some_and(|name| name.contains('/'))).collect();
        for slice in reslices {
            self.definitions.leave_open("slice", "slices within a slice", &slice.label);
        }
        if node.slices.is_empty() {
            return;
        }
        let slicing = raw.get("slicing");
        // A choice is sliced by type if the profile names no discriminator.
        let by_type = [serde_json::json!({"type": "type", "path": "$this"})];
        let discriminators = match slicing.map(|slicing| list(slicing, "discriminator")) {
            Some(own) if !own.is_empty() => own,
            _ if node.choice => &by_type,
            _ => &[],
        };
        let mut slices = std::mem::take(&mut node.slices);
        let mut why = discriminators.is_empty().then(|| "slices without a discriminator".to_owned());
        for slice in &mut slices {
            for discriminator in discriminators {
                match slices::test(&mut self.definitions, slice, discriminator) {
                    Some(test) => slice.tests.push(test),
                    None => {
                        let (of, path) = (text(discriminator, "type"), text(discriminator, "path"));
                        why = Some(format!("slices with the discriminator {of} of {path}"));
                    }
                }
            }
        }
        if let Some(why) = why {
            self.definitions.leave_open("slice", why, &node.label);
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
}
