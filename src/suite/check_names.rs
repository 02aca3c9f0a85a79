//! The names of the built-in checks, and what suites use of their rows.

use crate::base::vocabulary::words;
use crate::suite::check_rows::all::all_checks;

words! {
    /// The exchanges that a check can judge. Every check can judge probes, because probes send requests of all kinds.
    CheckPlaces {
        /// All exchanges.
        Any = "all exchanges",
        /// Responses to kick-offs.
        Kickoffs = "kick-offs and probes",
        /// Responses to polls, and manifests.
        Manifests = "polls, manifests and probes",
        /// Responses with files.
        Files = "files and probes",
        /// Only responses to probes.
        Probes = "probes",
    }
}

macro_rules! check_names {
    ({ $($(#[$doc:meta])* $name:ident = $word:literal {
        run $($run:ident)::+, on $places:ident, needs [$($needs:tt)*], says $says:literal $(, judges $judges:ident)?
    })* }) => {
        words! {
            /// The built-in checks, each documented in the `check` module.
            CheckName { $($(#[$doc])* $name = $word,)* }
        }

        impl CheckName {
            /// What the check expects: a clause without a full stop, to follow `expected: `.
            pub fn sentence(self) -> &'static str {
                match self { $(CheckName::$name => $says,)* }
            }

            /// The exchanges that the check can judge.
            pub fn places(self) -> CheckPlaces {
                match self { $(CheckName::$name => CheckPlaces::$places,)* }
            }

            /// Whether tests with this check also judge responses that refuse a request, such as 401.
            pub fn judges_refusals(self) -> bool {
                match self { $(CheckName::$name => check_names!(@is $($judges)?),)* }
            }
        }
    };
    (@is refusals) => { true };
    (@is) => { false };
}
all_checks!(check_names);
