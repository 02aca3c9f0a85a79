//! Every fault and legal variant of the reference server: which tests notice it, and what a run writes about it. The
//! tests share one set of runs.
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

/// The results of the runs of the complete matrix.
struct MatrixRuns {
    cells: Vec<Cell>,
    /// The number of runs with reports that were searched for texts of the population.
    searched: usize,
    /// The texts that were found there.
    shown: BTreeSet<String>,
}

/// Returns the results of the complete matrix. The first caller runs it, the others wait.
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
