//! Tests of suites, judging and reports, without a network.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod any_recording;
mod docs;
mod id_shapes;
mod judge;
mod pairs;
mod recordings;
mod reports;
mod rows;
mod runs;
mod sample;
mod shuffled;
mod suite_language;
mod suites;

/// Compares a generated file with its content in the repository, or writes it if `UPDATE=1`.
///
/// # Panics
///
/// If the file has other content; the message says how to write it.
fn fresh(path: &str, content: &str, test: &str) {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        std::fs::write(&file, content).unwrap();
    }
    let same = std::fs::read_to_string(&file).is_ok_and(|written| written == content);
    assert!(same, "{path} is not fresh; UPDATE=1 cargo test --test judging {test} writes it");
}
