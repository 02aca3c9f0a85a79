//! A profile's snapshot as a tree: each element with what the profile asks of it, its slices and its children.

use serde_json::Value;

/// An element of a profile, or a slice of one.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    /// The key, without `[x]`.
    pub(super) name: String,
    /// Whether it is a choice of types.
    pub(super) choice: bool,
    /// The element's id, as `Patient.name:official.family`.
    pub(super) label: String,
    /// The name of the slice, if it is one.
    pub(super) slice: Option<String>,
    /// How many there must be, beyond what the base definition asks; 0 where it asks as many.
    pub(super) min: u64,
    /// How many there may be, where the base definition allows more.
    pub(super) max: Option<u64>,
    /// What it may be; empty: whatever the base definition allows.
    pub(super) types: Vec<Type>,
    /// A value that it must have.
    pub(super) value: Option<Wanted>,
    /// The value set of a required binding, as an index of the sets.
    pub(super) set: Option<usize>,
    /// Its number among what the profile wants to be supported.
    pub(super) support: Option<usize>,
    /// How its slices are told apart; none where there are none, or they cannot be.
    pub(super) slicing: Option<Slicing>,
    /// Its slices.
    pub(super) slices: Vec<Node>,
    /// Of a slice: what an item must pass to be one of it.
    pub(super) tests: Vec<Test>,
    /// Its children.
    pub(super) children: Vec<Node>,
    /// The definition, while the tree is made.
    pub(super) raw: Value,
}

/// One of the types that an element may have.
#[derive(Clone, Debug)]
pub(super) struct Type {
    pub(super) code: String,
    /// Profiles of which it must keep one.
    pub(super) profiles: Vec<String>,
    /// Types that it may refer to; none: any, or it could not be told.
    pub(super) targets: Option<Vec<String>>,
}

/// A value that an element must have.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// This and nothing else.
    Fixed(Value),
    /// At least this.
    Pattern(Value),
}

/// How slices are told apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slicing {
    /// Whether every item must be of a slice.
    pub(super) closed: bool,
    /// Whether what is of no slice comes last.
    pub(super) at_end: bool,
    /// Whether the slices come in their order.
    pub(super) ordered: bool,
}

/// One thing by which an item is known to be of a slice.
#[derive(Clone, Debug)]
pub(super) struct Test {
    pub(super) path: Vec<Hop>,
    pub(super) wants: Wants,
}

/// A step of a discriminator.
#[derive(Clone, Debug)]
pub(super) enum Hop {
    /// Into the element of this name.
    Key(String),
    /// Into the choice of this name, whatever its type.
    Choice(String),
    /// Into the extensions of this URL.
    Extension(String),
}

/// What must be at the end of a discriminator.
#[derive(Clone, Debug)]
pub(super) enum Wants {
    /// A value.
    Value(Wanted),
    /// A code of this set.
    Code(usize),
    /// Something, or nothing.
    There(bool),
    /// One of these types.
    Type(Vec<String>),
    /// A reference to one of these types.
    Target(Vec<String>),
}

pub(super) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The value under a key that begins with `prefix`, as in `fixedUri` and `patternCodeableConcept`.
pub(super) fn of_choice<'v>(value: &'v Value, prefix: &str) -> Option<&'v Value> {
    let mut members = value.as_object()?.iter();
    members.find_map(|(key, value)| {
        let rest = key.strip_prefix(prefix)?;
        rest.starts_with(|c: char| c.is_ascii_uppercase()).then_some(value)
    })
}

/// The tree of a snapshot: its elements stand depth first, each slice after what it is a slice of.
pub(super) fn tree(elements: &[Value]) -> Option<Node> {
    let (first, rest) = elements.split_first()?;
    let root = text(first, "path").to_owned();
    let mut tree = node(first, &root);
    for element in rest {
        let path = text(element, "path");
        let inner = path.strip_prefix(&root)?.strip_prefix('.')?;
        let names: Vec<&str> = inner.split('.').collect();
        let (last, parents) = names.split_last()?;
        let mut at = &mut tree;
        for name in parents {
            let plain = name.trim_end_matches("[x]");
            let found = at.children.iter_mut().rev().find(|child| child.name == plain)?;
            // What follows a slice belongs to it.
            at = if found.slices.is_empty() { found } else { found.slices.last_mut()? };
        }
        let made = node(element, last);
        let sliced = made.slice.is_some().then(|| at.children.iter_mut().rev().find(|child| child.name == made.name));
        match sliced.flatten() {
            Some(of) => of.slices.push(made),
            None => at.children.push(made),
        }
    }
    Some(tree)
}

fn node(element: &Value, name: &str) -> Node {
    let (path, slice) = (text(element, "path"), element.get("sliceName").and_then(Value::as_str));
    let id = text(element, "id");
    let label = match (id.is_empty(), slice) {
        (false, _) => id.to_owned(),
        (true, Some(slice)) => format!("{path}:{slice}"),
        (true, None) => path.to_owned(),
    };
    Node {
        name: name.trim_end_matches("[x]").to_owned(),
        choice: name.ends_with("[x]"),
        label,
        slice: slice.map(str::to_owned),
        raw: element.clone(),
        ..Node::default()
    }
}
