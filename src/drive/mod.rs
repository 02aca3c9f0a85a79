//! Driving a target: the only room, beside the reference server, that is asynchronous.

mod auth;
mod decode;
mod flight;
pub mod inprocess;
pub mod recorder;
mod redact;
mod redirect;
pub mod session;
pub mod settings;
pub mod transport;
