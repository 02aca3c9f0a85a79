//! Validates one resource against FHIR's definitions.

pub(crate) mod array;
pub(crate) mod close;
pub(crate) mod coding;
pub(crate) mod compare;
pub mod fault;
pub(crate) mod formats;
pub(crate) mod keys;
pub(crate) mod object;
pub(crate) mod pass;
pub(crate) mod program;
pub(crate) mod references;
pub(crate) mod resource;
pub(crate) mod resource_type;
pub(crate) mod scratch;
pub(crate) mod state;
pub mod validator;
pub(crate) mod value;
pub(crate) mod xhtml;
