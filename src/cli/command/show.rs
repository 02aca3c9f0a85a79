//! `plimsoll list`, `explain`, `coverage` and `run --list`: show tests and requirements.

use crate::cli::args::{CoverageArgs, ExplainArgs, ListArgs};
use crate::cli::catalog;
use crate::cli::catalog::{spec_ids, specs_named};
use crate::cli::error::CliError;
use crate::cli::options::{CoverageFormat, Format};
use crate::cli::output::{print, print_json};
use crate::plan::model::Plan;
use crate::report;
use crate::report::explain::Proof;
use crate::suite::catalog::Catalog;
use crate::verdicts::exit;

/// Runs `plimsoll list`.
pub fn list(args: &ListArgs) -> Result<u8, CliError> {
    let catalog = catalog::catalog(args.suites.suites.as_deref())?;
    let specs = specs(&catalog, &args.spec)?;
    plan(&catalog::plan(&catalog, &specs, Vec::new(), &|_| true)?, args.format.format);
    Ok(exit::CONFORMANT)
}

/// Runs `plimsoll coverage`.
pub fn coverage(args: &CoverageArgs) -> Result<u8, CliError> {
    let catalog = catalog::catalog(args.suites.suites.as_deref())?;
    let specs = specs(&catalog, &args.spec)?;
    match args.format {
        CoverageFormat::Text => print(&report::coverage::text(&catalog, &specs)),
        CoverageFormat::Json => print_json(&report::coverage::json(&catalog, &specs)),
        CoverageFormat::Markdown => {
            print(&specs.iter().map(|spec| report::coverage::markdown(&catalog, spec)).collect::<Vec<_>>().join("\n"))
        }
    }
    Ok(exit::CONFORMANT)
}

/// Runs `plimsoll explain`.
pub fn explain(args: &ExplainArgs) -> Result<u8, CliError> {
    let catalog = catalog::catalog(args.suites.suites.as_deref())?;
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

/// Returns the given specs, or all if none is given.
fn specs(catalog: &Catalog, named: &[String]) -> Result<Vec<String>, CliError> {
    if named.is_empty() { Ok(spec_ids(catalog)) } else { specs_named(catalog, named) }
}
