//! Judges a test on a flow that aggregates the results of other flows.

use crate::base::vocabulary::Verdict;
use crate::judge::decision::Decision;
use crate::judge::finding::KeyedFinding;
use crate::plan::model::PlannedTest;
use crate::suite::catalog::Catalog;
use crate::suite::flow::Flow;

/// Decides `test` on each flow that `flow` aggregates. It is violated if it is violated on one flow. It passes if it
/// passes on at least one flow and is violated on none. The tests of those flows report all other results.
pub(crate) fn decide(
    test: &PlannedTest,
    catalog: &Catalog,
    flow: &Flow,
    decide: impl Fn(&PlannedTest) -> Decision,
) -> Decision {
    let (mut found, mut judged, mut worst, mut first) = (Vec::<KeyedFinding>::new(), Vec::new(), None, String::new());
    let mut passed = false;
    for name in catalog.aggregated(&test.test, &test.spec, flow) {
        let one = PlannedTest { flow: name, ..test.clone() };
        let Decision::Verdict { verdict, because, findings, exchanges } = decide(&one) else { continue };
        match verdict {
            Verdict::Pass => passed = true,
            Verdict::Fail | Verdict::Warn => {
                if worst.is_none() {
                    first = because;
                }
                worst = Some(verdict);
                findings.into_iter().for_each(|finding| add(&mut found, finding));
            }
            _ => continue,
        }
        judged.extend(exchanges);
    }
    judged.sort_unstable();
    let (verdict, because) = match (worst, passed) {
        (Some(verdict), _) => (verdict, first),
        (None, true) => (Verdict::Pass, String::new()),
        (None, false) => (Verdict::NotApplicable, format!("no flow shows it among {}", flow.title)),
    };
    Decision::Verdict { verdict, because, findings: found, exchanges: judged }
}

/// Adds a finding. If another flow showed the same, adds only its exchanges.
fn add(found: &mut Vec<KeyedFinding>, new: KeyedFinding) {
    let same = |known: &&mut KeyedFinding| new.finding.position.is_none() && known.key == new.key;
    match found.iter_mut().find(same) {
        Some(KeyedFinding { finding: known, .. }) => {
            let finding = new.finding;
            known.looked_at = known.looked_at.saturating_add(finding.looked_at);
            known.repeats.extend(finding.exchange.into_iter().chain(finding.repeats));
        }
        None => found.push(new),
    }
}
