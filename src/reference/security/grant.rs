//! Access tokens and their permissions.

use std::time::SystemTime;

use crate::base::resource_types;

/// An access token that the server issued.
#[derive(Clone, Debug)]
pub(crate) struct IssuedToken {
    /// When it expires.
    pub until: SystemTime,
    /// The client that requested it.
    pub client: String,
    /// The scopes that it covers.
    pub scope: String,
}

/// The permissions of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grant {
    /// The client that sent the request; `None` if the request had no token or needed none.
    pub client: Option<String>,
    /// The token of the request.
    pub token: Option<String>,
    /// The resource types that the client may read; `None` for all.
    pub types: Option<Vec<String>>,
}

impl Grant {
    /// Whether the client may read resources of this type.
    pub(crate) fn covers(&self, kind: &str) -> bool {
        self.types.as_ref().is_none_or(|types| types.iter().any(|one| one == kind))
    }
}

/// The resource types of scopes such as `system/Patient.rs`; `None` for all types.
pub(crate) fn scope_types(scope: &str) -> Option<Vec<String>> {
    let types: Vec<&str> = scope.split(' ').filter_map(scope_type).collect();
    (!types.contains(&"*")).then(|| types.into_iter().map(str::to_owned).collect())
}

/// The resource type of a system scope that permits reading.
pub(crate) fn scope_type(scope: &str) -> Option<&str> {
    let (kind, permissions) = scope.strip_prefix("system/")?.split_once('.')?;
    let known = kind == "*" || resource_types::is_known(kind);
    (known && matches!(permissions, "read" | "*" | "rs" | "r" | "cruds")).then_some(kind)
}
