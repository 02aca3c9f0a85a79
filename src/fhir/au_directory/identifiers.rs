//! Assigns identifiers to kinds: by their system, by their type, or by both.

use crate::fhir::au_directory::element::Element;
use crate::fhir::au_directory::names::{IdentifiedBy, IdentifierKind};

/// Returns whether an identifier is certainly of a kind.
pub(crate) fn is_kind(identifier: &Element<'_>, kind: &IdentifierKind) -> bool {
    match kind.by {
        IdentifiedBy::System => has_system(identifier, kind),
        IdentifiedBy::Type => has_type(identifier, kind),
        IdentifiedBy::Both => has_system(identifier, kind) && has_type(identifier, kind),
    }
}

/// Returns whether an identifier could be of a kind: a part with a data-absent-reason matches any kind.
pub(crate) fn may_be(identifier: &Element<'_>, kind: &IdentifierKind) -> bool {
    let system = || kind.system.is_none_or(|system| identifier.says("system", system));
    let coded = || {
        let types = identifier.children("type");
        kind.coding.is_none_or(|(system, code)| types.iter().any(|one| one.may_have_code(Some(system), code)))
    };
    identifier.is_excused()
        || match kind.by {
            IdentifiedBy::System => system(),
            IdentifiedBy::Type => coded(),
            IdentifiedBy::Both => system() && coded(),
        }
}

/// Returns whether an identifier has the system of a kind.
pub(crate) fn has_system(identifier: &Element<'_>, kind: &IdentifierKind) -> bool {
    kind.system.is_none_or(|system| identifier.child_text("system") == Some(system))
}

/// Returns whether an identifier has the type coding of a kind.
pub(crate) fn has_type(identifier: &Element<'_>, kind: &IdentifierKind) -> bool {
    let Some((system, code)) = kind.coding else { return true };
    identifier.children("type").iter().any(|one| one.has_code(Some(system), code))
}

/// Describes that none of `count` elements matched: `none among 3 identifiers`.
pub(crate) fn among(count: usize, noun: &str) -> String {
    match count {
        0 => format!("no {noun}"),
        1 => format!("none among 1 {noun}"),
        count => format!("none among {count} {noun}s"),
    }
}
