//! The snapshot of a profile as a tree: each element with its requirements, its slices and its children.

use serde_json::Value;

use crate::fhir::value::text;

/// The start of the URLs of HL7's own definitions.
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
    /// The name of the slice, if the node is a slice.
    pub(crate) slice: Option<String>,
    /// The minimum count, if it is higher than in the base definition; else 0.
    pub(crate) min: u64,
    /// The maximum count, if it is lower than in the base definition.
    pub(crate) max: Option<u64>,
    /// The allowed types; if empty, those of the base definition.
    pub(crate) types: Vec<AllowedType>,
    /// The required value.
    pub(crate) value: Option<RequiredValue>,
    /// The value set of a required binding, as an index of `Profiles::sets`.
    pub(crate) set: Option<usize>,
    /// Its index among the must-support elements of the profile.
    pub(crate) support: Option<usize>,
    /// The rules of its slicing; `None` without slices, or if a discriminator is not supported.
    pub(crate) slicing: Option<Slicing>,
    /// The slices of the node.
    pub(crate) slices: Vec<Node>,
    /// The tests that an item of this slice passes; empty if the node is not a slice.
    pub(crate) tests: Vec<SliceTest>,
    /// The children of the node.
    pub(crate) children: Vec<Node>,
    /// The ElementDefinition, until the node is compiled.
    pub(crate) raw: Value,
}

/// One of the types that an element may have.
#[derive(Clone, Debug)]
pub(crate) struct AllowedType {
    pub(crate) code: String,
    /// Profiles; the element must conform to one of them.
    pub(crate) profiles: Vec<String>,
    /// Types that it may refer to; `None` for any type or if they are not known.
    pub(crate) targets: Option<Vec<String>>,
}

/// The required value of an element.
#[derive(Clone, Debug)]
pub(crate) enum RequiredValue {
    /// Exactly this value.
    Fixed(Value),
    /// A value that contains at least this.
    Pattern(Value),
}

/// The rules of a slicing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slicing {
    /// Whether every item must belong to a slice.
    pub(crate) closed: bool,
    /// Whether items of no slice must be last.
    pub(crate) at_end: bool,
    /// Whether the items must be in the order of the slices.
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
    /// To the element with this name.
    Key(String),
    /// To the choice with this name, with any type.
    Choice(String),
    /// To the extensions with this URL.
    Extension(String),
}

/// What must be at the end of the path of a discriminator.
#[derive(Clone, Debug)]
pub(crate) enum SliceCriterion {
    /// This value.
    Value(RequiredValue),
    /// A code of the set with this index.
    Code(usize),
    /// An element if true, no element if false.
    There(bool),
    /// One of these types.
    Type(Vec<String>),
    /// A reference to one of these types.
    Target(Vec<String>),
}

/// Returns the value under a key that begins with `prefix`, as in `fixedUri` and `patternCodeableConcept`.
pub(crate) fn of_choice<'v>(value: &'v Value, prefix: &str) -> Option<&'v Value> {
    let mut members = value.as_object()?.iter();
    members.find_map(|(key, value)| {
        let rest = key.strip_prefix(prefix)?;
        rest.starts_with(|c: char| c.is_ascii_uppercase()).then_some(value)
    })
}

/// Builds the tree of a snapshot. The elements of a snapshot are in depth-first order, each slice after its element.
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
            // The children after a slice belong to the slice.
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
