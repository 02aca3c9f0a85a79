//! FHIR's definitions, and whether a resource keeps them.
//!
//! ```text
//! package -> build -> Tables (a file, R4's embedded) -> crate::fhir::validate::validator::Validator: one line in, whether it is valid out;
//!                                                       if not: what is wrong, where, and where it is defined
//! ```
//!
//! Where packages of profiles are given, `profile` holds resources to these, too.
//!
//! The validator makes no tree: it reads a line once, looking up each key in the tables as it comes. Only a line that
//! turns out to be wrong is read again, to say what is wrong with it; both readings are the same code.

use std::sync::{Arc, LazyLock};

use crate::fhir::definitions::tables::Tables;

/// The embedded tables, as `plimsoll definitions build` made them.
pub const R4: &[u8] = include_bytes!("r4.tables");

static LOADED: LazyLock<Arc<Tables>> = LazyLock::new(|| Arc::new(Tables::decode(R4).unwrap_or_default()));

/// R4's definitions (4.0.1), loaded once.
pub fn r4() -> Arc<Tables> {
    Arc::clone(&LOADED)
}
