//! NDJSON framing and facts, streaming and bounded: bytes in, [`crate::recording::facts::LineFacts`] out.
//!
//! ```text
//! bytes -> Decoder (gzip) -> Framer (lines) -> Inspector (one line: syntax and facts) -> Lines (file-level diagnosis,
//! rules, tally) -> LineFacts
//! ```
//!
//! [`FileReader`] is the whole of it for one file; [`crate::ndjson::command::files::check`] is the command `plimsoll ndjson`. Everything here is
//! synchronous and pure. A line is looked at once, by an [`Inspector`]; [`JsonInspector`] knows JSON and the few elements
//! of FHIR that every test needs, and [`FhirInspector`] holds each resource against FHIR's definitions.
//!
//! Nothing of a resource's content leaves this room: findings hold places, shapes, names of elements and names of
//! resource types, and identities are keyed hashes.

pub mod command;
pub mod contents;
pub mod decode;
pub(crate) mod decode_thread;
pub mod facts;
pub mod fhir;
pub(crate) mod findings;
pub(crate) mod frame;
pub mod identity;
pub mod inspect;
pub(crate) mod join;
pub(crate) mod json;
pub mod lines;
pub(crate) mod profiles;
pub mod reader;
pub(crate) mod rules;
