//! Every fault and legal variant of the reference server: what notices it, and what a run writes about it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod privacy;
mod selftest;
