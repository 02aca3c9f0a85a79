//! Every fault and legal variant of the reference server: what notices it, and what a run writes about it. The tests share
//! one set of runs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod privacy;
mod selftest;

use std::collections::BTreeSet;
use std::sync::{LazyLock, OnceLock};

use plimsoll::selftest::cell::Cell;
use plimsoll::selftest::matrix::{Matrix, MatrixSelection};
use plimsoll::suite::catalog::Catalog;

/// The embedded suites.
static CATALOG: LazyLock<Catalog> = LazyLock::new(|| plimsoll::suite::source::embedded().unwrap());

/// What the runs of the whole matrix gave.
struct MatrixRuns {
    cells: Vec<Cell>,
    /// Runs whose reports were searched for texts of the population.
    searched: usize,
    /// What was found there.
    shown: BTreeSet<String>,
}

/// The runs of the whole matrix. The first test that asks makes them, the others wait.
fn matrix_runs() -> &'static MatrixRuns {
    static RUNS: OnceLock<MatrixRuns> = OnceLock::new();
    RUNS.get_or_init(|| {
        let search = privacy::Search::new(&CATALOG);
        let matrix = Matrix::new(&CATALOG, &MatrixSelection::default()).unwrap();
        let cells = matrix.run_watched(2, &|fault, spec, run| search.search(fault, spec, run)).unwrap();
        let (searched, shown) = search.end();
        MatrixRuns { cells, searched, shown }
    })
}
