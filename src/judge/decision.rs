//! The decision on one test, before it is known whether another test explains the end of its flow.

use crate::base::vocabulary::Verdict;
use crate::judge::finding::KeyedFinding;
use crate::recording::model::Stop;

/// The decision on one test on one flow.
pub(crate) enum Decision {
    /// The test has a verdict.
    Verdict { verdict: Verdict, because: String, findings: Vec<KeyedFinding>, exchanges: Vec<u32> },
    /// The flow ended before the exchanges of this test. Other tests decide whether this is a skip or an error.
    Deeper(Stop),
}
