//! FHIR's own definitions as tables, and the builder that creates the tables from a package.

pub mod builder;
pub mod embedded;
pub(crate) mod layout;
pub(crate) mod prepared;
pub(crate) mod rows;
pub mod tables;
