//! Faults and legal variants: TOML files that change what the reference server does.

pub mod behavior;
pub mod definition;
pub(crate) mod line_changes;
pub(crate) mod misread_filters;
pub(crate) mod mutate;
pub mod shelf;
pub(crate) mod shelf_auth;
pub(crate) mod shelf_cohorts;
pub(crate) mod shelf_hooks;
pub(crate) mod shelf_stu3;
pub(crate) mod wrong_selection;
