//! From a FHIR package to [`Tables`]: `plimsoll definitions build`.

mod codes;
mod formula;
mod invariants;
mod kinds;
mod lex;
mod package;
mod types;

use std::path::Path;

use super::tables::Tables;
pub(super) use codes::expand;
pub(super) use invariants::BUILT_IN;
pub use package::Package;

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
    types::Builder::new(package, links).build()
}
