//! The reference server, called in process: honest conversations, and every fault beside them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod client;
mod directory;
mod faults;
mod guarded;
mod hcpd;
mod honest;
mod many;
mod smile;
mod writable;
