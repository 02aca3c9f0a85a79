//! Checks of tokens, scopes, TLS and access control.

pub(crate) mod access;
pub(crate) mod attachments;
pub(crate) mod replies;
pub(crate) mod scopes;
pub(crate) mod secrecy;
pub(crate) mod tls;
pub(crate) mod tokens;
