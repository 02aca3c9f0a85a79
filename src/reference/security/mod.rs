//! How the reference server authorizes requests, and its TLS.

pub(crate) mod access;
pub(crate) mod assertion;
pub(crate) mod certificate;
pub(crate) mod grant;
pub mod keys;
pub(crate) mod secure;
pub mod tls;
pub(crate) mod tokens;
