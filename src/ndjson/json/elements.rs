//! The elements of FHIR that the rules of lines need, by their paths.

use crate::ndjson::facts::{JsonText, LineNotes};

/// An element, recognized by the keys on its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KnownElement {
    /// Any other element.
    None,
    /// The line's value.
    Root,
    /// `resourceType`
    Type,
    /// `id`
    Id,
    /// `meta`
    Meta,
    /// `type`, as in a Bundle
    BundleType,
    /// `meta.versionId`
    Version,
    /// `meta.lastUpdated`
    Updated,
    /// `issue`
    Issues,
    /// `issue[*]`
    Issue,
    /// `issue[*].severity`
    Severity,
    /// `issue[*].code`
    Code,
    /// `entry`
    Entries,
    /// `entry[*]`
    Entry,
    /// `entry[*].request`
    Request,
    /// `entry[*].request.method`
    Method,
    /// `entry[*].request.url`
    Url,
    /// `resource`, as in a Bundle's entry
    Wrapped,
    /// `resource.resourceType`
    WrappedType,
}

impl KnownElement {
    /// Returns the element with the key `key` in this element.
    pub(crate) fn child(self, key: &[u8]) -> Self {
        match (self, key) {
            (Self::None, _) => Self::None,
            (Self::Root, b"resourceType") => Self::Type,
            (Self::Root, b"id") => Self::Id,
            (Self::Root, b"meta") => Self::Meta,
            (Self::Root, b"type") => Self::BundleType,
            (Self::Root, b"issue") => Self::Issues,
            (Self::Root, b"entry") => Self::Entries,
            (Self::Root, b"resource") => Self::Wrapped,
            (Self::Meta, b"versionId") => Self::Version,
            (Self::Meta, b"lastUpdated") => Self::Updated,
            (Self::Issue, b"severity") => Self::Severity,
            (Self::Issue, b"code") => Self::Code,
            (Self::Entry, b"request") => Self::Request,
            (Self::Request, b"method") => Self::Method,
            (Self::Request, b"url") => Self::Url,
            (Self::Wrapped, b"resourceType") => Self::WrappedType,
            _ => Self::None,
        }
    }

    /// Returns the element for the items of this array.
    pub(crate) fn of_items(self) -> Self {
        match self {
            Self::Issues => Self::Issue,
            Self::Entries => Self::Entry,
            _ => Self::None,
        }
    }

    /// Returns the field of the notes for this element, if there is one.
    pub(crate) fn text(self, notes: &mut LineNotes) -> Option<&mut JsonText> {
        match self {
            Self::Type => Some(&mut notes.resource_type),
            Self::Id => Some(&mut notes.id),
            Self::Version => Some(&mut notes.version_id),
            Self::Updated => Some(&mut notes.last_updated),
            Self::BundleType => Some(&mut notes.bundle_type),
            _ => None,
        }
    }
}
