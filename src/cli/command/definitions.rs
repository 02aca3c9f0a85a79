//! `plimsoll definitions`: FHIR definitions as tables.

use std::path::Path;

use crate::cli::args::DefinitionsBuildArgs;
use crate::cli::error::CliError;
use crate::cli::output::print;
use crate::fhir::definitions::builder::build;
use crate::fhir::definitions::tables::Tables;

/// Runs `plimsoll definitions build`.
pub fn make(args: &DefinitionsBuildArgs) -> Result<u8, CliError> {
    let tables = build::build(&args.package, &args.links).map_err(CliError::usage)?;
    let bytes = tables.encode();
    let refuse = |error: std::io::Error| {
        CliError::usage(format!("cannot write {}: {error}; give another file with --output", args.output.display()))
    };
    std::fs::write(&args.output, &bytes).map_err(refuse)?;
    print(&summary(&tables, &args.output, bytes.len()));
    Ok(0)
}

fn summary(tables: &Tables, output: &Path, bytes: usize) -> String {
    let about = &tables.about;
    let invariants = tables.open.iter().filter(|row| row.kind == 0).count();
    format!(
        "{}: {bytes} bytes\n\
         from {} {}, FHIR {}, license {}\n\
         definitions sha256 {}\n\
         {} resource types, {} types, {} keys, {} code sets with {} codes, {} invariants\n\
         not checked: {invariants} invariants, {} bindings (the package does not list their codes)\n",
        output.display(),
        about.package,
        about.version,
        about.fhir,
        about.license,
        about.digest,
        tables.resources.len(),
        tables.types.len(),
        tables.elements.len(),
        tables.sets.len(),
        tables.codes.len(),
        tables.invariants.len(),
        tables.open.len() - invariants,
    )
}
