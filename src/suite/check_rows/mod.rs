//! The rows of the built-in checks. A row defines everything about its check except its function.

pub(crate) mod all;
pub(crate) mod auth;
pub(crate) mod files;
pub(crate) mod flow;
pub(crate) mod manifest;
pub(crate) mod metadata;
pub(crate) mod params;
