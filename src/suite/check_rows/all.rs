//! The rows of all areas. A row of a built-in check reads:
//!
//! ```text
//! /// What holds if the check passes, for the JSON Schema and the reference of the suite language.
//! CheckName = "word-in-suites" {
//!     run area::file::function, on Files, needs [Files, Comparison],
//!     says "what it expects, a clause without a full stop"
//! }
//! ```
//!
//! `run` is the function below `crate::check`. `on` is a variant of [`crate::suite::check_names::CheckPlaces`]. `needs`
//! lists variants of [`crate::plan::check_needs::CheckNeed`]. `says` is shown after `expected: ` and `met all of: `.
//! With `judges refusals` at the end, tests with this check also judge responses that refuse a request.

/// Passes the rows of all built-in checks, in one pair of braces, to the macro `$then`.
macro_rules! all_checks {
    ($then:path) => {
        $crate::suite::check_rows::flow::flow_checks! { {}
            $crate::suite::check_rows::manifest::manifest_checks,
            $crate::suite::check_rows::files::files_checks,
            $crate::suite::check_rows::params::params_checks,
            $crate::suite::check_rows::auth::auth_checks,
            $crate::suite::check_rows::metadata::metadata_checks,
            $then
        }
    };
}
pub(crate) use all_checks;
