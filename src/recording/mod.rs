//! The recording: all exchanges of a run, redacted when made, and the facts measured on its files. Enough to judge again
//! without a network; no resource content.

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
