//! A resource that a later export lacks, and whether two copies of a resource are the same version.

use serde_json::Value;

use crate::base::instant::Instant;

/// The type and the id of a resource.
pub type ResourceName = (String, String);

/// A resource of an earlier export that a later one lacks.
#[derive(Clone, Debug)]
pub(crate) struct MissingResource {
    pub kind: String,
    pub id: String,
    /// The resource in the earlier export.
    pub was: Value,
}

/// Returns whether two copies of a resource are the same version, by version id or else by date; `None` if both have
/// neither.
pub(crate) fn same_version(one: &Value, other: &Value) -> Option<bool> {
    ["/meta/versionId", "/meta/lastUpdated"].into_iter().find_map(|pointer| {
        let (one, other) = (one.pointer(pointer)?.as_str()?, other.pointer(pointer)?.as_str()?);
        Some(match (Instant::parse(one), Instant::parse(other)) {
            (Some(one), Some(other)) => one == other,
            _ => one == other,
        })
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn versions_differ_by_version_id_or_date() {
        let state =
            |version: Option<&str>, date: Option<&str>| json!({"meta": {"versionId": version, "lastUpdated": date}});
        let (early, late) = (Some("2024-01-01T00:00:00Z"), Some("2024-01-02T00:00:00Z"));
        assert_eq!(same_version(&state(Some("1"), early), &state(Some("2"), early)), Some(false));
        assert_eq!(same_version(&state(Some("1"), early), &state(Some("1"), late)), Some(true));
        assert_eq!(same_version(&state(None, early), &state(Some("1"), Some("2024-01-01T01:00:00+01:00"))), Some(true));
        assert_eq!(same_version(&state(None, early), &state(None, late)), Some(false));
        assert_eq!(same_version(&json!({}), &state(Some("1"), early)), None);
    }
}
