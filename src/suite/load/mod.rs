//! Loads suite files: from their text to the catalog.

pub(crate) mod coverage;
pub(crate) mod raw;
pub(crate) mod read;
pub(crate) mod resolve;
pub(crate) mod rules;
pub(crate) mod wait_circles;
