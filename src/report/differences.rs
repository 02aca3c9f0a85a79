//! The differences between specs that were judged together: the requirements of one spec next to those of the other,
//! with the states of both in the same run.

use crate::suite::model::Asks;
use crate::verdicts::judged_run::{Judgement, RequirementResult, Run};

/// A requirement of one spec next to those of another.
#[derive(Clone, Debug)]
pub struct Difference<'r> {
    /// The spec that states the difference, by its index among the judgements.
    pub of: usize,
    /// The requirement of the difference.
    pub requirement: &'r RequirementResult,
    /// What it requires, compared with the other spec.
    pub asks: Asks,
    /// How the other spec differs, a fragment.
    pub how: Option<&'r str>,
    /// The other spec, by its index among the judgements.
    pub to: usize,
    /// The requirements of the difference.
    pub others: Vec<&'r RequirementResult>,
}

/// Returns the differences between the specs of a run, in the order more, other, less, same. Empty if only one spec was
/// judged, or if no spec states a difference from another.
pub fn differences(run: &Run) -> Vec<Difference<'_>> {
    let judged: Vec<(usize, &Judgement)> = run.judgements.iter().enumerate().collect();
    let mut all = Vec::new();
    for (of, own) in &judged {
        for (to, other) in judged.iter().filter(|(to, _)| to != of) {
            for requirement in &own.requirements {
                let Some(differs_from) = &requirement.differs_from else { continue };
                // A requirement that both specs have is no difference.
                if other.requirements.iter().any(|known| known.id == requirement.id) {
                    continue;
                }
                let named = |known: &&RequirementResult| differs_from.requirements.contains(&known.id);
                let others: Vec<&RequirementResult> = other.requirements.iter().filter(named).collect();
                if !others.is_empty() {
                    let how = differs_from.how.as_deref();
                    all.push(Difference { of: *of, requirement, asks: differs_from.asks, how, to: *to, others });
                }
            }
        }
    }
    all.sort_by_key(|difference| match difference.asks {
        Asks::More => 0,
        Asks::Other => 1,
        Asks::Less => 2,
        Asks::Same => 3,
    });
    all
}

/// Returns what a spec requires compared with another, in words that go before the other requirement.
pub fn asks(asks: Asks) -> &'static str {
    match asks {
        Asks::More => "more than",
        Asks::Other => "something different from",
        Asks::Less => "less than",
        Asks::Same => "the same as",
    }
}
