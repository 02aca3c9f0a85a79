//! FHIR R4: the definitions, and the validation of resources against definitions and profiles.

pub mod au_directory;
pub mod definitions;
pub(crate) mod json_path;
pub mod profile;
pub mod validate;
pub(crate) mod value;
