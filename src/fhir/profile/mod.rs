//! Profiles of implementation guides: what their packages require beyond FHIR itself.

pub(crate) mod codes;
pub(crate) mod compile;
pub(crate) mod judge;
pub(crate) mod node;
pub(crate) mod place;
pub mod profiles;
pub(crate) mod slices;
pub(crate) mod values;
