//! Sends and records one request at a time: token, redirects, limits, exchange.

pub mod auth;
pub(crate) mod body;
pub mod client;
pub(crate) mod decode;
pub mod exchange;
pub(crate) mod interrupt;
pub(crate) mod liveness;
pub(crate) mod origins;
pub(crate) mod rate;
pub(crate) mod redirect;
pub(crate) mod send;
pub(crate) mod sender;
pub(crate) mod tls_probes;
