//! Bytes to one address: network, in process, TLS, address guard. Knows no token and records nothing.

pub mod address_guard;
pub(crate) mod certificates;
pub mod client_hello;
pub mod error;
pub mod in_process;
pub mod message;
pub mod network;
