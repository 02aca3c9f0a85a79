//! The test of the tester: every fault of the reference server against every test.

pub mod cell;
pub mod compare;
pub mod matrix;
pub mod matrix_page;
pub mod reference_run;
pub mod try_fault;
pub mod untested_tests;
