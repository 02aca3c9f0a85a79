//! Types and elements of a package before they are written as rows, and helpers to read StructureDefinitions.

use serde_json::Value;

use crate::fhir::definitions::layout::{ElementRow, WatchKind};
use crate::fhir::value::list;

/// A type before its rows are written.
pub(crate) struct Draft<'p> {
    pub(crate) name: String,
    pub(crate) root: String,
    pub(crate) kind: String,
    pub(crate) domain: bool,
    /// The element that defines the type, with its constraints.
    pub(crate) own: &'p Value,
    pub(crate) children: Vec<&'p Value>,
}

/// An element of a type before its row is written.
pub(crate) struct Member<'p> {
    pub(crate) row: ElementRow,
    pub(crate) name: String,
    pub(crate) watches: Vec<Watched>,
    pub(crate) definition: &'p Value,
}

/// A watch that an invariant needs on an element.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Watched {
    pub(crate) kind: WatchKind,
    pub(crate) bit: u8,
    pub(crate) text: Vec<u8>,
    pub(crate) mask: u64,
}

/// Returns the elements of the snapshot.
pub(crate) fn elements(definition: &Value) -> &[Value] {
    definition.get("snapshot").map(|snapshot| list(snapshot, "element")).unwrap_or_default()
}

/// Returns the path of the parent element.
pub(crate) fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('.').map(|(parent, _)| parent)
}

/// Returns `text` as a JSON string.
pub(crate) fn quoted(text: &str) -> Vec<u8> {
    format!("\"{text}\"").into_bytes()
}

/// Returns `code` with a capital first letter.
pub(crate) fn capital(code: &str) -> String {
    let mut letters = code.chars();
    letters.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(letters).collect()
}
