//! `plimsoll selftest`: runs every test against every fault of the reference server.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use serde_json::json;

use crate::cli::args::SelftestArgs;
use crate::cli::catalog;
use crate::cli::error::CliError;
use crate::cli::options::Format;
use crate::cli::output::{print, print_json, say};
use crate::reference::fault::definition::Fault;
use crate::selftest::cell::{Cell, CellResult};
use crate::selftest::matrix::{Matrix, MatrixSelection};
use crate::selftest::{matrix_page, untested_tests};
use crate::suite::catalog::Catalog;
use crate::verdicts::exit;

/// Runs `plimsoll selftest`. The exit code is 0 if exactly the tests that a fault lists notice it, no test notices a
/// legal variant, and (if all faults were tried) some fault triggers each SHALL and SHOULD test; else 1.
pub fn selftest(args: &SelftestArgs) -> Result<u8, CliError> {
    let catalog = catalog::catalog(args.suites.suites.as_deref())?;
    catalog::specs_named(&catalog, &args.spec)?;
    if args.list {
        list(args)?;
        return Ok(exit::CONFORMANT);
    }
    let threads = args.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, usize::from).max(2));
    let selection = MatrixSelection { specs: args.spec.clone(), faults: args.fault.clone() };
    let cells = Matrix::new(&catalog, &selection).and_then(|matrix| matrix.run(threads)).map_err(CliError::usage)?;
    if cells.is_empty() {
        say("no fault is selected");
        return Ok(exit::NOTHING);
    }
    match args.format.format {
        Format::Text => print(&text(&cells)),
        Format::Json => {
            let json = serde_json::to_string_pretty(&cells).map_err(|e| CliError::undetermined(e.to_string()))?;
            print(&format!("{json}\n"));
        }
    }
    let untested = if args.fault.is_empty() { untested_of(&catalog, &cells) } else { Vec::new() };
    if let Some(folder) = &args.report {
        write(folder, &cells, &untested)?;
    }
    for test in &untested {
        say(&format!("no fault triggers {test}; a test that no fault triggers proves nothing"));
    }
    let good = untested.is_empty() && cells.iter().all(|cell| cell.result.is_good());
    Ok(if good { exit::CONFORMANT } else { exit::NOT_CONFORMANT })
}

/// Writes the matrix as a page and as JSON.
fn write(folder: &Path, cells: &[Cell], untested: &[String]) -> Result<(), CliError> {
    let faults = crate::reference::fault::embedded::faults().map_err(|e| CliError::usage(e.to_string()))?;
    let json = serde_json::to_string_pretty(cells).map_err(|e| CliError::undetermined(e.to_string()))?;
    let page = matrix_page::render(cells, &faults, untested);
    for (name, text) in [("index.html", page), ("matrix.json", format!("{json}\n"))] {
        let path =
            crate::report::write::write_one(folder, name, &text).map_err(|e| CliError::undetermined(e.to_string()))?;
        say(&format!("wrote {}", path.display()));
    }
    Ok(())
}

/// Prints the named faults and legal variants, or all.
fn list(args: &SelftestArgs) -> Result<(), CliError> {
    let faults = match args.fault.is_empty() {
        true => crate::reference::fault::embedded::faults(),
        false => args.fault.iter().map(|id| crate::reference::fault::embedded::fault(id)).collect(),
    };
    let faults = faults.map_err(|e| CliError::usage(e.to_string()))?;
    match args.format.format {
        Format::Text => {
            let width = faults.iter().map(|fault| fault.id.chars().count()).max().unwrap_or(0);
            for fault in &faults {
                print(&format!("{:6}  {:width$}  {}\n", fault.kind, fault.id, fault.title));
            }
        }
        Format::Json => {
            let row = |fault: &Fault| {
                let Fault { id, title, kind, area, notices, .. } = fault;
                json!({ "fault": id, "kind": kind, "area": area, "title": title, "notices": notices })
            };
            print_json(&serde_json::Value::from_iter(faults.iter().map(row)));
        }
    }
    Ok(())
}

/// Returns the SHALL and SHOULD tests that no fault triggers, as `SPEC::area::id`.
fn untested_of(catalog: &Catalog, cells: &[Cell]) -> Vec<String> {
    let specs: BTreeSet<&str> = cells.iter().map(|cell| cell.spec.as_str()).collect();
    let of = |spec: &&str| {
        untested_tests::untested_tests(catalog, spec, cells)
            .into_iter()
            .map(|name| format!("{spec}::{name}"))
            .collect::<Vec<_>>()
    };
    specs.iter().flat_map(of).collect()
}

/// Returns one line per cell, with reasons below the wrong cells, and the counts.
fn text(cells: &[Cell]) -> String {
    let width = cells.iter().map(|cell| cell.fault.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    // Writing to a string cannot fail.
    for cell in cells {
        let noticed = if cell.noticed.is_empty() { "nothing".to_owned() } else { cell.noticed.join(", ") };
        let _ = writeln!(out, "{:11}  {:width$}  {:9}  {noticed}", cell.result, cell.fault, cell.spec);
        if !cell.because.is_empty() {
            let _ = writeln!(out, "{:11}  {}", "", cell.because);
        }
    }
    let count = |result: CellResult| cells.iter().filter(|cell| cell.result == result).count();
    let tally: Vec<String> = CellResult::ALL
        .iter()
        .map(|result| (result, count(*result)))
        .filter(|(_, count)| *count > 0)
        .map(|(result, count)| format!("{count} {result}"))
        .collect();
    let faults: BTreeSet<&str> = cells.iter().map(|cell| cell.fault.as_str()).collect();
    let _ = writeln!(out, "{} faults, {} cells: {}", faults.len(), cells.len(), tally.join(", "));
    out
}
