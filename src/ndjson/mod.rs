//! NDJSON framing and facts, streaming and bounded: bytes in, [`crate::recording::facts::LineFacts`] out.
//!
//! ```text
//! bytes -> Decoder (gzip) -> Framer (lines) -> Inspector (one line: syntax and facts) -> FileLines (faults of the whole
//! file, rules, counts) -> LineFacts
//! ```
//!
//! `reader::FileReader` does all of this for one file; `command::files::check` is the command `plimsoll ndjson`. Everything
//! here is synchronous and pure. An `inspect::Inspector` looks at each line once: `JsonInspector` knows JSON and the few
//! elements of FHIR that every test needs, `fhir::FhirInspector` also validates each resource.
//!
//! No content of a resource leaves this folder: findings name positions, shapes, elements and resource types, and
//! identities are keyed hashes.

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
