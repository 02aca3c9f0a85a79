//! One recorded request: token, redirects, limits, exchange.

pub mod auth;
pub mod client;
pub(crate) mod decode;
pub(crate) mod redirect;
pub(crate) mod send;
pub(crate) mod tls_probes;
