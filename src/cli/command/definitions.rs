//! `plimsoll definitions`: FHIR's definitions, as tables.

use std::path::Path;

use crate::cli::args::DefinitionsBuildArgs;
use crate::cli::error::CliError;
use crate::cli::output::print;
use crate::fhir::definitions::builder::build;
use crate::fhir::definitions::tables::Tables;

/// Carries out `plimsoll definitions build`.
pub fn make(args: &DefinitionsBuildArgs) -> Result<u8, CliError> {
    let tables = build::build(&args.package, &args.links).map_err(CliError::usage)?;
    let bytes = tables.encode();
    let cannot = |error: std::io::Error| {
        CliError::usage(format!("{} cannot be written: {error}, name another --output", args.output.display()))
    };
    std::fs::write(&args.output, &bytes).map_err(cannot)?;
    print(&summary(&tables, &args.output, bytes.len()));
    Ok(0)
}

fn summary(tables: &Tables, output: &Path, bytes: usize) -> String {
    let about = &tables.about;
    let invariants = tables.open.iter().filter(|row| row.kind == 0).count();
    format!(
        "{}: {bytes} bytes\n\
         from {} {}, FHIR {}, licence {}\n\
         definitions sha256 {}\n\
         {} resource types, {} types, {} keys, {} code sets with {} codes, {} invariants\n\
         not decided: {invariants} invariants, {} bindings whose codes the package does not list\n",
        output.display(),
        about.package,
        about.version,
        about.fhir,
        about.licence,
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
