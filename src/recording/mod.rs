//! The recording: all exchanges of a run, redacted when they are recorded, and the facts measured on files. It has no
//! resource content, and is enough to judge a run again without a network.

pub mod comparison;
pub(crate) mod data_changes;
pub mod early_end;
pub mod facts;
pub mod handshake;
pub mod model;
pub mod secrecy;
pub mod settings;
pub mod shape;
pub mod store;
