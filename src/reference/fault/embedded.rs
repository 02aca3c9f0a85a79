//! The faults and legal variants that are compiled in: one for each file in `fixtures/faults` and `fixtures/legal`.

use std::sync::LazyLock;

use crate::reference::fault::definition::{Fault, FaultError, parse_fault};

/// Pairs of a file's path and text, faults first, each folder in the order of its file names. The build script writes
/// the list.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/fault_files.rs"));

static FAULTS: LazyLock<Result<Vec<Fault>, FaultError>> =
    LazyLock::new(|| FILES.iter().map(|(file, text)| parse_fault(file, text)).collect());

/// All faults and legal variants, in the order of their files.
///
/// # Errors
/// The first invalid file, and what is wrong with it.
pub fn faults() -> Result<Vec<Fault>, FaultError> {
    FAULTS.clone()
}

/// The fault with this id.
///
/// # Errors
/// No fault has this id, or a fault file is invalid.
pub fn fault(id: &str) -> Result<Fault, FaultError> {
    let faults = FAULTS.as_ref().map_err(FaultError::clone)?;
    let unknown = || FaultError::Unknown { id: id.to_owned() };
    faults.iter().find(|fault| fault.id == id).cloned().ok_or_else(unknown)
}
