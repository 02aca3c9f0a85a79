//! What each check needs: how far a flow must go for it, and what must be measured there.

use crate::suite::check_names::CheckName;
use crate::suite::check_rows::all::all_checks;

/// One thing that a check needs of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckNeed {
    /// The flow's files, and what is measured on them.
    Files,
    /// Which resources pass the filters and dates that were sent, and which resources of the source flow are exported.
    Comparison,
    /// The blocks of organized files.
    Blocks,
    /// Exported resources that were not requested.
    UnrequestedResources,
    /// The same, and a comparison with the source flow beyond filters and dates.
    Source,
    /// The identities of all exported resources.
    Identity,
    /// This probe of the same flow, which the check compares with.
    Probe(&'static str),
}

macro_rules! check_needs {
    ({ $($(#[$doc:meta])* $name:ident = $word:literal {
        run $($run:ident)::+, on $places:ident, needs [$($needs:tt)*], says $says:literal $(, judges $judges:ident)?
    })* }) => {
        impl CheckName {
            /// What the check needs of the flow that it is judged on.
            pub fn needs(self) -> &'static [CheckNeed] {
                use CheckNeed::{Blocks, Comparison, Files, Identity, Probe, Source, UnrequestedResources};
                match self { $(CheckName::$name => &[$($needs)*],)* }
            }
        }
    };
}
all_checks!(check_needs);
