//! The reference server, called in process: the conformant server, and every fault.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "reference/client.rs"]
mod client;
#[path = "reference/conformant.rs"]
mod conformant;
#[path = "reference/directory.rs"]
mod directory;
#[path = "reference/faults.rs"]
mod faults;
#[path = "reference/guarded.rs"]
mod guarded;
#[path = "reference/hcpd.rs"]
mod hcpd;
#[path = "reference/many.rs"]
mod many;
#[path = "reference/smile.rs"]
mod smile;
#[path = "reference/writable.rs"]
mod writable;
