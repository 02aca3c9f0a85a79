//! Profiles of implementation guides: the requirements of their packages beyond FHIR itself.

pub(crate) mod codes;
pub(crate) mod compile;
pub(crate) mod judge;
pub(crate) mod load;
pub(crate) mod lookup;
pub(crate) mod node;
pub mod profiles;
pub(crate) mod slices;
pub(crate) mod values;
