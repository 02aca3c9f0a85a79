//! NDJSON framing and facts, streaming and bounded: bytes in, [`crate::tape::model::LineFacts`] out.
//!
//! ```text
//! bytes -> Decoder (gzip) -> Framer (lines) -> Inspector (one line: syntax and facts) -> Lines (file-level diagnosis,
//! rules, tally) -> LineFacts
//! ```
//!
//! [`FileReader`] is the whole of it for one file; [`files::check`] is the command `plimsoll ndjson`. Everything here is
//! synchronous and pure. A line is looked at once, by an [`Inspector`]; [`JsonInspector`] knows JSON and the few elements
//! of FHIR that every test needs, and [`FhirInspector`] holds each resource against FHIR's definitions.
//!
//! Nothing of a resource's content leaves this room: findings hold places, shapes, names of elements and names of
//! resource types, and identities are keyed hashes.

mod apart;
mod decode;
pub mod directory;
mod facts;
mod fhir;
pub mod files;
mod findings;
mod frame;
mod gather;
mod identity;
mod inspect;
mod join;
mod json;
mod junit;
mod lines;
mod profiles;
mod reader;
mod render;
mod rules;
mod source;

pub use decode::{Coding, Decoder};
pub use facts::{Fault, Notes, Standing, Text, TextState};
pub use fhir::FhirInspector;
pub use frame::{Framed, Framer, Line};
pub use identity::{Identity, RunKey, normalise_reference};
pub use inspect::{Inspector, JsonInspector, Watch};
pub use lines::Expected;
pub use reader::{FileReader, Finished, Limits, Options};
