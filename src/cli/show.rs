//! `plimsoll list`, `explain`, `coverage` and `run --list`: what is judged, and why.

use std::fmt::Write;

use serde_json::json;

use super::args::{ExplainArgs, Format, ListArgs};
use super::orchestrate::{catalog, spec_ids};
use super::run::unknown_spec;
use super::{Refusal, print};
use crate::plan::Plan;
use crate::reference;
use crate::report::{coverage as coverage_report, explain as explain_report, list as list_report};
use crate::suite::model::Catalog;
use crate::trials::exit;

/// Carries out `plimsoll list`.
pub fn list(args: &ListArgs) -> Result<u8, Refusal> {
    let catalog = catalog(args.suites.suites.as_deref())?;
    let specs = specs(&catalog, &args.spec)?;
    match args.format.format {
        Format::Text => print(&list_report::text(&catalog, &specs)),
        Format::Json => print_json(&list_report::json(&catalog, &specs)),
    }
    Ok(exit::CONFORMANT)
}

/// Carries out `plimsoll coverage`.
pub fn coverage(args: &ListArgs) -> Result<u8, Refusal> {
    let catalog = catalog(args.suites.suites.as_deref())?;
    let specs = specs(&catalog, &args.spec)?;
    match args.format.format {
        Format::Text => print(&coverage_report::text(&catalog, &specs)),
        Format::Json => print_json(&coverage_report::json(&catalog, &specs)),
    }
    Ok(exit::CONFORMANT)
}

/// Carries out `plimsoll explain`.
pub fn explain(args: &ExplainArgs) -> Result<u8, Refusal> {
    let catalog = catalog(args.suites.suites.as_deref())?;
    let faults = reference::faults().map_err(|e| Refusal::undetermined(e.to_string()))?;
    let proofs: Vec<(String, Vec<String>)> = faults.into_iter().map(|fault| (fault.id, fault.notices)).collect();
    let page = explain_report::explain(&catalog, &args.id, &proofs).map_err(|e| Refusal::usage(e.to_string()))?;
    print(&page);
    Ok(exit::CONFORMANT)
}

/// Prints the tests of a plan: name, level and title, or the same for programs.
pub fn plan(plan: &Plan, format: Format) -> Result<(), Refusal> {
    match format {
        Format::Json => print_json(&json!(
            plan.tests
                .iter()
                .map(|test| json!({
                    "name": test.name, "id": test.id, "spec": test.spec, "level": test.level,
                    "title": test.test.title, "requirements": test.requirements, "defect": test.defect,
                }))
                .collect::<Vec<_>>()
        )),
        Format::Text => {
            let width = plan.tests.iter().map(|test| test.name.chars().count()).max().unwrap_or(0);
            let mut out = String::new();
            for test in &plan.tests {
                // Writing to a string cannot fail.
                let _ = writeln!(out, "{:width$}  {:10}  {}", test.name, test.level, test.test.title);
            }
            let _ = writeln!(out, "{} tests on {} flows", plan.tests.len(), plan.flows.len());
            print(&out);
        }
    }
    Ok(())
}

/// The specs named, or all where none is.
fn specs(catalog: &Catalog, named: &[String]) -> Result<Vec<String>, Refusal> {
    if named.is_empty() { Ok(spec_ids(catalog)) } else { specs_named(catalog, named) }
}

/// The specs named; one that the suites do not have is refused.
pub fn specs_named(catalog: &Catalog, named: &[String]) -> Result<Vec<String>, Refusal> {
    match named.iter().find(|id| catalog.spec(id).is_none()) {
        Some(id) => Err(unknown_spec(catalog, id)),
        None => Ok(named.to_vec()),
    }
}

fn print_json(value: &serde_json::Value) {
    print(&format!("{value:#}\n"));
}
