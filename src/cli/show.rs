//! `plimsoll list`, `explain`, `coverage` and `run --list`: what is judged, and why.

use crate::cli::args::{CoverageArgs, ExplainArgs, ListArgs};
use crate::cli::main::{CliError, print};
use crate::cli::options::{CoverageFormat, Format};
use crate::cli::orchestrate;
use crate::cli::orchestrate::{catalog, spec_ids};
use crate::cli::run::unknown_spec;
use crate::plan::model::Plan;
use crate::report;
use crate::report::explain::Proof;
use crate::suite::catalog::Catalog;
use crate::verdicts::exit;

/// Carries out `plimsoll list`.
pub fn list(args: &ListArgs) -> Result<u8, CliError> {
    let catalog = catalog(args.suites.suites.as_deref())?;
    let specs = specs(&catalog, &args.spec)?;
    plan(&orchestrate::plan(&catalog, &specs, Vec::new(), &|_| true)?, args.format.format);
    Ok(exit::CONFORMANT)
}

/// Carries out `plimsoll coverage`.
pub fn coverage(args: &CoverageArgs) -> Result<u8, CliError> {
    let catalog = catalog(args.suites.suites.as_deref())?;
    let specs = specs(&catalog, &args.spec)?;
    match args.format {
        CoverageFormat::Text => print(&report::coverage::text(&catalog, &specs)),
        CoverageFormat::Json => print_json(&report::coverage::json(&catalog, &specs)),
        CoverageFormat::Markdown => print(&report::coverage::markdown(&catalog, &specs)),
    }
    Ok(exit::CONFORMANT)
}

/// Carries out `plimsoll explain`.
pub fn explain(args: &ExplainArgs) -> Result<u8, CliError> {
    let catalog = catalog(args.suites.suites.as_deref())?;
    let faults = crate::reference::fault::embedded::faults().map_err(|e| CliError::undetermined(e.to_string()))?;
    let proofs: Vec<Proof> = faults.into_iter().map(|fault| Proof { fault: fault.id, tests: fault.notices }).collect();
    let pages = report::explain::pages(&catalog, &args.id, &proofs).map_err(CliError::usage)?;
    match args.format.format {
        Format::Text => print(&report::explain_text::text(&pages)),
        Format::Json => {
            print_json(&serde_json::to_value(&pages).map_err(|e| CliError::undetermined(e.to_string()))?);
        }
    }
    Ok(exit::CONFORMANT)
}

/// Prints the tests of a plan.
pub fn plan(plan: &Plan, format: Format) {
    match format {
        Format::Text => print(&report::list::text(plan)),
        Format::Json => print_json(&report::list::json(plan)),
    }
}

/// The specs named, or all where none is.
fn specs(catalog: &Catalog, named: &[String]) -> Result<Vec<String>, CliError> {
    if named.is_empty() { Ok(spec_ids(catalog)) } else { specs_named(catalog, named) }
}

/// The specs named; one that the suites do not have is refused.
pub fn specs_named(catalog: &Catalog, named: &[String]) -> Result<Vec<String>, CliError> {
    match named.iter().find(|id| catalog.spec(id).is_none()) {
        Some(id) => Err(unknown_spec(catalog, id)),
        None => Ok(named.to_vec()),
    }
}

fn print_json(value: &serde_json::Value) {
    print(&format!("{value:#}\n"));
}
