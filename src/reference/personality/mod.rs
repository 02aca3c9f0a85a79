//! How the reference server speaks under each spec.

pub(crate) mod hapi;
pub(crate) mod hcpd;
pub(crate) mod smile;
