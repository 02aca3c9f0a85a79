//! Driving a target: the only room, beside the reference server, that is asynchronous.

mod assertion;
mod auth;
mod decode;
mod flight;
pub mod guard;
pub mod inprocess;
mod mishap;
pub mod recorder;
mod redact;
mod redirect;
pub mod session;
pub mod settings;
mod tls;
pub mod transport;
pub mod wire;
