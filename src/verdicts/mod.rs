//! The judged run (`run.json`), known deviations, exit codes and the libtest output.

pub mod exit;
pub mod finding_place;
pub mod gate;
pub mod judged_run;
pub mod libtest;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
pub(crate) mod samples;
