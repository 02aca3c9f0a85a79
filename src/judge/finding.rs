//! Turns violations into findings: equal violations of several exchanges become one finding.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use crate::check::outcome::Violation;
use crate::verdicts::finding_place::FindingPlace;
use crate::verdicts::judged_run::Finding;

/// The maximum number of findings of one test; further ones are only counted.
const MAX_FINDINGS: usize = 25;

/// The key of equal findings: the place, the expected and the actual text in full, and the exchange if they have a
/// position in a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FindingKey {
    place: FindingPlace,
    expected: String,
    actual: String,
    file: Option<u32>,
}

impl FindingKey {
    fn new(broken: &Violation, shown: u32) -> Self {
        let (expected, actual) = &broken.whole;
        Self {
            place: broken.place.clone(),
            expected: expected.as_ref().unwrap_or(&broken.expected).clone(),
            actual: actual.as_ref().unwrap_or(&broken.actual).clone(),
            // Equal line numbers in different files are different places.
            file: broken.position.is_some().then_some(shown),
        }
    }
}

/// A finding with its key.
#[derive(Debug)]
pub struct KeyedFinding {
    pub key: FindingKey,
    pub finding: Finding,
}

/// Returns the findings of violations, each with its exchange. `looked_at` is the number of judged exchanges.
pub fn gather(broken: Vec<(u32, Violation)>, looked_at: usize) -> Vec<KeyedFinding> {
    let mut findings: Vec<KeyedFinding> = Vec::new();
    // A hostile manifest may violate a rule a hundred thousand times, so this must not search all earlier findings.
    let mut known: HashMap<FindingKey, usize> = HashMap::new();
    let mut repeated: HashSet<(usize, u32)> = HashSet::new();
    for (exchange, broken) in broken {
        let shown = broken.exchange.unwrap_or(exchange);
        let key = FindingKey::new(&broken, shown);
        let index = match known.entry(key.clone()) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                entry.insert(findings.len());
                let finding = Finding {
                    exchange: Some(shown),
                    place: broken.place,
                    expected: broken.expected,
                    actual: broken.actual,
                    position: broken.position,
                    repeats: Vec::new(),
                    count: broken.count,
                    looked_at: u32::try_from(looked_at).unwrap_or(u32::MAX),
                };
                findings.push(KeyedFinding { key, finding });
                continue;
            }
        };
        let Some(KeyedFinding { finding, .. }) = findings.get_mut(index) else { continue };
        if finding.exchange == Some(shown) {
            finding.count = finding.count.saturating_add(broken.count);
        } else if repeated.insert((index, shown)) {
            finding.repeats.push(shown);
        }
    }
    let more = findings.len().saturating_sub(MAX_FINDINGS);
    findings.truncate(MAX_FINDINGS);
    if more > 0 {
        let finding = Finding {
            exchange: None,
            place: FindingPlace::Elsewhere,
            expected: String::new(),
            actual: format!("{more} more findings of this test are not shown"),
            position: None,
            repeats: Vec::new(),
            count: more as u64,
            looked_at: u32::try_from(looked_at).unwrap_or(u32::MAX),
        };
        let (place, actual) = (FindingPlace::Elsewhere, finding.actual.clone());
        let key = FindingKey { place, expected: String::new(), actual, file: None };
        findings.push(KeyedFinding { key, finding });
    }
    findings
}
