//! What the reference server holds, and what an export selects from it.

pub(crate) mod associated;
pub(crate) mod blocks;
pub mod changes;
pub(crate) mod changing_data;
pub(crate) mod deleted;
pub(crate) mod directory;
pub(crate) mod filter;
pub mod fixtures;
pub(crate) mod generate;
pub(crate) mod population;
pub(crate) mod rows;
