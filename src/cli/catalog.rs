//! Reads the suites, looks up specs and builds plans.

use std::path::Path;

use crate::cli::error::CliError;
use crate::config::default_spec::DEFAULT_SPEC;
use crate::config::run_config::RunConfig;
use crate::plan::build;
use crate::plan::build::PlanRequest;
use crate::plan::model::Plan;
use crate::suite::catalog::Catalog;
use crate::suite::source;

/// Reads the suites: the built-in ones, or those of a folder.
pub fn catalog(folder: Option<&Path>) -> Result<Catalog, CliError> {
    let read = match folder {
        Some(folder) => source::read_dir(folder),
        None => source::embedded(),
    };
    read.map_err(|refusals| CliError::usage(refusals.render(false)))
}

/// Returns the ids of all specs.
pub fn spec_ids(catalog: &Catalog) -> Vec<String> {
    catalog.specs.keys().cloned().collect()
}

/// Builds a plan.
pub fn plan(
    catalog: &Catalog,
    specs: &[String],
    informational_specs: Vec<String>,
    selected: &dyn Fn(&str) -> bool,
) -> Result<Plan, CliError> {
    let request = PlanRequest { specs: specs.to_vec(), informational_specs, ..Default::default() };
    build::build(catalog, &request, selected).map_err(|e| CliError::usage(e.to_string()))
}

/// Returns the specs that a server declares by these canonical URLs. A URL without a version declares only the specs
/// that list the URL without a version.
pub fn declared(catalog: &Catalog, claims: &[String]) -> Vec<String> {
    let declares = |listed: &String| {
        claims.iter().any(|claim| {
            let bare = claim.split_once('|').map_or(claim.as_str(), |(url, _)| url);
            claim == listed || bare == listed
        })
    };
    catalog.specs.values().filter(|spec| spec.declared_by.iter().any(declares)).map(|spec| spec.id.clone()).collect()
}

/// Returns the given specs, or an error for a spec that the suites do not have.
pub fn specs_named(catalog: &Catalog, named: &[String]) -> Result<Vec<String>, CliError> {
    match named.iter().find(|id| catalog.spec(id).is_none()) {
        Some(id) => Err(unknown_spec(catalog, id)),
        None => Ok(named.to_vec()),
    }
}

/// Returns the given specs, or the default spec if none is given.
pub fn or_default(specs: &[String]) -> Vec<String> {
    if specs.is_empty() { vec![DEFAULT_SPEC.to_owned()] } else { specs.to_vec() }
}

/// Returns an error if the configuration names a spec that the suites do not have.
pub fn known_specs(catalog: &Catalog, config: &RunConfig) -> Result<(), CliError> {
    let unknown =
        config.specs.value.iter().chain(&config.informational_specs.value).find(|id| catalog.spec(id).is_none());
    match unknown {
        Some(id) => Err(unknown_spec(catalog, id)),
        None => Ok(()),
    }
}

/// The error for a spec that the suites do not have.
fn unknown_spec(catalog: &Catalog, id: &str) -> CliError {
    CliError::usage(format!("unknown spec {id:?}; known specs: {}", spec_ids(catalog).join(", ")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_server_declares_by_the_version_it_names() {
        let catalog = catalog(None).unwrap();
        let url = "http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data";
        assert_eq!(declared(&catalog, &[format!("{url}|2.0.0")]), ["hl7-2.0.0"]);
        assert_eq!(declared(&catalog, &[format!("{url}|9.9.9"), url.to_owned()]), Vec::<String>::new());
        assert_eq!(declared(&catalog, &[]), Vec::<String>::new());
    }
}
