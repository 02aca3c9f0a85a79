//! Driving a target: the only room, beside the reference server, that is asynchronous.

pub mod recorder;
pub mod session;
pub mod settings;
pub mod transport;
