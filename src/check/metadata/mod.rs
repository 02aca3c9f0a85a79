//! Checks of the CapabilityStatement and of Groups.

pub(crate) mod capability;
pub(crate) mod cohort;
pub(crate) mod declared;
pub(crate) mod statement;
