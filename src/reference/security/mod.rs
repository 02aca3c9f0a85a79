//! How the reference server authorizes requests, and its TLS.

pub(crate) mod assertion;
pub(crate) mod auth;
pub(crate) mod certificate;
pub mod keys;
pub(crate) mod secure;
pub mod tls;
