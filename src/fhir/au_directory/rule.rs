//! A rule of the table, and a violation of one.

use crate::fhir::au_directory::element::Element;
use crate::fhir::au_directory::names::IdentifierKind;
use crate::fhir::au_directory::numbers::Number;
use crate::suite::shapes::DirectoryTopic as Topic;

/// One rule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    /// The name of the rule.
    pub id: &'static str,
    /// The topic that it belongs to.
    pub topic: Topic,
    /// The profile that it belongs to, as the last part of its canonical URL.
    pub profile: &'static str,
    /// What it expects, a noun phrase that follows "expected".
    pub says: &'static str,
    /// The path of the elements that it checks, without the resource type.
    pub way: &'static str,
    /// The requirement on these elements.
    pub must: Must,
}

/// The requirement of a rule. "There" means at the end of the path.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Must {
    /// At least and at most so many elements there, in each parent.
    Count(usize, usize),
    /// The string there is this one.
    One(&'static str),
    /// The number there has this form.
    Digits(Number),
    /// At least and at most so many extensions with this URL on the resource.
    Extension(&'static str, usize, usize),
    /// References there that show their type refer to one of these types.
    Refers(&'static [&'static str]),
    /// At least and at most so many identifiers of a kind there.
    Kinds(&'static IdentifierKind, usize, usize),
    /// Identifiers of a kind have a type, with the coding of the kind if the kind has one.
    Typed(&'static IdentifierKind),
    /// Identifiers of a kind meet a requirement on one of their parts.
    Classed(&'static IdentifierKind, IdentifierPart),
    /// A rule as a function, which returns the violations in the resource.
    Special(fn(&Element<'_>) -> Vec<Wrong>),
}

/// A requirement on a part of an identifier of a kind.
#[derive(Clone, Copy, Debug)]
pub(crate) enum IdentifierPart {
    /// It has the system of its kind, or any system if the kind has none.
    System,
    /// It has a value.
    Value,
    /// Its value is a number of this form.
    Number(Number),
    /// It has exactly one extension that classifies an organization.
    Classification,
    /// That extension classifies the organization as a seed.
    Seed,
    /// If it has an assigner, the assigner has a display.
    AssignerDisplay,
    /// It has a system or an assigner.
    SystemOrAssigner,
}

/// One violation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The path of the element.
    pub path: String,
    /// What was found, without resource content.
    pub actual: String,
}

impl Wrong {
    /// Creates a violation at `path`.
    pub fn new(path: impl Into<String>, actual: impl Into<String>) -> Self {
        Self { path: path.into(), actual: actual.into() }
    }
}
