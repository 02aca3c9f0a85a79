//! FHIR R4: definitions, and whether a resource conforms to them.

pub mod au_directory;
pub mod definitions;
pub(crate) mod json_path;
pub mod profile;
pub mod validate;
pub(crate) mod value;
