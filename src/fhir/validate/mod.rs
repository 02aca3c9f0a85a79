//! Whether one resource conforms to the definitions.

pub(crate) mod array;
pub(crate) mod close;
pub(crate) mod compare;
pub mod fault;
pub(crate) mod formats;
pub(crate) mod pass;
pub(crate) mod program;
pub(crate) mod resource;
pub(crate) mod scan;
pub(crate) mod scratch;
pub mod validator;
pub(crate) mod value;
pub(crate) mod xhtml;
