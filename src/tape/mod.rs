//! The tape: all exchanges of a run, redacted when made, and the facts measured on its files. Enough to judge again
//! without a network; no resource content.

mod facts;
mod hooked;
pub mod model;
mod secrecy;
pub mod shape;
pub mod store;
