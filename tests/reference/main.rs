//! The reference server, called in this process: the conformant server, and every fault.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod client;
mod conformant;
mod directory;
mod faults;
mod guarded;
mod hcpd;
mod many;
mod smile;
mod writable;
