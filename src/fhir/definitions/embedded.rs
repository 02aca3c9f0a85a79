//! R4's definitions as tables in the program.
//!
//! ```text
//! package -> builder -> Tables (a file; R4's is embedded) -> Validator: is this line valid? If not: what is wrong, where,
//!                                                            and where it is defined
//! ```

use std::sync::{Arc, LazyLock};

use crate::fhir::definitions::tables::Tables;

/// The embedded tables, as `plimsoll definitions build` made them.
pub const R4: &[u8] = include_bytes!("r4.tables");

static LOADED: LazyLock<Arc<Tables>> = LazyLock::new(|| Arc::new(Tables::decode(R4).unwrap_or_default()));

/// R4's definitions (4.0.1), loaded once.
pub fn r4() -> Arc<Tables> {
    Arc::clone(&LOADED)
}
