//! `plimsoll ndjson`: NDJSON files validated without a server.

use super::args::{Format, NdjsonArgs};
use super::{Refusal, orchestrate, print};

/// Carries out `plimsoll ndjson`. Exit code 0 where nothing is wrong, 1 where something is.
pub fn check(args: &NdjsonArgs) -> Result<u8, Refusal> {
    let (text, code) = orchestrate::ndjson(&args.paths, args.of_type.as_deref(), args.format.format == Format::Json)?;
    print(&text);
    Ok(code)
}
