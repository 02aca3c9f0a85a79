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
    /// The expectation does not apply to the exchange. The reason is a clause.
    NotApplicable(String),
    /// The target's data does not show whether it holds. The reason is a clause.
    NotShown(String),
    /// It cannot be decided. The reason is a clause.
    Undecided(String),
}

impl CheckOutcome {
    /// Returns `Holds` if `good`, else `Violated` with one violation.
    pub(crate) fn or_violation(good: bool, violation: impl FnOnce() -> Violation) -> CheckOutcome {
        if good { CheckOutcome::Holds } else { CheckOutcome::Violated(vec![violation()]) }
    }

    /// Returns `Holds` if there is no violation, else `Violated`.
    pub(crate) fn from_violations(violations: Vec<Violation>) -> CheckOutcome {
        if violations.is_empty() { CheckOutcome::Holds } else { CheckOutcome::Violated(violations) }
    }
}

/// One violation in an exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// The place in the exchange.
    pub place: FindingPlace,
    /// What was expected, a noun phrase.
    pub expected: String,
    /// What was found, a noun phrase.
    pub actual: String,
    /// What was expected and what was there as a whole, where the texts above are cut.
    pub whole: (Option<String>, Option<String>),
    /// The position in a file, if known.
    pub position: Option<Position>,
    /// The number of occurrences in this exchange.
    pub count: u64,
    /// The exchange that shows the violation, if it is not the judged exchange.
    pub exchange: Option<u32>,
}

impl Violation {
    /// Returns a violation that occurs once.
    pub(crate) fn new(place: FindingPlace, expected: impl Into<Shown>, actual: impl Into<Shown>) -> Self {
        let (expected, whole_expected) = expected.into().into_parts();
        let (actual, whole_actual) = actual.into().into_parts();
        let whole = (whole_expected, whole_actual);
        Self { place, expected, actual, whole, position: None, count: 1, exchange: None }
    }

    /// Sets the exchange that shows the violation.
    pub(crate) fn shown_by(mut self, exchange: u32) -> Self {
        self.exchange = Some(exchange);
        self
    }
}
