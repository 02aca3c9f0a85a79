//! The fault matrix: every fault and legal variant of the reference server against every test.

pub mod compare;
pub mod matrix;
pub mod matrix_page;
pub mod untested_tests;
