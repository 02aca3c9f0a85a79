//! To come.

pub mod coverage;
pub mod explain;
pub mod list;
pub mod page;
pub mod wrap;
