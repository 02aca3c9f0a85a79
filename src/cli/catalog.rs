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

/// The specs that a server declares.
#[derive(Debug, PartialEq, Eq)]
pub struct DeclaredSpecs {
    /// Their ids.
    pub specs: Vec<String>,
    /// The server declares the canonical URL of HL7 without a version, so the spec is the default spec.
    pub without_version: bool,
}

/// Returns the specs that a server declares by these canonical URLs. A URL without a version declares the specs that
/// list the URL without a version. If it declares none, but a URL of the default spec without its version, that is the
/// default spec.
pub fn declared(catalog: &Catalog, claims: &[String]) -> DeclaredSpecs {
    let declares = |listed: &String| {
        claims.iter().any(|claim| {
            let bare = claim.split_once('|').map_or(claim.as_str(), |(url, _)| url);
            claim == listed || bare == listed
        })
    };
    let specs: Vec<String> = catalog
        .specs
        .values()
        .filter(|spec| spec.declared_by.iter().any(declares))
        .map(|spec| spec.id.clone())
        .collect();
    let versioned = catalog.spec(DEFAULT_SPEC).map(|spec| spec.declared_by.as_slice()).unwrap_or_default();
    let bare = |claim: &String| {
        let claim = claim.strip_suffix('|').unwrap_or(claim);
        versioned.iter().any(|listed| listed.split_once('|').is_some_and(|(url, _)| url == claim))
    };
    if specs.is_empty() && claims.iter().any(bare) {
        return DeclaredSpecs { specs: vec![DEFAULT_SPEC.to_owned()], without_version: true };
    }
    DeclaredSpecs { specs, without_version: false }
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
        let declared = |claims: &[String]| {
            let DeclaredSpecs { specs, without_version } = declared(&catalog, claims);
            (specs, without_version)
        };
        let specs = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        assert_eq!(declared(&[format!("{url}|2.0.0")]), (specs(&["hl7-2.0.0"]), false));
        assert_eq!(declared(&[format!("{url}|2.0.0"), url.to_owned()]), (specs(&["hl7-2.0.0"]), false));
        assert_eq!(declared(&[url.to_owned()]), (specs(&["hl7-3.0.0"]), true));
        let guide = "http://hl7.org/fhir/uv/bulkdata/ImplementationGuide/hl7.fhir.uv.bulkdata";
        assert_eq!(declared(&[guide.to_owned()]), (specs(&["hl7-3.0.0"]), true));
        assert_eq!(declared(&[format!("{url}|9.9.9")]), (specs(&[]), false));
        assert_eq!(declared(&[]), (specs(&[]), false));
    }
}
