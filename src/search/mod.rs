//! FHIR search as far as `_typeFilter` needs it (FHIR R4, search): a filter such as `Location?address-city=Balmain` is
//! parsed and matched with a resource: it passes, it does not, or that is unknown.
//!
//! The judge matches exported lines with the filter that was sent, so a *no* must be certain: what the spec leaves to
//! the server is read with `Strictness::Lenient`, and what is not known is `MatchResult::Unknown`. The reference
//! server selects with `Strictness::Strict`.

pub(crate) mod date;
pub(crate) mod geo_distance;
pub(crate) mod matching;
pub(crate) mod param;
pub(crate) mod query;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
pub(crate) mod text;
pub(crate) mod world;
