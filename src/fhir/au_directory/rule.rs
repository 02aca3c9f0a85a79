//! What a rule of the table says, and what breaks one.

use crate::fhir::au_directory::element::Element;
use crate::fhir::au_directory::names::IdentifierKind;
use crate::fhir::au_directory::numbers::Number;
use crate::suite::shapes::DirectoryTopic as Topic;

/// One rule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    /// Its name.
    pub id: &'static str,
    /// What it belongs to.
    pub topic: Topic,
    /// The profile that it belongs to, as the last part of its canonical URL.
    pub profile: &'static str,
    /// What is expected, to follow "expected".
    pub says: &'static str,
    /// The way to what it looks at, without the type.
    pub way: &'static str,
    /// What must be so there.
    pub must: Must,
}

/// What a rule demands.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Must {
    /// So many elements at the end of the way, within each element before it.
    Count(usize, usize),
    /// The text there is this one.
    One(&'static str),
    /// The number there is made up so.
    Digits(Number),
    /// So many extensions with this URL, on each element there.
    Extension(&'static str, usize, usize),
    /// References there refer to these types, as far as they show it.
    Refers(&'static [&'static str]),
    /// So many identifiers of a kind among those there.
    Kinds(&'static IdentifierKind, usize, usize),
    /// Identifiers of a kind have a type, with the coding of the kind if it has one.
    Typed(&'static IdentifierKind),
    /// Identifiers of a kind are ...
    Classed(&'static IdentifierKind, IdentifierPart),
    /// What a table cannot say: gives what is wrong, on the resource.
    Special(fn(&Element<'_>) -> Vec<Wrong>),
}

/// What must be so of an identifier of a kind.
#[derive(Clone, Copy, Debug)]
pub(crate) enum IdentifierPart {
    /// It has the system of its kind; any system if the kind has none.
    System,
    /// It has a value.
    Value,
    /// Its value is such a number.
    Number(Number),
    /// It has exactly one extension that classifies an organization.
    Classification,
    /// That extension says that the organization is a seed.
    Seed,
    /// Where it names who assigned it, it says so in words.
    AssignerDisplay,
    /// It has a system or an assigner.
    SystemOrAssigner,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The way to it.
    pub path: String,
    /// What is there, without its content.
    pub actual: String,
}

impl Wrong {
    pub fn new(path: impl Into<String>, actual: impl Into<String>) -> Self {
        Self { path: path.into(), actual: actual.into() }
    }
}
