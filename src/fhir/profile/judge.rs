//! Checks one resource against its profiles.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::fhir::json_path::{PathStep, locate};
use crate::fhir::profile::node::{AllowedType, CORE, Node};
use crate::fhir::profile::profiles::{Profile, ProfileOutcome, ProfileResult, Profiles, short_name};
use crate::fhir::profile::values;
use crate::fhir::profile::values::Occurrence;
use crate::fhir::validate::fault::ResourceFault;
use crate::fhir::validate::formats::shape;
use crate::fhir::value::{list, text};
use crate::suite::line_rules::LineRule;

/// The maximum nesting of profiles: elements with a type that has a profile, and extensions within extensions.
const MAX_DEPTH: usize = 8;

/// The maximum number of faults that are reported for one resource.
const MAX_FAULTS: usize = 200;

impl Profiles {
    /// Checks a resource against the profiles that it claims and those assigned to its type. `line` is the text that
    /// `resource` was read from; faults name positions in it.
    pub fn judge(&self, resource: &Value, line: &[u8]) -> ProfileOutcome {
        let mut outcome = ProfileOutcome::default();
        let of = text(resource, "resourceType");
        let mut wanted: BTreeSet<usize> = self.assigned.get(of).into_iter().flatten().copied().collect();
        let claims = resource.get("meta").map(|meta| list(meta, "profile")).unwrap_or_default();
        for (number, claim) in claims.iter().enumerate() {
            let Some(claim) = claim.as_str() else { continue };
            // The validator judges the base definitions.
            if claim.split('|').next().and_then(|url| url.strip_prefix(CORE)) == Some(of) {
                continue;
            }
            match self.by_url.get(claim.split('|').next().unwrap_or_default()).and_then(|_| self.find(claim)) {
                Some(index) if self.get(index).is_some_and(|profile| profile.of == of) => _ = wanted.insert(index),
                Some(index) => claim_of_other_type(self, index, number, of, line, &mut outcome.faults),
                None => outcome.unknown += 1,
            }
        }
        for index in wanted {
            let kept = check_profile(self, index, resource, line, &mut outcome.faults);
            outcome.kept.push(kept);
        }
        outcome
    }
}

/// Checks one resource against one profile.
struct ProfileJudge<'a> {
    profiles: &'a Profiles,
    profile: &'a Profile,
    resource: &'a Value,
    path: Vec<PathStep>,
    found: Vec<FoundItems>,
    has: Vec<bool>,
    depth: usize,
}

struct FoundItems {
    rule: LineRule,
    path: Vec<PathStep>,
    expected: String,
    actual: String,
    link: String,
}

/// Checks `resource` against the profile and adds the violations to `faults`.
fn check_profile(
    profiles: &Profiles,
    index: usize,
    resource: &Value,
    line: &[u8],
    faults: &mut Vec<ResourceFault>,
) -> ProfileResult {
    let Some(profile) = profiles.get(index) else { return ProfileResult::default() };
    let mut judge = ProfileJudge::new(profiles, profile, resource, Vec::new(), 0);
    if let Value::Object(object) = resource {
        judge.children(&profile.root.children, object);
    }
    judge.extensions(resource);
    let valid = judge.found.is_empty();
    let has = std::mem::take(&mut judge.has);
    let of = profile.of.as_str();
    for found in judge.found {
        let fault = fault(found, of, line);
        if faults.len() < MAX_FAULTS && !faults.contains(&fault) {
            faults.push(fault);
        }
    }
    ProfileResult { profile: index, valid, has }
}

/// Reports a claimed profile that is for another resource type.
fn claim_of_other_type(
    profiles: &Profiles,
    index: usize,
    number: usize,
    of: &str,
    line: &[u8],
    faults: &mut Vec<ResourceFault>,
) {
    let Some(profile) = profiles.get(index) else { return };
    let path = vec![
        PathStep { key: "meta".to_owned(), index: None },
        PathStep { key: "profile".to_owned(), index: Some(number) },
    ];
    let expected = format!("a profile for {of}");
    let actual = format!("{}, a profile for {}", profile.name, profile.of);
    let link = profile.url.clone();
    faults.push(fault(FoundItems { rule: LineRule::ProfileType, path, expected, actual, link }, of, line));
}

fn fault(found: FoundItems, of: &str, line: &[u8]) -> ResourceFault {
    let (mut path, mut place) = (of.to_owned(), of.to_owned());
    for step in &found.path {
        // Keys are resource content; only a key that could be the name of an element is shown.
        let plain = step.key.len() <= 41 && step.key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let key = if plain { step.key.as_str() } else { "?" };
        path = format!("{path}.{key}");
        place = format!("{place}.{key}");
        if let Some(index) = step.index {
            path = format!("{path}[{index}]");
        }
    }
    ResourceFault {
        rule: found.rule,
        at: locate(line, &found.path),
        path,
        place,
        expected: found.expected.into(),
        actual: found.actual.into(),
        link: found.link,
    }
}

impl<'a> ProfileJudge<'a> {
    fn new(
        profiles: &'a Profiles,
        profile: &'a Profile,
        resource: &'a Value,
        path: Vec<PathStep>,
        depth: usize,
    ) -> Self {
        let has = vec![false; profile.supports.len()];
        Self { profiles, profile, resource, path, found: Vec::new(), has, depth }
    }

    fn fault(&mut self, rule: LineRule, expected: String, actual: impl Into<String>) {
        let expected = format!("{expected} ({})", self.profile.name);
        let (path, link) = (self.path.clone(), self.profile.url.clone());
        self.found.push(FoundItems { rule, path, expected, actual: actual.into(), link });
    }

    fn children(&mut self, children: &[Node], object: &Map<String, Value>) {
        for child in children {
            let items = values::items(self.profiles, child, object);
            self.count(child, items.len() as u64);
            for item in &items {
                self.within(item, |judge| judge.item(child, item));
            }
            if child.slicing.is_some() {
                self.sliced(child, &items);
            }
        }
    }

    fn within(&mut self, item: &Occurrence<'_>, look: impl FnOnce(&mut Self)) {
        self.path.push(PathStep { key: item.key.clone(), index: item.index });
        look(self);
        self.path.pop();
    }

    fn count(&mut self, node: &Node, count: u64) {
        let what = match &node.slice {
            Some(slice) => format!("{}:{slice}", node.name),
            None => node.name.clone(),
        };
        let actual = || if count == 0 { "none".to_owned() } else { count.to_string() };
        if count < node.min {
            self.fault(LineRule::ProfileCardinality, format!("at least {} {what}", node.min), actual());
        }
        match node.max {
            Some(0) if count > 0 => self.fault(LineRule::ProfileCardinality, format!("no {what}"), actual()),
            Some(max) if count > max => {
                self.fault(LineRule::ProfileCardinality, format!("at most {max} {what}"), actual());
            }
            _ => {}
        }
    }

    /// Checks one occurrence of an element, or of a slice of it.
    fn item(&mut self, node: &Node, item: &Occurrence<'_>) {
        let extension = matches!(node.name.as_str(), "extension" | "modifierExtension");
        if let Some(has) = node.support.and_then(|support| self.has.get_mut(support)) {
            *has |= item.is_populated(extension);
        }
        if let Some(value) = item.value {
            self.value(node, item, value);
        }
        let inner = match (item.value, item.twin) {
            (Some(Value::Object(object)), _) | (_, Some(Value::Object(object))) => Some(object),
            _ => None,
        };
        // In a profile of a primitive, the child `value` is the value itself.
        if let Some(object) = inner {
            let primitive = !matches!(item.value, Some(Value::Object(_)));
            let children = node.children.iter().filter(|child| !primitive || child.name != "value");
            let own: Vec<Node> = if primitive { children.cloned().collect() } else { Vec::new() };
            self.children(if primitive { &own } else { &node.children }, object);
        }
    }

    fn value(&mut self, node: &Node, item: &Occurrence<'_>, value: &Value) {
        if let Some(wanted) = node.value.as_ref().filter(|wanted| !values::is(wanted, value)) {
            self.fault(LineRule::ProfileValue, values::describe(wanted), shown(value));
        }
        // A binding on a choice applies only to those of its types that are codes.
        let text = node.choice && value.is_string() && item.ending.as_deref() != Some("Code");
        if let Some(set) = node.set.and_then(|set| self.profiles.sets.get(set)).filter(|_| !text)
            && set.contains(value) == Some(false)
        {
            self.fault(LineRule::ProfileCode, set.describe(), shown(value));
        }
        let is_of = |of: &AllowedType| values::is_of(std::slice::from_ref(&of.code), item.ending.as_deref(), value);
        if !self.is_typed(node, item) {
            let codes: Vec<&str> = node.types.iter().map(|of| of.code.as_str()).collect();
            let expected = format!("{} of type {}", node.name, codes.join(", "));
            self.fault(LineRule::ProfileType, expected, "another type");
            return;
        }
        let own: Vec<&AllowedType> = node.types.iter().filter(|of| !node.choice || is_of(of)).collect();
        if let [AllowedType { targets: Some(targets), .. }] = own.as_slice()
            && let Some(name) = values::target(self.profiles, value, self.resource)
            && !targets.contains(&name)
        {
            self.fault(
                LineRule::ProfileType,
                format!("a reference to {}", targets.join(", ")),
                format!("a reference to {name}"),
            );
        }
        // `extensions` checks every extension of the resource.
        let urls: Vec<&str> = own.iter().flat_map(|of| &of.profiles).map(String::as_str).collect();
        if !urls.is_empty() && own.iter().all(|of| !of.profiles.is_empty() && of.code != "Extension") {
            self.one_of(&urls, value);
        }
    }

    /// Returns whether a choice or a resource has one of the allowed types.
    fn is_typed(&self, node: &Node, item: &Occurrence<'_>) -> bool {
        let Some(value) = item.value.filter(|_| !node.types.is_empty()) else { return true };
        let is_of = |of: &AllowedType| values::is_of(std::slice::from_ref(&of.code), item.ending.as_deref(), value);
        !(node.choice || value.get("resourceType").is_some()) || node.types.iter().any(is_of)
    }

    /// Checks that the value conforms to one of these profiles.
    fn one_of(&mut self, urls: &[&str], value: &Value) {
        if self.depth >= MAX_DEPTH {
            return;
        }
        let mut tried = Vec::new();
        for url in urls {
            // The value may conform to a profile that is not known.
            let Some(profile) = self.profiles.by_url.get(*url).and_then(|index| self.profiles.get(*index)) else {
                return;
            };
            let found = self.nested(profile, value);
            if found.is_empty() {
                return;
            }
            tried.push(found);
        }
        match <[Vec<FoundItems>; 1]>::try_from(tried) {
            Ok([only]) => self.found.extend(only),
            Err(_) => {
                let names: Vec<&str> = urls.iter().map(|url| short_name(url)).collect();
                let expected = format!("a value that conforms to one of {}", names.join(", "));
                self.fault(LineRule::ProfileType, expected, "a value that conforms to none of them");
            }
        }
    }

    fn nested(&self, profile: &Profile, value: &Value) -> Vec<FoundItems> {
        // A resource within the resource has contained resources of its own.
        let resource = if value.get("resourceType").is_some() { value } else { self.resource };
        let mut inner = ProfileJudge::new(self.profiles, profile, resource, self.path.clone(), self.depth + 1);
        if let Value::Object(object) = value {
            let own = object.get("resourceType").and_then(Value::as_str);
            if let Some(own) = own.filter(|own| *own != profile.of) {
                let actual = if self.profiles.endings.contains(own) { own } else { "another type" };
                inner.fault(LineRule::ProfileType, profile.of.clone(), actual);
                return inner.found;
            }
            inner.children(&profile.root.children, object);
        }
        inner.found
    }

    /// Sorts the items into the slices, and checks each slice.
    fn sliced(&mut self, node: &Node, items: &[Occurrence<'_>]) {
        let Some(slicing) = node.slicing else { return };
        let mut slice_of: Vec<Option<usize>> = Vec::with_capacity(items.len());
        // If the slice of one item is unknown, the number of items in each slice is unknown.
        let mut doubt = false;
        for item in items {
            let mut own = None;
            for (number, slice) in node.slices.iter().enumerate() {
                let passed = slice.tests.iter().map(|test| values::passes(self.profiles, test, item, self.resource));
                let passed: Vec<Option<bool>> = passed.collect();
                if passed.iter().all(|passed| *passed == Some(true)) {
                    own = Some(number);
                    break;
                }
                doubt |= !passed.contains(&Some(false));
            }
            slice_of.push(own);
        }
        let mut last = 0;
        let mut outside = false;
        for (item, own) in items.iter().zip(&slice_of) {
            let late = own.is_some() && outside && slicing.at_end;
            let turned = own.is_some_and(|own| own < last) && slicing.ordered;
            outside |= own.is_none();
            last = own.unwrap_or(last);
            if doubt {
                continue;
            }
            // `is_typed` already reports a type that the choice does not allow.
            let mistyped = node.choice && !self.is_typed(node, item);
            if own.is_none() && slicing.closed && !mistyped {
                let names: Vec<&str> = node.slices.iter().filter_map(|slice| slice.slice.as_deref()).collect();
                let expected = format!("only {} items of the slices {}", node.name, names.join(", "));
                self.within(item, |judge| judge.fault(LineRule::ProfileSlice, expected, "an item of no slice"));
            } else if late || turned {
                let expected = format!("the slices of {} in the order of the profile", node.name);
                self.within(item, |judge| judge.fault(LineRule::ProfileSlice, expected, "another order"));
            }
        }
        for (number, slice) in node.slices.iter().enumerate() {
            let own: Vec<&Occurrence<'_>> =
                items.iter().zip(&slice_of).filter(|(_, own)| **own == Some(number)).map(|(item, _)| item).collect();
            if !doubt {
                self.count(slice, own.len() as u64);
            }
            for item in own {
                self.within(item, |judge| judge.item(slice, item));
            }
        }
    }

    /// Checks every extension of the resource against its definition, if a package contains the definition.
    fn extensions(&mut self, value: &Value) {
        // Only objects have extensions; the key of an array applies to its items.
        let Value::Object(object) = value else { return };
        for (key, inner) in object {
            self.path.push(PathStep { key: key.clone(), index: None });
            let list = matches!(key.as_str(), "extension" | "modifierExtension");
            if let Value::Array(items) = inner {
                for (number, item) in items.iter().enumerate() {
                    if let Some(step) = self.path.last_mut() {
                        step.index = Some(number);
                    }
                    if list {
                        self.extension(item);
                    }
                    self.extensions(item);
                }
            } else {
                self.extensions(inner);
            }
            self.path.pop();
        }
    }

    fn extension(&mut self, value: &Value) {
        let url = text(value, "url");
        let known = self.profiles.by_url.get(url).and_then(|index| self.profiles.get(*index));
        if let Some(profile) = known.filter(|profile| profile.of == "Extension") {
            let found = self.nested(profile, value);
            self.found.extend(found);
        }
    }
}

/// Describes the shape of a value, never the value itself.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => shape(text.as_bytes()),
        Value::Object(object) if object.contains_key("coding") => "codings with other codes or systems".to_owned(),
        Value::Object(_) => "an object with other values".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Number(_) => "another number".to_owned(),
        Value::Bool(_) => "the other boolean".to_owned(),
        Value::Null => "null".to_owned(),
    }
}
