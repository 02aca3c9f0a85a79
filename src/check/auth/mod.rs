//! Checks of tokens, scopes, TLS and of who may see what.

pub(crate) mod access;
pub(crate) mod attachments;
pub(crate) mod replies;
pub(crate) mod scopes;
pub(crate) mod secrecy;
pub(crate) mod tls;
pub(crate) mod tokens;
