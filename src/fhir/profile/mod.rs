//! Profiles: the requirements of implementation guides in addition to FHIR's own definitions.

pub(crate) mod codes;
pub(crate) mod compile;
pub(crate) mod judge;
pub(crate) mod load;
pub(crate) mod lookup;
pub(crate) mod node;
pub mod profiles;
pub(crate) mod slices;
pub(crate) mod values;
