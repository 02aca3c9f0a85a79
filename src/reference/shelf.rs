//! The fault files that are compiled in.

use super::fault::{Fault, FaultError, parse_fault};

/// Pairs of a fault file's path and text.
macro_rules! shelf {
    ($($name:literal),* $(,)?) => {
        &[$((concat!("fixtures/", $name, ".toml"), include_str!(concat!("../../fixtures/", $name, ".toml")))),*]
    };
}

#[rustfmt::skip]
const FILES: &[(&str, &str)] = shelf![
];

/// All faults and legal variants, in the order of their files.
///
/// # Errors
/// The first file that cannot be used, and why.
pub fn faults() -> Result<Vec<Fault>, FaultError> {
    FILES.iter().map(|(file, text)| parse_fault(file, text)).collect()
}

/// The fault called `id`.
///
/// # Errors
/// There is none, or its file cannot be used.
pub fn fault(id: &str) -> Result<Fault, FaultError> {
    let unknown = || FaultError::Unknown { id: id.to_owned() };
    faults()?.into_iter().find(|fault| fault.id == id).ok_or_else(unknown)
}
