//! The packages of profiles that flags name.

use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::error::CliError;
use crate::fhir::definitions::tables::Tables;
use crate::fhir::profile::profiles::Profiles;

/// The profiles of the packages; none if no package is named.
pub(crate) fn profiles(
    packages: &[PathBuf],
    assigned: &[String],
    tables: &Tables,
) -> Result<Option<Arc<Profiles>>, CliError> {
    if packages.is_empty() {
        return match assigned.first() {
            Some(_) => {
                Err(CliError::usage("a profile needs the package that defines it, name that by --package".to_owned()))
            }
            None => Ok(None),
        };
    }
    let profiles = Profiles::read(packages, assigned, tables).map_err(CliError::usage)?;
    Ok(Some(Arc::new(profiles)))
}
