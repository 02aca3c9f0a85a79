//! The behaviors that the faults of one server switch on.

use std::collections::BTreeSet;

use crate::reference::fault::behavior::Behavior;
use crate::reference::fault::definition::Fault;

/// A set of behaviors.
#[derive(Clone, Debug, Default)]
pub(crate) struct ActiveBehaviors(BTreeSet<Behavior>);

impl ActiveBehaviors {
    /// The behaviors that these faults switch on.
    pub(crate) fn of(faults: &[Fault]) -> Self {
        faults.iter().flat_map(Fault::behaviors).collect()
    }

    /// Whether a fault switches on this behavior.
    pub(crate) fn has(&self, behavior: Behavior) -> bool {
        self.0.contains(&behavior)
    }
}

impl FromIterator<Behavior> for ActiveBehaviors {
    fn from_iter<T: IntoIterator<Item = Behavior>>(behaviors: T) -> Self {
        Self(behaviors.into_iter().collect())
    }
}
