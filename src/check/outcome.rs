//! Outcomes of checks, and violations.

use crate::check::show::Shown;
use crate::verdicts::finding_place::FindingPlace;
use crate::verdicts::judged_run::Position;

/// The outcome of one expectation on one exchange.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckOutcome {
    /// The expectation holds.
    Holds,
    /// It does not hold.
    Violated(Vec<Violation>),
    /// The exchange has nothing that it applies to; why, a fragment.
    NotApplicable(String),
    /// The target's data does not show whether it holds; why, a fragment.
    NotShown(String),
    /// It cannot be decided; why, a fragment.
    Undecided(String),
}

impl CheckOutcome {
    /// `Holds`, or `Violated` with one violation.
    pub(crate) fn or_violation(good: bool, broken: impl FnOnce() -> Violation) -> CheckOutcome {
        if good { CheckOutcome::Holds } else { CheckOutcome::Violated(vec![broken()]) }
    }

    /// `Holds` if there is no violation.
    pub(crate) fn from_violations(broken: Vec<Violation>) -> CheckOutcome {
        if broken.is_empty() { CheckOutcome::Holds } else { CheckOutcome::Violated(broken) }
    }
}

/// One thing that is wrong with an exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Where it is.
    pub place: FindingPlace,
    /// What was expected.
    pub expected: String,
    /// What was there.
    pub actual: String,
    /// What was expected and what was there as a whole, where the texts above are cut.
    pub whole: (Option<String>, Option<String>),
    /// Where in a file.
    pub position: Option<Position>,
    /// How often in this exchange.
    pub count: u64,
    /// The exchange that shows it, if it is another one than the exchange that is judged.
    pub exchange: Option<u32>,
}

impl Violation {
    pub(crate) fn new(place: FindingPlace, expected: impl Into<Shown>, actual: impl Into<Shown>) -> Self {
        let (expected, whole_expected) = expected.into().into_parts();
        let (actual, whole_actual) = actual.into().into_parts();
        let whole = (whole_expected, whole_actual);
        Self { place, expected, actual, whole, position: None, count: 1, exchange: None }
    }

    /// The same, shown by another exchange.
    pub(crate) fn shown_by(mut self, exchange: u32) -> Self {
        self.exchange = Some(exchange);
        self
    }
}
