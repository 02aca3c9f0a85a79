//! Reads the profile packages that flags name.

use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::error::CliError;
use crate::fhir::definitions::tables::Tables;
use crate::fhir::profile::profiles::Profiles;

/// Returns the profiles of the packages, or none if no package is given.
pub(crate) fn profiles(
    packages: &[PathBuf],
    assigned: &[String],
    tables: &Tables,
) -> Result<Option<Arc<Profiles>>, CliError> {
    if packages.is_empty() {
        return match assigned.first() {
            Some(_) => Err(CliError::usage(
                "--profile needs the package that defines the profile; give it with --package".to_owned(),
            )),
            None => Ok(None),
        };
    }
    let profiles = Profiles::read(packages, assigned, tables).map_err(CliError::usage)?;
    Ok(Some(Arc::new(profiles)))
}
