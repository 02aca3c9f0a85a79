//! Runs a built-in check by its name.

use crate::check::context::CheckContext;
use crate::check::outcome::CheckOutcome;
use crate::check::{auth, files, flow, manifest, metadata, params};
use crate::recording::model::Exchange;
use crate::suite::check_names::CheckName;
use crate::suite::check_rows::all::all_checks;

macro_rules! dispatch {
    ({ $($(#[$doc:meta])* $name:ident = $word:literal {
        run $($run:ident)::+, on $places:ident, needs [$($needs:tt)*], says $says:literal $(, judges $judges:ident)?
    })* }) => {
        /// Runs the built-in check `name` on one exchange.
        pub(crate) fn run(name: CheckName, exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
            match name { $(CheckName::$name => $($run)::+(exchange, context),)* }
        }
    };
}
all_checks!(dispatch);
