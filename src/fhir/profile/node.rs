//! A profile's snapshot as a tree: each element with what the profile requires of it, its slices and its children.

use serde_json::Value;

use crate::fhir::value::text;

/// The beginning of the URLs of HL7's own definitions.
pub(crate) const CORE: &str = "http://hl7.org/fhir/StructureDefinition/";

/// An element of a profile, or a slice of one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Node {
    /// The key, without `[x]`.
    pub(crate) name: String,
    /// Whether it is a choice of types.
    pub(crate) choice: bool,
    /// The element's id, as `Patient.name:official.family`.
    pub(crate) label: String,
    /// The name of the slice, if it is one.
    pub(crate) slice: Option<String>,
    /// The minimum count, if it is above that of the base definition; else 0.
    pub(crate) min: u64,
    /// The maximum count, if the base definition allows more.
    pub(crate) max: Option<u64>,
    /// What it may be; empty: whatever the base definition allows.
    pub(crate) types: Vec<AllowedType>,
    /// A value that it must have.
    pub(crate) value: Option<RequiredValue>,
    /// The value set of a required binding, as an index of the sets.
    pub(crate) set: Option<usize>,
    /// Its number among what the profile wants to be supported.
    pub(crate) support: Option<usize>,
    /// How its slices are ordered and closed; none if it has none, or their discriminators are not understood.
    pub(crate) slicing: Option<Slicing>,
    /// Its slices.
    pub(crate) slices: Vec<Node>,
    /// Of a slice: what an item must pass to be one of it.
    pub(crate) tests: Vec<SliceTest>,
    /// Its children.
    pub(crate) children: Vec<Node>,
    /// The definition, while the tree is made.
    pub(crate) raw: Value,
}

/// One of the types that an element may have.
#[derive(Clone, Debug)]
pub(crate) struct AllowedType {
    pub(crate) code: String,
    /// Profiles of which it must keep one.
    pub(crate) profiles: Vec<String>,
    /// Types that it may refer to; none: any, or not known.
    pub(crate) targets: Option<Vec<String>>,
}

/// A value that an element must have.
#[derive(Clone, Debug)]
pub(crate) enum RequiredValue {
    /// This and nothing else.
    Fixed(Value),
    /// At least this.
    Pattern(Value),
}

/// The rules of a slicing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slicing {
    /// Whether every item must be of a slice.
    pub(crate) closed: bool,
    /// Whether what is of no slice comes last.
    pub(crate) at_end: bool,
    /// Whether the slices come in their order.
    pub(crate) ordered: bool,
}

/// One condition for an item to belong to a slice.
#[derive(Clone, Debug)]
pub(crate) struct SliceTest {
    pub(crate) path: Vec<DiscriminatorStep>,
    pub(crate) wants: SliceCriterion,
}

/// A step of a discriminator.
#[derive(Clone, Debug)]
pub(crate) enum DiscriminatorStep {
    /// Into the element of this name.
    Key(String),
    /// Into the choice of this name, whatever its type.
    Choice(String),
    /// Into the extensions of this URL.
    Extension(String),
}

/// What must be at the end of a discriminator.
#[derive(Clone, Debug)]
pub(crate) enum SliceCriterion {
    /// A value.
    Value(RequiredValue),
    /// A code of this set.
    Code(usize),
    /// Something, or nothing.
    There(bool),
    /// One of these types.
    Type(Vec<String>),
    /// A reference to one of these types.
    Target(Vec<String>),
}

/// The value under a key that begins with `prefix`, as in `fixedUri` and `patternCodeableConcept`.
pub(crate) fn of_choice<'v>(value: &'v Value, prefix: &str) -> Option<&'v Value> {
    let mut members = value.as_object()?.iter();
    members.find_map(|(key, value)| {
        let rest = key.strip_prefix(prefix)?;
        rest.starts_with(|c: char| c.is_ascii_uppercase()).then_some(value)
    })
}

/// The tree of a snapshot: its elements come depth first, each slice after the element that it is a slice of.
pub(crate) fn tree(elements: &[Value]) -> Option<Node> {
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
