//! Compiles the discriminators of slices, by following their paths through the elements of the slice.

use serde_json::Value;

use crate::fhir::profile::lookup::DefinitionLookup;
use crate::fhir::profile::node::{DiscriminatorStep, Node, RequiredValue, SliceCriterion, SliceTest, of_choice};
use crate::fhir::value::{list, text};

/// A step of a discriminator's path.
enum Word {
    Name(String),
    Extension(String),
    OfType(String),
    Resolve,
}

/// Returns the test of a slice for one discriminator, or `None` if the discriminator is not supported.
pub(crate) fn test(definitions: &mut DefinitionLookup<'_>, slice: &Node, discriminator: &Value) -> Option<SliceTest> {
    let words = words(text(discriminator, "path"))?;
    let is_url = matches!(words.as_slice(), [Word::Name(name)] if name == "url");
    match text(discriminator, "type") {
        "value" | "pattern" if is_url && is_extension(slice) => {
            let wants = SliceCriterion::Value(RequiredValue::Fixed(url_of(slice)?.into()));
            Some(SliceTest { path: vec![DiscriminatorStep::Key("url".to_owned())], wants })
        }
        // The deepest element with a value.
        "value" | "pattern" => {
            trail(definitions, slice, &words).iter().rev().find_map(|stop| value(definitions, stop, &words))
        }
        "exists" => {
            let TrailStep { node, path, .. } = end(definitions, slice, &words)?;
            let there = match (node.raw.get("min").and_then(Value::as_u64), text(&node.raw, "max")) {
                (_, "0") => false,
                (Some(1..), _) => true,
                _ => return None,
            };
            Some(SliceTest { path, wants: SliceCriterion::There(there) })
        }
        "type" => of_type(definitions, slice, &words),
        _ => None,
    }
}

fn of_type(definitions: &mut DefinitionLookup<'_>, slice: &Node, words: &[Word]) -> Option<SliceTest> {
    let (rest, resolved) = match words {
        [rest @ .., Word::Resolve] => (rest, true),
        rest => (rest, false),
    };
    let TrailStep { node, path, .. } = end(definitions, slice, rest)?;
    if resolved {
        let targets = definitions.targets_of(&node).filter(|targets| !targets.is_empty())?;
        return Some(SliceTest { path, wants: SliceCriterion::Target(targets) });
    }
    let codes: Vec<String> = list(&node.raw, "type").iter().map(|of| text(of, "code").to_owned()).collect();
    (!codes.is_empty()).then_some(SliceTest { path, wants: SliceCriterion::Type(codes) })
}

fn value(definitions: &mut DefinitionLookup<'_>, stop: &TrailStep, words: &[Word]) -> Option<SliceTest> {
    let mut path = stop.path.clone();
    let tail = words.get(words.len() - stop.left..)?;
    for word in tail {
        let Word::Name(name) = word else { return None };
        path.push(DiscriminatorStep::Key(name.clone()));
    }
    let raw = &stop.node.raw;
    let fixed = of_choice(raw, "fixed").map(|value| (value, true));
    let wanted = fixed.or_else(|| of_choice(raw, "pattern").map(|value| (value, false)));
    if let Some((value, exact)) = wanted {
        let mut inner = vec![value];
        for word in tail {
            let Word::Name(name) = word else { return None };
            inner = inner.into_iter().filter_map(|value| value.get(name)).flat_map(flat).collect();
        }
        // With several values, all would be required at once, which one test cannot express.
        let [value] = inner.as_slice() else { return None };
        let value = (*value).clone();
        let wants =
            SliceCriterion::Value(if exact { RequiredValue::Fixed(value) } else { RequiredValue::Pattern(value) });
        return Some(SliceTest { path, wants });
    }
    if !tail.is_empty() {
        return None;
    }
    definitions.set_of(&stop.node).map(|set| SliceTest { path, wants: SliceCriterion::Code(set) })
}

fn flat(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        value => vec![value],
    }
}

/// A step on the path through a slice: the element, its path, and the number of remaining words.
struct TrailStep {
    node: Node,
    path: Vec<DiscriminatorStep>,
    left: usize,
}

/// Returns the element at the end of the path.
fn end(definitions: &DefinitionLookup<'_>, slice: &Node, words: &[Word]) -> Option<TrailStep> {
    trail(definitions, slice, words).pop().filter(|stop| stop.left == 0)
}

/// Follows the words through the slice, until an element for a word is missing.
fn trail(definitions: &DefinitionLookup<'_>, slice: &Node, words: &[Word]) -> Vec<TrailStep> {
    let mut trail = vec![TrailStep { node: slice.clone(), path: Vec::new(), left: words.len() }];
    for (done, word) in words.iter().enumerate() {
        let Some(TrailStep { node, path, .. }) = trail.last() else { break };
        let mut path = path.clone();
        let next = match word {
            Word::Resolve => None,
            Word::OfType(code) => {
                let is = |slice: &&Node| list(&slice.raw, "type").iter().any(|of| text(of, "code") == code);
                Some(node.slices.iter().find(is).unwrap_or(node).clone())
            }
            Word::Extension(url) => {
                path.push(DiscriminatorStep::Extension(url.clone()));
                let own = node.children.iter().find(|child| child.name == "extension");
                own.and_then(|own| own.slices.iter().find(|slice| url_of(slice).as_deref() == Some(url))).cloned()
            }
            // An element with slices of its own has no single value.
            Word::Name(name) => child(definitions, node, name).filter(|next| next.slices.is_empty() || next.choice),
        };
        let Some(next) = next else { break };
        if let Word::Name(name) = word {
            path.push(if next.choice {
                DiscriminatorStep::Choice(name.clone())
            } else {
                DiscriminatorStep::Key(name.clone())
            });
        }
        trail.push(TrailStep { node: next, path, left: words.len() - done - 1 });
    }
    trail
}

/// Returns the child with this name, in the slice or in the profile of its type.
fn child(definitions: &DefinitionLookup<'_>, node: &Node, name: &str) -> Option<Node> {
    let own = node.children.iter().find(|child| child.name == name);
    let of_profile = || {
        let [of] = list(&node.raw, "type") else { return None };
        let [profile] = list(of, "profile") else { return None };
        let tree = definitions.tree(profile.as_str()?.split('|').next()?)?;
        tree.children.iter().find(|child| child.name == name)
    };
    own.or_else(of_profile).cloned()
}

fn is_extension(slice: &Node) -> bool {
    matches!(slice.name.as_str(), "extension" | "modifierExtension")
}

/// Returns the URL of the extensions in this slice.
fn url_of(slice: &Node) -> Option<String> {
    let own = slice.children.iter().find(|child| child.name == "url");
    if let Some(url) = own.and_then(|url| of_choice(&url.raw, "fixed")).and_then(Value::as_str) {
        return Some(url.to_owned());
    }
    let [of] = list(&slice.raw, "type") else { return None };
    let [profile] = list(of, "profile") else { return None };
    Some(profile.as_str()?.split('|').next()?.to_owned())
}

/// Splits the path of a discriminator into words. Returns `None` if a word is not supported.
fn words(path: &str) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut rest = path.strip_prefix("$this").map_or(path, |rest| rest.strip_prefix('.').unwrap_or(rest));
    while !rest.is_empty() {
        // A URL contains dots.
        let end = match rest.find(['.', '(']) {
            Some(at) if rest.get(at..)?.starts_with('(') => at + rest.get(at..)?.find(')')? + 1,
            Some(at) => at,
            None => rest.len(),
        };
        let (word, after) = rest.split_at(end);
        rest = after.strip_prefix('.').unwrap_or(after);
        let argument = |name: &str| {
            let inner = word.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')')?;
            Some(inner.trim_matches(['\'', '"', ' ']).to_owned())
        };
        words.push(if word == "resolve()" {
            Word::Resolve
        } else if let Some(url) = argument("extension") {
            Word::Extension(url)
        } else if let Some(code) = argument("ofType") {
            Word::OfType(code)
        } else if word.chars().all(|c| c.is_ascii_alphanumeric()) {
            Word::Name(word.to_owned())
        } else {
            return None;
        });
    }
    Some(words)
}
