//! Suites: the rules as data. [`crate::suite::model::Catalog`] is what the other rooms see.
//!
//! Files are read by [`embedded`] or [`read_dir`]; both go the same way, and refuse with [`Refusals`].

pub(crate) mod check_names;
pub(crate) mod checks;
pub mod describe;
pub(crate) mod describe_flow;
pub(crate) mod expect;
pub mod flow;
pub mod flow_order;
pub mod line_rules;
pub mod model;
pub mod named;
pub(crate) mod on;
pub mod param;
pub(crate) mod raw;
pub(crate) mod read;
pub mod refusal;
pub(crate) mod resolve;
pub(crate) mod rules;
pub mod schema;
pub(crate) mod shapes;
pub mod source;
pub mod suggestion;
pub mod values;
pub(crate) mod wait_circles;
