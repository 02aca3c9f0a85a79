//! The matrix: every fault of the reference server under every spec that it supports. Each cell is a run in this
//! process, in paused time, judged by all tests of the spec.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::plan::build::{PlanRequest, build};
use crate::plan::model::Plan;
use crate::reference::fault::definition::Fault;
use crate::reference::fault::embedded;
use crate::reference::personality::spec::Personality;
use crate::selftest::cell::Cell;
use crate::selftest::try_fault::try_fault;
use crate::suite::catalog::Catalog;
use crate::verdicts::judged_run::Run;

/// The faults and specs of a matrix.
#[derive(Clone, Debug, Default)]
pub struct MatrixSelection {
    /// The specs; if empty, all that the reference server supports and the suites have.
    pub specs: Vec<String>,
    /// The faults; if empty, all.
    pub faults: Vec<String>,
}

/// The faults and specs of a matrix, with the plan of each spec. Nothing runs before [`Matrix::run`].
#[derive(Debug)]
pub struct Matrix<'c> {
    catalog: &'c Catalog,
    specs: Vec<(Personality, Plan)>,
    faults: Vec<Fault>,
}

impl<'c> Matrix<'c> {
    /// Reads the faults of `selection` and builds the plans of its specs.
    ///
    /// # Errors
    /// An unknown fault or spec, or an invalid fault file: a lower-case fragment.
    pub fn new(catalog: &'c Catalog, selection: &MatrixSelection) -> Result<Self, String> {
        let specs = specs(catalog, &selection.specs)?.into_iter();
        let specs = specs.map(|spec| Ok((spec, whole_plan(catalog, spec)?))).collect::<Result<_, String>>()?;
        Ok(Self { catalog, specs, faults: faults(&selection.faults)? })
    }

    /// Returns the number of cells.
    pub fn len(&self) -> usize {
        self.faults.len() * self.specs.len()
    }

    /// Returns whether there is no cell.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Runs all cells in up to `threads` threads. Returns them in the order of faults, then specs.
    ///
    /// # Errors
    /// A run failed or panicked: a lower-case fragment.
    pub fn run(&self, threads: usize) -> Result<Vec<Cell>, String> {
        self.run_watched(threads, &|_, _, _| {})
    }

    /// Runs all cells like [`Matrix::run`], and calls `watch` with each run before it is dropped.
    ///
    /// # Errors
    /// As [`Matrix::run`].
    pub fn run_watched(
        &self,
        threads: usize,
        watch: &(dyn Fn(&Fault, Personality, &Run) + Sync),
    ) -> Result<Vec<Cell>, String> {
        // Each thread takes the next cell. Each run has its own runtime, because its time is paused independently.
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            loop {
                let position = next.fetch_add(1, Ordering::Relaxed);
                let Some(cell) = self.cell(position, watch) else { return done };
                done.push((position, cell));
            }
        };
        let mut done: Vec<(usize, Result<Cell, String>)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..threads.clamp(1, 64)).map(|_| scope.spawn(work)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
        });
        if done.len() != self.len() {
            return Err("a run panicked; the line of the panic is above".to_owned());
        }
        done.sort_by_key(|(position, _)| *position);
        done.into_iter().map(|(_, cell)| cell).collect()
    }

    fn cell(
        &self,
        position: usize,
        watch: &(dyn Fn(&Fault, Personality, &Run) + Sync),
    ) -> Option<Result<Cell, String>> {
        let width = self.specs.len().max(1);
        let (fault, (spec, plan)) = (self.faults.get(position / width)?, self.specs.get(position % width)?);
        Some(try_fault(self.catalog, plan, *spec, fault, &|run| watch(fault, *spec, run)))
    }
}

/// Returns a plan of every test of one spec.
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
    let read = |id: &String| {
        Personality::from_word(id).ok_or_else(|| format!("the reference server does not support spec {id:?}"))
    };
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
    fn no_test_notices_the_conformant_server_and_equal_runs_have_equal_verdicts() {
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
    fn unknown_specs_and_faults_are_refused() {
        let catalog = crate::suite::source::embedded().unwrap();
        let refused = |spec: &str, fault: &str| {
            let selection = MatrixSelection { specs: vec![spec.into()], faults: vec![fault.into()] };
            Matrix::new(&catalog, &selection).unwrap_err()
        };
        assert!(refused("not-supported", "none").contains("not-supported"));
        assert!(refused("hl7-3.0.0", "no-such-fault").contains("no-such-fault"));
    }

    #[test]
    fn each_run_is_watched_and_cells_are_in_order() {
        let catalog = crate::suite::source::embedded().unwrap();
        let specs = vec!["lesson".to_owned(), "hl7-1.0.1".to_owned()];
        let faults = ["legal-crlf", "cancel-405", "kickoff-no-content-location"].map(str::to_owned).to_vec();
        let matrix = Matrix::new(&catalog, &MatrixSelection { specs, faults }).unwrap();
        let watched = AtomicUsize::new(0);
        let watch = |_: &Fault, _, _: &Run| {
            watched.fetch_add(1, Ordering::Relaxed);
        };
        let cells = matrix.run_watched(2, &watch).unwrap();
        assert_eq!((cells.len(), watched.into_inner()), (6, 6));
        let order: Vec<(&str, &str)> = cells.iter().map(|cell| (cell.fault.as_str(), cell.spec.as_str())).collect();
        assert_eq!(order[0], ("legal-crlf", "lesson"));
        assert_eq!(order[3], ("cancel-405", "hl7-1.0.1"));
    }
}
