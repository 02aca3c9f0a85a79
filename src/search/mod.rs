//! FHIR search as far as `_typeFilter` needs it (FHIR R4, search): a filter such as `Location?address-city=Balmain` is
//! parsed and matched with resources.
//!
//! The judge matches exported lines with the filter that was sent. A *no* must be certain there, so it matches with
//! `Strictness::Lenient`, and what is not known is `MatchResult::Unknown`. The reference server selects with
//! `Strictness::Strict`.

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
