//! Where settings come from: flags over `PLIMSOLL_*` over `plimsoll.toml`, each value with its origin.

pub mod default_spec;
pub mod effective;
pub mod file;
pub mod guard;
pub mod print;
pub(crate) mod refuse;
pub mod values;
