//! The resources of the reference server, and their changes.

pub(crate) mod changes;
pub(crate) mod changing_data;
pub(crate) mod deleted;
pub(crate) mod directory;
pub(crate) mod filter;
pub mod fixtures;
pub(crate) mod generate;
pub mod mutator;
pub(crate) mod population;
pub(crate) mod rows;
pub(crate) mod selection;
