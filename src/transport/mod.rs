//! Sends bytes to one address, without tokens or recording: network, in-process router, TLS certificates, ClientHello,
//! address guard.

pub mod address_guard;
pub(crate) mod certificates;
pub mod client_hello;
pub mod error;
pub mod in_process;
pub mod message;
pub mod network;
