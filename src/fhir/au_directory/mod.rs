//! The Australian Health Connect provider directory: rules for the lines of its files.

pub(crate) mod element;
pub(crate) mod identifiers;
pub(crate) mod judge;
pub mod measure;
pub(crate) mod names;
pub(crate) mod numbers;
pub(crate) mod rule;
pub(crate) mod rules;
pub(crate) mod special;
pub(crate) mod subjects;
#[cfg(test)]
mod tests;
