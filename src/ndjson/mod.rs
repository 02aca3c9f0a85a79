//! Reads NDJSON, streaming and with bounded memory: bytes in, [`crate::recording::facts::LineFacts`] out.
//!
//! ```text
//! bytes -> Decoder (gzip) -> Framer (lines) -> Inspector (one line: syntax and facts) -> FileLines (faults of the file
//! itself, rules, counts) -> LineFacts
//! ```
//!
//! `reader::FileReader` does all of this for one file; `command::files::check` is the command `plimsoll ndjson`.
//! Everything here is synchronous and pure. An `inspect::Inspector` reads each line once: `JsonInspector` checks the
//! JSON and collects the few elements of FHIR that every test needs, `fhir::FhirInspector` also validates each
//! resource.
//!
//! No resource content leaves this module: findings name positions, shapes, elements and resource types, and identities
//! are keyed hashes.

pub mod command;
pub mod contents;
pub(crate) mod counts;
pub mod decode;
pub(crate) mod decode_thread;
#[cfg(test)]
mod directory_tests;
pub mod expected;
pub mod facts;
pub mod fhir;
pub(crate) mod file_format;
pub(crate) mod findings;
pub(crate) mod frame;
pub mod identity;
pub mod inspect;
pub(crate) mod json;
pub mod limits;
pub mod lines;
pub(crate) mod open_value;
pub(crate) mod profiles;
pub mod reader;
pub(crate) mod rules;
