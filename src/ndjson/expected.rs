//! What the manifest says of a file.

use crate::suite::model::FileList;

/// What the manifest says of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The list that names it.
    pub list: FileList,
    /// The `type` that it is listed with; none if the spec has none there. Ignored in the `error` and `deleted` lists,
    /// which have fixed types.
    pub announced: Option<String>,
}
