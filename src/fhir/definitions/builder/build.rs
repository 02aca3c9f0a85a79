//! From a FHIR package to [`Tables`]: `plimsoll definitions build`.

use std::path::Path;

use crate::fhir::definitions::builder::package::Package;
use crate::fhir::definitions::builder::types::Builder;
use crate::fhir::definitions::tables::Tables;

/// Builds the tables of the package at `path`: a `.tgz` as packages are published, or a folder of JSON files. `links` is
/// what links to its definitions begin with.
///
/// # Errors
/// A lower-case fragment that names what is wrong and the way out.
pub fn build(path: &Path, links: &str) -> Result<Tables, String> {
    let package = Package::read(path)?;
    tables(&package, links)
}

/// Builds the tables of a package that was read.
///
/// # Errors
/// As [`build`].
pub fn tables(package: &Package, links: &str) -> Result<Tables, String> {
    Builder::new(package, links).build()
}
