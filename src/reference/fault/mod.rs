//! Faults and legal variants: TOML files that change what the reference server does.

pub mod behavior;
pub mod definition;
pub mod embedded;
pub(crate) mod line_changes;
pub(crate) mod misread_filters;
pub(crate) mod mutate;
pub(crate) mod wrong_selection;
