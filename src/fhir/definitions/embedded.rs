//! The definitions of R4 as tables, embedded in the program.
//!
//! ```text
//! package -> builder -> Tables (a file; that of R4 is embedded) -> Validator: is this line valid? If not: the faults,
//!                                                                  their positions and links to the definitions
//! ```

use std::sync::{Arc, LazyLock};

use crate::fhir::definitions::tables::Tables;

/// The embedded table file, written by `plimsoll definitions build`.
pub const R4: &[u8] = include_bytes!("r4.tables");

static LOADED: LazyLock<Arc<Tables>> = LazyLock::new(|| Arc::new(Tables::decode(R4).unwrap_or_default()));

/// Returns the definitions of R4 (4.0.1), loaded once.
pub fn r4() -> Arc<Tables> {
    Arc::clone(&LOADED)
}
