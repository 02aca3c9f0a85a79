//! Driving a target: the only room, beside the reference server, that is asynchronous.

pub mod transport;
