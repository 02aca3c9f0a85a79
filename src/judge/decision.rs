//! What a test comes to before consequences are told from causes.

use crate::base::vocabulary::Verdict;
use crate::judge::finding::KeyedFinding;
use crate::recording::model::Stop;

/// What a test comes to on one flow.
pub(crate) enum Decision {
    /// It could be judged.
    Verdict { verdict: Verdict, because: String, findings: Vec<KeyedFinding>, exchanges: Vec<u32> },
    /// The flow ended before the test could look. Whether that is a skip or an error depends on the other tests.
    Deeper(Stop),
}
