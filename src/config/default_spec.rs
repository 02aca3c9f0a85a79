//! The spec for runs that name none.

/// The spec to judge by if nobody names one and the server declares none.
pub const DEFAULT_SPEC: &str = "hl7-3.0.0";
