//! What every folder shares: vocabulary, instants, clock, secrets, JSON text, unprintable characters.

pub mod clock;
pub mod fhir_names;
pub mod file_position;
pub mod instant;
pub mod json_scan;
pub mod json_text;
pub mod percent;
pub mod resource_types;
pub mod secret;
pub mod unprintable;
pub mod vocabulary;
