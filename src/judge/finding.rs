//! From broken things to findings: equal ones of several exchanges become one.

use crate::check::Broken;
use crate::record::Finding;

/// The most findings kept of one test; the rest is counted.
const KEPT: usize = 25;

/// Findings of `broken`, each with the exchange that shows it; `looked_at` exchanges were looked at in all.
pub fn gather(broken: Vec<(u32, Broken)>, looked_at: usize) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for (exchange, broken) in broken {
        let shown = broken.exchange.unwrap_or(exchange);
        let same = findings.iter_mut().find(|finding| {
            finding.kind == broken.kind
                && finding.place == broken.place
                && finding.expected == broken.expected
                && finding.actual == broken.actual
                // Lines of different files are different places, whatever their numbers.
                && (broken.position.is_none() || finding.exchange == Some(shown))
        });
        match same {
            Some(finding) if finding.exchange != Some(shown) => {
                if !finding.repeats.contains(&shown) {
                    finding.repeats.push(shown);
                }
            }
            Some(finding) => finding.count += broken.count,
            None => findings.push(Finding {
                exchange: Some(shown),
                place: broken.place,
                kind: broken.kind.to_owned(),
                expected: broken.expected,
                actual: broken.actual,
                position: broken.position,
                repeats: Vec::new(),
                count: broken.count,
                looked_at: u32::try_from(looked_at).unwrap_or(u32::MAX),
            }),
        }
    }
    let more = findings.len().saturating_sub(KEPT);
    findings.truncate(KEPT);
    if more > 0 {
        findings.push(Finding {
            exchange: None,
            place: "elsewhere".to_owned(),
            kind: "none".to_owned(),
            expected: String::new(),
            actual: format!("{more} more findings of this test are not shown"),
            position: None,
            repeats: Vec::new(),
            count: more as u64,
            looked_at: u32::try_from(looked_at).unwrap_or(u32::MAX),
        });
    }
    findings
}
