//! Access control and TLS of the reference server.

pub(crate) mod access;
pub(crate) mod assertion;
pub(crate) mod certificate;
pub(crate) mod grant;
pub mod keys;
pub(crate) mod secure;
pub mod tls;
pub(crate) mod tokens;
