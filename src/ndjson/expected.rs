//! What the manifest states about a file.

use crate::suite::model::FileList;

/// What the manifest states about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The list that contains it.
    pub list: FileList,
    /// The `type` that it is listed with; `None` if the spec has no type there. Ignored in the `error` and `deleted`
    /// lists, which have fixed types.
    pub announced: Option<String>,
}
