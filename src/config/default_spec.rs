//! The default spec.

/// The spec to judge by if the user names no spec and the server declares none.
pub const DEFAULT_SPEC: &str = "hl7-3.0.0";
