//! Checks of manifests.

pub(crate) mod fields;
pub(crate) mod partial;
