//! Checks of the resources that parameters select.

pub(crate) mod elements;
pub(crate) mod filters;
pub(crate) mod provenance;
pub(crate) mod types;
pub(crate) mod unrequested;
