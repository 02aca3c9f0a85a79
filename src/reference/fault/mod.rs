//! Faults and legal variants: TOML files that change the behavior of the reference server.

pub(crate) mod active_behaviors;
pub mod behavior;
pub mod definition;
pub mod embedded;
pub(crate) mod json_edits;
pub(crate) mod line_changes;
pub mod line_edit;
pub(crate) mod misread_filters;
pub(crate) mod mutate;
pub(crate) mod placeholders;
pub(crate) mod wrong_selection;
