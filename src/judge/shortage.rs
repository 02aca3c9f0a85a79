//! Finds tests that miss resources because the export without filters is short already.

use crate::base::vocabulary::Verdict;
use crate::plan::model::PlannedTest;
use crate::suite::check_names::CheckName;
use crate::verdicts::judged_run::TestResult;

/// If an export without filters has fewer patients than a search counts, names that test as the cause of the violations
/// that also miss resources: these are not about a parameter.
pub(crate) fn mark(planned: &[&PlannedTest], results: &mut [TestResult]) {
    let violated = |test: &TestResult| matches!(test.verdict, Verdict::Fail | Verdict::Warn);
    let uses = |test: &PlannedTest, names: &[CheckName]| {
        test.test.expect.iter().filter_map(|expect| expect.check).any(|name| names.contains(&name))
    };
    let counts = [CheckName::NoPatientShort, CheckName::PatientsAsCounted];
    let short = planned.iter().zip(&*results).find(|(test, result)| uses(test, &counts) && violated(result));
    let Some(cause) = short.map(|(_, result)| result.id.clone()) else { return };
    let misses = [CheckName::AllExpected, CheckName::ChangesCome];
    for (test, result) in planned.iter().zip(results) {
        if uses(test, &misses) && violated(result) {
            result.cause = Some(cause.clone());
        }
    }
}
