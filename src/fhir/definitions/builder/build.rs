//! Builds [`Tables`] from a FHIR package, for `plimsoll definitions build`.

use std::path::Path;

use crate::fhir::definitions::builder::package::Package;
use crate::fhir::definitions::builder::types::Builder;
use crate::fhir::definitions::tables::Tables;

/// Builds the tables of the package at `path`: a published `.tgz`, or a folder of JSON files. `links` is the start of
/// links to its definitions.
///
/// # Errors
/// A lower-case fragment that names the problem and the way out.
pub fn build(path: &Path, links: &str) -> Result<Tables, String> {
    let package = Package::read(path)?;
    tables(&package, links)
}

/// Builds the tables of a package.
///
/// # Errors
/// As [`build`].
pub fn tables(package: &Package, links: &str) -> Result<Tables, String> {
    Builder::new(package, links).build()
}
