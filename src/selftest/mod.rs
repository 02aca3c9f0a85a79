//! The self-test: runs every test against every fault of the reference server.

pub mod cell;
pub mod compare;
pub mod matrix;
pub mod matrix_page;
pub mod reference_run;
pub mod try_fault;
pub mod untested_tests;
