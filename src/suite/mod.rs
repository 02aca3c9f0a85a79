//! Suites: the rules as data, read into a [`catalog::Catalog`].

pub(crate) mod can_judge;
pub mod catalog;
pub mod check_names;
pub(crate) mod check_rows;
pub mod describe;
pub mod describe_flow;
pub(crate) mod expect;
pub mod flow;
pub mod flow_order;
pub mod line_rules;
pub(crate) mod load;
pub mod model;
pub mod named;
pub mod on;
pub mod param;
pub mod refusal;
pub mod schema;
pub mod send;
pub(crate) mod shapes;
pub mod source;
pub mod suggestion;
pub mod values;
