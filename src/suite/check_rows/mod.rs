//! The built-in checks: everything that is known of one is its row.

pub(crate) mod all;
pub(crate) mod auth;
pub(crate) mod files;
pub(crate) mod flow;
pub(crate) mod manifest;
pub(crate) mod metadata;
pub(crate) mod params;
