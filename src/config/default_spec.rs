//! What a run is told: flags over `PLIMSOLL_*` over `plimsoll.toml`, each value with the place it comes from.

/// The spec that is judged by where nobody names one and the server declares none.
pub const DEFAULT_SPEC: &str = "hl7-3.0.0";
