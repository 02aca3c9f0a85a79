//! The order in which reports show failures and warnings: worst first, and each cause once.

use crate::base::vocabulary::{Area, Level, Verdict};
use crate::report::cause;
use crate::verdicts::judged_run::{Judgement, TestResult};

/// Tests that found the same cause.
pub(crate) struct CauseGroup<'a> {
    /// The test that is shown: the worst, and the first of equal ones.
    pub leader: &'a TestResult,
    /// The other tests, in the order of the suites.
    pub others: Vec<&'a TestResult>,
}

/// Returns the failures or warnings of a judgement by cause, worst first; equal ones in the order of the suites.
pub(crate) fn groups(judgement: &Judgement, verdict: Verdict) -> Vec<CauseGroup<'_>> {
    let mut groups: Vec<Vec<&TestResult>> = Vec::new();
    for test in judgement.tests.iter().filter(|test| test.verdict == verdict) {
        let leads = |group: &&mut Vec<&TestResult>| group.first().is_some_and(|first| cause::same_cause(first, test));
        match groups.iter_mut().find(leads) {
            Some(group) => group.push(test),
            None => groups.push(vec![test]),
        }
    }
    let mut groups: Vec<CauseGroup<'_>> = groups
        .into_iter()
        .filter_map(|tests| {
            let leader = tests.iter().copied().min_by_key(|test| rank(test))?;
            Some(CauseGroup { leader, others: tests.into_iter().filter(|test| test.id != leader.id).collect() })
        })
        .collect();
    groups.sort_by_key(|group| rank(group.leader));
    groups
}

/// Returns the rank of a failed or warned test: lower is worse. Within a level, data that every export lacks comes
/// first, then security.
pub(crate) fn rank(test: &TestResult) -> (u8, bool, bool) {
    // Where the text of the spec has a defect, the level says less.
    let level = if test.defect { Level::Implied } else { test.level };
    let (level, no_security) = level_rank(level, test.area);
    (level, test.cause.is_none(), no_security)
}

/// Returns the rank of a requirement of this level in this area.
pub(crate) fn level_rank(level: Level, area: Area) -> (u8, bool) {
    let rank = match level {
        Level::Shall | Level::ShallNot => 0,
        Level::Should | Level::ShouldNot => 1,
        Level::May => 2,
        Level::Implied => 3,
        Level::Advice => 4,
    };
    (rank, area != Area::Auth)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::verdicts::finding_place::FindingPlace;
    use crate::verdicts::judged_run::{Conformance, Finding};
    use crate::verdicts::samples;

    fn found(exchange: u32, place: FindingPlace) -> Finding {
        Finding {
            exchange: Some(exchange),
            place,
            expected: "one value".to_owned(),
            actual: "another value".to_owned(),
            position: None,
            repeats: Vec::new(),
            count: 1,
            looked_at: 1,
        }
    }

    #[test]
    fn the_worst_is_first_and_a_cause_is_shown_once() {
        let names = ["poll::a@system", "poll::b@system", "auth::c@system", "poll::d@system", "poll::d@group"];
        let all: Vec<_> = names.iter().map(|name| (*name, Verdict::Warn)).collect();
        let mut judgement = samples::judgement("hl7-3.0.0", Conformance::Conformant, &all);
        let levels = [Level::Advice, Level::Should, Level::Should, Level::Advice, Level::Advice];
        for (n, test) in judgement.tests.iter_mut().enumerate() {
            test.level = levels[n];
            test.area = if n == 2 { Area::Auth } else { Area::Poll };
            // The tests `a` and `d` look at the same header of one exchange.
            let exchange = [1, 2, 3, 1, 4][n];
            let place = if n == 1 || n == 2 { FindingPlace::Status } else { FindingPlace::header("Expires") };
            test.findings = vec![found(exchange, place)];
        }
        let groups = groups(&judgement, Verdict::Warn);
        let shown: Vec<_> = groups.iter().map(|group| (group.leader.id.as_str(), group.others.len())).collect();
        assert_eq!(shown, [("auth::c@system", 0), ("poll::b@system", 0), ("poll::a@system", 1), ("poll::d@group", 0)]);
    }
}
