//! FHIR search as far as `_typeFilter` needs it (FHIR R4, search): a filter such as `Location?address-city=Balmain` is
//! parsed and matched against a resource: yes, no, or unknown.
//!
//! The judge matches exported lines against the filter that was sent, so a *no* must be certain: [`Reading::Lenient`] allows
//! what the text leaves to the server, and what is not supported here is [`Answer::Unknown`]. The reference
//! server selects with [`Reading::Strict`].

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
