//! Suites: the rules as data. [`model::Catalog`] is what the other rooms see.
//!
//! Files are read by [`embedded`] or [`read_dir`]; both go the same way, and refuse with [`Refusals`].

mod asked;
mod check_names;
mod checks;
pub mod describe;
mod expect;
mod flow;
mod line_rules;
pub mod model;
pub mod named;
pub mod near;
mod on;
pub mod param;
mod raw;
mod read;
mod refusal;
mod resolve;
mod rules;
mod schema;
mod shapes;
mod source;
pub mod values;

pub use on::ON_WORDS;
pub use refusal::{Refusals, SuiteFile};
pub use schema::schema;
pub use source::{EMBEDDED, embedded, load, read_dir};
