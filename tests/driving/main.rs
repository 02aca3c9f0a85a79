//! Runs against a target: single requests (`session`), complete flows (`flows`), TLS and the network.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod cohorts;
mod flows;
mod network;
mod secrecy;
mod session;
mod tls;
mod tls_versions;
