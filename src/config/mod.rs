//! What a run is told: flags over `PLIMSOLL_*` over `plimsoll.toml`, each value with the place it comes from.

pub mod effective;
pub mod file;
pub mod guard;
pub mod print;
mod refuse;
pub mod values;

/// The spec that is judged by where nobody names one and the server declares none.
pub const DEFAULT_SPEC: &str = "hl7-3.0.0";
