//! Builds the tables from a FHIR package: `plimsoll definitions build`.

pub mod build;
pub(crate) mod codes;
pub(crate) mod draft;
pub(crate) mod formula;
pub(crate) mod invariants;
pub(crate) mod kinds;
pub(crate) mod lex;
pub mod package;
pub(crate) mod types;
