//! The matrix: every fault of the reference server under every spec that it speaks. Each cell is a run in this process,
//! in paused time, judged by the whole plan.
//!
//! The cells are independent. A test binary can run them in several test threads: it makes one [`Matrix`], which builds
//! the plan of each spec once, runs a [`Slice`] in each test, and puts the parts together for what concerns them all.
//!
//! ```no_run
//! use std::sync::{LazyLock, OnceLock};
//!
//! use plimsoll::selftest::matrix::{Matrix, MatrixPart, MatrixSelection, Slice, merge};
//! use plimsoll::suite::catalog::Catalog;
//!
//! const SLICES: usize = 8;
//! static CATALOG: LazyLock<Catalog> = LazyLock::new(|| plimsoll::suite::source::embedded().unwrap());
//! static MATRIX: LazyLock<Matrix<'static>> = LazyLock::new(|| Matrix::new(&CATALOG, &MatrixSelection::default()).unwrap());
//! static PARTS: [OnceLock<MatrixPart>; SLICES] = [const { OnceLock::new() }; SLICES];
//!
//! /// The cells of one slice. Whoever asks first runs them; the others wait for it.
//! fn part(index: usize) -> &'static MatrixPart {
//!     PARTS[index].get_or_init(|| MATRIX.run_slice(Slice { index, count: SLICES }, 1).unwrap())
//! }
//!
//! // A test for each slice:
//! assert!(part(0).cells().all(|cell| cell.result.is_good()));
//! // A test for all of them, which runs the slices that no other test has begun:
//! let cells = merge((0..SLICES).map(|index| part(index).clone())).unwrap();
//! assert_eq!(cells.len(), MATRIX.len());
//! ```

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::plan::build::{PlanRequest, build};
use crate::plan::model::Plan;
use crate::reference::fault::definition::Fault;
use crate::reference::fault::embedded;
use crate::reference::personality::spec::Personality;
use crate::selftest::cell::Cell;
use crate::selftest::try_fault::try_fault;
use crate::suite::catalog::Catalog;

/// The faults and specs of a matrix.
#[derive(Clone, Debug, Default)]
pub struct MatrixSelection {
    /// The specs; empty: all that the reference server speaks and the suites have.
    pub specs: Vec<String>,
    /// The faults; empty: all.
    pub faults: Vec<String>,
}

/// Faults under specs, with the plan of each spec. Making one runs nothing.
#[derive(Debug)]
pub struct Matrix<'c> {
    catalog: &'c Catalog,
    specs: Vec<(Personality, Plan)>,
    faults: Vec<Fault>,
}

/// One of `count` equal parts of a matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Its number, from 0.
    pub index: usize,
    /// How many there are, at least 1.
    pub count: usize,
}

/// Cells that were run, each with its position in the matrix.
#[derive(Clone, Debug, Default)]
pub struct MatrixPart {
    cells: Vec<(usize, Cell)>,
}

impl<'c> Matrix<'c> {
    /// Reads the faults of `selection` and builds the plans of its specs.
    ///
    /// # Errors
    /// A fault or spec that does not exist, or a fault file that cannot be used: a lower-case fragment.
    pub fn new(catalog: &'c Catalog, selection: &MatrixSelection) -> Result<Self, String> {
        let specs = specs(catalog, &selection.specs)?.into_iter();
        let specs = specs.map(|spec| Ok((spec, whole_plan(catalog, spec)?))).collect::<Result<_, String>>()?;
        Ok(Self { catalog, specs, faults: faults(&selection.faults)? })
    }

    /// The number of cells.
    pub fn len(&self) -> usize {
        self.faults.len() * self.specs.len()
    }

    /// Whether there is no cell.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Runs all cells in up to `threads` threads. They come in the order of faults, then specs.
    ///
    /// # Errors
    /// A run that could not be made, or a panic in one: a lower-case fragment.
    pub fn run(&self, threads: usize) -> Result<Vec<Cell>, String> {
        merge([self.run_slice(Slice { index: 0, count: 1 }, threads)?])
    }

    /// Runs the cells of one slice in up to `threads` threads. Slices have equally many faults of each spec, since runs of
    /// one spec take longer than those of another.
    ///
    /// # Errors
    /// As [`Matrix::run`].
    pub fn run_slice(&self, slice: Slice, threads: usize) -> Result<MatrixPart, String> {
        let positions: Vec<usize> = (0..self.len()).filter(|position| self.is_in(*position, slice)).collect();
        // Each thread takes the next cell. Its own runtime keeps the paused time of a run apart from the others.
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            while let Some(position) = positions.get(next.fetch_add(1, Ordering::Relaxed)) {
                done.extend(self.cell(*position).map(|cell| (*position, cell)));
            }
            done
        };
        let done: Vec<(usize, Result<Cell, String>)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..threads.clamp(1, 64)).map(|_| scope.spawn(work)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
        });
        if done.len() != positions.len() {
            return Err("a run ended in a panic; its line stands above".to_owned());
        }
        let cells = done.into_iter().map(|(position, cell)| Ok((position, cell?)));
        Ok(MatrixPart { cells: cells.collect::<Result<_, String>>()? })
    }

    /// Whether a slice has the cell at a position. Going along diagonals spreads each spec over all slices.
    fn is_in(&self, position: usize, slice: Slice) -> bool {
        let width = self.specs.len().max(1);
        (position / width + position % width) % slice.count.max(1) == slice.index
    }

    fn cell(&self, position: usize) -> Option<Result<Cell, String>> {
        let width = self.specs.len().max(1);
        let (fault, (spec, plan)) = (self.faults.get(position / width)?, self.specs.get(position % width)?);
        Some(try_fault(self.catalog, plan, *spec, fault))
    }
}

impl MatrixPart {
    /// The cells, in no particular order.
    pub fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.cells.iter().map(|(_, cell)| cell)
    }
}

/// The cells of all slices of a matrix, in the order of faults, then specs.
///
/// # Errors
/// A slice is missing, or there are two of the same: a lower-case fragment.
pub fn merge(parts: impl IntoIterator<Item = MatrixPart>) -> Result<Vec<Cell>, String> {
    let mut cells: Vec<(usize, Cell)> = parts.into_iter().flat_map(|part| part.cells).collect();
    cells.sort_by_key(|(position, _)| *position);
    match cells.iter().enumerate().all(|(index, (position, _))| index == *position) {
        true => Ok(cells.into_iter().map(|(_, cell)| cell).collect()),
        false => Err("the slices are not those of one matrix, each once".to_owned()),
    }
}

/// Every test of one spec.
///
/// # Errors
/// The suites do not have the spec.
pub fn whole_plan(catalog: &Catalog, spec: Personality) -> Result<Plan, String> {
    build(catalog, &PlanRequest { specs: vec![spec.to_string()], ..PlanRequest::default() }, &|_| true)
}

fn specs(catalog: &Catalog, named: &[String]) -> Result<Vec<Personality>, String> {
    if named.is_empty() {
        return Ok(Personality::ALL.iter().copied().filter(|spec| catalog.spec(spec.as_str()).is_some()).collect());
    }
    let read =
        |id: &String| Personality::from_word(id).ok_or_else(|| format!("the reference server does not speak {id:?}"));
    named.iter().map(read).collect()
}

fn faults(named: &[String]) -> Result<Vec<Fault>, String> {
    if named.is_empty() {
        return embedded::faults().map_err(|e| e.to_string());
    }
    named.iter().map(|id| embedded::fault(id).map_err(|e| e.to_string())).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::base::vocabulary::Verdict;
    use crate::reference::fault::definition::FaultKind;
    use crate::selftest::cell::CellResult;
    use crate::selftest::compare::compare;
    use crate::selftest::reference_run::judged;
    use crate::verdicts::judged_run::{Conformance, Traffic};

    #[test]
    fn nothing_notices_the_honest_server_and_equal_runs_are_judged_alike() {
        let catalog = crate::suite::source::embedded().unwrap();
        for spec in Personality::ALL {
            let plan = whole_plan(&catalog, *spec).unwrap();
            let run = judged(&catalog, &plan, *spec, Vec::new()).unwrap();
            let cell = compare("none", FaultKind::Legal, &[], &run.judgements[0]);
            assert_eq!(cell.result, CellResult::Clean, "{}", cell.because);
            assert_eq!(run.judgements[0].outcome, Conformance::Conformant);
            let least = match spec {
                Personality::Lesson => 7,
                Personality::Smile => 28,
                Personality::Stu1 => 30,
                Personality::Stu2 | Personality::Stu3 | Personality::Hcpd => 40,
            };
            assert!(run.judgements[0].decided >= least, "{} SHALLs decided", run.judgements[0].decided);
            let Traffic { kickoffs, .. } = run.traffic;
            assert!(kickoffs <= 40, "{kickoffs} accepted kick-offs");
            if *spec != Personality::Hcpd {
                let group = run.judgements[0].tests.iter().find(|test| test.id == "kickoff::accepted-202@group");
                assert_eq!(group.map(|test| test.verdict), Some(Verdict::Pass));
            }
            let again = judged(&catalog, &plan, *spec, Vec::new()).unwrap();
            assert_eq!(run.judgements, again.judgements);
        }
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        let catalog = crate::suite::source::embedded().unwrap();
        let refused = |spec: &str, fault: &str| {
            let selection = MatrixSelection { specs: vec![spec.into()], faults: vec![fault.into()] };
            Matrix::new(&catalog, &selection).unwrap_err()
        };
        assert!(refused("not-spoken", "none").contains("not-spoken"));
        assert!(refused("hl7-3.0.0", "no-such-fault").contains("no-such-fault"));
    }

    #[test]
    fn slices_have_every_cell_once_and_equally_many_of_each_spec() {
        let catalog = crate::suite::source::embedded().unwrap();
        let matrix = Matrix::new(&catalog, &MatrixSelection::default()).unwrap();
        for count in [1, 2, 6, 7, 12] {
            let slices = (0..count).map(|index| Slice { index, count });
            for position in 0..matrix.len() {
                assert_eq!(slices.clone().filter(|slice| matrix.is_in(position, *slice)).count(), 1);
            }
            for (slice, spec) in slices.flat_map(|slice| (0..matrix.specs.len()).map(move |spec| (slice, spec))) {
                let own = (0..matrix.len()).filter(|position| position % matrix.specs.len() == spec);
                let own = own.filter(|position| matrix.is_in(*position, slice)).count();
                assert!(own.abs_diff(matrix.faults.len() / count) <= 1, "{own} of {count}");
            }
        }
    }

    #[test]
    fn slices_give_the_cells_of_the_whole() {
        let catalog = crate::suite::source::embedded().unwrap();
        let specs = vec!["lesson".to_owned(), "hl7-1.0.1".to_owned()];
        let faults = ["legal-crlf", "cancel-405", "kickoff-no-content-location"].map(str::to_owned).to_vec();
        let matrix = Matrix::new(&catalog, &MatrixSelection { specs, faults }).unwrap();
        let part = |index| matrix.run_slice(Slice { index, count: 2 }, 1).unwrap();
        let merged = merge([part(1), part(0)]).unwrap();
        assert_eq!(merged, matrix.run(2).unwrap());
        assert!(merge([part(0)]).is_err() && merge([part(0), part(0)]).is_err());
    }
}
