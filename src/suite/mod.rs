//! Suites: the rules as data. [`model::Catalog`] is what the other rooms see.

pub mod model;
pub mod values;
