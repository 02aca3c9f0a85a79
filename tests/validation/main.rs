//! Tests of NDJSON files and resources: framing, FHIR's definitions, profiles, mutated lines, the `ndjson` command.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod fhir;
mod mutations;
mod ndjson;
mod profiles;
#[path = "../commands/support.rs"]
mod support;
